-- SPDX-License-Identifier: MIT

--- Methods of list, tuple and range.

local arguments = require "perilune.template.methods.arguments"
local core = require "perilune.core"
local signature = require "perilune.template.signature"
local sort = require "perilune.util.sort"
local value = require "perilune.template.value"

local SLOT_BYTES = 8

--- Refuses a list that would be longer than any output.
local function check_length(count)
  value.check_size(count * SLOT_BYTES)
end

local list = {}

function list.append(items, v)
  check_length(#items + 1)
  items[#items + 1] = v
  return value.null
end

function list.extend(items, more)
  local sequence, count = value.sequence(more)
  local start = #items
  check_length(start + count)
  for i = 1, count do items[start + i] = sequence[i] end
  return value.null
end

--- The position that an index means for inserting.
local function insert_position(index, count)
  if index < 0 then index = index + count end
  return math.max(0, math.min(index, count)) + 1
end

function list.insert(items, index, v)
  check_length(#items + 1)
  table.insert(items, insert_position(arguments.integer(index), #items), v)
  return value.null
end

function list.pop(items, index)
  local count = #items
  index = arguments.integer(index, -1)
  if count == 0 then value.fail("pop from empty list") end
  if index < 0 then index = index + count end
  if index < 0 or index >= count then value.fail("pop index out of range") end
  return table.remove(items, index + 1)
end

local function position(items, v, first, last)
  for i = first or 1, last or #items do
    if value.equal(items[i], v) then return i end
  end
  return nil
end

function list.remove(items, v)
  local at = position(items, v)
  if not at then value.fail("list.remove(x): x not in list") end
  table.remove(items, at)
  return value.null
end

function list.clear(items)
  for i = #items, 1, -1 do items[i] = nil end
  return value.null
end

function list.copy(items)
  local copy = {}
  for i = 1, #items do copy[i] = items[i] end
  return core.json.array(copy)
end

function list.count(items, v)
  local count = 0
  for i = 1, #items do
    if value.equal(items[i], v) then count = count + 1 end
  end
  return count
end

local function bound(v, count, default)
  if v ~= nil and not arguments.is_integer(v) then
    value.fail("slice indices must be integers or have an __index__ method")
  end
  return math.min(arguments.bound(v, count, default), count)
end

function list.index(items, v, first, last)
  local count = #items
  local at = position(items, v, bound(first, count, 0) + 1, bound(last, count, count))
  if not at then value.fail(value.repr(v) .. " is not in list") end
  return at - 1
end

local function tuple_index(items, v, first, last)
  local count = #items
  local at = position(items, v, bound(first, count, 0) + 1, bound(last, count, count))
  if not at then value.fail("tuple.index(x): x not in tuple") end
  return at - 1
end

function list.reverse(items)
  local count = #items
  for i = 1, math.floor(count / 2) do
    items[i], items[count - i + 1] = items[count - i + 1], items[i]
  end
  return value.null
end

local function run_sort(items, reverse)
  local is_reverse = arguments.integer(reverse, 0) ~= 0
  -- Reversed before and behind it: so equal ones stay in their order, as in Python.
  if is_reverse then list.reverse(items) end
  sort.stable(items, value.less)
  if is_reverse then list.reverse(items) end
  return value.null
end

local function callables(type_name, rows)
  local methods = {}
  for name, row in pairs(rows) do
    methods[name] = arguments.positional(type_name, name, row[1], row[2], row[3])
  end
  return methods
end

local of_list = callables("list", {
  append = { 1, 1, list.append },
  clear = { 0, 0, list.clear },
  copy = { 0, 0, list.copy },
  count = { 1, 1, list.count },
  extend = { 1, 1, list.extend },
  index = { 1, 3, list.index },
  insert = { 2, 2, list.insert },
  pop = { 0, 1, list.pop },
  remove = { 1, 1, list.remove },
  reverse = { 0, 0, list.reverse },
})
of_list.sort = signature.define({ "reverse" }, run_sort)

local of_tuple = callables("tuple", {
  count = { 1, 1, list.count },
  index = { 1, 3, tuple_index },
})

local function range_count(range, v)
  return value.contains(range, v) and 1 or 0
end

local function range_index(range, v)
  if not value.contains(range, v) then value.fail(value.repr(v) .. " is not in range") end
  local items, count = value.sequence(range)
  return position(items, v, 1, count) - 1
end

local of_range = callables("range", {
  count = { 1, 1, range_count },
  index = { 1, 1, range_index },
})

return { list = of_list, tuple = of_tuple, range = of_range }
