-- SPDX-License-Identifier: MIT

--- JSON as Python's json.dumps(sort_keys=True) writes it, safe inside HTML: `<`, `>`, `&` and `'`
--- are \u escapes, as everything beyond ASCII. Exact numbers of a payload stay as they are written.

local core = require "perilune.core"
local digits = require "perilune.template.format.digits"
local number = require "perilune.template.value.number"
local value = require "perilune.template.value"

local concat = table.concat

local json = {}

local MAX_DEPTH = 1000 -- lists in lists; more are a list that is its own element

local ESCAPES = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t",
  ["\b"] = "\\b", ["\f"] = "\\f" }

--- One character as \u escapes: two of them, a surrogate pair, beyond the first 65536.
local function escape(char)
  if ESCAPES[char] then return ESCAPES[char] end
  local code = digits.code_point(char)
  if code < 0x10000 then return ("\\u%04x"):format(code) end
  code = code - 0x10000
  return ("\\u%04x\\u%04x"):format(0xd800 + math.floor(code / 0x400), 0xdc00 + code % 0x400)
end

local function quoted(text)
  if text:find('[%z\1-\31"&\'<>\\\127-\255]') then
    text = text:gsub('[%z\1-\31"&\'<>\\\127]', escape):gsub("[\192-\255][\128-\191]*", escape)
  end
  return '"' .. text .. '"'
end

-- How Python's json calls what no number of JSON is.
local NOT_FINITE = { ["inf"] = "Infinity", ["-inf"] = "-Infinity", ["nan"] = "NaN" }

local function number_text(v)
  local text = number.text(v)
  return NOT_FINITE[text] or text
end

local function scalar(v, kind)
  if kind == "string" then return quoted(v) end
  if kind == "markup" then return quoted(v.text) end
  if kind == "none" then return "null" end
  if kind == "bool" then return v and "true" or "false" end
  if kind == "int" or kind == "float" then return number_text(v) end
  return nil
end

--- A member's name. JSON has strings only; numbers, booleans and None are written as one.
local function name_of(key)
  local kind = value.kind(key)
  if kind == "string" then return quoted(key) end
  local text = scalar(key, kind)
  if not text then
    value.fail(("keys must be str, int, float, bool or None, not %s"):format(
      value.type_name(key)))
  end
  return kind == "markup" and text or '"' .. text .. '"'
end

--- The keys of a dict in their order; keys of several kinds have none.
local function sorted_keys(dict)
  local keys, has_strings = core.json.keys(dict), true
  for i = 1, #keys do has_strings = has_strings and type(keys[i]) == "string" end
  table.sort(keys, not has_strings and function(a, b) return value.compare(a, b, "<") end or nil)
  return keys
end

---@class perilune.json_writer
---@field indent string|nil   of one level
---@field depth integer
---@field size integer        bytes so far, nearly: a list that is in itself twice, and so on, would
---  else be written for hours before it is found too large

local write

--- Takes note of what is written.
local function measured(writer, text)
  writer.size = writer.size + #text
  value.check_size(writer.size)
  return text
end

--- Items between brackets, on lines of their own if there is an indentation.
local function enclosed(writer, open, items, close)
  if #items == 0 then return open .. close end
  if not writer.indent then return open .. concat(items, ", ") .. close end
  value.check_size((#writer.indent * writer.depth + 2) * #items)
  local line = "\n" .. writer.indent:rep(writer.depth)
  local inner = line .. writer.indent
  return open .. inner .. concat(items, "," .. inner) .. line .. close
end

local function write_list(writer, v)
  local items, count = value.sequence(v)
  local texts = {}
  for i = 1, count do texts[i] = write(writer, items[i]) end
  return texts, "[", "]"
end

local function write_dict(writer, v)
  local keys, texts = sorted_keys(v), {}
  for i = 1, #keys do
    texts[i] = name_of(keys[i]) .. ": " .. write(writer, v[value.key(keys[i])])
  end
  return texts, "{", "}"
end

local CONTAINERS = { list = write_list, tuple = write_list, dict = write_dict }

function write(writer, v)
  local kind = value.kind(v)
  local text = scalar(v, kind)
  if text then return measured(writer, text) end
  local write_items = CONTAINERS[kind]
  if not write_items then
    value.fail(("Object of type %s is not JSON serializable"):format(
      kind == "undefined" and "Undefined" or value.type_name(v)))
  end
  if writer.depth == MAX_DEPTH then value.fail("Circular reference detected") end
  writer.depth = writer.depth + 1
  local items, open, close = write_items(writer, v)
  writer.depth = writer.depth - 1
  return enclosed(writer, measured(writer, open), items, close)
end

--- The JSON of a value; on lines of their own where there is an indentation. Plain data is written
--- in C. What that refuses (undefined, Markup, keys that are no texts, too much), and lines that are
--- not indented, is written, or refused with Python's words, above.
---@param v any
---@param indent? string
---@return string
function json.dumps(v, indent)
  local options = { sorted = true, html = true, indent = indent,
    max_bytes = core.limits.template_output }
  local text = indent ~= "" and core.json.encode(v, options)
    or write({ indent = indent, depth = 0, size = 0 }, v)
  value.check_size(#text)
  return text
end

return json
