-- SPDX-License-Identifier: MIT

--- Arguments of Python's methods: how many may come, and what they must be.

local number = require "perilune.template.value.number"
local signature = require "perilune.template.signature"
local value = require "perilune.template.value"

local arguments = {}

local function plural(count)
  return ("%d argument%s"):format(count, count == 1 and "" or "s")
end

--- Python's message for a wrong number of arguments.
local function miscounted(type_name, name, least, most, given)
  if most == 0 then
    return ("%s.%s() takes no arguments (%d given)"):format(type_name, name, given)
  elseif least == 1 and most == 1 then
    return ("%s.%s() takes exactly one argument (%d given)"):format(type_name, name, given)
  elseif least == most then
    return ("%s expected %s, got %d"):format(name, plural(least), given)
  elseif given < least then
    return ("%s expected at least %s, got %d"):format(name, plural(least), given)
  end
  return ("%s expected at most %s, got %d"):format(name, plural(most), given)
end

local function given(v)
  if v == nil then return value.UNDEFINED end
  return v
end

--- A method whose arguments have no names: run(subject, a, b, c). One that is not given is nil, an
--- undefined one is value.UNDEFINED.
---@param type_name string   as Python's messages have it
---@param name string
---@param least integer
---@param most integer       at most 3
---@param run function
---@return perilune.callable
function arguments.positional(type_name, name, least, most, run)
  return signature.variadic(function(subject, args, kwargs)
    local count = args.n
    if kwargs and next(kwargs) ~= nil then
      value.fail(("%s.%s() takes no keyword arguments"):format(type_name, name))
    elseif count < least or count > most then
      value.fail(miscounted(type_name, name, least, most, count))
    elseif count == 0 then
      return run(subject)
    elseif count == 1 then
      return run(subject, given(args[1]))
    elseif count == 2 then
      return run(subject, given(args[1]), given(args[2]))
    end
    return run(subject, given(args[1]), given(args[2]), given(args[3]))
  end)
end

--- Is it an int, or a bool, which is one?
---@param v any
---@return boolean
function arguments.is_integer(v)
  return type(v) == "boolean" or number.is_int(v)
end

--- An integer argument as a Lua number; `default` when it is not given.
---@param v any
---@param default? integer
---@return number
function arguments.integer(v, default)
  if v == nil and default then return default end
  if not arguments.is_integer(v) then
    value.fail(("'%s' object cannot be interpreted as an integer"):format(value.type_name(v)))
  end
  return number.to_double(v)
end

--- An index as a slice has it, from 0 to `length`; negative ones count from the end.
---@param v any
---@param length integer
---@param default integer
---@return integer
function arguments.bound(v, length, default)
  if v == nil or v == value.null then return default end
  if not arguments.is_integer(v) then
    value.fail("slice indices must be integers or None or have an __index__ method")
  end
  local index = number.to_double(v)
  if index < 0 then index = index + length end
  return math.max(0, index)
end

--- The text of a str argument, or an error.
---@param v any
---@param message string   with a %s for the name of its type
---@return string
function arguments.text(v, message)
  if type(v) == "string" then return v end
  if value.is_markup(v) then return v.text end
  return value.fail(message:format(value.type_name(v)))
end

return arguments
