-- SPDX-License-Identifier: MIT

--- What filters do with what they are given: whole numbers, texts, methods of strings, and calls of
--- other filters and tests by their names.

local methods = require "perilune.template.methods"
local nearest = require "perilune.util.nearest"
local number = require "perilune.template.value.number"
local signature = require "perilune.template.signature"
local tables = require "perilune.util.tables"
local value = require "perilune.template.value"

local null, is_markup = value.null, value.is_markup

local arguments = {}

--- Neither undefined nor None: Python's `is not None` of an argument with the default None.
function arguments.given(v)
  return v ~= nil and v ~= null
end

--- Raises when an argument is not given. Undefined is given.
---@param callee string
---@param name string
---@param v any
function arguments.need(callee, name, v)
  if v == nil then value.fail(("%s: the argument '%s' is missing"):format(callee, name)) end
end

--- A whole number as a Lua number; the default where nothing is given.
---@param v any
---@param default? number
---@return number
function arguments.whole(v, default)
  if v == nil and default then return default end
  if type(v) == "boolean" then return v and 1 or 0 end
  if type(v) == "number" and v == math.floor(v) and math.abs(v) < math.huge then return v end
  if value.kind(v) == "int" then return number.to_double(v) end
  return value.fail(("'%s' object cannot be interpreted as an integer"):format(value.type_name(v)))
end

--- The value as text; Markup stays Markup.
function arguments.soft(v)
  if type(v) == "string" or is_markup(v) then return v end
  return value.text(v)
end

--- Text or Markup as it is; of anything else an error, as of a method that only strings have.
function arguments.text_only(v, method)
  if type(v) == "string" or is_markup(v) then return v end
  if value.is_undefined(v) then value.fail("the value is undefined") end
  return value.fail(("'%s' object has no attribute '%s'"):format(value.type_name(v), method))
end

--- A string method of a text or Markup.
function arguments.method(v, name, ...)
  local callable = methods.find(v, name)
  if callable.is_variadic then return callable.run(v, { n = select("#", ...), ... }) end
  return callable.run(v, ...)
end

--- A filter that has to know about the rendering: run(subject, bound, rt), `bound` by position.
---@param params string[]
---@param run function
---@return perilune.callable
function arguments.with_runtime(params, run)
  local callable
  callable = signature.variadic(function(subject, args, kwargs, rt)
    local bound, message = signature.bind(callable, args, kwargs)
    if not bound then value.fail(message) end
    return run(subject, bound, rt)
  end)
  callable.params = params
  return callable
end

local function find(callables, what, name)
  local callable = type(name) == "string" and callables[name]
  if callable then return callable end
  local shown = value.text(name)
  local meant = nearest.find(shown, tables.layered_names(callables))
  return value.fail(("No %s named %s.%s"):format(what, value.repr(shown),
    meant and (" Did you mean '%s'?"):format(meant) or ""))
end

local function behind(args, first)
  local rest = { n = math.max(args.n - first + 1, 0) }
  for i = 1, rest.n do rest[i] = args[first + i - 1] end
  return rest
end

--- The filter or test that args[at] names, with the arguments behind it: a function of the subject.
---@param callables table<string, perilune.callable>
---@param what "filter"|"test"
---@param args table
---@param at integer
---@param kwargs table|nil
---@param rt table
---@return fun(subject: any): any
function arguments.named(callables, what, args, at, kwargs, rt)
  local callable = find(callables, what, value.plain_text(args[at]))
  local rest, run = behind(args, at + 1), callable.run
  if callable.is_variadic then
    return function(subject) return (run(subject, rest, kwargs, rt)) end
  end
  local bound, message = signature.bind(callable, rest, kwargs)
  if not bound then value.fail(message) end
  return function(subject) return (run(subject, unpack(bound, 1, bound.n))) end
end

return arguments
