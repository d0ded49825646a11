-- SPDX-License-Identifier: MIT

--- Methods of dict. What keys(), items() and values() give is a list that is called a view.

local arguments = require "perilune.template.methods.arguments"
local core = require "perilune.core"
local signature = require "perilune.template.signature"
local value = require "perilune.template.value"

local keys_of, listed, key_of = core.json.keys, core.json.listed, value.key

-- What a key takes in a dict and in its list of keys, about.
local BYTES_PER_KEY = 16

--- A dict_keys, dict_items or dict_values.
---@class perilune.view
---@field name string
---@field items any[]
local View = value.class { kind = "view" }

local function view(name, items)
  return setmetatable({ name = name, items = items }, View)
end

local dict = {}

function dict.keys(t)
  return view("dict_keys", keys_of(t))
end

function dict.values(t)
  local items = {}
  for i, key in ipairs(keys_of(t)) do items[i] = t[key_of(key)] end
  return view("dict_values", items)
end

function dict.items(t)
  local items = {}
  for i, key in ipairs(keys_of(t)) do items[i] = core.json.tuple { key, t[key_of(key)] } end
  return view("dict_items", items)
end

function dict.get(t, key, default)
  local found = t[key_of(key)]
  if found ~= nil then return found end
  if default == nil then return value.null end
  return default
end

local function put(t, keys, key, v)
  local stored = key_of(key)
  if t[stored] == nil then keys[#keys + 1] = key end
  t[stored] = v
end

function dict.setdefault(t, key, default)
  if default == nil then default = value.null end
  local found = t[key_of(key)]
  if found ~= nil then return found end
  put(t, listed(t), key, default)
  return default
end

local function forget(keys, stored)
  for i, key in ipairs(keys) do
    if key_of(key) == stored then return table.remove(keys, i) end
  end
end

function dict.pop(t, key, default)
  local stored = key_of(key)
  local found = t[stored]
  if found == nil then
    if default == nil then value.fail(value.repr(key)) end
    return default
  end
  forget(listed(t), stored)
  t[stored] = nil
  return found
end

function dict.popitem(t)
  local keys = listed(t)
  local key = table.remove(keys)
  if key == nil then value.fail("'popitem(): dictionary is empty'") end
  local found = t[key_of(key)]
  t[key_of(key)] = nil
  return core.json.tuple { key, found }
end

function dict.clear(t)
  local keys = listed(t)
  for i = #keys, 1, -1 do
    t[key_of(keys[i])] = nil
    keys[i] = nil
  end
  return value.null
end

function dict.copy(t)
  local copy, keys = core.json.dict()
  for i, key in ipairs(keys_of(t)) do
    keys[i] = key
    copy[key_of(key)] = t[key_of(key)]
  end
  return copy
end

local function put_all(t, keys, other)
  for _, key in ipairs(keys_of(other)) do put(t, keys, key, other[key_of(key)]) end
end

--- Key and value of an element of what update() got.
local function pair(element, i)
  if not value.is_iterable(element) then
    value.fail(("cannot convert dictionary update sequence element #%d to a sequence"):format(i))
  end
  local parts, count = value.sequence(element)
  if count ~= 2 then
    value.fail(("dictionary update sequence element #%d has length %d; 2 is required")
      :format(i, count))
  end
  return parts[1], parts[2]
end

local function put_pairs(t, keys, other)
  local elements, count = value.sequence(other)
  for i = 1, count do
    local key, v = pair(elements[i], i - 1)
    put(t, keys, key, v)
  end
end

local function update(t, args, kwargs)
  if args.n > 1 then
    value.fail(("update expected at most 1 argument, got %d"):format(args.n))
  elseif args.n == 1 and value.is_undefined(args[1]) then
    value.fail("an undefined value has no items for a dict")
  end
  local keys = listed(t)
  if args.n == 1 then
    (value.kind(args[1]) == "dict" and put_all or put_pairs)(t, keys, args[1])
  end
  if kwargs then put_all(t, keys, kwargs) end
  value.check_size(#keys * BYTES_PER_KEY)
  return value.null
end

local methods = { update = signature.variadic(update) }
for name, row in pairs {
  clear = { 0, 0 }, copy = { 0, 0 }, get = { 1, 2 }, items = { 0, 0 }, keys = { 0, 0 },
  pop = { 1, 2 }, popitem = { 0, 0 }, setdefault = { 1, 2 }, values = { 0, 0 },
} do
  methods[name] = arguments.positional("dict", name, row[1], row[2], dict[name])
end

return methods
