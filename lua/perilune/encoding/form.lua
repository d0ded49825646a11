-- SPDX-License-Identifier: MIT

--- Bodies of application/x-www-form-urlencoded (WHATWG URL section 5.2): a list repeats its name,
--- null and undefined leave it out.

local core = require "perilune.core"
local template = require "perilune.template"
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

-- -- without Lua

--- The outline of one field; nil when it has none.
local function outline_of_field(name, part, resolve)
  if part.evaluate then return template.outline_of_field(part.evaluate, resolve, name) end
  if part.members or part.items then return nil end
  if part.constant == nil or part.constant == core.json.null then return {} end
  local text = name .. core.url.encode_form(value.text(part.constant))
  return template.joined_outline { template.outline_separator("&"), text }
end

--- That of all fields, a list repeats its name.
local function outline(members, resolve)
  local outlines = {}
  for _, member in ipairs(members) do
    local name, part = core.url.encode_form(member[1]) .. "=", member[2]
    for _, item in ipairs(part.items or { part }) do
      local of_field = outline_of_field(name, item, resolve)
      if not of_field then return nil end
      outlines[#outlines + 1] = of_field
    end
  end
  return template.joined_outline(outlines)
end

---@param scope perilune.scope
---@param path any[]
---@param v table
---@return fun(values: table, frame: perilune.ctx_frame): string
---@return fun(resolve: perilune.outline_resolve): table[]|nil outline   of that function
function form.compile(scope, path, v)
  local where, evaluate, part = scope:where(path), tree.compile(scope, path, v)
  check(scope, path, v)
  local function write_evaluated(values, frame)
    local text, message = form.write(evaluate(values, frame))
    return text or error(where .. ": " .. message, 0)
  end
  return write_evaluated, function(resolve)
    return part.members and outline(part.members, resolve) or nil
  end
end

return form
