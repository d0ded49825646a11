-- SPDX-License-Identifier: MIT

--- What scripts know as `url`, and what makes the forms of ctx.http: URLs and forms, as they are
--- written (application/x-www-form-urlencoded) and read. Secrets may be parts, and then what comes out
--- is one.

local core = require "perilune.core"
local tables = require "perilune.util.tables"

local url = {}

url.decode, url.decode_form = core.url.decode, core.url.decode_form
url.is_absolute, url.join, url.parse = core.url.is_absolute, core.url.join, core.url.parse

--- Percent-encodes everything that has a meaning in a URL (RFC 3986 section 2.3).
---@param v string|perilune.secret
---@return string|perilune.secret
function url.encode(v) return core.encoded(v, "url") end

--- The same for forms: a blank is "+".
---@param v string|perilune.secret
---@return string|perilune.secret
function url.encode_form(v) return core.encoded(v, "form") end

--- The text of one part, or of a list of them from `first` on.
---@param parts perilune.parts
---@param first? integer
---@return string|perilune.secret
function url.joined(parts, first)
  if type(parts) ~= "table" then return core.join(parts) end
  return core.join(unpack(parts, first or 1))
end

local function add_field(out, name, value)
  if #out > 0 then out[#out + 1] = "&" end
  out[#out + 1] = core.encoded(name, "form")
  out[#out + 1] = "="
  out[#out + 1] = core.encoded(value, "form")
end

local function add_pair(out, pair, at)
  if type(pair) ~= "table" or type(pair[1]) ~= "string" or pair[2] == nil then
    error(("field %d: expected { name, value }"):format(at), 3)
  end
  add_field(out, pair[1], url.joined(pair, 2))
end

--- "a=1&b=2" of fields by name, which are sorted, or of a list of { name, value }, where a name can be
--- there twice. A value is a text, a number, a secret, or by name a list of them, which are joined.
---@param fields table
---@return string|perilune.secret
function url.query(fields)
  if type(fields) ~= "table" then error("url.query wants a table", 2) end
  local out = {}
  if fields[1] ~= nil then
    for i, pair in ipairs(fields) do add_pair(out, pair, i) end
  else
    for _, name in ipairs(tables.names(fields)) do add_field(out, name, url.joined(fields[name])) end
  end
  return #out > 0 and core.join(unpack(out)) or ""
end

--- Reads such a text: the values by name, of a name that is there twice the first; and all of them in
--- order, each { name, value }. Nil and a message for what is not encoded so.
---@param text string
---@return table<string, string>|nil
---@return string[][]|string
function url.parse_query(text)
  local pairs_in_order, message = core.url.pairs(text)
  if not pairs_in_order then return nil, message end
  local first = {}
  for _, pair in ipairs(pairs_in_order) do
    if first[pair[1]] == nil then first[pair[1]] = pair[2] end
  end
  return first, pairs_in_order
end

return url
