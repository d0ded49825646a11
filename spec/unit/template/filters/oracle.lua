-- SPDX-License-Identifier: MIT

--- Compares the template engine with Debian's python3-jinja2: each case is a template that both
--- render against one context. Where Jinja2 prints, so must we, the same bytes; where it raises,
--- so must we.

local assert = require "luassert"
local core = require "perilune.core"
local python = require "spec.support.python"
local template = require "perilune.template"

local oracle = {}

local JINJA = "spec/support/jinja_oracle.py"

local function ask(script, templates, context)
  local lines = {}
  for i, text in ipairs(templates) do
    lines[i] = assert(core.json.encode({ template = text, context = context }))
  end
  return python.ask(script, lines)
end

local function render(text, context)
  local run, message = template.compile(text, { name = "case" })
  if not run then error(message, 0) end
  return run(context)
end

--- One `it` for each template.
---@param it function         busted's, which is no global here
---@param templates string[]
---@param json string         the context
---@param script? string       asked in the place of Jinja2
function oracle.agrees(it, templates, json, script)
  local answers = ask(script or JINJA, templates, assert(core.json.decode(json)))
  local context = assert(core.json.decode(json, { numbers = "double" }))
  for i, text in ipairs(templates) do
    local answer = answers[i]
    it(text, function()
      local ok, output = pcall(render, text, context)
      if answer.ok then
        assert.equal(answer.output, output)
      else
        assert.is_false(ok, ("Jinja2 says %s, we print %s"):format(answer.error, tostring(output)))
      end
    end)
  end
end

return oracle
