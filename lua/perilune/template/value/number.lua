-- SPDX-License-Identifier: MIT

--- Arithmetic of Python on the numbers of templates: ints are exact whatever their length, `/`
--- gives a float, `//` and `%` round towards minus infinity. Operands are numbers or bools (1, 0).
---
--- Each operation tries doubles first, which are exact as long as the result stays below 2^53, and
--- goes to integers of any length (core.integer) when it does not.

local core = require "perilune.core"
local numeral = require "perilune.template.value.numeral"

local floor, fmod, huge = math.floor, math.fmod, math.huge
local MAX_SAFE, is_whole, digits = numeral.MAX_SAFE, numeral.is_whole, numeral.digits
local float, integer = numeral.float, numeral.integer

-- With operands below it the steps of x - floor(x / y) * y are exact.
local MAX_FLOORED = 2 ^ 52

local number = {}
for name, of_numeral in pairs(numeral) do number[name] = of_numeral end

local function fail(message)
  error(message, 0)
end

--- An operand taken apart: its double; its digits if it is an int that a double may not hold;
--- whether it is a float.
local function operand(v)
  if type(v) == "number" then return v, nil, not is_whole(v) end
  if type(v) == "boolean" then return v and 1 or 0, nil, false end
  local text = tostring(v)
  local n = numeral.double(text)
  if numeral.is_float_text(text) then return n, nil, true end
  if n < MAX_SAFE and n > -MAX_SAFE then return n + 0, nil, false end
  return n, numeral.integer_text(text), false
end

local function check_convertible(n, long)
  if long and (n == huge or n == -huge) then fail("int too large to convert to float") end
end

--- An operation of core.integer on digits.
local function exactly(name, a, b)
  local text, message = core.integer[name](a, b)
  return text and integer(text) or fail(message)
end

local function both_floats(operation, x, x_long, y, y_long)
  check_convertible(x, x_long)
  check_convertible(y, y_long)
  return float(operation.of_floats(x, y))
end

--- What the fast path of an operation left over.
local function compute(operation, a, b)
  local x, x_long, x_is_float = operand(a)
  local y, y_long, y_is_float = operand(b)
  if x_is_float or y_is_float then return both_floats(operation, x, x_long, y, y_long) end
  if not x_long and not y_long then
    local result = operation.of_ints(x, y)
    if result < MAX_SAFE and result > -MAX_SAFE then return result + 0 end -- + 0: no -0
  end
  return exactly(operation.name, x_long or digits(x), y_long or digits(y))
end

local function plus(x, y) return x + y end
local function minus(x, y) return x - y end
local function times(x, y) return x * y end

local ADD = { name = "add", of_ints = plus, of_floats = plus }
local SUB = { name = "sub", of_ints = minus, of_floats = minus }
local MUL = { name = "mul", of_ints = times, of_floats = times }

---@param a any
---@param b any
---@return any
function number.add(a, b)
  if type(a) == "number" and type(b) == "number" and is_whole(a) and is_whole(b) then
    local sum = a + b
    if sum < MAX_SAFE and sum > -MAX_SAFE then return sum end
  end
  return compute(ADD, a, b)
end

function number.sub(a, b)
  if type(a) == "number" and type(b) == "number" and is_whole(a) and is_whole(b) then
    local difference = a - b
    if difference < MAX_SAFE and difference > -MAX_SAFE then return difference end
  end
  return compute(SUB, a, b)
end

function number.mul(a, b)
  if type(a) == "number" and type(b) == "number" and is_whole(a) and is_whole(b) then
    local product = a * b
    if product < MAX_SAFE and product > -MAX_SAFE then return product + 0 end
  end
  return compute(MUL, a, b)
end

-- floor(x / y) of whole doubles is never rounded up to the next integer: the quotient is further
-- from it than half a unit of its last digit.
local function floor_of_ints(x, y)
  if y == 0 then fail("integer division or modulo by zero") end
  return floor(x / y)
end

local function modulo_of_ints(x, y)
  if y == 0 then fail("integer modulo by zero") end
  local rest = fmod(x, y)
  if rest ~= 0 and (rest < 0) ~= (y < 0) then rest = rest + y end
  return rest
end

local function zero_like(n)
  return (n < 0 or 1 / n < 0) and -0.0 or 0.0
end

--- Quotient and rest of floats as Python's divmod: the rest is exact and has the sign of y.
local function divide_floats(x, y)
  local rest = fmod(x, y)
  local quotient = (x - rest) / y
  if rest == 0 then
    rest = zero_like(y)
  elseif (rest < 0) ~= (y < 0) then
    rest, quotient = rest + y, quotient - 1
  end
  if quotient == 0 then return zero_like(x / y), rest end
  local floored = floor(quotient)
  if quotient - floored > 0.5 then floored = floored + 1 end
  return floored, rest
end

local function floor_of_floats(x, y)
  if y == 0 then fail("float floor division by zero") end
  return (divide_floats(x, y))
end

local function modulo_of_floats(x, y)
  if y == 0 then fail("float modulo") end
  local _, rest = divide_floats(x, y)
  return rest
end

local FLOORDIV = { name = "floordiv", of_ints = floor_of_ints, of_floats = floor_of_floats }
local MOD = { name = "mod", of_ints = modulo_of_ints, of_floats = modulo_of_floats }

function number.floordiv(a, b)
  if type(a) == "number" and type(b) == "number" and b ~= 0 and is_whole(a) and is_whole(b) then
    return floor(a / b) + 0
  end
  return compute(FLOORDIV, a, b)
end

function number.mod(a, b)
  if type(a) == "number" and type(b) == "number" and b ~= 0 and is_whole(a) and is_whole(b) and
    a < MAX_FLOORED and a > -MAX_FLOORED and b < MAX_FLOORED and b > -MAX_FLOORED then
    return a % b + 0
  end
  return compute(MOD, a, b)
end

--- How many binary digits an int of so many decimal ones has, about.
local function bits(text)
  return floor(#text * 3.3219280948873623)
end

local QUOTIENT_BITS = 64 -- more than the 54 that decide how a double is rounded

--- The double nearest to the quotient of long ints. The quotient is computed with `scale` binary
--- digits behind the point, enough that no boundary of rounding lies between two neighbours; one
--- more digit says whether there is a rest.
local function divide_digits(a, b)
  local scale = QUOTIENT_BITS + bits(b) - bits(a)
  local power = core.integer.pow("2", ("%d"):format(math.abs(scale)))
  if scale > 0 then a = core.integer.mul(a, power) else b = core.integer.mul(b, power) end
  local doubled = core.integer.mul(core.integer.floordiv(a, b), "2")
  if core.integer.mod(a, b) ~= "0" then doubled = core.integer.add(doubled, "1") end
  local quotient = math.ldexp(tonumber(doubled), -scale - 1)
  if quotient - quotient ~= 0 then fail("integer division result too large for a float") end
  return quotient
end

---@return any   always a float
function number.div(a, b)
  if type(a) == "number" and type(b) == "number" and b ~= 0 then return float(a / b) end
  local x, x_long, x_is_float = operand(a)
  local y, y_long, y_is_float = operand(b)
  local has_float = x_is_float or y_is_float
  if y == 0 then fail(has_float and "float division by zero" or "division by zero") end
  if not has_float and x ~= 0 and (x_long or y_long) then
    return float(divide_digits(x_long or digits(x), y_long or digits(y)))
  end
  check_convertible(x, x_long)
  check_convertible(y, y_long)
  return float(x / y)
end

local function pow_of_floats(x, y)
  if x == 0 and y < 0 then fail("0.0 cannot be raised to a negative power") end
  if x < 0 and x > -huge and y == y and y ~= floor(y) then
    fail("a negative number to a fractional power is complex, which templates do not compute with")
  end
  local power = x ^ y
  if (power == huge or power == -huge) and x - x == 0 and y - y == 0 then
    fail("(34, 'Numerical result out of range')")
  end
  return power
end

local function is_even(y, y_long)
  return tonumber((y_long or digits(y)):sub(-1)) % 2 == 0
end

--- a ** b of ints, b not negative.
local function pow_of_ints(x, x_long, y, y_long)
  if not x_long then
    if y == 0 then return 1 end
    if x == 0 or x == 1 then return x end
    if x == -1 then return is_even(y, y_long) and 1 or -1 end
    local power = x ^ y
    if power < MAX_SAFE and power > -MAX_SAFE then return power end
  end
  return exactly("pow", x_long or digits(x), y_long or digits(y))
end

function number.pow(a, b)
  local x, x_long, x_is_float = operand(a)
  local y, y_long, y_is_float = operand(b)
  if not x_is_float and not y_is_float and y >= 0 then return pow_of_ints(x, x_long, y, y_long) end
  return both_floats({ of_floats = pow_of_floats }, x, x_long, y, y_long)
end

function number.neg(v)
  local n, long, is_float = operand(v)
  if is_float then return float(-n) end
  if long then return exactly("sub", "0", long) end
  return 0 - n
end

--- The number itself; of a bool its int.
function number.pos(v)
  if type(v) == "boolean" then return v and 1 or 0 end
  return v
end

function number.abs(v)
  local n, long, is_float = operand(v)
  if is_float then return float(math.abs(n)) end
  return n < 0 and number.neg(v) or number.pos(long and integer(long) or n)
end

local function sign(x, y)
  if x == y then return 0 end
  return x < y and -1 or 1
end

--- Digits that are in the same order to a long int as the number itself.
local function comparable(n, long, is_float)
  if long then return long end
  return is_float and core.integer.of_double(floor(n)) or digits(n)
end

--- -1, 0 or 1; nil with nan. Exact, also between long ints and floats.
---@return integer|nil
function number.compare(a, b)
  if type(a) == "number" and type(b) == "number" then
    if a ~= a or b ~= b then return nil end
    return sign(a, b)
  end
  local x, x_long, x_is_float = operand(a)
  local y, y_long, y_is_float = operand(b)
  if x ~= x or y ~= y then return nil end
  if not x_long and not y_long then return sign(x, y) end
  if x_is_float and x - x ~= 0 then return sign(x, 0) end
  if y_is_float and y - y ~= 0 then return sign(0, y) end
  return core.integer.compare(comparable(x, x_long, x_is_float), comparable(y, y_long, y_is_float))
end

--- int(): the part of a number in front of the point.
function number.truncate(v)
  local n, long, is_float = operand(v)
  if not is_float then return long and integer(long) or n end
  if n ~= n then fail("cannot convert float NaN to integer") end
  if n - n ~= 0 then fail("cannot convert float infinity to integer") end
  if n < MAX_SAFE and n > -MAX_SAFE then return (n < 0 and math.ceil(n) or floor(n)) + 0 end
  return integer(core.integer.of_double(n))
end

-- A double has no digits to be rounded beyond these places.
local MAX_PLACES = 400

--- An int to the nearest multiple of 10^places, of two equally near ones to the even one.
local function round_int(v, places)
  if number.compare(places, #number.text(v)) == 1 then return 0 end
  local unit = number.pow(10, places)
  local rest = number.mod(v, unit)
  local below = number.sub(v, rest)
  local side = number.compare(number.mul(rest, 2), unit)
  local is_odd = number.mod(number.floordiv(below, unit), 2) == 1
  if side == 1 or side == 0 and is_odd then return number.add(below, unit) end
  return below
end

--- round(): without `places` an int, with them the kind of number that `v` is. Half goes to the
--- even digit, decided on the exact decimal value.
---@param v any
---@param places? any   an int
---@return any
function number.round(v, places)
  local n, _, is_float = operand(v)
  if not is_float then
    v = number.pos(v)
    if places == nil or number.compare(places, 0) ~= -1 then return v end
    return round_int(v, number.neg(places))
  end
  if n - n ~= 0 then return places == nil and number.truncate(n) or n end
  if places == nil then return number.truncate(core.round(n, 0)) end
  local wanted = math.max(-MAX_PLACES, math.min(numeral.to_double(places), MAX_PLACES))
  local rounded = core.round(n, wanted)
  if rounded - rounded ~= 0 then fail("rounded value too large to represent") end
  return float(rounded)
end

return number
