-- SPDX-License-Identifier: MIT

--- Arguments, and calls of whatever can be called.

local core = require "perilune.core"
local lookup = require "perilune.template.runtime.lookup"
local methods = require "perilune.template.methods"
local signature = require "perilune.template.signature"
local value = require "perilune.template.value"

local UNDEFINED, class_of, fail = value.UNDEFINED, value.class_of, value.fail
local explain, get_attribute = lookup.explain, value.attribute

local calls = {}

-- -- arguments

--- Named arguments as a dict.
function calls.keywords(names, values)
  local dict, keys = core.json.dict()
  for i, name in ipairs(names) do
    keys[i] = name
    dict[name] = values[i]
  end
  return dict
end

--- Named arguments with those of `**more` behind them.
function calls.merged(kwargs, more)
  if value.kind(more) ~= "dict" then
    fail(("argument after ** must be a mapping, not %s"):format(value.type_name(more)))
  end
  local dict, keys = core.json.dict()
  for _, source in ipairs { kwargs or {}, more } do
    for _, key in ipairs(core.json.keys(source)) do
      local name = value.plain_text(key) or fail("keywords must be strings")
      if dict[name] ~= nil then
        fail(("got multiple values for keyword argument '%s'"):format(name))
      end
      keys[#keys + 1], dict[name] = name, source[name]
    end
  end
  return dict
end

function calls.with_caller(kwargs, caller)
  local dict = kwargs or core.json.dict()
  local keys = core.json.listed(dict)
  if dict.caller ~= nil then
    fail("got multiple values for keyword argument 'caller'")
  end
  keys[#keys + 1], dict.caller = "caller", caller
  return dict
end

--- Appends the arguments of `*more`.
function calls.spread(args, more)
  if not value.is_iterable(more) then
    fail(("argument after * must be an iterable, not %s"):format(value.type_name(more)))
  end
  local items, count = value.sequence(more)
  for i = 1, count do args[args.n + i] = items[i] end
  args.n = args.n + count
end

-- -- calls

local function bind(callable, args, kwargs)
  local bound, message = signature.bind(callable, args, kwargs)
  return bound or fail(message)
end

--- Runs a filter, test or method on its subject.
local function apply(callable, subject, args, kwargs, rt)
  if callable.is_variadic then return callable.run(subject, args, kwargs, rt) end
  local bound = bind(callable, args, kwargs)
  return callable.run(subject, unpack(bound, 1, bound.n))
end

calls.apply = apply

--- Runs a function, which has no subject.
local function apply_function(callable, args, kwargs, rt)
  if callable.is_variadic then return callable.run(args, kwargs, rt) end
  local bound = bind(callable, args, kwargs)
  return callable.run(unpack(bound, 1, bound.n))
end

--- Arguments as a table: they come as one, or as a number and up to three values.
local function pack(n, a, b, c)
  if type(n) == "table" then return n end
  return { n = n, a, b, c }
end

--- What can be called, and how: "function" (a callable of signature.lua), "method" or "object".
local function callable_form(v)
  local class = class_of(v)
  if not class then return nil end
  if class.call then return "object" end
  return (class.kind == "function" or class.kind == "method") and class.kind or nil
end

local function fail_call(v, owner, key)
  if v == nil or v == UNDEFINED then fail(explain(owner, key)) end
  fail(("'%s' object is not callable"):format(value.type_name(v)))
end

--- Calls a value. `place`: the state of escaping, where all of an output is this call. `n`: how many
--- arguments follow, or all of them in a table.
function calls.call(rt, place, v, owner, key, kwargs, n, a, b, c)
  local form = callable_form(v)
  if form == "object" then return class_of(v).call(v, rt, place, pack(n, a, b, c), kwargs) end
  if form == "function" then return apply_function(v, pack(n, a, b, c), kwargs, rt) end
  if form == "method" then return apply(v.callable, v.subject, pack(n, a, b, c), kwargs, rt) end
  return fail_call(v, owner, key)
end

--- The method of a value, if a call of v.name is one of it: only what can be called comes first, so
--- payload.items() is the method whatever the payload has by that name.
local function method_of(v, name)
  if type(v) == "table" then
    local class = class_of(v)
    if class then
      local of_class = class.methods and class.methods[name]
      if of_class or class.attribute then return of_class end
    elseif type(getmetatable(v)) ~= "table" and callable_form(v[name]) then
      return nil
    end
  end
  return methods.find(v, name)
end

--- v.name(...), without making an object of the method.
function calls.call_method(rt, place, v, name, owner, key, kwargs, n, a, b, c)
  if v == nil or v == UNDEFINED then fail(explain(owner, key)) end
  local method = method_of(v, name)
  if not method then
    return calls.call(rt, place, get_attribute(v, name), v, name, kwargs, n, a, b, c)
  elseif not method.is_variadic and not kwargs and type(n) == "number" and n <= #method.params then
    return method.run(v, a, b, c)
  end
  return apply(method, v, pack(n, a, b, c), kwargs, rt)
end

--- What is called by a name that is also a function's: a value that cannot be called gives way.
function calls.callee(rt, ctx, name)
  local v = ctx[name]
  if callable_form(v) then return v end
  return rt.env.functions[name]
end

return calls
