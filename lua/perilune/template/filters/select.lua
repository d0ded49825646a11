-- SPDX-License-Identifier: MIT

--- map, select, reject and their like: filters that call other filters and tests by name.

local arguments = require "perilune.template.filters.arguments"
local attributes = require "perilune.template.filters.attributes"
local core = require "perilune.core"
local signature = require "perilune.template.signature"
local value = require "perilune.template.value"

local sequence, truthy = value.sequence, value.truthy

local select_filters = {}

--- What map(attribute=..., default=...) applies.
local function attribute_getter(kwargs)
  for _, name in ipairs(core.json.keys(kwargs)) do
    if name ~= "attribute" and name ~= "default" then
      value.fail(("Unexpected keyword argument %s"):format(value.repr(name)))
    end
  end
  return attributes.getter(kwargs.attribute, { default = kwargs.default })
end

local function mapper(args, kwargs, rt)
  if args.n == 0 and kwargs and kwargs.attribute ~= nil then return attribute_getter(kwargs) end
  if args.n == 0 then value.fail("map requires a filter argument") end
  return arguments.named(rt.env.filters, "filter", args, 1, kwargs, rt)
end

select_filters.map = signature.variadic(function(v, args, kwargs, rt)
  if not truthy(v) then return value.list({}) end
  local apply = mapper(args, kwargs, rt)
  local items, count = sequence(v)
  local result = {}
  for i = 1, count do
    local got = apply(items[i])
    result[i] = got == nil and value.UNDEFINED or got
  end
  return value.list(result)
end)

--- What decides about an item: a test by name, or whether the item is true.
local function decider(args, at, kwargs, rt)
  if args.n < at then return truthy end
  return arguments.named(rt.env.tests, "test", args, at, kwargs, rt)
end

--- Keeps the items that the test finds `wanted`; of their attribute, if `has_attribute`.
local function selecting(wanted, has_attribute)
  return signature.variadic(function(v, args, kwargs, rt)
    if not truthy(v) then return value.list({}) end
    if has_attribute and args.n == 0 then value.fail("Missing parameter for attribute name") end
    local get = has_attribute and attributes.getter(args[1])
    local decide = decider(args, has_attribute and 2 or 1, kwargs, rt)
    local items, count = sequence(v)
    local result = {}
    for i = 1, count do
      local item = items[i]
      local subject = item
      if get then subject = get(item) end
      if decide(subject) == wanted then result[#result + 1] = item end
    end
    return value.list(result)
  end)
end

select_filters.select = selecting(true, false)
select_filters.reject = selecting(false, false)
select_filters.selectattr = selecting(true, true)
select_filters.rejectattr = selecting(false, true)

return select_filters
