-- SPDX-License-Identifier: MIT

--- How values look: str() where they are printed, repr() inside of containers.

local core = require "perilune.core"
local kinds = require "perilune.template.value.kinds"
local numeral = require "perilune.template.value.numeral"

local null, UNDEFINED = kinds.null, kinds.UNDEFINED
local number_text, key_of, keys_of = numeral.text, kinds.key, core.json.keys
local check_size, fail = kinds.check_size, kinds.fail

local floor = math.floor
local MAX_WRITTEN = 1e14 -- below, Lua writes every digit of a whole number

local printing = {}

-- A class of characters in front of a code point: `\x07`, `\u200b`, `\U000e0001`.
local function escaped(character)
  if character:byte() < 128 then return ("\\x%02x"):format(character:byte()) end
  if core.text.is(character, "printable") then return character end
  local point = numeral.code_point(character)
  local form = point < 0x100 and "\\x%02x" or point < 0x10000 and "\\u%04x" or "\\U%08x"
  return form:format(point)
end

local SHORT = { ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }

--- repr() of a str: in single quotes, unless it has such and no double ones.
local function quoted(text)
  if not text:find("[%c'\\\127-\255]") then return "'" .. text .. "'" end
  local quote = (text:find("'", 1, true) and not text:find('"', 1, true)) and '"' or "'"
  local inside = text:gsub("[\\\n\r\t]", SHORT):gsub("%c", escaped)
  if quote == "'" then inside = inside:gsub("'", "\\'") end
  if inside:find("[\128-\255]") then inside = inside:gsub("[\194-\244][\128-\191]+", escaped) end
  return quote .. inside .. quote
end

--- A repr that is being written: pieces, their bytes, the containers that are open.
---@class perilune.repr_writer
local Writer = {}
Writer.__index = Writer

function Writer:put(text)
  local count = self.count + 1
  self[count] = text
  self.count, self.bytes = count, self.bytes + #text
end

function Writer:list(v, opener, closer)
  self:put(opener)
  for i = 1, #v do
    if i > 1 then self:put(", ") end
    self:value(v[i])
  end
  if opener == "(" and #v == 1 then self:put(",") end
  self:put(closer)
end

function Writer:dict(v)
  self:put("{")
  for i, key in ipairs(keys_of(v)) do
    if i > 1 then self:put(", ") end
    self:value(key)
    self:put(": ")
    self:value(v[key_of(key)])
  end
  self:put("}")
end

function Writer:view(v)
  self:put(v.name .. "(")
  self:list(v.items, "[", "]")
  self:put(")")
end

local CONTAINERS = {
  list = function(writer, v) writer:list(v, "[", "]") end,
  tuple = function(writer, v) writer:list(v, "(", ")") end,
  dict = Writer.dict,
  view = Writer.view,
}

local RECURSION = { list = "[...]", tuple = "(...)", dict = "{...}", view = "..." }

--- A container that contains itself is written as Python does it, one that is there twice in full:
--- what that makes of a short template is bounded by its size.
function Writer:container(v, kind)
  if self.open[v] then return self:put(RECURSION[kind]) end
  check_size(self.bytes)
  self.depth = self.depth + 1
  if self.depth > kinds.MAX_DEPTH then fail("the value is nested too deeply to be written") end
  self.open[v] = true
  CONTAINERS[kind](self, v)
  self.open[v] = nil
  self.depth = self.depth - 1
end

function Writer:value(v)
  if type(v) == "table" then
    local kind = kinds.kind(v)
    if CONTAINERS[kind] then return self:container(v, kind) end
  end
  return self:put(printing.repr(v))
end

local function container_text(v, kind)
  local writer = setmetatable({ count = 0, bytes = 0, depth = 0, open = {} }, Writer)
  writer:container(v, kind)
  check_size(writer.bytes)
  return table.concat(writer)
end

local function range_text(v)
  local ends = number_text(v.start) .. ", " .. number_text(v.stop)
  if v.step == 1 then return "range(" .. ends .. ")" end
  return "range(" .. ends .. ", " .. number_text(v.step) .. ")"
end

local REFUSED = {
  secret = "a secret cannot be written in a template",
  method = "a method cannot be written in a template: is the call, (), missing?",
  ["function"] = "a function cannot be written in a template: is the call, (), missing?",
}

--- The text of an object of a class, and of what has none.
local function object_text(v, kind, form)
  if CONTAINERS[kind] then return container_text(v, kind) end
  if kind == "range" then return range_text(v) end
  local class = kinds.class_of(v)
  local write = class and (class[form] or class.text)
  if write then return write(v) end
  return fail(REFUSED[kind] or ("a %s cannot be written in a template"):format(kind))
end

--- str() of a value: what is printed.
---@param v any
---@return string
function printing.text(v)
  if type(v) == "string" then return v end
  if type(v) == "number" then return number_text(v) end
  if v == nil then return "" end
  if type(v) == "boolean" then return v and "True" or "False" end
  if v == null then return "None" end
  local kind = kinds.kind(v)
  if kind == "markup" then return v.text end
  if kind == "int" or kind == "float" then return tostring(v) end
  if kind == "undefined" then return "" end
  return object_text(v, kind, "text")
end

--- str() of a value for a buffer, which writes small whole numbers as they are.
---@param v any
---@return string|number
function printing.shown(v)
  if type(v) == "string" then return v end
  if type(v) == "number" and v == floor(v) and v < MAX_WRITTEN and v > 0 then return v end
  return printing.text(v)
end

--- repr() of a value: how it looks inside of a list.
---@param v any
---@return string
function printing.repr(v)
  if type(v) == "string" then return quoted(v) end
  if v == nil or rawequal(v, UNDEFINED) then return "Undefined" end
  local kind = kinds.kind(v)
  if kind == "markup" then return "Markup(" .. quoted(v.text) .. ")" end
  if type(v) == "table" then return object_text(v, kind, "repr") end
  return printing.text(v)
end

--- The Lua string of a str or Markup; nil for other values.
---@param v any
---@return string|nil
function printing.plain_text(v)
  if type(v) == "string" then return v end
  if kinds.is_markup(v) then return v.text end
  return nil
end

--- Escaped for HTML, unless it is Markup already.
---@param v any
---@return perilune.markup
function printing.escape(v)
  if kinds.is_markup(v) then return v end
  return kinds.markup(kinds.escape_html(printing.text(v)))
end

--- `~`: the texts of values, one behind the other.
---@return string
function printing.concat(a, b, ...)
  local joined = printing.text(a) .. printing.text(b)
  for i = 1, select("#", ...) do joined = joined .. printing.text((select(i, ...))) end
  check_size(#joined)
  return joined
end

--- `~` where HTML is escaped: one Markup makes all of it Markup, and escapes the others.
---@return string|perilune.markup
function printing.concat_markup(...)
  local parts, count, has_markup = { ... }, select("#", ...), false
  for i = 1, count do has_markup = has_markup or kinds.is_markup(parts[i]) end
  for i = 1, count do
    parts[i] = has_markup and printing.escape(parts[i]).text or printing.text(parts[i])
  end
  local joined = table.concat(parts, "", 1, count)
  check_size(#joined)
  return has_markup and kinds.markup(joined) or joined
end

return printing
