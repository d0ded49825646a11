-- SPDX-License-Identifier: MIT

--- What values have inside: attributes, items, slices, the sequence that a loop walks along.

local core = require "perilune.core"
local kinds = require "perilune.template.value.kinds"
local numeral = require "perilune.template.value.numeral"
local printing = require "perilune.template.value.printing"
local ranges = require "perilune.template.value.ranges"

local kind_of, fail = kinds.kind, kinds.fail

local lookup = {}

-- The methods of values stand on this module, so they are asked for when the first one is wanted.
local function find_method(v, name)
  return require("perilune.template.methods").find(v, name)
end

local function method(v, name)
  local callable = find_method(v, name)
  if callable then return kinds.method(v, callable, name) end
  return nil
end

local function fail_undefined(what, part)
  return fail(what or ("an undefined value has no %s"):format(part))
end

local function attribute_of_other(v, name, undefined)
  if kinds.is_undefined(v) then return fail_undefined(undefined, "attribute '" .. name .. "'") end
  local class = kinds.class_of(v)
  if class and class.attribute then
    local found = class.attribute(v, name)
    if found ~= nil then return found end
  end
  return method(v, name)
end

--- v.name: a key of a dict, else an attribute or method. nil when there is none.
---@param v any
---@param name string
---@param undefined? string   the message if `v` is undefined: "'order' is undefined"
---@return any
function lookup.attribute(v, name, undefined)
  if type(v) == "table" then
    local mark = getmetatable(v)
    if mark == nil or type(mark) == "string" then
      local found = v[name]
      if found ~= nil then return found end
    end
  end
  return attribute_of_other(v, name, undefined)
end

--- Jinja's message about what is missing: "'dict object' has no attribute 'b'".
---@param v any
---@param key any
---@return string
function lookup.missing(v, key)
  local object = kinds.object_name(v)
  if type(key) == "string" then return ("'%s' has no attribute '%s'"):format(object, key) end
  return ("%s has no element %s"):format(object, printing.repr(key))
end

--- An index as a Lua number; nil when it is none: a float, a text.
local function index_of(key)
  if type(key) == "number" then return numeral.is_whole(key) and key or nil end
  if type(key) == "boolean" then return key and 1 or 0 end
  if numeral.is_int(key) then return numeral.to_double(key) end
  return nil
end

--- From Python's index to Lua's; nil if there is no such item.
local function position(index, count)
  if index < 0 then index = index + count end
  if index < 0 or index >= count then return nil end
  return index + 1
end

--- Characters i to j (from 1) of a text.
local function characters(text, i, j)
  if not text:find("[\128-\255]") then return text:sub(i, j) end
  return core.text.sub(text, i, j)
end

local function list_item(v, index)
  local i = position(index, #v)
  return i and v[i]
end

local function text_item(text, index)
  local i = position(index, kinds.text_length(text))
  return i and characters(text, i, i)
end

local INDEXED = {
  list = list_item,
  tuple = list_item,
  string = text_item,
  markup = function(v, index)
    local character = text_item(v.text, index)
    return character and kinds.markup_like(v, character)
  end,
  range = function(v, index)
    local i = position(index, ranges.length(v))
    return i and ranges.at(v, i - 1)
  end,
}

local function dict_item(v, key)
  local place = kinds.try_key(key)
  if place == nil then return nil end
  return v[place]
end

local function item_of(v, key, kind)
  if kind == "dict" then return dict_item(v, key) end
  local at = INDEXED[kind]
  local index = at and index_of(key)
  return index and at(v, index)
end

--- v[key]: an item, else, if the key is a text, an attribute or method. nil when there is none.
---@param v any
---@param key any
---@param undefined? string   the message if `v` is undefined
---@return any
function lookup.item(v, key, undefined)
  if type(v) == "table" then
    local mark = getmetatable(v)
    if type(key) == "string" and (mark == nil or type(mark) == "string") then
      local found = v[key]
      if found ~= nil then return found end
    elseif type(key) == "number" and mark == "array" and key >= 0 then
      return v[key + 1]
    end
  end
  if kinds.is_undefined(v) then return fail_undefined(undefined, "items") end
  local found = item_of(v, key, kind_of(v))
  if found ~= nil then return found end
  local name = kinds.is_markup(key) and key.text or key
  if type(name) == "string" then return attribute_of_other(v, name) end
  return nil
end

--- One end of a slice as a Lua number, or nil.
local function bound(v)
  if v == nil or v == kinds.null then return nil end
  local index = index_of(v)
  if not index then fail("slice indices must be integers or None or have an __index__ method") end
  return index
end

local function clamp(index, low, high)
  return math.max(low, math.min(index, high))
end

--- First index from 0, how many, the step and the end of what Python's start:stop:step takes of
--- `length` items.
local function slice_indices(start, stop, step, length)
  start, stop, step = bound(start), bound(stop), bound(step) or 1
  if step == 0 then fail("slice step cannot be zero") end
  local low, high = 0, length
  if step < 0 then low, high = -1, length - 1 end
  if start and start < 0 then start = start + length end
  if stop and stop < 0 then stop = stop + length end
  local first = start and clamp(start, low, high) or (step > 0 and low or high)
  local last = stop and clamp(stop, low, high) or (step > 0 and high or low)
  return first, math.max(0, math.ceil((last - first) / step)), step, last
end

local function slice_list(v, start, stop, step)
  local first, count, stride = slice_indices(start, stop, step, #v)
  local items = {}
  for i = 0, count - 1 do items[i + 1] = v[first + i * stride + 1] end
  return items
end

local function slice_text(text, start, stop, step)
  local first, count, stride = slice_indices(start, stop, step, kinds.text_length(text))
  if stride == 1 then return count > 0 and characters(text, first + 1, first + count) or "" end
  local all, some = core.text.chars(text), {}
  for i = 0, count - 1 do some[i + 1] = all[first + i * stride + 1] end
  return table.concat(some)
end

local SLICED = {
  string = slice_text,
  markup = function(v, ...) return kinds.markup_like(v, slice_text(v.text, ...)) end,
  list = function(v, ...) return kinds.list(slice_list(v, ...)) end,
  tuple = function(v, ...) return kinds.tuple(slice_list(v, ...)) end,
  range = function(v, start, stop, step)
    local first, _, stride, last = slice_indices(start, stop, step, ranges.length(v))
    return ranges.slice(v, first, last, stride)
  end,
}

--- v[start:stop:step]; an end that is not given is nil or None.
---@return any
function lookup.slice(v, start, stop, step)
  if kinds.is_undefined(v) then return fail_undefined(nil, "items") end
  local kind = kind_of(v)
  local slice = SLICED[kind]
  if slice then return slice(v, start, stop, step) end
  if kind == "dict" then return fail("unhashable type: 'slice'") end
  return fail(("'%s' object is not subscriptable"):format(kinds.type_name(v)))
end

return lookup
