-- SPDX-License-Identifier: MIT

--- Escaping that knows where it stands. A mode follows the literal text of a template (`feed`) from
--- state to state, and says for each state which writer puts a value there:
---
---     json   value --"--> string --"--> value
---     url    start --"://"--> host --[/?#]--> path;  start --[/?#]--> path
---     text, header, form: one state
---
--- A writer takes the site and the value, and gives the text to put in. What `|safe` or `|tojson`
--- gave goes in as it is.

local core = require "perilune.core"
local value = require "perilune.template.value"

local text_of, is_markup = value.text, value.is_markup

local writers, modes = {}, {}

function writers.text(site, v) return text_of(site, v) end

function writers.json_string(site, v)
  if is_markup(v) then return v.text end
  return core.json.escape(text_of(site, v))
end

function writers.json_value(site, v)
  if v == nil then return "null" end
  if is_markup(v) then return v.text end
  local text, message = core.json.encode(v)
  return text or value.fail(site, message)
end

function writers.url(site, v)
  if is_markup(v) then return v.text end
  return core.url.encode(text_of(site, v))
end

function writers.url_host(site, v)
  local text = text_of(site, v)
  if not is_markup(v) and text:find("[^%w.-]") then
    core.fail("url", ("%s:%d: %q may not stand in the host: only letters, digits, '-' and '.' may")
      :format(site.name, site.line, text))
  end
  return text
end

function writers.form(site, v)
  if is_markup(v) then return v.text end
  return core.url.encode_form(text_of(site, v))
end

function writers.header(site, v)
  local text = text_of(site, v)
  if not core.http.is_field_value(text) then
    value.fail(site, "a header may not hold line breaks or control characters")
  end
  return text
end

local function one_state(writer)
  return {
    initial = writer,
    feed = function(state) return state end,
    writer = function() return writer end,
  }
end

modes.text = one_state("text")
modes.form = one_state("form")
modes.header = one_state("header")

modes.json = {
  initial = "value",
  feed = function(state, text)
    for _ in text:gsub("\\.", ""):gmatch('"') do
      state = state == "value" and "string" or "value"
    end
    return state
  end,
  writer = function(state) return state == "string" and "json_string" or "json_value" end,
}

-- The state of a URL is one of these (no prefix looks like them), or the text so far while there is
-- no telling yet.
local PATH, HOST = "/path", "//host"

modes.url = {
  initial = "",
  feed = function(state, text)
    if state == PATH then return PATH end
    if state ~= HOST then
      local prefix, rest = (state .. text):match("^([^/?#]*)(.*)$")
      if rest == "" or rest == "/" and prefix:find(":$") then return prefix .. rest end
      if not (prefix:find(":$") and rest:find("^//")) then return PATH end
      text = rest:sub(3)
    end
    return text:find("[/?#]") and PATH or HOST
  end,
  writer = function(state) return state == HOST and "url_host" or "url" end,
}
-- What is appended to a base URL.
modes.path = { initial = PATH, feed = modes.url.feed, writer = modes.url.writer }

return { modes = modes, writers = writers }
