-- SPDX-License-Identifier: MIT

--- One declarative validator, for gateway.lua, connectors, authenticators and the configuration of
--- plugins. A specification is data:
---
---     { type = "string", required = true, secret = true, default = "x", values = { "x", "y" } }
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
--- plus `check = function(value) return "what is wrong" end` for what only code can say, and a
--- `description` for documentation and editors. A `secret` string may be given as a secret handle, and
--- becomes one.

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
  if spec.filled and next(v) == nil then return "must not be empty" end
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

--- What is wrong with a specification itself, as a plugin gives it: nil, or a message.
---@param fields any
---@return string|nil
function schema.fault(fields)
  if type(fields) ~= "table" then return "the schema must be a table of fields" end
  for name, spec in pairs(fields) do
    if type(name) ~= "string" or type(spec) ~= "table" then
      return ("the schema's field '%s' must be a table"):format(tostring(name))
    elseif not spec.one_of and not TYPES[spec.type] then
      return ("the schema's field '%s' has the unknown type '%s'%s"):format(name,
        tostring(spec.type), nearest.hint(tostring(spec.type), tables.names(TYPES), "known are"))
    end
  end
  return nil
end

return schema
