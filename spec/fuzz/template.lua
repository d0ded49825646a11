-- SPDX-License-Identifier: MIT

--- What fuzz_template.c does with an input, in Lua: a text is compiled as a template of each mode, or
--- as an expression, and what compiles is rendered.

local json = require "perilune.encoding.json"
local core = require "perilune.core"
local template = require "perilune.template"

local MODES = { "text", "json", "url", "xml", "header", "form" }

local CONTEXT = [=[{
  "i": 7, "neg": -3, "zero": 0, "f": 2.5, "big": 123456789012345678901234567890, "exact": 1.0,
  "s": "Hello W\u00f6rld", "t": "a,b,,c", "e": "", "html": "<b>\"x\" & 'y'</b>", "url": "../a b?c=d#e",
  "none_": null, "yes": true, "no": false, "l": [3, 1, 2], "names": ["bob", "Al", "cy"], "el": [], "ed": {},
  "mixed": [1, "a", null, true, 2.5, [1]], "d": {"a": 1, "b": "two", "c": [1, 2], "n": null},
  "users": [{"n": "Bob", "a": 30}, {"n": "al", "a": 25}], "when": "2024-02-29T12:30:00Z"
}]=]

--- A fault names a place that the text has.
local function check_fault(text, fault)
  assert(type(fault) == "table", "a compiler that gives neither a template nor a fault")
  local _, lines = text:gsub("[\r\n]", "")
  assert(fault.line >= 1 and fault.line <= lines + 1, "a fault in a line that there is not")
  assert(fault.column >= 1 and fault.column <= #text + 2, "a fault in a column that there is not")
  return fault.message
end

local function message_of(raised)
  return type(raised) == "table" and tostring(rawget(raised, "message")) or tostring(raised)
end

--- Says what became of it: "fault" or "error" and the message, "value", or "text" and the text.
---@param choice integer   of the mode; beyond them: an expression
---@param text string
---@param other string     of the template "other"
return function(choice, text, other)
  local mode = MODES[choice + 1]
  local options = { name = "text", mode = mode, environment = template.environment { templates = { other = other } } }
  local run, fault = template[mode and "compile" or "expression"](text, options)
  if not run then return "fault", check_fault(text, fault) end
  if mode == "json" then run = json.checked(run) end
  local ok, result = pcall(run, (core.json.decode(CONTEXT)))
  if not ok then return "error", message_of(result) end
  if not mode then return "value" end
  return "text", result
end
