-- SPDX-License-Identifier: MIT

--- What a number is. Python tells int from float where Lua does not, and its ints have any length:
---
---     int     a Lua number that is whole and not beyond 2^53; else an exact number of the codec, a
---             userdata that keeps its digits
---     float   a Lua number that is not whole, an infinity, nan; a whole one is an exact number
---             with a point or an exponent: "2.0", "1e+16"
---
--- Exact numbers of a payload look as they were written there: "120.50", "1234567890123456".

local core = require "perilune.core"

local abs, floor = math.abs, math.floor
local is_exact, exact, number_text = core.json.is_exact, core.json.number, core.number_text

local MAX_SAFE = 2 ^ 53 -- beyond, a double does not tell neighbours apart
local MAX_PRINTED = 1e14 -- below, Lua prints every digit of a whole number
local MIN_PRINTED = 1e-300 -- and above, no more digits than tell a number from its neighbours

local numeral = { MAX_SAFE = MAX_SAFE }

--- A Lua number that is an int.
local function is_whole(n)
  return n == floor(n) and n <= MAX_SAFE and n >= -MAX_SAFE
end

numeral.is_whole = is_whole

local function is_float_text(text)
  return text:find("[.eE]") ~= nil
end

numeral.is_float_text = is_float_text

---@param v any
---@return boolean
function numeral.is_number(v)
  return type(v) == "number" or type(v) == "userdata" and is_exact(v)
end

---@param v any
---@return boolean
function numeral.is_int(v)
  if type(v) == "number" then return is_whole(v) end
  return type(v) == "userdata" and is_exact(v) and not is_float_text(tostring(v))
end

---@param v any
---@return boolean
function numeral.is_float(v)
  if type(v) == "number" then return not is_whole(v) end
  return type(v) == "userdata" and is_exact(v) and is_float_text(tostring(v))
end

--- The float of a double.
---@param n number
---@return any
function numeral.float(n)
  if n ~= floor(n) or n - n ~= 0 then return n end -- n - n: nan of infinities
  return exact(number_text(n))
end

--- The int of its digits.
---@param text string   "-" and decimal digits
---@return any
function numeral.integer(text)
  if #text > 17 then return exact(text) end
  local n = tonumber(text)
  if n < MAX_SAFE and n > -MAX_SAFE then return n + 0 end -- + 0: no -0
  return exact(text)
end

--- The double nearest to a number's text. Exponents beyond 65535, which Lua does not read, lead to 0 or
--- to an infinity.
---@param text string   of JSON, or of a template
---@return number
function numeral.double(text)
  local n = tonumber(text)
  if n then return n end
  local sign, mantissa, direction = text:match("^(%-?)([%d.]+)[eE]([+-]?)%d+$")
  local size = (direction == "-" or not mantissa:find("[1-9]")) and 0 or math.huge
  return sign == "-" and -size or size
end

local double = numeral.double

--- The double nearest to a number or bool; of a long integer it may be an infinity.
---@param v any
---@return number
function numeral.to_double(v)
  if type(v) == "number" then return v end
  if type(v) == "boolean" then return v and 1 or 0 end
  return double(tostring(v))
end

--- The digits of an int that a double holds exactly.
---@param n number
---@return string
function numeral.digits(n)
  if n < MAX_PRINTED and n > -MAX_PRINTED then return n == 0 and "0" or tostring(n) end
  return ("%d"):format(n)
end

local digits = numeral.digits

--- str() of a number. Lua's 14 digits are Python's shortest ones whenever they read back the same.
---@param v any
---@return string
function numeral.text(v)
  if type(v) ~= "number" then return tostring(v) end
  if is_whole(v) then return digits(v) end
  local size = abs(v)
  local short = size < MAX_PRINTED and size > MIN_PRINTED and tostring(v)
  return short and tonumber(short) == v and short or number_text(v)
end

--- What numbers that are equal have in common, as a key of a Lua table: 1, 1.0 and an exact "1".
--- Doubles beyond 2^53 are whole: these and long ints are told apart by their digits.
---@param v any   a number
---@return number|string
function numeral.key(v)
  local n = v
  if type(v) ~= "number" then
    local text = tostring(v)
    n = double(text)
    local is_long = n >= MAX_SAFE or n <= -MAX_SAFE
    if is_long and not is_float_text(text) then return "\0" .. numeral.integer_text(text) end
  end
  if n < MAX_SAFE and n > -MAX_SAFE then return n + 0 end
  if n - n ~= 0 then return "\0" .. number_text(n) end
  return "\0" .. core.integer.of_double(n)
end

--- The digits of an int's text without what it may have in front: "-0" is "0".
function numeral.integer_text(text)
  local sign, rest = text:match("^(%-?)0*(%d+)$")
  return rest == "0" and "0" or sign .. rest
end

-- A decimal digit of any script as the ASCII one. Unicode has them in runs of ten, which begin
-- where the code point ends in 0 or 6 (hexadecimal); the mathematical ones follow one another.
local MATHEMATICAL, LAST_MATHEMATICAL = 0x1D7CE, 0x1D7FF

--- The code point of one character of UTF-8.
---@param character string   not of ASCII
---@return integer
function numeral.code_point(character)
  local first = character:byte()
  local point = first < 0xE0 and first - 0xC0 or first < 0xF0 and first - 0xE0 or first - 0xF0
  for i = 2, #character do point = point * 64 + character:byte(i) - 128 end
  return point
end

local function ascii_digit(character)
  local point = numeral.code_point(character)
  if point >= MATHEMATICAL and point <= LAST_MATHEMATICAL then
    return tostring((point - MATHEMATICAL) % 10)
  end
  local last = point % 16
  local before = character:sub(1, -2) .. string.char(character:byte(-1) - last)
  local run_begins_at_0 = last < 6 or core.text.is(before, "decimal")
  return tostring(run_begins_at_0 and last or last - 6)
end

--- White space and digits of all scripts as those of ASCII, which is what int() and float() read.
local function ascii(text)
  if not text:find("[\128-\255]") then return text end
  local characters = core.text.chars(text)
  for i, character in ipairs(characters) do
    if #character > 1 and core.text.is(character, "space") then
      characters[i] = " "
    elseif #character > 1 and core.text.is(character, "decimal") then
      characters[i] = ascii_digit(character)
    end
  end
  return table.concat(characters)
end

--- The inside of a numeral's text: no space around, no "_" between digits; nil where a "_" is
--- elsewhere.
local function stripped(text)
  local inside = ascii(text):match("^%s*(.-)%s*$")
  if not inside:find("_", 1, true) then return inside end
  local plain, count = inside:gsub("(%w)_(%f[%w])", "%1")
  local _, all = inside:gsub("_", "")
  return count == all and plain or nil
end

local PREFIXES = { ["0x"] = 16, ["0o"] = 8, ["0b"] = 2 }

--- int(text, base) of Python; nil for what it refuses.
---@param text string
---@param base? integer   2 to 36, or 0: as the prefix says; default 10
---@return any
function numeral.parse_int(text, base)
  base = base or 10
  local inside = stripped(text)
  local sign, rest = (inside or ""):match("^([+-]?)(%w+)$")
  if not sign then return nil end
  local of_prefix = PREFIXES[rest:sub(1, 2):lower()]
  if of_prefix and (base == 0 or base == of_prefix) then
    rest, base = rest:sub(3), of_prefix
  elseif base == 0 then
    if rest:find("^0+[1-9]") then return nil end -- no octal of C
    base = 10
  end
  if sign == "+" then sign = "" end
  if base == 10 then
    if not rest:find("^%d+$") then return nil end
    return numeral.integer(numeral.integer_text(sign .. rest))
  end
  local decimal = rest ~= "" and core.integer.parse(sign .. rest, base)
  return decimal and numeral.integer(decimal) or nil
end

local NAMED = { inf = math.huge, infinity = math.huge, nan = 0 / 0 }

--- float(text) of Python; nil for what it refuses.
---@param text string
---@return any
function numeral.parse_float(text)
  local inside = stripped(text)
  local sign, rest = (inside or ""):match("^([+-]?)(.+)$")
  if not sign then return nil end
  local n = NAMED[rest:lower()]
  if not n then
    local mantissa = rest:match("^[%d.]+$") or rest:match("^([%d.]+)[eE][+-]?%d+$")
    local is_decimal = mantissa and (mantissa:find("^%d+%.?%d*$") or mantissa:find("^%.%d+$"))
    if not is_decimal then return nil end
    n = double(rest)
  end
  return numeral.float(sign == "-" and -n or n)
end

return numeral
