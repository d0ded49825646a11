-- SPDX-License-Identifier: MIT

--- Python's str.format(): text with fields in braces.
---
---     {name.attribute[item]!conversion:specification}
---
--- https://docs.python.org/3.11/library/string.html#format-string-syntax

local digits = require "perilune.template.format.digits"
local format_spec = require "perilune.template.format.specification"
local value = require "perilune.template.value"

local CHARACTER = "^[%z\1-\127\194-\244][\128-\191]*"
-- An index of more digits is refused before it is computed.
local MAX_DIGITS = 15
-- Fields in the specification of a field, and no deeper.
local MAX_DEPTH = 2

---@class perilune.fields
---@field args table|nil      by position, with n; nil: there are none (format_map)
---@field kwargs table|nil    by name
---@field next integer|nil    number of the next {}, once there was one
---@field is_manual boolean   there was a {0}
---@field put fun(v: any, specification: string): string

local function index_of(text)
  if #text > MAX_DIGITS then value.fail("Too many decimal digits in format string") end
  return tonumber(text)
end

--- The number of a field without a name or with a number for a name.
local function position(state, name)
  local index = name ~= "" and index_of(name) or nil
  if not index then
    if state.is_manual then
      value.fail("cannot switch from manual field specification to automatic field numbering")
    end
    index = state.next
    state.next = index + 1
    return index
  end
  if state.next > 0 then
    value.fail("cannot switch from automatic field numbering to manual field specification")
  end
  state.is_manual = true
  return index
end

local function argument(state, name)
  if name:find("^%d*$") then
    local index = position(state, name)
    if not state.args then value.fail("Format string contains positional fields") end
    if index >= state.args.n then
      value.fail(("Replacement index %d out of range for positional args tuple"):format(index))
    end
    return state.args[index + 1]
  end
  local v = state.kwargs and state.kwargs[value.key(name)]
  if v == nil then value.fail(value.repr(name)) end
  return v
end

-- What has attributes that are not methods. Keys of a dict are none, here as in Python.
local HAS_ATTRIBUTES = { namespace = true, loop = true, macro = true, cycler = true,
  undefined = true }

local function attribute(v, name)
  if name == "" then value.fail("Empty attribute in format string") end
  local found
  if HAS_ATTRIBUTES[value.kind(v)] and name:sub(1, 1) ~= "_" then
    found = value.attribute(v, name)
  end
  if value.is_undefined(found) then
    value.fail(("'%s' object has no attribute '%s'"):format(value.type_name(v), name))
  end
  return found
end

local SEQUENCES = { list = "list", tuple = "tuple", string = "string", markup = "string",
  range = "range" }
local NO_INDEX = {
  list = "list indices must be integers or slices, not str",
  tuple = "tuple indices must be integers or slices, not str",
  range = "range indices must be integers or slices, not str",
  string = "string indices must be integers, not 'str'",
}

local function item(v, key)
  if key == "" then value.fail("Empty attribute in format string") end
  local index = key:find("^%d+$") and index_of(key)
  local kind = value.kind(v)
  local found
  if kind == "dict" then
    found = v[value.key(index or key)]
    if found == nil then value.fail(value.repr(index or key)) end
    return found
  elseif not SEQUENCES[kind] then
    value.fail(("'%s' object is not subscriptable"):format(value.type_name(v)))
  elseif not index then
    value.fail(NO_INDEX[SEQUENCES[kind]])
  elseif index >= value.length(v) then
    value.fail(("%s index out of range"):format(SEQUENCES[kind]))
  end
  return value.item(v, index)
end

--- The value that a field's name stands for.
local function look_up(state, name)
  local part, from = name:match("^([^.[]*)()")
  local v = argument(state, part)
  while from <= #name do
    local mark = name:sub(from, from)
    if mark == "." then
      part, from = name:match("^([^.[]*)()", from + 1)
      v = attribute(v, part)
    elseif mark == "[" then
      part, from = name:match("^([^%]]*)%]()", from + 1)
      v = item(v, part)
    else
      value.fail("Only '.' or '[' may follow ']' in format field specifier")
    end
  end
  return v
end

--- The name that begins at `from`, the mark that ends it, and what comes behind that.
local function read_name(text, from)
  local start = from
  while true do
    local at = text:find("[{}%[:!]", from)
    local mark = at and text:sub(at, at)
    if mark == "[" then
      from = text:find("]", at, true)
      if not from then value.fail("expected '}' before end of string") end
    elseif mark == "{" then
      value.fail("unexpected '{' in field name")
    elseif not mark then
      value.fail("expected '}' before end of string")
    else
      return text:sub(start, at - 1), mark, at + 1
    end
    from = from + 1
  end
end

--- The specification that begins at `from`, to the brace that ends the field.
local function read_specification(text, from)
  local depth, at = 1, from - 1
  repeat
    at = text:find("[{}]", at + 1)
    if not at then value.fail("unmatched '{' in format spec") end
    depth = depth + (text:sub(at, at) == "{" and 1 or -1)
  until depth == 0
  return text:sub(from, at - 1), at + 1
end

local function read_conversion(text, from)
  local letter = text:match(CHARACTER, from)
  if not letter then value.fail("end of string while looking for conversion specifier") end
  from = from + #letter
  local mark = text:sub(from, from)
  if mark == "" then value.fail("unmatched '{' in format spec") end
  if mark ~= ":" and mark ~= "}" then
    value.fail("expected ':' after conversion specifier")
  end
  return letter, mark, from + 1
end

local CONVERSIONS = {
  s = value.text,
  r = value.repr,
  a = function(v) return digits.ascii(value.repr(v)) end,
}

local render

--- The text of the field behind the brace, and where the text goes on.
local function field(state, text, from, depth)
  local name, mark, conversion, specification
  name, mark, from = read_name(text, from)
  if mark == "!" then conversion, mark, from = read_conversion(text, from) end
  if mark == ":" then specification, from = read_specification(text, from) end
  local v = look_up(state, name)
  if conversion then
    local convert = CONVERSIONS[conversion]
    if not convert then value.fail("Unknown conversion specifier " .. conversion) end
    v = convert(v)
  end
  if specification and specification:find("{", 1, true) then
    specification = render(state, specification, depth + 1)
  end
  return state.put(v, specification or ""), from
end

--- Is what stands at `at` a brace twice, which is one as it is? One alone must open a field.
local function is_doubled(text, at)
  local brace, next_one = text:sub(at, at), text:sub(at + 1, at + 1)
  if next_one == brace then return true end
  if brace == "}" or next_one == "" then
    value.fail(("Single '%s' encountered in format string"):format(brace))
  end
  return false
end

function render(state, text, depth)
  if depth > MAX_DEPTH then value.fail("Max string recursion exceeded") end
  local parts, size, from = {}, 0, 1
  while true do
    local at = text:find("[{}]", from)
    local part = text:sub(from, (at or 0) - 1)
    if at and is_doubled(text, at) then
      part, from = part .. text:sub(at, at), at + 2
    elseif at then
      local shown
      shown, from = field(state, text, at + 1, depth)
      part = part .. shown
    end
    size = size + #part
    value.check_size(size)
    parts[#parts + 1] = part
    if not at then return table.concat(parts) end
  end
end

local function put_for(escape)
  if not escape then return format_spec end
  return function(v, specification)
    if not value.is_markup(v) then return escape(format_spec(v, specification)) end
    if specification ~= "" then
      value.fail("Unsupported format specification for Markup.")
    end
    return v.text
  end
end

--- text.format(*args, **kwargs).
---@param text string
---@param args? table     values with n; nil for format_map
---@param kwargs? table   a dict
---@param escape? fun(text: string): string   for Markup: applied to what the fields put in
---@return string
local function fields(text, args, kwargs, escape)
  local state = { args = args, kwargs = kwargs, next = 0, is_manual = false,
    put = put_for(escape) }
  return render(state, text, 1)
end

return fields
