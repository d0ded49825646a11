-- SPDX-License-Identifier: MIT

--- Compares methods, % and format() with Python's own, all cases in one process.
---
---     local cases = python_values.cases()
---     cases:add("center", { '"abc"', '"é"' }, { '[5]', '[5, "*"]' })    -- every subject with every arguments
---     cases:compare(function(operation, subject, args, kwargs) ... end)
---
--- Subjects and arguments are JSON, with {"tuple": [...]}, {"markup": text} and {"number": text} for
--- what JSON lacks.

local core = require "perilune.core"
local python = require "spec.support.python"
local value = require "perilune.template.value"

local SCRIPT = "spec/support/python_values.py"

local python_values = {}

local Cases = {}
Cases.__index = Cases

function python_values.cases()
  return setmetatable({ lines = {} }, Cases)
end

--- Adds a case for every pair of subject and arguments.
---@param operation string       a method's name, "%" or "format()"
---@param subjects string[]
---@param arguments? string[]    JSON lists; an object behind it, kwargs: '[1], {"a": 2}'
function Cases:add(operation, subjects, arguments)
  for _, subject in ipairs(subjects) do
    for _, args in ipairs(arguments or { "[]" }) do
      if not args:find("%}$") or args:find("^%[.*%]$") then args = args .. ", {}" end
      self.lines[#self.lines + 1] = ('["%s", %s, %s]'):format(operation, subject, args)
    end
  end
end

local function as_value(v)
  if type(v) ~= "table" then return v end
  if v.tuple then return core.json.tuple(as_value(v.tuple)) end
  if v.markup then return value.markup(v.markup) end
  if v.number then return tonumber(v.number) end
  if core.json.is_array(v) then
    for i = 1, #v do v[i] = as_value(v[i]) end
  else
    for _, key in ipairs(core.json.keys(v)) do v[key] = as_value(v[key]) end
  end
  return v
end

local function attempt(run, line)
  local operation, subject, args, kwargs =
    unpack(assert(core.json.decode(line, { numbers = "double" })))
  subject, args, kwargs = as_value(subject), as_value(args), as_value(kwargs)
  local ok, result = pcall(run, operation, subject, args, kwargs)
  if not ok then return { error = type(result) == "table" and result.message or result } end
  return { result = value.repr(result), subject = value.repr(subject) }
end

local function difference(line, ours, pythons)
  for _, key in ipairs { "error", "result", "subject" } do
    if ours[key] ~= pythons[key] then
      return ("%s\n  %s: %s\n  python: %s"):format(line, key, tostring(ours[key] or ours.error),
        tostring(pythons[key] or pythons.error))
    end
  end
  return nil
end

--- Runs all cases both ways and fails with every difference.
---@param run fun(operation: string, subject: any, args: table, kwargs: table): any
function Cases:compare(run)
  local differences = {}
  for i, pythons in ipairs(python.ask(SCRIPT, self.lines)) do
    local line = self.lines[i]
    differences[#differences + 1] = difference(line, attempt(run, line), pythons)
  end
  if #differences > 0 then
    error(("%d of %d differ from Python\n%s"):format(#differences, #self.lines,
      table.concat(differences, "\n")), 2)
  end
end

return python_values
