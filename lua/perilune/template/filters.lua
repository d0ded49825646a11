-- SPDX-License-Identifier: MIT

--- Filters and tests. A filter takes its site, the value and its arguments; a test gives a boolean.
--- To add one, add a function here: the compiler finds it by name.

local core = require "perilune.core"
local value = require "perilune.template.value"

local null = core.json.null

local filters, tests = {}, {}

function filters.upper(site, v) return (value.text(site, v):upper()) end

function filters.lower(site, v) return (value.text(site, v):lower()) end

function filters.trim(site, v) return (value.text(site, v):match("^%s*(.-)%s*$")) end

--- default(x) replaces what is undefined, default(x, true) also what is false.
function filters.default(_, v, other, for_false)
  if other == nil then other = "" end
  if v == nil or value.truthy(for_false) and not value.truthy(v) then return other end
  return v
end
filters.d = filters.default

-- Inside a <script> or an attribute these end the text, so Jinja writes them as escapes.
local HTML_ESCAPES = { ["<"] = "\\u003c", [">"] = "\\u003e", ["&"] = "\\u0026", ["'"] = "\\u0027" }

function filters.tojson(site, v)
  if v == nil then value.fail(site, "an undefined value cannot be written as JSON") end
  if value.is_markup(v) then v = v.text end
  local text, message = core.json.encode(v)
  if not text then value.fail(site, message) end
  return value.markup((text:gsub("[<>&']", HTML_ESCAPES)))
end

function filters.string(site, v)
  return value.is_markup(v) and v or value.text(site, v)
end

--- A whole number; the default (0) for what is none. Integers of any length keep their digits.
function filters.int(site, v, default)
  local text = v == true and "1" or v == false and "0" or value.text(site, v):match("^%s*(.-)%s*$")
  if text:find("^[+-]?%d+$") then
    local sign, digits = text:match("^%+?(%-?)0*(%d+)$")
    return core.json.decode((digits == "0" and "" or sign) .. digits)
  end
  local number = text:find("^[+-]?[%d.]") and not text:find("[xX]") and tonumber(text)
  if not number or number ~= number or math.abs(number) == math.huge then
    return default == nil and 0 or default
  end
  return number < 0 and math.ceil(number) or math.floor(number)
end

function filters.length(site, v) return value.length(site, v) end
filters.count = filters.length

function filters.safe(site, v) return value.markup(value.text(site, v)) end

function tests.defined(_, v) return v ~= nil end

function tests.undefined(_, v) return v == nil end

function tests.none(_, v) return v == null end

function tests.boolean(_, v) return type(v) == "boolean" end

tests["true"] = function(_, v) return v == true end

tests["false"] = function(_, v) return v == false end

function tests.number(_, v) return value.is_number(v) or type(v) == "boolean" end

function tests.integer(_, v)
  return value.is_number(v) and tostring(v):find("^%-?%d+$") ~= nil
end

function tests.float(_, v) return value.is_number(v) and not tests.integer(nil, v) end

function tests.string(_, v) return value.kind(v) == "string" end

function tests.mapping(_, v) return value.kind(v) == "dict" end

function tests.sequence(_, v)
  local kind = value.kind(v)
  return kind == "list" or kind == "dict" or kind == "string"
end
tests.iterable = tests.sequence

return { filters = filters, tests = tests }
