-- SPDX-License-Identifier: MIT

--- Numbers and strings as a template writes them, by the rules of Python that Jinja took over:
--- 1_000, 0xff, 1.5e-3; 'a\tb', "\u263a".

local core = require "perilune.core"

local literals = {}

-- How an integer begins, goes on (also behind a "_"), its base and the bits of a digit.
local PREFIXED = {
  { begin = "^0[bB]", more = "^_?[01]+", base = 2, bits = 1 },
  { begin = "^0[oO]", more = "^_?[0-7]+", base = 8, bits = 3 },
  { begin = "^0[xX]", more = "^_?%x+", base = 16, bits = 4 },
}

-- A double holds integers of so many bits.
local DOUBLE_BITS = 53

local SIMPLE_ESCAPES = {
  ["\n"] = "", ["\\"] = "\\", ["'"] = "'", ['"'] = '"', a = "\a", b = "\b", f = "\f", n = "\n",
  r = "\r", t = "\t", v = "\v",
}
local HEX_DIGITS = { x = 2, u = 4, U = 8 }
local LAST_CODE_POINT = 0x10ffff

--- The last byte of what `first` and then any number of `more` match at `at`, or nil.
local function run(text, at, first, more)
  local _, last = text:find(first, at)
  while last do
    local _, further = text:find(more, last + 1)
    if not further then return last end
    last = further
  end
  return nil
end

local function digits(text, at) return run(text, at, "^%d+", "^_%d+") end

local function float_end(text, at)
  -- In "a.0.1" the second number is no float: both are keys.
  if text:sub(at - 1, at - 1) == "." then return nil end
  local last = digits(text, at)
  local fraction = text:sub(last + 1, last + 1) == "." and digits(text, last + 2)
  last = fraction or last
  local _, sign = text:find("^[eE][+-]?", last + 1)
  local exponent = sign and digits(text, sign + 1)
  return exponent or fraction or nil
end

--- The decimal digits of an integer in another base.
local function to_decimal(text, form)
  text = text:gsub("^0+(.)", "%1")
  if #text * form.bits < DOUBLE_BITS then return ("%.0f"):format(tonumber(text, form.base)) end
  return core.integer.parse(text, form.base)
end

local function prefixed(text, at)
  for _, form in ipairs(PREFIXED) do
    local _, begin = text:find(form.begin, at)
    local last = begin and run(text, begin + 1, form.more, form.more)
    if last then
      return last, to_decimal(text:sub(begin + 1, last):gsub("_", ""), form)
    end
  end
  return nil
end

--- The number that begins with the digit at `at`.
---@param text string
---@param at integer
---@return "int"|"float" kind
---@return integer last    its last byte
---@return string value    digits without "_"; an integer in base 10
function literals.number(text, at)
  local last = float_end(text, at)
  if last then return "float", last, (text:sub(at, last):gsub("_", "")) end
  local prefixed_last, value = prefixed(text, at)
  if prefixed_last then return "int", prefixed_last, value end
  -- As in Python, nothing but zeros may follow a zero.
  last = run(text, at, "^0+", "^_0+")
  if last then return "int", last, "0" end
  last = digits(text, at)
  return "int", last, (text:sub(at, last):gsub("_", ""))
end

--- The byte of the quote that closes the string opened at `at`, or nil.
local function closing_quote(text, at)
  local special = text:sub(at, at) == "'" and "[\\']" or '[\\"]'
  local i = at + 1
  while true do
    i = text:find(special, i)
    if not i or text:sub(i, i) ~= "\\" then return i end
    i = i + 2
  end
end

local function utf8(code)
  local function tail(shift) return 0x80 + math.floor(code / 2 ^ shift) % 0x40 end
  if code < 0x80 then return string.char(code) end
  if code < 0x800 then return string.char(0xc0 + math.floor(code / 0x40), tail(0)) end
  if code < 0x10000 then
    return string.char(0xe0 + math.floor(code / 0x1000), tail(6), tail(0))
  end
  return string.char(0xf0 + math.floor(code / 0x40000), tail(12), tail(6), tail(0))
end

local function code_point(text)
  local code = text:byte()
  local lead = code >= 0xf0 and 0xf0 or code >= 0xe0 and 0xe0 or 0xc0
  code = code - lead
  for i = 2, #text do code = code * 0x40 + text:byte(i) % 0x40 end
  return code
end

--- The second half of a character that is written as two \u escapes, as JSON does, and its end.
local function low_surrogate(body, at)
  local hex = body:match("^\\u([dD][c-fC-F]%x%x)", at)
  return hex and tonumber(hex, 16), at + 6
end

--- \x41, \u263a or \U0001F600: its text and the byte behind it; nil and what is wrong.
local function hex_escape(body, at)
  local letter = body:sub(at, at)
  local count = HEX_DIGITS[letter]
  local hex = body:match("^" .. ("%x"):rep(count), at + 1)
  if not hex then
    return nil, ("'\\%s' wants %d hexadecimal digits behind it"):format(letter, count)
  end
  local code, behind = tonumber(hex, 16), at + 1 + count
  if code > LAST_CODE_POINT then
    return nil, ("there is no character '\\%s%s'"):format(letter, hex)
  end
  if code >= 0xd800 and code <= 0xdfff then
    local low, further = low_surrogate(body, behind)
    if not low or code >= 0xdc00 then
      return nil, ("'\\%s%s' is half a character"):format(letter, hex)
    end
    code, behind = 0x10000 + (code - 0xd800) * 0x400 + low - 0xdc00, further
  end
  return utf8(code), behind
end

--- An escape beyond ASCII: Jinja has the character spelled out by then, and the backslash stays.
local function spelled_out(character)
  local code = code_point(character)
  return (code < 0x100 and "\\x%02x" or code < 0x10000 and "\\u%04x" or "\\U%08x"):format(code)
end

--- What the escape at `at`, behind the backslash, stands for and the byte behind it; nil and what
--- is wrong.
local function escape(body, at)
  local c = body:match("^[%z\1-\127\194-\244][\128-\191]*", at) or body:sub(at, at)
  if SIMPLE_ESCAPES[c] then return SIMPLE_ESCAPES[c], at + 1 end
  local octal = body:match("^[0-7][0-7]?[0-7]?", at)
  if octal then return utf8(tonumber(octal, 8)), at + #octal end
  if HEX_DIGITS[c] then return hex_escape(body, at) end
  if c == "N" then return nil, "'\\N{...}' is not supported, write '\\u' and the code point" end
  return #c > 1 and spelled_out(c) or "\\" .. c, at + #c
end

local function unescape(body)
  local parts, at = {}, 1
  while true do
    local slash = body:find("\\", at, true)
    if not slash then break end
    local text, behind = escape(body, slash + 1)
    if not text then return nil, behind end
    parts[#parts + 1] = body:sub(at, slash - 1)
    parts[#parts + 1] = text
    at = behind
  end
  parts[#parts + 1] = body:sub(at)
  return table.concat(parts)
end

--- The string whose opening quote is at `at`.
---@param text string
---@param at integer
---@return integer|nil last   the closing quote; nil when something is wrong
---@return string value       its contents; or what is wrong
function literals.string(text, at)
  local last = closing_quote(text, at)
  if not last then
    return nil, ("the string is not closed: expected another %s"):format(text:sub(at, at))
  end
  local value, message = unescape(text:sub(at + 1, last - 1))
  if not value then return nil, message end
  return last, value
end

return literals
