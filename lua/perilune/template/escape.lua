-- SPDX-License-Identifier: MIT

--- Escaping that knows where it stands. A mode follows the literal text of a template from state to
--- state while it is compiled, and names for each state the writer that puts a value there:
---
---     {"id": {{ id }}, "text": "Dear {{ name }}"} // {{ note }}
---            json_value               json_string     nothing
---
--- A writer takes a value and gives the text to put in. What `|safe` or a macro gave is done already
--- and goes in as it is, and so do `|tojson` in JSON, `|xml` and `|escape` in XML, `|querystring` in
--- a URL or form. Elsewhere these are texts like others: no filter opens a place but `|safe`.

local json = require "perilune.template.escape.json"
local url = require "perilune.template.escape.url"
local value = require "perilune.template.value"
local xml = require "perilune.template.escape.xml"
local core = require "perilune.core"

---@class perilune.escape_mode
---@field initial string    the state at the beginning of a template
---@field states string[]   in which a macro may be called and writes finished text
---@field feed fun(state: string, text: string): string, string   the state behind a literal text,
---  and the text as it is written (without the comments of a JSON template)
---@field after_value fun(state: string): string
---@field writer fun(state: string, filter?: string): string   a name in `writers`; `filter` is the
---  one that gave the value
---@field describe fun(state: string): string for messages

local writers, modes = {}, {}

for _, syntax in ipairs({ json, url, xml }) do
  for name, writer in pairs(syntax.writers) do writers[name] = writer end
  for name, mode in pairs(syntax.modes) do modes[name] = mode end
end

--- As Jinja2 prints it.
writers.text = value.text

function writers.form(v)
  if value.is_done(v, "query") then return v.text end
  return core.url.encode_form(value.text(v))
end

function writers.header(v)
  local text = value.text(v)
  if not core.http.is_field_value(text) then
    value.fail("a header may not hold line breaks or control characters")
  end
  return text
end

--- A mode that treats every place alike.
local function uniform(writer, place)
  return {
    initial = writer, states = { writer },
    feed = function(state, text) return state, text end,
    after_value = function(state) return state end,
    writer = function() return writer end,
    describe = function() return place end,
  }
end

modes.text = uniform("text", "in the text")
modes.form = uniform("form", "in a form")
modes.header = uniform("header", "in a header")

return { modes = modes, writers = writers }
