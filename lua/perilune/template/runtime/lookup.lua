-- SPDX-License-Identifier: MIT

--- What is undefined in a template, and why; attributes, items and names.

local value = require "perilune.template.value"

local getmetatable, type = getmetatable, type
local UNDEFINED, fail = value.UNDEFINED, value.fail
local get_attribute, get_item = value.attribute, value.item

local lookup = {}

function lookup.given(v)
  if v == nil then return UNDEFINED end
  return v
end

function lookup.is_defined(v) return v ~= nil and v ~= UNDEFINED end

--- Why a value is undefined: what was looked for in `owner`, or as a name when there is none.
function lookup.explain(owner, key)
  if owner ~= nil then return value.missing(owner, key) end
  return key and ("'%s' is undefined"):format(key) or "the value is undefined"
end

--- What a chain of names leads to, "a.b.c". A context that has a document to read it from says so;
--- otherwise `follow` goes from name to name, and gives the value and the object it was looked for in.
function lookup.read(ctx, chain, follow)
  local meta = getmetatable(ctx)
  local read = type(meta) == "table" and meta.__read
  local found = read and read(meta, chain)
  if found ~= nil and found ~= false then return found end
  return follow(ctx)
end

--- The same as JSON text, or nil.
function lookup.read_json(ctx, chain)
  local meta = getmetatable(ctx)
  local read = type(meta) == "table" and meta.__read
  return read and read(meta, chain, true)
end

--- v.name. `owner` and `key` say where `v` was found, in case that it was not.
function lookup.attribute(v, name, owner, key)
  if type(v) == "table" then
    local mark = getmetatable(v)
    if mark == "object" or mark == nil then
      local found = v[name]
      if found ~= nil then return found end
    end
  end
  if v == nil or v == UNDEFINED then fail(lookup.explain(owner, key)) end
  return get_attribute(v, name)
end

function lookup.item(v, part, owner, key)
  if v == nil or v == UNDEFINED then fail(lookup.explain(owner, key)) end
  return get_item(v, part)
end

--- The same for who takes attributes of undefined as undefined.
function lookup.attribute_or_nil(v, name)
  if v == nil or v == UNDEFINED then return nil end
  return get_attribute(v, name)
end

function lookup.item_or_nil(v, part)
  if v == nil or v == UNDEFINED then return nil end
  return get_item(v, part)
end

--- What Jinja makes of a slice of a constant: undefined if there is none.
function lookup.slice_of_constant(...)
  local ok, part = pcall(value.slice, ...)
  return ok and part or nil
end

--- A name that is also a function's.
function lookup.resolve(rt, ctx, name)
  local v = ctx[name]
  if v == nil then return rt.env.functions[name] end
  return v
end

return lookup
