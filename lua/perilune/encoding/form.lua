-- SPDX-License-Identifier: MIT

--- Bodies of application/x-www-form-urlencoded (WHATWG URL section 5.2): a list repeats its name,
--- null and undefined leave it out.

local core = require "perilune.core"
local tree = require "perilune.encoding.tree"
local value = require "perilune.template.value"

local form = {}

local NESTED = "the form field '%s' cannot hold a table"

local function put(v)
  local parts = {}
  for i, field in ipairs(tree.fields(v)) do
    local name, given = field[1], field[2]
    if tree.is_table(given) then error(NESTED:format(name), 0) end
    parts[i] = core.url.encode_form(name) .. "=" .. core.url.encode_form(value.text(given))
  end
  return table.concat(parts, "&")
end

--- A table of fields as text; nil and a message.
---@param v table
---@return string|nil text
---@return string|nil message
function form.write(v)
  local ok, result = pcall(put, v)
  if ok then return result end
  return nil, result
end

--- Tables in fields, which can be seen when the folder is loaded.
local function check(scope, path, v)
  for name, given in pairs(v) do
    local items = tree.is_table(given) and core.json.is_array(given) and given or { given }
    for _, item in ipairs(items) do
      if tree.is_table(item) and next(item) ~= nil then
        local where = { unpack(path) }
        where[#where + 1] = name
        scope:fault(where, NESTED:format(tostring(name)))
      end
    end
  end
end

---@param scope perilune.scope
---@param path any[]
---@param v table
---@return fun(values: table, frame: perilune.ctx_frame): string
function form.compile(scope, path, v)
  local where, evaluate = scope:where(path), tree.compile(scope, path, v)
  check(scope, path, v)
  return function(values, frame)
    local text, message = form.write(evaluate(values, frame))
    return text or error(where .. ": " .. message, 0)
  end
end

return form
