-- SPDX-License-Identifier: MIT

--- What values are as sequences: what a loop walks along, how long it is, whether it is empty.

local core = require "perilune.core"
local kinds = require "perilune.template.value.kinds"
local numeral = require "perilune.template.value.numeral"
local ranges = require "perilune.template.value.ranges"

local kind_of, fail, keys_of = kinds.kind, kinds.fail, core.json.keys

local sequences = {}

local function chars(text)
  local characters_of_text = core.text.chars(text)
  return characters_of_text, #characters_of_text
end

local function sequence_of_class(v)
  local class = kinds.class_of(v)
  return class and class.sequence
end

local NOTHING = {}

local SEQUENCES = {
  undefined = function() return NOTHING, 0 end,
  list = function(v) return v, #v end,
  tuple = function(v) return v, #v end,
  string = chars,
  markup = function(v) return chars(v.text) end,
  view = function(v) return v.items, #v.items end,
  range = function(v)
    kinds.check_count(ranges.length(v))
    return ranges.items(v), ranges.length(v)
  end,
  dict = function(v)
    local keys = keys_of(v)
    return keys, #keys
  end,
}

--- Can a loop walk along it?
---@param v any
---@return boolean
function sequences.is_iterable(v)
  return (SEQUENCES[kind_of(v)] or sequence_of_class(v)) and true or false
end

--- How many items there are now in what `sequence` gave: a list may have grown or shrunk since then.
---@param items any[]
---@param count integer   how many there were
---@return integer
function sequences.live_count(items, count)
  return getmetatable(items) == "array" and #items or count
end

--- What a loop walks along: a table with items from 1, not to be changed, and their number.
---@param v any
---@return any[] items
---@return integer count
function sequences.sequence(v)
  if type(v) == "table" and getmetatable(v) == "array" then return v, #v end
  local kind = kind_of(v)
  local sequence = SEQUENCES[kind] or sequence_of_class(v)
  if sequence then return sequence(v) end
  if kind == "secret" then fail("a secret cannot be read in a template") end
  return fail(("'%s' object is not iterable"):format(kinds.type_name(v)))
end

local LENGTHS = {
  undefined = function() return 0 end,
  list = function(v) return #v end,
  tuple = function(v) return #v end,
  string = kinds.text_length,
  markup = function(v) return kinds.text_length(v.text) end,
  dict = function(v) return #keys_of(v) end,
  view = function(v) return #v.items end,
  range = ranges.length,
}

--- len()
---@param v any
---@return integer
function sequences.length(v)
  local length = LENGTHS[kind_of(v)]
  if length then return length(v) end
  local class = kinds.class_of(v)
  if class and class.length then return class.length(v) end
  return fail(("object of type '%s' has no len()"):format(kinds.type_name(v)))
end

--- bool() of an object; what has no length is true.
local function truthy_table(v)
  local mark = getmetatable(v)
  if mark == "array" or mark == "tuple" then return #v > 0 end
  if mark == nil or mark == "object" then return next(v) ~= nil end
  local kind = kind_of(v)
  if kind == "markup" then return v.text ~= "" end
  if LENGTHS[kind] then return LENGTHS[kind](v) > 0 end
  local class = kinds.class_of(v)
  if class and class.length then return class.length(v) > 0 end
  return true
end

--- Undefined, None, false, 0, "" and what has no items are false.
---@param v any
---@return boolean
function sequences.truthy(v)
  local lua_type = type(v)
  if lua_type == "boolean" then return v end
  if lua_type == "string" then return v ~= "" end
  if lua_type == "nil" then return false end
  if lua_type == "number" then return v ~= 0 end
  if lua_type == "table" then return truthy_table(v) end
  if v == kinds.null then return false end
  return not numeral.is_number(v) or numeral.to_double(v) ~= 0
end

return sequences
