-- SPDX-License-Identifier: MIT

--- Python's format specification:
---
---     [[fill]align][sign][z][#][0][width][grouping][.precision][type]
---
--- https://docs.python.org/3.11/library/string.html#format-specification-mini-language

local core = require "perilune.core"
local digits = require "perilune.template.format.digits"
local number = require "perilune.template.value.number"
local value = require "perilune.template.value"

local CHARACTER = "^[%z\1-\127\194-\244][\128-\191]*"
-- A width or precision of more digits is refused before it is computed.
local MAX_DIGITS = 15

---@class perilune.format_specification
---@field fill string
---@field align? string       one of < > = ^
---@field sign? string        one of + - and a space
---@field coerces_zero? boolean
---@field alternate? boolean
---@field width integer
---@field grouping? string    "," or "_"
---@field precision? integer
---@field type? string

local function integer(text)
  if #text > MAX_DIGITS then value.fail("Too many decimal digits in format string") end
  return tonumber(text)
end

--- Fill and alignment, and where the rest begins.
local function alignment(text)
  local fill = text:match(CHARACTER) or ""
  local align = text:match("^[<>=^]", #fill + 1)
  if align then return fill, align, #fill + 2 end
  align = text:match("^[<>=^]")
  return nil, align, align and 2 or 1
end

local function bad_type(letter, v)
  value.fail(("Unknown format code '%s' for object of type '%s'"):format(letter,
    value.type_name(v)))
end

local GROUPED_TYPES = { [","] = "^[deEfFgG%%]$", ["_"] = "^[deEfFgG%%boxX]$" }

local function check_grouping(grouping, letter)
  if grouping == ",_" or grouping == "_," then
    value.fail("Cannot specify both ',' and '_'.")
  elseif #grouping > 1 then
    value.fail(("Cannot specify '%s' with '%s'."):format(grouping:sub(1, 1), grouping:sub(2, 2)))
  elseif letter ~= "" and not letter:find(GROUPED_TYPES[grouping]) then
    value.fail(("Cannot specify '%s' with '%s'."):format(grouping, letter))
  end
end

---@return perilune.format_specification
local function parse(text, v)
  local fill, align, from = alignment(text)
  local sign, zero, alternate, pad, width, grouping, rest =
    text:match("^([ +-]?)(z?)(#?)(0?)(%d*)([,_]*)(.*)$", from)
  local dot, precision, letter = rest:match("^(%.?)(%d*)(.*)$")
  if dot == "." and precision == "" then
    value.fail("Format specifier missing precision")
  elseif #letter > #(letter:match(CHARACTER) or "") then
    value.fail(("Invalid format specifier '%s' for object of type '%s'"):format(text,
      value.type_name(v)))
  end
  if grouping ~= "" then check_grouping(grouping, letter) end
  local pads_zero = pad == "0" and not fill
  local spec = {
    fill = pads_zero and "0" or fill or " ",
    align = align or pads_zero and "0" or nil,
    sign = sign ~= "" and sign or nil,
    coerces_zero = zero ~= "", alternate = alternate ~= "",
    width = width ~= "" and integer(width) or 0,
    grouping = grouping ~= "" and grouping or nil,
    precision = precision ~= "" and integer(precision) or nil,
    type = letter ~= "" and letter or nil,
  }
  value.check_size(spec.width * #spec.fill)
  value.check_size(spec.precision or 0)
  return spec
end

--- Padding for `missing` characters: left and right of the text.
local function around(spec, align, missing, text)
  if missing <= 0 then return text end
  local left = align == ">" and missing or align == "^" and math.floor(missing / 2) or 0
  return spec.fill:rep(left) .. text .. spec.fill:rep(missing - left)
end

local function no(condition, what, where)
  if condition then value.fail(("%s not allowed %s"):format(what, where)) end
end

local function string_text(v, spec)
  local where = "in string format specifier"
  if spec.type and spec.type ~= "s" then bad_type(spec.type, v) end
  if spec.grouping then value.fail(("Cannot specify '%s' with 's'."):format(spec.grouping)) end
  no(spec.sign, spec.sign == " " and "Space" or "Sign", where)
  no(spec.coerces_zero, "Negative zero coercion (z)", where)
  no(spec.alternate, "Alternate form (#)", where)
  no(spec.align == "=", "'=' alignment", where)
  local text = value.text(v)
  local length = core.text.length(text)
  if spec.precision and spec.precision < length then
    text, length = core.text.sub(text, 1, spec.precision), spec.precision
  end
  return around(spec, spec.align == "0" and "<" or spec.align or "<", spec.width - length, text)
end

--- A number of its parts: sign, prefix, digits before the dot (in groups, if so), and the rest.
local function number_text(spec, sign, prefix, whole, tail, group_size)
  if sign == "" and (spec.sign == "+" or spec.sign == " ") then sign = spec.sign end
  local lead = sign .. prefix
  local is_inside = spec.align == "=" or spec.align == "0"
  if spec.grouping and whole ~= "" then
    local width = is_inside and spec.fill == "0" and spec.width - #lead - #tail or 0
    whole = digits.group(whole, spec.grouping, group_size, width)
  end
  local missing = spec.width - #lead - core.text.length(whole) - #tail
  if is_inside then return lead .. spec.fill:rep(missing) .. whole .. tail end
  return around(spec, spec.align or ">", missing, lead .. whole .. tail)
end

local function float_text(v, spec)
  local letter, n = spec.type or "r", number.to_double(v)
  if not letter:find("^[reEfFgGn%%]$") then bad_type(letter, v) end
  local percent = letter == "%" and "%" or ""
  if letter == "%" then letter, n = "f", n * 100 end
  if letter == "n" then letter = "g" end
  local text = digits.of_double(n, letter, spec.precision, spec.alternate) .. percent
  local is_negative = digits.is_negative(n)
  if spec.coerces_zero and not text:find("[1-9ain]") then is_negative = false end
  local whole, tail = text:match("^(%d*)(.*)$")
  return number_text(spec, is_negative and "-" or "", "", whole, tail, 3)
end

local function character(v, spec)
  no(spec.sign, "Sign", "with integer format specifier 'c'")
  no(spec.alternate, "Alternate form (#)", "with integer format specifier 'c'")
  return number_text(spec, "", "", digits.character(v), "")
end

local function integer_text(v, spec)
  local letter = spec.type or "d"
  if letter:find("^[eEfFgG%%]$") then return float_text(v, spec) end
  if not letter:find("^[bcdnoxX]$") then bad_type(letter, v) end
  no(spec.precision, "Precision", "in integer format specifier")
  no(spec.coerces_zero, "Negative zero coercion (z)", "in integer format specifier")
  if letter == "c" then return character(v, spec) end
  local sign, decimal = digits.of_integer(v)
  return number_text(spec, sign, spec.alternate and digits.prefix(letter) or "",
    digits.in_base(decimal, letter), "", letter:find("[boxX]") and 4 or 3)
end

local FORMATTERS = {
  string = string_text, markup = string_text,
  int = integer_text, bool = integer_text, float = float_text,
}

--- format(v, spec) of Python.
---@param v any
---@param text string   the specification
---@return string
local function format_spec(v, text)
  if text == "" then return value.text(v) end
  local formatter = FORMATTERS[value.kind(v)]
  if not formatter then
    value.fail(("unsupported format string passed to %s.__format__"):format(value.type_name(v)))
  end
  return formatter(v, parse(text, v))
end

return format_spec
