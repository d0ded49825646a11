-- SPDX-License-Identifier: MIT

--- Filters that compare: sorting, groups, the least and the greatest. Case of strings does not
--- count unless `case_sensitive` says so.

local arguments = require "perilune.template.filters.arguments"
local attributes = require "perilune.template.filters.attributes"
local signature = require "perilune.template.signature"
local sort = require "perilune.util.sort"
local value = require "perilune.template.value"

local compare, equal, sequence = value.compare, value.equal, value.sequence
local define = signature.define

local order = {}

local function less(a, b)
  local kind = type(a)
  if kind == type(b) and (kind == "string" or kind == "number") then return a < b end
  return compare(a, b, "<")
end

--- Lists by their first elements that differ.
local function less_list(a, b)
  for i = 1, #a do
    if not equal(a[i], b[i]) then return less(a[i], b[i]) end
  end
  return false
end

--- The items in the order of their keys; and the keys in this order.
---@param items table
---@param count integer
---@param key_of fun(item: any): any
---@param is_less fun(a: any, b: any): boolean
---@param is_reversed? boolean   equal ones stay in their order even then
local function sorted(items, count, key_of, is_less, is_reversed)
  local keys, places = {}, {}
  for i = 1, count do keys[i], places[i] = key_of(items[i]), i end
  local function is_before(a, b) return is_less(keys[a], keys[b]) end
  local function is_behind(a, b) return is_less(keys[b], keys[a]) end
  sort.stable(places, is_reversed and is_behind or is_before)
  local result, result_keys = {}, {}
  for i = 1, count do
    result[i], result_keys[i] = items[places[i]], keys[places[i]]
  end
  return result, result_keys
end

local function folding(case_sensitive, default)
  return { is_folded = not value.truthy(case_sensitive), default = default }
end

order.sort = define({ "reverse", "case_sensitive", "attribute" },
  function(v, reverse, case_sensitive, attribute)
    local items, count = sequence(v)
    local keys_of = attributes.list_getter(attribute, folding(case_sensitive))
    return value.list((sorted(items, count, keys_of, less_list, value.truthy(reverse))))
  end)

order.dictsort = define({ "case_sensitive", "by", "reverse" },
  function(v, case_sensitive, by, reverse)
    by = by == nil and "key" or value.plain_text(by)
    local place = by == "key" and 1 or by == "value" and 2
    if not place then value.fail('You can only sort by either "key" or "value"') end
    local items, count = attributes.items(v)
    local is_folded = not value.truthy(case_sensitive)
    local function key_of(pair)
      if is_folded then return attributes.fold(pair[place]) end
      return pair[place]
    end
    return value.list((sorted(items, count, key_of, less, value.truthy(reverse))))
  end)

local function group(key, items)
  local list = value.list(items)
  local tuple = value.tuple({ key, list })
  -- Both ways to read it: `for key, items in ...` and group.grouper, group.list.
  tuple.grouper, tuple.list = key, list
  return tuple
end

--- Neighbours with equal keys become groups.
local function groups_of(items, keys, real_key)
  local groups, run = {}, {}
  for i = 1, #items do
    run[#run + 1] = items[i]
    if i == #items or not equal(keys[i], keys[i + 1]) then
      groups[#groups + 1] = group(real_key(run[1]), run)
      run = {}
    end
  end
  return groups
end

order.groupby = define({ "attribute", "default", "case_sensitive" },
  function(v, attribute, default, case_sensitive)
    arguments.need("groupby", "attribute", attribute)
    local items, count = sequence(v)
    local key_of = attributes.getter(attribute, folding(case_sensitive, default))
    local list, keys = sorted(items, count, key_of, less)
    local real_key = attributes.getter(attribute, { default = default })
    return value.list(groups_of(list, keys, real_key))
  end)

order.unique = define({ "case_sensitive", "attribute" }, function(v, case_sensitive, attribute)
  local items, count = sequence(v)
  local key_of = attributes.getter(attribute, folding(case_sensitive))
  local seen, result = {}, {}
  for i = 1, count do
    local got = key_of(items[i])
    local key = value.is_undefined(got) and value.UNDEFINED or value.key(got)
    if not seen[key] then
      seen[key] = true
      result[#result + 1] = items[i]
    end
  end
  return value.list(result)
end)

--- The item whose key is before all others'; the first of several; undefined when there is none.
local function extreme(v, case_sensitive, attribute, is_before)
  local items, count = sequence(v)
  if count == 0 then return nil end
  local key_of = attributes.getter(attribute, folding(case_sensitive))
  local best, best_key = items[1], key_of(items[1])
  for i = 2, count do
    local key = key_of(items[i])
    if is_before(key, best_key) then best, best_key = items[i], key end
  end
  return best
end

order.min = define({ "case_sensitive", "attribute" }, function(v, case_sensitive, attribute)
  return extreme(v, case_sensitive, attribute, less)
end)

order.max = define({ "case_sensitive", "attribute" }, function(v, case_sensitive, attribute)
  return extreme(v, case_sensitive, attribute, function(a, b) return less(b, a) end)
end)

return order
