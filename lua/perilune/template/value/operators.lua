-- SPDX-License-Identifier: MIT

--- The arithmetic operators on values: numbers compute (number.lua), texts and lists are joined and
--- repeated, `%` formats.

local kinds = require "perilune.template.value.kinds"
local number = require "perilune.template.value.number"
local printing = require "perilune.template.value.printing"

local kind_of, type_name, fail = kinds.kind, kinds.type_name, kinds.fail
local check_size, rep = kinds.check_size, string.rep

local BYTES_PER_ITEM = 8 -- of a list, for the limit on what templates make

local operators = {}

local IS_NUMBER = { int = true, float = true, bool = true }

--- Why an operator does not take its operands.
local function refuse(operator, a, b)
  if kinds.is_undefined(a) or kinds.is_undefined(b) then
    local side = kinds.is_undefined(a) and "left" or "right"
    return fail(("the %s operand of '%s' is undefined"):format(side, operator))
  end
  local kind_a, kind_b = kind_of(a), kind_of(b)
  if kind_a == "secret" or kind_b == "secret" then
    return fail("a secret cannot be computed with in a template")
  end
  local shown = operator == "**" and "** or pow()" or operator
  return fail(("unsupported operand type(s) for %s: '%s' and '%s'"):format(shown, type_name(a),
    type_name(b)))
end

local function are_numbers(a, b)
  return IS_NUMBER[kind_of(a)] and IS_NUMBER[kind_of(b)]
end

local function join_texts(a, b)
  check_size(#a + #b)
  return a .. b
end

local function escaped(v)
  return printing.escape(v).text
end

local function join_items(a, b)
  local count = #a
  check_size(BYTES_PER_ITEM * (count + #b))
  local items = {}
  for i = 1, count do items[i] = a[i] end
  for i = 1, #b do items[count + i] = b[i] end
  return items
end

local CONCATENATED = { string = "str", list = "list", tuple = "tuple" }

local function add_others(a, b, kind_a, kind_b)
  if kind_a == "string" and kind_b == "string" then return join_texts(a, b) end
  if printing.plain_text(a) and printing.plain_text(b) then
    local language = kind_a == kind_b and a.language == b.language and a.language or nil
    return kinds.markup(join_texts(escaped(a), escaped(b)), language)
  end
  if kind_a == kind_b and kind_a == "list" then return kinds.list(join_items(a, b)) end
  if kind_a == kind_b and kind_a == "tuple" then return kinds.tuple(join_items(a, b)) end
  local name = CONCATENATED[kind_a]
  if not name or kind_b == "undefined" or kind_b == "secret" then return refuse("+", a, b) end
  return fail(('can only concatenate %s (not "%s") to %s'):format(name, type_name(b), name))
end

--- a + b
function operators.add(a, b)
  if type(a) == "number" and type(b) == "number" then return number.add(a, b) end
  if type(a) == "string" and type(b) == "string" then return join_texts(a, b) end
  local kind_a, kind_b = kind_of(a), kind_of(b)
  if IS_NUMBER[kind_a] and IS_NUMBER[kind_b] then return number.add(a, b) end
  return add_others(a, b, kind_a, kind_b)
end

--- An operation that only numbers have.
local function of_numbers(operator, compute)
  return function(a, b)
    if are_numbers(a, b) then return compute(a, b) end
    return refuse(operator, a, b)
  end
end

--- a - b
operators.sub = of_numbers("-", number.sub)

local function repeat_text(text, count)
  check_size(#text * count)
  return rep(text, count)
end

local function repeat_items(items, count)
  local length = #items
  if length == 0 then return {} end
  check_size(BYTES_PER_ITEM * length * count)
  local repeated = {}
  for i = 0, count - 1 do
    for j = 1, length do repeated[i * length + j] = items[j] end
  end
  return repeated
end

local REPEAT = {
  string = repeat_text,
  markup = function(v, count) return kinds.markup_like(v, repeat_text(v.text, count)) end,
  list = function(v, count) return kinds.list(repeat_items(v, count)) end,
  tuple = function(v, count) return kinds.tuple(repeat_items(v, count)) end,
}

--- A sequence some times, or nil when neither operand is one.
local function repeated(v, count)
  local repeat_kind = REPEAT[kind_of(v)]
  if not repeat_kind or kinds.is_undefined(count) then return nil end
  if type(count) ~= "boolean" and not number.is_int(count) then
    fail(("can't multiply sequence by non-int of type '%s'"):format(type_name(count)))
  end
  return repeat_kind(v, math.max(0, number.to_double(count)))
end

--- a * b
function operators.mul(a, b)
  if are_numbers(a, b) then return number.mul(a, b) end
  if REPEAT[kind_of(a)] then return repeated(a, b) or refuse("*", a, b) end
  return repeated(b, a) or refuse("*", a, b)
end

--- a / b
operators.div = of_numbers("/", number.div)

--- a // b
operators.floordiv = of_numbers("//", number.floordiv)

--- a % b: the rest of a division, or a text with its places filled.
function operators.mod(a, b)
  if are_numbers(a, b) then return number.mod(a, b) end
  if not printing.plain_text(a) then return refuse("%", a, b) end
  -- Formatting stands on this module, so it is asked for when it is wanted.
  return (require("perilune.template.format").percent(a, b))
end

--- a ** b
operators.pow = of_numbers("**", number.pow)

local function refuse_unary(operator, v)
  if kinds.is_undefined(v) then
    return fail(("the operand of '%s' is undefined"):format(operator))
  end
  return fail(("bad operand type for unary %s: '%s'"):format(operator, type_name(v)))
end

--- -v
function operators.neg(v)
  if IS_NUMBER[kind_of(v)] then return number.neg(v) end
  return refuse_unary("-", v)
end

--- +v
function operators.pos(v)
  if IS_NUMBER[kind_of(v)] then return number.pos(v) end
  return refuse_unary("+", v)
end

return operators
