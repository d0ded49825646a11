-- SPDX-License-Identifier: MIT

--- Equality, order and membership, as Python has them for the kinds of values that templates know.

local core = require "perilune.core"
local kinds = require "perilune.template.value.kinds"
local number = require "perilune.template.value.number"
local printing = require "perilune.template.value.printing"
local ranges = require "perilune.template.value.ranges"
local sequences = require "perilune.template.value.sequences"

local kind_of, fail, key_of, keys_of = kinds.kind, kinds.fail, kinds.key, core.json.keys
local plain_text = printing.plain_text
local find = string.find -- LuaJIT's own, which is compiled

-- Bytes. LuaJIT's own search takes as many looks at each byte of a text as the part has bytes, at
-- worst; for longer parts there is ours (core.string), the method of strings.
local SHORT_PART = 64

local comparison = {}

-- What kinds can be equal to one another at all.
local FAMILY = {
  int = "number", float = "number", bool = "number", string = "text", markup = "text",
  list = "list", tuple = "tuple", dict = "dict", range = "range", view = "view",
  undefined = "undefined", secret = "secret",
}

local equal_at

--- How far a comparison of containers has come: how deep it is, how many items it may still look
--- at. Lists that hold a list twice, which holds one twice, and so on, would take it forever.
local function new_progress() return { depth = 0, items = core.limits.template_loops } end

local function go_down(progress, count)
  progress.depth = progress.depth + 1
  if progress.depth > kinds.MAX_DEPTH then
    fail("the values are nested too deeply to be compared")
  end
  progress.items = progress.items - count
  if progress.items < 0 then fail("the values are too large to be compared") end
end

local function equal_items(a, b, progress)
  if #a ~= #b then return false end
  go_down(progress, #a)
  for i = 1, #a do
    if not equal_at(a[i], b[i], progress) then return false end
  end
  progress.depth = progress.depth - 1
  return true
end

local function equal_dicts(a, b, progress)
  local keys = keys_of(a)
  if #keys ~= #keys_of(b) then return false end
  go_down(progress, #keys)
  for i = 1, #keys do
    local key = key_of(keys[i])
    if b[key] == nil or not equal_at(a[key], b[key], progress) then return false end
  end
  progress.depth = progress.depth - 1
  return true
end

local function equal_ranges(a, b)
  local count = ranges.length(a)
  if count ~= ranges.length(b) then return false end
  return count == 0 or a.start == b.start and (count == 1 or a.step == b.step)
end

--- Views of keys and of items are sets.
local function equal_views(a, b)
  if a.name == "dict_values" or b.name == "dict_values" then return false end
  if #a.items ~= #b.items then return false end
  for i = 1, #a.items do
    if not comparison.contains(b, a.items[i]) then return false end
  end
  return true
end

local EQUAL = {
  number = function(a, b) return number.compare(a, b) == 0 end,
  text = function(a, b) return plain_text(a) == plain_text(b) end,
  list = equal_items,
  tuple = equal_items,
  dict = equal_dicts,
  range = equal_ranges,
  view = equal_views,
  undefined = function() return true end,
}

local IS_DEEP = { list = true, tuple = true, dict = true }

local function equal_kinds(a, b, progress)
  local family, other = FAMILY[kind_of(a)], FAMILY[kind_of(b)]
  if family == "secret" or other == "secret" then
    fail("a secret cannot be compared in a template")
  end
  if not family or family ~= other then return false end
  if IS_DEEP[family] then progress = progress or new_progress() end
  return EQUAL[family](a, b, progress)
end

function equal_at(a, b, progress)
  local type_a, type_b = type(a), type(b)
  if type_a == type_b and (type_a == "string" or type_a == "number" or type_a == "boolean") then
    return a == b
  end
  if rawequal(a, b) and kind_of(a) ~= "secret" then return true end
  return equal_kinds(a, b, progress)
end

--- a == b. Markup equals the str of its text, 1 equals 1.0 and True.
---@param a any
---@param b any
---@return boolean
function comparison.equal(a, b)
  return equal_at(a, b)
end

local equal = comparison.equal

local function of_sign(sign, operator)
  if sign == nil then return false end -- nan
  if operator == "<" then return sign < 0 end
  if operator == "<=" then return sign <= 0 end
  if operator == ">" then return sign > 0 end
  return sign >= 0
end

local function sign_of_texts(a, b)
  if a == b then return 0 end
  return a < b and -1 or 1 -- bytes of UTF-8 are in the order of code points
end

--- The first items that differ decide; else the shorter one is less.
local function compare_items(a, b, operator)
  for i = 1, math.min(#a, #b) do
    if not equal(a[i], b[i]) then return comparison.compare(a[i], b[i], operator) end
  end
  return of_sign(#a - #b, operator)
end

local function fail_order(a, b, operator)
  if kinds.is_undefined(a) or kinds.is_undefined(b) then
    local side = kinds.is_undefined(a) and "left" or "right"
    return fail(("the %s operand of '%s' is undefined"):format(side, operator))
  end
  return fail(("'%s' not supported between instances of '%s' and '%s'"):format(operator,
    kinds.type_name(a), kinds.type_name(b)))
end

--- a < b, and the like. Numbers, texts, lists and tuples have an order, each among themselves.
---@param a any
---@param b any
---@param operator "<"|"<="|">"|">="
---@return boolean
function comparison.compare(a, b, operator)
  if type(a) == "number" and type(b) == "number" then
    return of_sign(number.compare(a, b), operator)
  end
  local family = FAMILY[kind_of(a)]
  if family ~= FAMILY[kind_of(b)] then return fail_order(a, b, operator) end
  if family == "number" then return of_sign(number.compare(a, b), operator) end
  if family == "text" then return of_sign(sign_of_texts(plain_text(a), plain_text(b)), operator) end
  if family == "list" or family == "tuple" then return compare_items(a, b, operator) end
  return fail_order(a, b, operator)
end

---@return boolean
function comparison.less(a, b)
  return comparison.compare(a, b, "<")
end

local function text_contains(text, item)
  local part = plain_text(item)
  if not part then
    fail(("'in <string>' requires string as left operand, not %s"):format(kinds.type_name(item)))
  end
  local whole = plain_text(text)
  if #part <= SHORT_PART then return find(whole, part, 1, true) ~= nil end
  return whole:find(part, 1, true) ~= nil
end

local function sequence_contains(container, item)
  local items, count = sequences.sequence(container)
  for i = 1, count do
    if equal(items[i], item) then return true end
  end
  return false
end

local function range_contains(range, item)
  return FAMILY[kind_of(item)] == "number" and ranges.contains(range, number.to_double(item))
end

local function view_contains(view, item)
  if view.name == "dict_keys" then key_of(item) end -- a key of a dict, or an error
  return sequence_contains(view, item)
end

local CONTAINS = {
  string = text_contains,
  markup = text_contains,
  dict = function(dict, key) return dict[key_of(key)] ~= nil end,
  range = range_contains,
  view = view_contains,
}

--- item in container: a part of a text, a key of a dict, an item of anything else.
---@param container any
---@param item any
---@return boolean
function comparison.contains(container, item)
  local kind = kind_of(container)
  if CONTAINS[kind] then return CONTAINS[kind](container, item) end
  if sequences.is_iterable(container) then return sequence_contains(container, item) end
  return fail(("argument of type '%s' is not iterable"):format(kinds.type_name(container)))
end

return comparison
