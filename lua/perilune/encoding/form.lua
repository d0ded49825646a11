-- SPDX-License-Identifier: MIT

--- Bodies of application/x-www-form-urlencoded (WHATWG URL section 5.2): a list repeats its name,
--- null and undefined leave it out.

local core = require "perilune.core"
local tree = require "perilune.encoding.tree"
local value = require "perilune.template.value"

local form = {}

local NESTED = "a form field cannot hold a table"

local function is_table(v) return type(v) == "table" and not value.is_markup(v) end

local function add_field(parts, name, v)
  if value.is_undefined(v) or v == core.json.null then return end
  if is_table(v) then error(NESTED, 0) end
  parts[#parts + 1] = core.url.encode_form(name) .. "=" .. core.url.encode_form(value.text(v))
end

local function put(v)
  local members, message = tree.members(v)
  if not members then error(message, 0) end
  local parts = {}
  for _, member in ipairs(members) do
    local name, given = member[1], member[2]
    if is_table(given) and core.json.is_array(given) then
      for _, item in ipairs(given) do add_field(parts, name, item) end
    else
      add_field(parts, name, given)
    end
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
    local items = is_table(given) and core.json.is_array(given) and given or { given }
    for _, item in ipairs(items) do
      if is_table(item) and next(item) ~= nil then
        local where = { unpack(path) }
        where[#where + 1] = name
        scope:fault(where, NESTED)
      end
    end
  end
end

---@param scope perilune.scope
---@param path any[]
---@param v table
---@return fun(ctx: table): string
function form.compile(scope, path, v)
  local where, evaluate = scope:where(path), tree.compile(scope, path, v)
  check(scope, path, v)
  return function(ctx)
    local text, message = form.write(evaluate(ctx))
    return text or error(where .. ": " .. message, 0)
  end
end

return form
