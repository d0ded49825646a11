-- SPDX-License-Identifier: MIT

--- The tests of Jinja2 3.1 (`x is odd`), by name. Each gives a Lua boolean.

local arguments = require "perilune.template.filters.arguments"
local core = require "perilune.core"
local signature = require "perilune.template.signature"
local value = require "perilune.template.value"

local kind = value.kind
local define = signature.define

---@type table<string, perilune.callable>
local tests = {}

--- A test without arguments.
local function plain(run)
  return define({}, run)
end

--- A test with one argument, which must be given.
local function with(name, param, run)
  return define({ param }, function(v, other)
    if other == nil then arguments.need(name, param, other) end
    return run(v, other)
  end)
end

--- A test of the kind of a value: one of these.
local function of_kind(...)
  local kinds = {}
  for _, name in ipairs({ ... }) do kinds[name] = true end
  return plain(function(v) return kinds[kind(v)] == true end)
end

-- -- kinds

tests.defined = plain(function(v) return not value.is_undefined(v) end)
tests.undefined = plain(function(v) return value.is_undefined(v) end)
tests.none = plain(function(v) return v == value.null end)
tests["true"] = plain(function(v) return v == true end)
tests["false"] = plain(function(v) return v == false end)
tests.boolean = of_kind("bool")
tests.integer = of_kind("int")
tests.float = of_kind("float")
tests.number = of_kind("int", "float", "bool")
tests.string = of_kind("string", "markup")
tests.mapping = of_kind("dict")
tests.escaped = of_kind("markup")
-- Undefined has the methods that these look for; that calling them fails does not count.
tests.sequence = of_kind("string", "markup", "list", "tuple", "dict", "range", "undefined")
tests.callable = of_kind("macro", "method", "function", "joiner", "loop", "undefined")
tests.iterable = plain(function(v) return value.is_iterable(v) or kind(v) == "loop" end)

-- -- numbers

local function remainder_is(v, divisor, expected)
  return value.equal(value.mod(v, divisor), expected)
end

tests.odd = plain(function(v) return remainder_is(v, 2, 1) end)
tests.even = plain(function(v) return remainder_is(v, 2, 0) end)

tests.divisibleby = with("divisibleby", "num", function(v, divisor)
  return remainder_is(v, divisor, 0)
end)

-- -- texts

tests.lower = plain(function(v) return core.text.is(value.text(v), "lower") end)
tests.upper = plain(function(v) return core.text.is(value.text(v), "upper") end)

-- -- comparisons

tests.eq = with("eq", "other", value.equal)
tests.ne = with("ne", "other", function(v, other) return not value.equal(v, other) end)

for name, operator in pairs({ lt = "<", le = "<=", gt = ">", ge = ">=" }) do
  tests[name] = with(name, "other", function(v, other)
    return value.compare(v, other, operator)
  end)
end

local ALIASES = {
  ["=="] = "eq", equalto = "eq", ["!="] = "ne", ["<"] = "lt", lessthan = "lt", ["<="] = "le",
  [">"] = "gt", greaterthan = "gt", [">="] = "ge",
}
for alias, name in pairs(ALIASES) do tests[alias] = tests[name] end

tests["in"] = with("in", "seq", function(v, container) return value.contains(container, v) end)

local SCALARS = { none = true, bool = true, int = true, float = true, string = true }

--- Python's `is`, with every equal number and string of one type as the same.
tests.sameas = with("sameas", "other", function(v, other)
  local what = kind(v)
  if what ~= kind(other) or what == "undefined" then return false end
  if SCALARS[what] then return value.equal(v, other) end
  return rawequal(v, other)
end)

-- -- what there is to call

--- Is there a filter or test of this name?
local function registered(field)
  return signature.variadic(function(name, _, _, rt)
    return rt.env[field][value.key(name)] ~= nil
  end)
end

tests.filter = registered("filters")
tests.test = registered("tests")

return tests
