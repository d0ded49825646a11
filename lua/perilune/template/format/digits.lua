-- SPDX-License-Identifier: MIT

--- Digits of numbers, without sign and padding, which `%` and `format()` have in common.

local core = require "perilune.core"
local number = require "perilune.template.value.number"
local value = require "perilune.template.value"

local digits = {}

local BASES = { b = 2, o = 8, x = 16, X = 16 }
local INFINITY = 1 / 0

--- Sign and digits of an int in base ten: "-", "42".
---@param v any   an int or a bool
---@return string sign
---@return string digits
function digits.of_integer(v)
  if type(v) == "boolean" then return "", v and "1" or "0" end
  return number.text(v):match("^(%-?)(%d+)$")
end

--- Decimal digits in the base of a letter (b, o, x, X; else ten).
---@param decimal string
---@param letter string
---@return string
function digits.in_base(decimal, letter)
  local base = BASES[letter]
  if not base then return decimal end
  local text = core.integer.format(decimal, base)
  return letter == "X" and text:upper() or text:lower()
end

--- What `#` puts in front of the digits.
---@param letter string
---@return string
function digits.prefix(letter)
  return BASES[letter] and "0" .. letter or ""
end

--- The character of a code point, for `%c`.
---@param code any   an int
---@return string
function digits.character(code)
  local n = number.to_double(code)
  if n < 0 or n > 0x10FFFF then value.fail("%c arg not in range(0x110000)") end
  if n < 0x80 then return string.char(n) end
  local bytes, limit = {}, 0x40
  repeat
    table.insert(bytes, 1, 0x80 + n % 0x40)
    n, limit = math.floor(n / 0x40), limit / 2
  until n < limit
  return string.char(0x100 - 2 * limit + n, unpack(bytes))
end

--- The code point of a character.
---@param character string
---@return integer
function digits.code_point(character)
  local first, rest = character:byte(), 0
  if first < 0x80 then return first end
  for i = 2, #character do rest = rest * 0x40 + character:byte(i) % 0x40 end
  return first % (0x80 / 2 ^ #character) * 0x40 ^ (#character - 1) + rest
end

local function escape(character)
  local code = digits.code_point(character)
  local form = code < 0x100 and "\\x%02x" or code < 0x10000 and "\\u%04x" or "\\U%08x"
  return form:format(code)
end

--- Text in ASCII, the rest as Python's escapes.
---@param text string
---@return string
function digits.ascii(text)
  return (text:gsub("[\194-\244][\128-\191]+", escape))
end

--- Is the sign bit set? Of -0.0, too.
---@param n number
---@return boolean
function digits.is_negative(n)
  return n < 0 or n == 0 and 1 / n < 0
end

--- A dot in a number that has none, for `#`.
local function with_dot(text)
  if text:find(".", 1, true) then return text end
  local whole, exponent = text:match("^(%d+)(.*)$")
  return whole .. "." .. exponent
end

--- `precision` significant digits and the power of ten of the first.
local function significant(n, precision)
  local first, rest, exponent = core.format_double(n, precision - 1, "e")
    :match("^(%d)%.?(%d*)e([+-]%d+)$")
  return first .. rest, tonumber(exponent)
end

local function scientific(figures, exponent, has_dot)
  local first, rest = figures:sub(1, 1), figures:sub(2)
  local dot = (has_dot or rest ~= "") and "." or ""
  return ("%s%s%se%s%02d"):format(first, dot, rest, exponent < 0 and "-" or "+",
    math.abs(exponent))
end

local function positional(figures, exponent, has_dot)
  if exponent < 0 then return "0." .. ("0"):rep(-exponent - 1) .. figures end
  local whole = figures:sub(1, exponent + 1)
  local rest = figures:sub(exponent + 2)
  whole = whole .. ("0"):rep(exponent + 1 - #whole)
  return whole .. ((has_dot or rest ~= "") and "." or "") .. rest
end

--- As C's %g. With `is_plain` as format() without a letter: at least one digit behind the dot, and
--- an exponent one digit earlier.
local function general(n, precision, keeps_zeros, is_plain)
  precision = math.max(precision, 1)
  local figures, exponent = significant(n, precision)
  if not keeps_zeros then figures = figures:match("^(%d.-)0*$") end
  if exponent < -4 or exponent >= precision - (is_plain and 1 or 0) then
    return scientific(figures, exponent, keeps_zeros)
  end
  local text = positional(figures, exponent, keeps_zeros)
  if is_plain and not text:find(".", 1, true) then return text .. ".0" end
  return text
end

local function finite(n, letter, precision, alternate)
  if letter == "r" and not precision then
    local text = core.number_text(n)
    return alternate and with_dot(text) or text
  elseif letter == "r" or letter == "g" then
    return general(n, precision or 6, alternate, letter == "r")
  end
  local text = core.format_double(n, precision or 6, letter)
  return alternate and with_dot(text) or text
end

--- A double without its sign. Letters: e f g E F G as in C, "r" as format() without a letter.
---@param n number             its sign does not count
---@param letter string
---@param precision? integer
---@param alternate? boolean   `#`: the dot and the zeros behind it stay
---@return string
function digits.of_double(n, letter, precision, alternate)
  n = math.abs(n)
  local text
  if n ~= n then
    text = "nan"
  elseif n == INFINITY then
    text = "inf"
  else
    text = finite(n, letter:lower(), precision, alternate)
  end
  return letter:find("%u") and text:upper() or text
end

--- Digits with a separator before every group from the right, and with as many zeros in front as
--- make at least `width` characters.
---@param whole string
---@param separator string
---@param size integer   digits of a group
---@param width integer
---@return string
function digits.group(whole, separator, size, width)
  -- The fewest digits that fill it; one more, where a separator would come first.
  local count = width - math.floor(width / (size + 1))
  if width > 0 and width % (size + 1) == 0 then count = count + 1 end
  whole = ("0"):rep(count - #whole) .. whole
  local head = (#whole - 1) % size + 1
  local groups = whole:sub(head + 1):gsub(("."):rep(size), separator .. "%0")
  return whole:sub(1, head) .. groups
end

return digits
