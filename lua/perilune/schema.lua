-- SPDX-License-Identifier: MIT

--- One declarative validator, for gateway.lua, connectors, authenticators and the configuration of
--- plugins. A specification is data:
---
---     { type = "string", required = true, secret = true, default = "x", values = { "x", "y" } }
---     { type = "string", filled = true }                    not the empty one
---     { type = "number", min = 0, max = 1 }                also "integer"
---     { type = "boolean" }, { type = "function" }, { type = "table" }, { type = "any" }
---     { type = "template" }                                 a string, a number or a function
---     { type = "literal", value = false }
---     { type = "list", of = SPEC, filled = true }           1 to n
---     { type = "map", of = SPEC }                           string keys
---     { type = "record", fields = { name = SPEC } }         these keys and no others
---     { type = "record", first = SPEC, fields = {...} }     { value, name = ... }
---     { one_of = { SPEC, SPEC } }                           told apart by their Lua type
---
--- plus `check = function(value) return "what is wrong" end` for what only code can say; plugins, whose
--- schemas are data, say `example` (how it is written) instead. `description` is for documentation and
--- editors. A `secret` string may be given as a secret handle, and becomes one.

local core = require "perilune.core"
local nearest = require "perilune.util.nearest"
local tables = require "perilune.util.tables"

local schema = {}

---@class perilune.spec
---@field type? string
---@field one_of? perilune.spec[]
---@field required? boolean
---@field default? any
---@field secret? boolean
---@field values? any[]
---@field min? number
---@field max? number
---@field of? perilune.spec
---@field filled? boolean
---@field fields? table<string, perilune.spec>
---@field first? perilune.spec    of a record's element 1, which it then must have
---@field check? fun(value: any): string|nil
---@field description? string

--- What a value is, in words.
---@param v any
---@return string
function schema.kind(v)
  if v == nil then return "nothing" end
  if v == core.json.null then return "json.null" end
  if core.is_secret(v) then return "a secret" end
  if type(v) == "table" then
    return next(v) ~= nil and tables.is_list(v) and "a list" or "a table"
  end
  return "a " .. type(v)
end

local function is(name)
  return function(v) return type(v) == name end
end

-- Per type: what it accepts (a first look, not into tables) and what to call it.
local TYPES = {
  any = { accepts = function(v) return v ~= nil end, name = "a value" },
  string = { accepts = is "string", name = "a string" },
  number = { accepts = is "number", name = "a number" },
  integer = {
    accepts = function(v) return type(v) == "number" and v == math.floor(v) end,
    name = "a whole number",
  },
  boolean = { accepts = is "boolean", name = "true or false" },
  table = { accepts = is "table", name = "a table" },
  ["function"] = { accepts = is "function", name = "a function" },
  secret = { accepts = core.is_secret, name = "a secret" },
  template = {
    accepts = function(v)
      return type(v) == "string" or type(v) == "number" or type(v) == "function"
    end,
    name = "a string or a function",
  },
  literal = { accepts = function(v, spec) return v == spec.value end },
  list = {
    accepts = function(v) return type(v) == "table" and tables.is_list(v) end,
    name = "a list",
  },
  map = { accepts = is "table", name = "a table of names" },
  record = { accepts = is "table", name = "a table" },
}

local function accepts(spec, v)
  if spec.secret and core.is_secret(v) then return true end
  return TYPES[spec.type].accepts(v, spec)
end

local function expected(spec)
  if spec.one_of then
    local names = {}
    for i, alternative in ipairs(spec.one_of) do names[i] = expected(alternative) end
    local last = table.remove(names)
    return #names > 0 and table.concat(names, ", ") .. " or " .. last or last
  end
  if spec.type == "literal" then return tostring(spec.value) end
  return TYPES[spec.type].name
end

local function quoted_list(values)
  local texts = {}
  for i, v in ipairs(values) do texts[i] = ("'%s'"):format(tostring(v)) end
  return table.concat(texts, ", ")
end

local function range_fault(spec, v)
  if spec.min and spec.max and (v < spec.min or v > spec.max) then
    return ("must be between %s and %s"):format(spec.min, spec.max)
  elseif spec.min and v < spec.min then
    return ("must be at least %s"):format(spec.min)
  elseif spec.max and v > spec.max then
    return ("must be at most %s"):format(spec.max)
  end
  return v ~= v and "must be a number" or nil
end

local function values_fault(spec, v)
  for _, allowed in ipairs(spec.values) do
    if allowed == v then return nil end
  end
  return ("must be one of %s"):format(quoted_list(spec.values))
end

--- What is wrong with a value of the right type, or nil.
local function own_fault(spec, v)
  if type(v) == "number" then
    local fault = range_fault(spec, v)
    if fault then return fault end
  end
  if spec.filled and (v == "" or type(v) == "table" and next(v) == nil) then
    return "must not be empty"
  end
  if spec.values then
    local fault = values_fault(spec, v)
    if fault then return fault end
  end
  return spec.check and spec.check(v)
end

local check

local function check_list(spec, v, report, path)
  local checked = {}
  for i, item in ipairs(v) do checked[i] = check(spec.of, item, report, tables.extend(path, i)) end
  return checked
end

local function check_map(spec, v, report, path)
  local checked = {}
  for key, item in pairs(v) do
    local inner = tables.extend(path, key)
    if type(key) == "string" then
      checked[key] = check(spec.of, item, report, inner)
    else
      report(inner, ("'%s' wants names as keys, got %s"):format(tables.path_text(path),
        schema.kind(key)))
    end
  end
  return checked
end

local function check_keys(spec, v, report, path)
  local names = tables.names(spec.fields)
  for key in pairs(v) do
    local inner = tables.extend(path, key)
    if type(key) ~= "string" and not (key == 1 and spec.first) then
      report(inner, ("a value without a key; known keys are %s"):format(
        table.concat(names, ", ")))
    elseif type(key) == "string" and not spec.fields[key] then
      report(inner, ("unknown key '%s'%s"):format(key, nearest.hint(key, names, "known keys are")))
    end
  end
end

local function check_first(spec, v, report, path)
  if v[1] ~= nil then return check(spec, v[1], report, tables.extend(path, 1)) end
  report(path, ("'%s' wants %s as its first value"):format(tables.path_text(path), expected(spec)))
  return nil
end

local function check_record(spec, v, report, path)
  check_keys(spec, v, report, path)
  local checked = {}
  if spec.first then checked[1] = check_first(spec.first, v, report, path) end
  for _, name in ipairs(tables.names(spec.fields)) do
    local field = spec.fields[name]
    if v[name] ~= nil then
      checked[name] = check(field, v[name], report, tables.extend(path, name))
    elseif field.required then
      report(path, ("'%s' is missing"):format(name))
    else
      checked[name] = field.default
    end
  end
  return checked
end

local DESCEND = { list = check_list, map = check_map, record = check_record }

function check(spec, v, report, path)
  local name = #path > 0 and ("'%s'"):format(tables.path_text(path)) or "the file"
  if spec.one_of then
    for _, alternative in ipairs(spec.one_of) do
      if accepts(alternative, v) then return check(alternative, v, report, path) end
    end
  end
  if spec.one_of or not accepts(spec, v) then
    report(path, ("%s wants %s, got %s"):format(name, expected(spec), schema.kind(v)))
    return nil
  end
  if core.is_secret(v) then return v end
  local fault = own_fault(spec, v)
  if fault then
    report(path, ("%s %s"):format(name, fault))
    return nil
  end
  if spec.secret then return core.secret_kept(v) end
  local descend = DESCEND[spec.type]
  return descend and descend(spec, v, report, path) or v
end

--- Checks a value. What is wrong goes to `report`; the result is a copy with the defaults filled in
--- and without the parts that are wrong (nil when the value itself is).
---@param spec perilune.spec
---@param v any
---@param report fun(path: any[], message: string)
---@param path? any[]   of the value, for messages
---@return any
function schema.check(spec, v, report, path)
  return check(spec, v, report, path or {})
end

-- What a specification may say; the rest of it is said in the comment at the top.
local SPEC_KEYS = {
  type = "string", one_of = "table", required = "boolean", secret = "boolean", values = "table",
  min = "number", max = "number", of = "table", filled = "boolean", fields = "table",
  first = "table", description = "string", example = "string",
}

local spec_faults

local function nested_faults(spec, report, path)
  if spec.one_of then
    for i, alternative in ipairs(spec.one_of) do
      spec_faults(alternative, report, tables.extend(tables.extend(path, "one_of"), i))
    end
  end
  for _, key in ipairs { "of", "first" } do
    if spec[key] then spec_faults(spec[key], report, tables.extend(path, key)) end
  end
  for _, name in ipairs(tables.names(spec.fields or {})) do
    spec_faults(spec.fields[name], report, tables.extend(tables.extend(path, "fields"), name))
  end
end

--- What is wrong with the keys of a specification, one by one.
local function key_faults(spec, report, path)
  for key, v in pairs(spec) do
    local wanted = SPEC_KEYS[key]
    local where = tables.extend(path, key)
    if key ~= "default" and key ~= "value" and not wanted then
      report(where, ("a field has no key '%s'%s"):format(tostring(key),
        nearest.hint(tostring(key), tables.names(SPEC_KEYS), "known are")))
    elseif wanted and type(v) ~= wanted then
      report(where, ("'%s' wants a %s, got %s"):format(key, wanted, schema.kind(v)))
    end
  end
end

--- A specification that a plugin gives is data, and may be wrong itself.
function spec_faults(spec, report, path)
  local name = tostring(path[#path])
  if type(spec) ~= "table" then
    report(path, ("the field '%s' must be a table, not %s"):format(name, schema.kind(spec)))
    return
  elseif spec.one_of == nil and not TYPES[spec.type] then
    report(path, ("the field '%s' has the unknown type '%s'%s"):format(name,
      tostring(spec.type), nearest.hint(tostring(spec.type), tables.names(TYPES), "known are")))
    return
  elseif (spec.type == "list" or spec.type == "map") and spec.of == nil
    or spec.type == "record" and spec.fields == nil then
    report(path, ("the field '%s' does not say of what it is a %s"):format(name, spec.type))
    return
  end
  key_faults(spec, report, path)
  nested_faults(spec, report, path)
end

--- Is a plugin's table of fields one of specifications? What is wrong goes to `report`; a default
--- must be what the field takes.
---@param fields table
---@param report fun(path: any[], message: string)
---@param path any[]   of the fields
---@return boolean
function schema.is_sound(fields, report, path)
  local is_sound = true
  local function noted(where, message)
    is_sound = false
    report(where, message)
  end
  for name, spec in pairs(fields) do
    local where = tables.extend(path, name)
    if type(name) ~= "string" then
      noted(where, ("fields have names, not %s"):format(schema.kind(name)))
    else
      spec_faults(spec, noted, where)
      if is_sound and spec.default ~= nil then
        check(spec, spec.default, function(_, message)
          noted(tables.extend(where, "default"), "the default is none: " .. message)
        end, { name })
      end
    end
  end
  return is_sound
end

return schema
