-- SPDX-License-Identifier: MIT

--- Filters that make text fit for HTML and URLs.

local arguments = require "perilune.template.filters.arguments"
local attributes = require "perilune.template.filters.attributes"
local core = require "perilune.core"
local html = require "perilune.template.html"
local signature = require "perilune.template.signature"
local value = require "perilune.template.value"

local is_undefined, null = value.is_undefined, value.null
local define = signature.define

local markup = {}

markup.escape = define({}, value.escape)
markup.e = markup.escape

--- Markup is escaped again.
markup.forceescape = define({}, function(v) return value.escape(value.text(v)) end)

markup.safe = define({}, function(v)
  return value.is_done(v, "any") and v or value.markup(value.text(v), "any")
end)

markup.striptags = define({}, function(v) return html.strip_tags(value.text(v)) end)

local function xml_attribute(key, v)
  local name = value.plain_text(key)
  if not name then
    value.fail(("an attribute's name is a string, not '%s'"):format(value.type_name(key)))
  elseif name:find("[ \t-\r/>=]") then
    value.fail("Invalid character in attribute name: " .. value.repr(name))
  end
  return ('%s="%s"'):format(value.escape(key).text, value.escape(v).text)
end

markup.xmlattr = arguments.with_runtime({ "autospace" }, function(d, bound, rt)
  local parts = {}
  for _, pair in ipairs((attributes.items(d))) do
    local v = pair[2]
    if v ~= null and not is_undefined(v) then
      parts[#parts + 1] = xml_attribute(pair[1], v)
    end
  end
  local text = table.concat(parts, " ")
  if text ~= "" and (bound[1] == nil or value.truthy(bound[1])) then text = " " .. text end
  return rt and rt.autoescape and value.markup(text) or text
end)

--- The text of a URL's path: "/" stays.
local function quote(v)
  return (core.url.encode(value.text(v)):gsub("%%2F", "/"))
end

local function quote_plus(v)
  return (core.url.encode(value.text(v)):gsub("%%20", "+"))
end

--- The two values of a pair.
local function unpack_pair(pair)
  if not value.is_iterable(pair) then
    value.fail(("cannot unpack non-iterable %s object"):format(value.type_name(pair)))
  end
  local items, count = value.sequence(pair)
  if count < 2 then
    value.fail(("not enough values to unpack (expected 2, got %d)"):format(count))
  elseif count > 2 then
    value.fail("too many values to unpack (expected 2)")
  end
  return items[1], items[2]
end

--- The pairs of a dict, or of a sequence of pairs.
local function fields_of(v)
  if value.kind(v) == "dict" then return attributes.pairs(v) end
  return value.sequence(v)
end

markup.urlencode = define({}, function(v)
  if value.plain_text(v) or not value.is_iterable(v) then return quote(v) end
  local items, count = fields_of(v)
  local parts = {}
  for i = 1, count do
    local key, field = unpack_pair(items[i])
    parts[i] = quote_plus(key) .. "=" .. quote_plus(field)
  end
  return table.concat(parts, "&")
end)

local function is_missing(v)
  return v == null or is_undefined(v)
end

--- Of a list every element is a field of the same name; what is missing is left out.
local function add_fields(parts, key, v)
  local kind = value.kind(v)
  if kind == "list" or kind == "tuple" then
    local items, count = value.sequence(v)
    for i = 1, count do add_fields(parts, key, items[i]) end
  elseif not is_missing(v) then
    parts[#parts + 1] = quote_plus(key) .. "=" .. quote_plus(v)
  end
end

--- A URL's query, done: in a URL it is not encoded again.
markup.querystring = define({}, function(v)
  if value.plain_text(v) or is_missing(v) or not value.is_iterable(v) then
    value.fail(("querystring wants a mapping or a list of pairs, not '%s'"):format(
      value.type_name(v)))
  end
  local items, count = fields_of(v)
  local parts = {}
  for i = 1, count do add_fields(parts, unpack_pair(items[i])) end
  return value.markup(table.concat(parts, "&"), "query")
end)

return markup
