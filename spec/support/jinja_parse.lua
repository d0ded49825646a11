-- SPDX-License-Identifier: MIT

--- What python3-jinja2 makes of templates (jinja_parse.py), and how ours differs.

local core = require "perilune.core"
local python = require "spec.support.python"

local jinja_parse = {}

--- Answers to cases, each { template= }, { expression= } or { tokens= }, in one run.
---@param cases table[]
---@return table[]   each with `tree`, `tokens` or `error`
function jinja_parse.ask(cases)
  local lines = {}
  for i, case in ipairs(cases) do lines[i] = assert(core.json.encode(case)) end
  return python.ask("spec/support/jinja_parse.py", lines)
end

-- Positions are ours alone.
local IGNORED = { column = true, at = true, behind = true }

--- How floats look is another matter: 1e5 is 100000.0.
local function is_same_float(ours, theirs)
  return (theirs.type or theirs.kind) == "float" and (ours.type or ours.kind) == "float"
    and tonumber(ours.value) == tonumber(theirs.value)
end

--- The first difference between a tree (or token) of ours and one of Jinja's, as a text; nil when
--- there is none. `line` counts only where Jinja's has one.
---@param ours any
---@param theirs any
---@param path? string
---@return string|nil
function jinja_parse.difference(ours, theirs, path)
  path = path or ""
  if type(theirs) ~= "table" or type(ours) ~= "table" then
    if ours == theirs then return nil end
    return ("%s is %s, in Jinja %s"):format(path, tostring(ours), tostring(theirs))
  end
  if is_same_float(ours, theirs) then return nil end
  for key, value in pairs(theirs) do
    local found = jinja_parse.difference(ours[key], value, path .. "." .. key)
    if found then return found end
  end
  for key in pairs(ours) do
    if theirs[key] == nil and not IGNORED[key] and key ~= "line" then
      return ("%s.%s is not there in Jinja"):format(path, key)
    end
  end
  return nil
end

return jinja_parse
