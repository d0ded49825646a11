-- SPDX-License-Identifier: MIT

--- The `attribute` argument of filters: "address.city" is the way down to a value, "age,name" are
--- several of them, digits are indexes.

local core = require "perilune.core"
local number = require "perilune.template.value.number"
local value = require "perilune.template.value"

local null, is_markup, is_undefined = value.null, value.is_markup, value.is_undefined
local item = value.item

local attributes = {}

--- What strings are compared by where case does not count; other values are themselves.
function attributes.fold(v)
  if type(v) == "string" then return core.text.lower(v) end
  if is_markup(v) then return core.text.lower(v.text) end
  return v
end

--- The steps of a path.
local function steps(path)
  if is_markup(path) then path = path.text end
  if path == nil or path == null then return {} end
  if type(path) ~= "string" then return { path } end
  local parts = {}
  for part in (path .. "."):gmatch("([^.]*)%.") do
    parts[#parts + 1] = part:find("^%d+$") and number.parse_int(part, 10) or part
  end
  return parts
end

local function go(v, path, default)
  for i = 1, #path do
    v = item(v, path[i])
    if default ~= nil and is_undefined(v) then v = default end
  end
  return v
end

---@class perilune.getter_options
---@field is_folded? boolean  strings in lower case
---@field default? any        for what is undefined on the way

--- A function from a value to what the attribute says of it.
---@param attribute any
---@param options? perilune.getter_options
---@return fun(v: any): any
function attributes.getter(attribute, options)
  local path, fold, default = steps(attribute), options and options.is_folded, nil
  if options and options.default ~= null then default = options.default end
  return function(v)
    v = go(v, path, default)
    if fold then return attributes.fold(v) end
    return v
  end
end

--- The same for attributes with commas between them: the values as a plain list.
---@param attribute any
---@param options? perilune.getter_options
---@return fun(v: any): any[]
function attributes.list_getter(attribute, options)
  local getters = {}
  local text = is_markup(attribute) and attribute.text or attribute
  if type(text) ~= "string" then
    getters[1] = attributes.getter(attribute, options)
  else
    for one in (text .. ","):gmatch("([^,]*),") do
      getters[#getters + 1] = attributes.getter(one, options)
    end
  end
  return function(v)
    local values = {}
    for i = 1, #getters do
      local got = getters[i](v)
      values[i] = got == nil and value.UNDEFINED or got
    end
    return values
  end
end

--- The pairs of a dict as tuples, and how many there are.
---@param dict table
---@return table[] pairs
---@return integer count
function attributes.pairs(dict)
  local pairs_of, keys = {}, core.json.keys(dict)
  for i = 1, #keys do
    local key = keys[i]
    pairs_of[i] = value.tuple({ key, dict[value.key(key)] })
  end
  return pairs_of, #keys
end

--- v.items() of what must be a dict.
---@param v any
---@return table[] pairs
---@return integer count
function attributes.items(v)
  if is_undefined(v) then value.fail("the value is undefined") end
  if value.kind(v) ~= "dict" then
    value.fail(("'%s' object has no attribute 'items'"):format(value.type_name(v)))
  end
  return attributes.pairs(v)
end

return attributes
