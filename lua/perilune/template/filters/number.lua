-- SPDX-License-Identifier: MIT

--- Filters that make, round and print numbers.

local arguments = require "perilune.template.filters.arguments"
local core = require "perilune.core"
local number = require "perilune.template.value.number"
local signature = require "perilune.template.signature"
local value = require "perilune.template.value"

local define, whole = signature.define, arguments.whole

local numeric = {}

local function refuse_undefined(v)
  if value.is_undefined(v) then value.fail("the value is undefined") end
end

--- The number of a value that is one, with True as 1, or nil.
local function number_of(v)
  if type(v) == "boolean" then return v and 1 or 0 end
  return number.is_number(v) and v or nil
end

--- Python's float(): nil for what is no number.
local function float_of(v)
  refuse_undefined(v)
  local text = value.plain_text(v)
  if text then return number.parse_float(text) end
  v = number_of(v)
  if v == nil or number.is_float(v) then return v end
  local double = number.to_double(v)
  if math.abs(double) == math.huge then value.fail("int too large to convert to float") end
  return number.float(double)
end

--- The whole part of a float; nil for NaN.
local function truncated(v)
  local double = number.to_double(v)
  if double ~= double then return nil end
  if math.abs(double) == math.huge then
    value.fail("cannot convert float infinity to integer")
  end
  return number.truncate(v)
end

--- Python's int(), and for texts such as "42.23" the whole part. Without a base only that.
local function int_of(v, base)
  refuse_undefined(v)
  local text = value.plain_text(v)
  if text then
    local n = base and number.parse_int(text, base)
    if n then return n end
    v = number.parse_float(text)
  else
    v = number_of(v)
  end
  if v == nil or number.is_int(v) then return v end
  return truncated(v)
end

--- What is no base makes no number: the text is read as a float then.
local function base_of(base)
  if base == nil then return 10 end
  return (type(base) == "boolean" or number.is_int(base)) and whole(base) or nil
end

numeric.int = define({ "default", "base" }, function(v, default, base)
  if type(v) == "number" and v == math.floor(v) and math.abs(v) <= 2 ^ 53 then return v end
  local n = int_of(v, base_of(base))
  if n ~= nil then return n end
  if default == nil then return 0 end
  return default
end)

numeric.float = define({ "default" }, function(v, default)
  local n = float_of(v)
  if n ~= nil then return n end
  if default == nil then return number.float(0) end
  return default
end)

numeric.abs = define({}, function(v)
  local n = number_of(v)
  if n == nil then
    value.fail(("bad operand type for abs(): '%s'"):format(value.type_name(v)))
  end
  return number.abs(n)
end)

local function common(v, precision)
  local n = number_of(v)
  if n == nil then
    value.fail(("type %s doesn't define __round__ method"):format(value.type_name(v)))
  end
  if precision == value.null then return int_of(number.round(n, 0)) or value.fail(
    "cannot convert float NaN to integer") end
  return number.round(n, whole(precision, 0))
end

--- math.floor or math.ceil: the whole number next to a value, which must be one.
local function next_whole(v, step)
  local n = number_of(v)
  if n == nil then
    refuse_undefined(v)
    value.fail(("must be real number, not %s"):format(value.type_name(v)))
  end
  if number.is_int(n) then return n end
  local near = truncated(n)
  if near == nil then value.fail("cannot convert float NaN to integer") end
  local is_short = number.compare(near, n) == -step
  return is_short and number.add(near, step) or near
end

local STEPS = { ceil = 1, floor = -1 }

--- The scale is Python's 10 ** precision: a float where the precision is negative.
local function directed(v, precision, method)
  refuse_undefined(v)
  local scale = value.pow(10, whole(precision, 0))
  return value.div(next_whole(value.mul(v, scale), STEPS[method]), scale)
end

numeric.round = define({ "precision", "method" }, function(v, precision, method)
  method = method == nil and "common" or value.plain_text(method)
  if method == "common" then return common(v, precision) end
  if not STEPS[method] then value.fail("method must be common, ceil or floor") end
  return directed(v, precision, method)
end)

local PREFIXES = "kMGTPEZY"

--- The unit is an exact number: the larger ones have no double.
local function size_text(bytes, base, suffix)
  local unit = base
  for i = 1, #PREFIXES do
    unit = number.mul(unit, base)
    if i == #PREFIXES or number.compare(bytes, unit) == -1 then
      local prefix = PREFIXES:sub(i, i)
      if suffix == "iB" then prefix = prefix:upper() end
      local count = base * bytes / number.to_double(unit)
      return core.format_double(count, 1, "f") .. " " .. prefix .. suffix
    end
  end
end

numeric.filesizeformat = define({ "binary" }, function(v, binary)
  local n = float_of(v)
  if n == nil and value.plain_text(v) then
    value.fail(("could not convert string to float: %s"):format(value.repr(value.plain_text(v))))
  elseif n == nil then
    value.fail(("float() argument must be a string or a real number, not '%s'"):format(
      value.type_name(v)))
  end
  local bytes = number.to_double(n)
  local is_binary = value.truthy(binary)
  if bytes == 1 then return "1 Byte" end
  if bytes < (is_binary and 1024 or 1000) then
    return number.text(truncated(n)) .. " Bytes"
  end
  return size_text(bytes, is_binary and 1024 or 1000, is_binary and "iB" or "B")
end)

return numeric
