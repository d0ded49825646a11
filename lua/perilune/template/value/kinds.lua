-- SPDX-License-Identifier: MIT

--- The kinds of values that templates compute with, and what tells them apart.
---
---     undefined   nil; in containers and arguments UNDEFINED, which means the same
---     none        core.json.null
---     bool str    Lua's boolean and string (UTF-8)
---     int float   numeral.lua
---     list tuple dict
---                 tables of the codec, whose metatable reads as "array", "tuple" or "object";
---                 plain tables of scripts are lists if they have a first element, else dicts
---     all others  objects: tables whose metatable, their class, says its `kind`
---
--- What a class may have besides, all optional: `type_name`, `text(v)` for str(), `repr(v)`,
--- `attribute(v, name)`, `sequence(v)` as value.sequence, `length(v)`, which says its truth, too.

local budget = require "perilune.util.budget"
local core = require "perilune.core"
local numeral = require "perilune.template.value.numeral"

local null, is_secret = core.json.null, core.is_secret

local kinds = { null = null }

local IS_CLASS = {} -- a key of classes, which no script has

--- How deep containers in containers are looked into: deeper than any payload, and bounded, because
--- a template can put a list into itself.
kinds.MAX_DEPTH = 600

--- Makes a class of objects. The codec refuses them: what they are as JSON, export.lua says.
---@generic T: table
---@param class T   with a `kind`
---@return T
function kinds.class(class)
  class.__json, class[IS_CLASS] = false, true
  return class
end

--- The class of an object; nil for what has none. A metatable that a script made is none, whatever it
--- says of itself: what classes have is called with the state of the rendering.
---@param v any
---@return table|nil
function kinds.class_of(v)
  local class = type(v) == "table" and getmetatable(v)
  return type(class) == "table" and rawget(class, IS_CLASS) and class or nil
end

--- Undefined where Lua has no place for a nil.
kinds.UNDEFINED = setmetatable({}, kinds.class { kind = "undefined" })

local UNDEFINED = kinds.UNDEFINED

--- Text that is done and is not escaped again where HTML is: what `|safe`, `|escape` and `|tojson`
--- give. What it is done for, when values are escaped by position, is its language: "any" of
--- `|safe` and of a macro that was written for the place, "json", "xml", "query" (of a URL), or nil
--- for HTML. In another language it is a text like others.
---@class perilune.markup
---@field text string
---@field language string|nil
local Markup = kinds.class { kind = "markup" }

---@param text string
---@param language? string
---@return perilune.markup
function kinds.markup(text, language)
  return setmetatable({ text = text, language = language }, Markup)
end

--- A part of a text that is done, or another way to write it.
---@param v perilune.markup
---@param text string
---@return perilune.markup
function kinds.markup_like(v, text)
  return kinds.markup(text, v.language)
end

---@param v any
---@return boolean
function kinds.is_markup(v)
  return type(v) == "table" and getmetatable(v) == Markup
end

--- Is it a text that stands in this language as it is?
---@param v any
---@param language string|nil   nil: HTML
---@return boolean
function kinds.is_done(v, language)
  return kinds.is_markup(v) and (v.language == "any" or v.language == language)
end

---@param v any
---@return boolean
function kinds.is_undefined(v)
  return v == nil or rawequal(v, UNDEFINED)
end

--- A method together with the value that it belongs to: `x.upper` without a call.
---@class perilune.method
---@field subject any
---@field callable perilune.callable
---@field name string
local Method = kinds.class { kind = "method", type_name = "builtin_function_or_method" }

---@return perilune.method
function kinds.method(subject, callable, name)
  return setmetatable({ subject = subject, callable = callable, name = name }, Method)
end

local KIND_OF_MARK = { array = "list", tuple = "tuple", object = "dict" }

local function kind_of_table(v)
  local mark = getmetatable(v)
  if mark == nil then return v[1] ~= nil and "list" or "dict" end
  if type(mark) == "table" then return rawget(mark, IS_CLASS) and mark.kind or "userdata" end
  return KIND_OF_MARK[mark] or "userdata"
end

local function kind_of_userdata(v)
  if v == null then return "none" end
  if core.json.is_exact(v) then
    return numeral.is_float_text(tostring(v)) and "float" or "int"
  end
  return is_secret(v) and "secret" or "userdata"
end

local KIND_OF_TYPE = {
  string = "string", boolean = "bool", ["nil"] = "undefined", ["function"] = "function",
}

--- What a value is: "undefined" "none" "bool" "int" "float" "string" "markup" "list" "tuple" "dict"
--- "secret" "function", the kind of an object's class, or "userdata" for all else of scripts.
---@param v any
---@return string
function kinds.kind(v)
  local lua_type = type(v)
  if lua_type == "table" then return kind_of_table(v) end
  if lua_type == "number" then return numeral.is_whole(v) and "int" or "float" end
  if lua_type == "userdata" then return kind_of_userdata(v) end
  return KIND_OF_TYPE[lua_type] or "userdata"
end

local TYPE_NAMES = {
  undefined = "Undefined", none = "NoneType", string = "str", markup = "Markup",
  namespace = "Namespace", macro = "Macro", loop = "LoopContext", cycler = "Cycler",
  joiner = "Joiner",
}

--- Python's name of a value's type.
---@param v any
---@return string
function kinds.type_name(v)
  local kind = kinds.kind(v)
  if kind == "view" then return v.name end
  local class = kinds.class_of(v)
  return class and class.type_name or TYPE_NAMES[kind] or kind
end

--- How Jinja calls a value whose attribute is missing: "dict object", "None".
---@param v any
---@return string
function kinds.object_name(v)
  return v == null and "None" or kinds.type_name(v) .. " object"
end

--- Raises a message. Who renders adds the place.
---@param message string
function kinds.fail(message)
  error(message, 0)
end

-- From so many bytes of a text, or items of a list, on the memory of the state is looked at.
local LARGE = 4096

--- Raises when texts and lists, none of them too large, take too much memory together. Where the
--- state has a limit this comes well before it: LuaJIT may crash when it has no memory left.
local function check_memory()
  budget.poll()
  local limit = core.limits.memory
  if not limit or collectgarbage("count") * 1024 <= limit then return end
  collectgarbage()
  -- What is nearly full would be collected again and again.
  if collectgarbage("count") * 1024 <= limit * 0.75 then return end
  kinds.fail(("the values of the template take more than %d bytes of memory"):format(limit))
end

--- Raises when a text or list would be larger than templates may make them.
---@param bytes number
function kinds.check_size(bytes)
  local limit = core.limits.template_output
  if bytes > limit then
    kinds.fail(("the result would be larger than the %d bytes of limits.template_output"):format(
      limit))
  end
  if bytes > LARGE then check_memory() end
end

--- Raises when more items would be made than loops may make rounds.
---@param count number
function kinds.check_count(count)
  local limit = core.limits.template_loops
  if count <= limit then return end
  kinds.fail(("%.0f items are more than the %d of limits.template_loops"):format(count, limit))
end

--- Is it a list, with items by index from 1?  Tuples and plain lists of scripts are, too.
---@param v any
---@return boolean
function kinds.is_list(v)
  if type(v) ~= "table" then return false end
  local kind = kind_of_table(v)
  return kind == "list" or kind == "tuple"
end

local array, new_tuple = core.json.array, core.json.tuple

--- Makes a list of a table of Lua's.
---@param items? any[]
function kinds.list(items)
  if items and #items > LARGE then check_memory() end
  return array(items or {})
end

---@param items? any[]
function kinds.tuple(items)
  return new_tuple(items or {})
end

--- How many characters a text has.
---@param text string
---@return integer
function kinds.text_length(text)
  if not text:find("[\128-\255]") then return #text end
  return core.text.length(text)
end

local HTML = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ["'"] = "&#39;", ['"'] = "&#34;" }

--- A text escaped for HTML, as markupsafe does it.
---@param text string
---@return string
function kinds.escape_html(text)
  return (text:gsub("[&<>'\"]", HTML))
end

-- One text for an item of a tuple, such that equal items have equal texts; nil for objects.
local function key_text(key)
  if type(key) == "string" then return ("s%d:%s"):format(#key, key) end
  if type(key) == "number" then return ("n%.17g;"):format(key) end
  if key == null then return "z" end
  return nil
end

local function tuple_key(v, depth)
  local texts = {}
  if depth > kinds.MAX_DEPTH then return nil, "a tuple is nested too deeply to be a key" end
  for i = 1, #v do
    local key, message = kinds.try_key(v[i], depth)
    texts[i] = key_text(key)
    if not texts[i] then return nil, message or "an object in a tuple cannot be a key" end
  end
  return "\0(" .. table.concat(texts) .. ")"
end

local function unhashable(v)
  return nil, ("unhashable type: '%s'"):format(kinds.type_name(v))
end

local KEYS = {
  string = function(v) return v end,
  int = numeral.key,
  float = numeral.key,
  bool = function(v) return v and 1 or 0 end,
  markup = function(v) return v.text end,
  tuple = tuple_key,
  undefined = function() return UNDEFINED end,
  secret = function() return nil, "a secret cannot be a key" end,
  list = unhashable,
  dict = unhashable,
  view = unhashable,
}

--- As kinds.key; nil and a message for what is no key.
---@param k any
---@param depth? integer   how many tuples it is in
---@return any key
---@return string|nil message
function kinds.try_key(k, depth)
  if type(k) == "string" then return k end
  local key = KEYS[kinds.kind(k)]
  if key then return key(k, (depth or 0) + 1) end
  return k -- None and objects are themselves
end

--- Where a dict keeps the value of a key: d[value.key(k)]. Equal keys have one place: 1, 1.0, True.
---@param k any
---@return any
function kinds.key(k)
  if type(k) == "string" then return k end
  local key, message = kinds.try_key(k)
  if message then kinds.fail(message) end
  return key
end

return kinds
