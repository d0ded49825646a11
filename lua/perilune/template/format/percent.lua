-- SPDX-License-Identifier: MIT

--- Python's `%` operator on strings:
---
---     %[(key)][flags][width][.precision][length]conversion
---
--- https://docs.python.org/3.11/library/stdtypes.html#printf-style-string-formatting

local core = require "perilune.core"
local digits = require "perilune.template.format.digits"
local number = require "perilune.template.value.number"
local value = require "perilune.template.value"

-- A width or precision of more digits is refused before it is computed.
local MAX_DIGITS = 15
local PERCENT = ("%"):byte()

---@class perilune.percent
---@field text string
---@field items any[]       what the conversions take, one after the other
---@field count integer
---@field taken integer
---@field mapping? any      what %(key)s looks up
---@field escape? fun(text: string): string   of Markup: what is put in is escaped

---@class perilune.conversion
---@field letter string
---@field flags table<string, boolean>
---@field width integer
---@field precision? integer

local MAPPINGS = { dict = true, list = true, range = true, undefined = true }

local function arguments(text, args, escape)
  if args == nil then args = value.UNDEFINED end
  local kind = value.kind(args)
  if kind == "tuple" then
    return { text = text, items = args, count = #args, taken = 0, escape = escape }
  end
  return { text = text, items = { args }, count = 1, taken = 0, escape = escape,
    mapping = MAPPINGS[kind] and args or nil }
end

local function is_integer(v)
  return type(v) == "boolean" or number.is_int(v)
end

local function next_item(state)
  if state.taken >= state.count then value.fail("not enough arguments for format string") end
  state.taken = state.taken + 1
  return state.items[state.taken]
end

--- The key of "%(key)s" that begins at `from`, and where the rest begins.
local function read_key(text, from)
  local key = text:match("^%b()", from)
  if not key then value.fail("incomplete format key") end
  return key:sub(2, -2), from + #key
end

local function look_up(mapping, key)
  local kind = value.kind(mapping)
  if kind == "undefined" then value.fail("an undefined value has no keys") end
  if kind ~= "dict" then
    value.fail(("%s indices must be integers or slices, not str"):format(value.type_name(mapping)))
  end
  local found = mapping[value.key(key)]
  if found == nil then value.fail(value.repr(key)) end
  return found
end

--- A count in digits or, by "*", in the arguments.
local function read_count(state, from)
  if state.text:sub(from, from) == "*" then
    local n = next_item(state)
    if not is_integer(n) then value.fail("* wants int") end
    return number.to_double(n), from + 1
  end
  local text = state.text:match("^%d*", from)
  if #text > MAX_DIGITS then value.fail("width too big") end
  return tonumber(text), from + #text
end

--- The conversion behind the "%" at `at`, and where the text goes on.
local function read_conversion(state, at)
  local text, from = state.text, at + 1
  if text:sub(from, from) == "(" then
    if state.mapping == nil then value.fail("format requires a mapping") end
    local key
    key, from = read_key(text, from)
    state.items, state.count, state.taken = { look_up(state.mapping, key) }, 1, 0
  end
  local conversion = { flags = {}, width = 0 }
  for flag in text:match("^[-+ #0]*", from):gmatch(".") do
    conversion.flags[flag], from = true, from + 1
  end
  local width
  width, from = read_count(state, from)
  conversion.width = width or 0
  if conversion.width < 0 then
    conversion.width, conversion.flags["-"] = -conversion.width, true
  end
  if text:sub(from, from) == "." then
    local precision
    precision, from = read_count(state, from + 1)
    conversion.precision = math.max(precision or 0, 0)
  end
  from = text:match("^[hlL]?()", from)
  value.check_size(conversion.width + (conversion.precision or 0))
  conversion.letter = text:match("^[%z\1-\127\194-\244][\128-\191]*", from)
  if not conversion.letter then value.fail("incomplete format") end
  conversion.from = from
  return conversion, from + #conversion.letter
end

local function pad(conversion, text)
  local missing = conversion.width - core.text.length(text)
  if missing <= 0 then return text end
  if conversion.flags["-"] then return text .. (" "):rep(missing) end
  return (" "):rep(missing) .. text
end

--- A number of its parts: zeros of the flag 0 go between prefix and digits.
local function pad_number(conversion, sign, prefix, figures)
  local flags = conversion.flags
  if sign == "" then sign = flags["+"] and "+" or flags[" "] and " " or "" end
  local lead = sign .. prefix
  if flags["0"] and not flags["-"] then
    lead = lead .. ("0"):rep(conversion.width - #lead - #figures)
  end
  return pad(conversion, lead .. figures)
end

local function is_number(v)
  return number.is_number(v) or type(v) == "boolean"
end

local function wants(conversion, what, v)
  value.fail(("%%%s format: %s is required, not %s"):format(conversion.letter, what,
    value.type_name(v)))
end

local function decimal(conversion, v)
  if not is_number(v) then wants(conversion, "a real number", v) end
  local sign, figures = digits.of_integer(type(v) == "boolean" and v or number.truncate(v))
  return pad_number(conversion, sign, "",
    ("0"):rep((conversion.precision or 0) - #figures) .. figures)
end

local function in_base(conversion, v)
  if not is_integer(v) then wants(conversion, "an integer", v) end
  local letter = conversion.letter
  local sign, figures = digits.of_integer(v)
  figures = digits.in_base(figures, letter)
  return pad_number(conversion, sign, conversion.flags["#"] and digits.prefix(letter) or "",
    ("0"):rep((conversion.precision or 0) - #figures) .. figures)
end

local function float(conversion, v)
  if not is_number(v) then
    value.fail("must be real number, not " .. value.type_name(v))
  end
  local n = number.to_double(v)
  local figures = digits.of_double(n, conversion.letter, conversion.precision or 6,
    conversion.flags["#"])
  return pad_number(conversion, digits.is_negative(n) and "-" or "", "", figures)
end

local function cut(conversion, text)
  local precision = conversion.precision
  if precision and precision < core.text.length(text) then
    text = precision > 0 and core.text.sub(text, 1, precision) or ""
  end
  return pad(conversion, text)
end

local function character(conversion, v)
  if is_integer(v) then return pad(conversion, digits.character(v)) end
  local kind = value.kind(v)
  local text = (kind == "string" or kind == "markup") and value.text(v)
  if not text or core.text.length(text) ~= 1 then value.fail("%c requires int or char") end
  return pad(conversion, text)
end

--- Text of a value's own, for s, r and a; of Markup's `%` escaped for HTML.
local function own_text(state, text, v)
  if state.escape and not value.is_markup(v) then return state.escape(text) end
  return text
end

local CONVERSIONS = {
  d = decimal, i = decimal, u = decimal,
  o = in_base, x = in_base, X = in_base,
  e = float, E = float, f = float, F = float, g = float, G = float,
  c = character,
}

local function convert(state, conversion)
  local letter = conversion.letter
  local v = next_item(state)
  if letter == "s" then return cut(conversion, own_text(state, value.text(v), v)) end
  if letter == "r" then return cut(conversion, own_text(state, value.repr(v))) end
  if letter == "a" then return cut(conversion, digits.ascii(own_text(state, value.repr(v)))) end
  local run = CONVERSIONS[letter]
  if not run then
    value.fail(("unsupported format character '%s' (0x%x) at index %d"):format(letter,
      digits.code_point(letter), core.text.length(state.text:sub(1, conversion.from - 1))))
  end
  return run(conversion, v)
end

--- text % args. What is not a tuple is the one argument; a dict serves %(key)s, too.
---@param text string
---@param args any
---@param escape? fun(text: string): string   for Markup: applied to what %s, %r and %a put in
---@return string
local function percent(text, args, escape)
  local state = arguments(text, args, escape)
  local parts, size, from = {}, 0, 1
  local function put(part)
    size = size + #part
    value.check_size(size)
    parts[#parts + 1] = part
  end
  while true do
    local at = text:find("%", from, true)
    put(text:sub(from, (at or 0) - 1))
    if not at then break end
    if text:byte(at + 1) == PERCENT then
      put("%")
      from = at + 2
    else
      local conversion
      conversion, from = read_conversion(state, at)
      put(convert(state, conversion))
    end
  end
  if state.taken < state.count and not state.mapping then
    value.fail("not all arguments converted during string formatting")
  end
  return table.concat(parts)
end

return percent
