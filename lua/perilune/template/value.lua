-- SPDX-License-Identifier: MIT

--- What a value means in Jinja: truth, text, comparison, look-up. Values are what the JSON decoder
--- gives: nil is undefined, json.null is None, numbers are Lua numbers or exact-number userdata.
---
--- Every function that can fail takes the site of the expression first and names it in the error.

local core = require "perilune.core"

local null = core.json.null

local value = {}

---@class perilune.site
---@field name string     file or template
---@field line integer

--- Text that is done and is not escaped again: what `|safe` and `|tojson` give.
---@class perilune.markup
---@field text string
local Markup = {}
Markup.__index = Markup

--- Raises an error at a site of a template.
---@param site perilune.site
---@param message string
function value.fail(site, message)
  error(("%s:%d: %s"):format(site.name, site.line, message), 0)
end

function value.markup(text)
  return setmetatable({ text = text }, Markup)
end

function value.is_markup(v)
  return type(v) == "table" and getmetatable(v) == Markup
end

--- Lua numbers and the exact ones of the JSON decoder.
function value.is_number(v)
  return type(v) == "number" or core.json.is_exact(v)
end

local is_number = value.is_number

--- Undefined, None, false, 0, "" and what has no elements are false.
function value.truthy(v)
  if v == nil or v == null or v == false or v == "" then return false end
  if value.is_markup(v) then return v.text ~= "" end
  if type(v) == "table" then return next(v) ~= nil end
  return not (is_number(v) and tonumber(tostring(v)) == 0)
end

local is_list, keys = core.json.is_array, core.json.keys

--- Numbers as Python writes them: whole ones without a fraction, and every digit that counts.
local function number_text(v)
  if type(v) ~= "number" then return tostring(v) end
  if v == math.floor(v) and math.abs(v) < 1e16 then return ("%d"):format(v) end
  local short = ("%.15g"):format(v)
  return tonumber(short) == v and short or ("%.17g"):format(v)
end

local REPR_ESCAPES = { ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }

local function quoted(text)
  local quote = (text:find("'", 1, true) and not text:find('"', 1, true)) and '"' or "'"
  local inside = text:gsub("[\\\n\r\t]", REPR_ESCAPES):gsub("[%z\1-\31\127]", function(c)
    return ("\\x%02x"):format(c:byte())
  end)
  if quote == "'" then inside = inside:gsub("'", "\\'") end
  return quote .. inside .. quote
end

local repr

local function table_repr(site, v)
  local parts = {}
  if is_list(v) then
    for i = 1, #v do parts[i] = repr(site, v[i]) end
    return "[" .. table.concat(parts, ", ") .. "]"
  end
  for i, key in ipairs(keys(v)) do parts[i] = repr(site, key) .. ": " .. repr(site, v[key]) end
  return "{" .. table.concat(parts, ", ") .. "}"
end

--- The text of a value inside a list or object, as Python's repr() writes it.
function repr(site, v)
  if type(v) == "string" then return quoted(v) end
  if type(v) == "table" and not value.is_markup(v) then return table_repr(site, v) end
  return value.text(site, v)
end

--- The text of a value where it is printed.
---@param site perilune.site
---@param v any
---@return string
function value.text(site, v)
  if type(v) == "string" then return v end
  if v == nil then return "" end
  if v == null then return "None" end
  if type(v) == "boolean" then return v and "True" or "False" end
  if is_number(v) then return number_text(v) end
  if value.is_markup(v) then return v.text end
  if type(v) == "table" then return table_repr(site, v) end
  if core.is_secret(v) then value.fail(site, "a secret cannot be written in a template") end
  return value.fail(site, ("a %s cannot be written in a template"):format(type(v)))
end

--- What Python calls the type, for messages.
local function kind(v)
  if v == nil then return "undefined" end
  if v == null then return "None" end
  if is_number(v) then return "number" end
  if type(v) == "table" and not value.is_markup(v) then return is_list(v) and "list" or "dict" end
  return (type(v) == "table" or type(v) == "string") and "string" or type(v)
end

--- An element or attribute. Undefined when there is none; of undefined, an error.
---@param site perilune.site
---@param v any
---@param key any
---@param path string   how the template wrote `v`
function value.get(site, v, key, path)
  if v == nil then value.fail(site, ("'%s' is undefined"):format(path)) end
  return value.look_up(site, v, key)
end

--- The same where undefined has no attributes either, and that is all right.
function value.look_up(_, v, key)
  if type(v) ~= "table" or value.is_markup(v) then return nil end
  if is_number(key) and is_list(v) then
    local i = tonumber(tostring(key))
    return v[i < 0 and #v + i + 1 or i + 1]
  end
  return v[key]
end

local function plain(v)
  if value.is_markup(v) then return v.text end
  return v
end

--- Sign, digits of an integer text; nil for other numbers.
local function integer_parts(v)
  return tostring(v):match("^(%-?)0*(%d+)$")
end

--- -1, 0 or 1. Doubles decide, except between integers too long for them.
local function compare_numbers(a, b)
  local x, y = tonumber(tostring(a)), tonumber(tostring(b))
  if x ~= y then return x < y and -1 or 1 end
  local sign_a, digits_a = integer_parts(a)
  local sign_b, digits_b = integer_parts(b)
  if not (sign_a and sign_b) or digits_a == digits_b then return 0 end
  local is_less = #digits_a < #digits_b or #digits_a == #digits_b and digits_a < digits_b
  if sign_a == "-" then is_less = not is_less end
  return is_less and -1 or 1
end

local function equal_tables(a, b)
  for key, item in pairs(a) do
    if not value.equal(item, b[key]) then return false end
  end
  for key in pairs(b) do
    if a[key] == nil then return false end
  end
  return is_list(a) == is_list(b)
end

function value.equal(a, b)
  a, b = plain(a), plain(b)
  if is_number(a) and is_number(b) then return compare_numbers(a, b) == 0 end
  if type(a) == "table" and type(b) == "table" then return a == b or equal_tables(a, b) end
  return a == b
end

--- Is a < b? Numbers with numbers, texts with texts, else an error, as in Python.
---@param site perilune.site
---@param operator string   as the template wrote it, for the message
function value.less(site, a, b, operator)
  a, b = plain(a), plain(b)
  if is_number(a) and is_number(b) then return compare_numbers(a, b) < 0 end
  if type(a) == "string" and type(b) == "string" then return a < b end
  return value.fail(site, ("'%s' compares numbers or strings, not %s and %s"):format(operator,
    kind(a), kind(b)))
end

--- Is `item` an element of the list, a key of the object, or a part of the text?
function value.contains(site, container, item)
  container, item = plain(container), plain(item)
  if type(container) == "string" and type(item) == "string" then
    return container:find(item, 1, true) ~= nil
  elseif container == nil then
    return false
  elseif type(container) ~= "table" then
    return value.fail(site, ("'in' wants a list, dict or string, got %s"):format(kind(container)))
  elseif not is_list(container) then
    return type(item) == "string" and container[item] ~= nil
  end
  for _, element in ipairs(container) do
    if value.equal(element, item) then return true end
  end
  return false
end

function value.length(site, v)
  v = plain(v)
  if v == nil then return 0 end
  if type(v) == "table" then return is_list(v) and #v or #keys(v) end
  if type(v) ~= "string" then
    return value.fail(site, ("a %s has no length"):format(kind(v)))
  end
  local _, count = v:gsub("[^\128-\191]", "") -- characters, not bytes
  return count
end

--- A list of the template's own; undefined elements become None.
function value.list(count, ...)
  local items = { ... }
  for i = 1, count do
    if items[i] == nil then items[i] = null end
  end
  return core.json.array(items)
end

value.kind = kind
value.is_list = is_list

return value
