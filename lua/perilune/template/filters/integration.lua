-- SPDX-License-Identifier: MIT

--- Filters that Jinja does not have: signatures and encodings, dates, regular expressions, JSON and
--- XML inside of a text.

local arguments = require "perilune.template.filters.arguments"
local core = require "perilune.core"
local number = require "perilune.template.value.number"
local signature = require "perilune.template.signature"
local value = require "perilune.template.value"

local define, given, whole = signature.define, arguments.given, arguments.whole
local text_of, truthy = value.text, value.truthy

local integration = {}

--- What a core function gives; its nil, message as an error of the filter.
local function checked(filter, result, message)
  if result == nil then value.fail(("%s: %s"):format(filter, message or "failed")) end
  return result
end

local function word(filter, name, v, default)
  if v == nil then return default end
  return value.plain_text(v)
    or value.fail(("%s: %s is a string, not '%s'"):format(filter, name, value.type_name(v)))
end

-- -- digests and encodings

local ENCODINGS = {
  hex = core.hex.encode,
  base64 = function(bytes) return core.base64.encode(bytes) end,
  base64url = function(bytes) return core.base64.url_encode(bytes) end,
}

local function encoded(filter, bytes, encoding)
  encoding = word(filter, "encoding", encoding, "hex")
  local encode = ENCODINGS[encoding]
  if not encode then
    value.fail(("%s: the encoding is hex, base64 or base64url, not %s"):format(filter,
      value.repr(encoding)))
  end
  return encode(bytes)
end

local function digest(algorithm)
  return define({ "encoding" }, function(v, encoding)
    return encoded(algorithm, core.hash(algorithm, text_of(v)), encoding)
  end)
end

for _, algorithm in ipairs({ "md5", "sha1", "sha256", "sha512" }) do
  integration[algorithm] = digest(algorithm)
end

--- The key may be a secret: it is the one thing in templates that takes one.
integration.hmac = define({ "key", "algorithm", "encoding" },
  function(v, key, algorithm, encoding)
    arguments.need("hmac", "key", key)
    if not given(key) or value.is_undefined(key) then value.fail("hmac: there is no key") end
    if not core.is_secret(key) then key = text_of(key) end
    algorithm = word("hmac", "algorithm", algorithm, "sha256")
    return encoded("hmac", core.hmac(algorithm, key, text_of(v)), encoding)
  end)

integration.b64encode = define({ "urlsafe" }, function(v, url_safe)
  return ENCODINGS[truthy(url_safe) and "base64url" or "base64"](text_of(v))
end)

--- Either alphabet, with or without padding.
integration.b64decode = define({}, function(v)
  return checked("b64decode", core.base64.decode(text_of(v)))
end)

integration.hex = define({}, function(v) return core.hex.encode(text_of(v)) end)

--- A UUID of the text, always the same one (version 5). The namespace is dns, url, oid, x500 or a
--- UUID.
integration.uuid = define({ "namespace" }, function(v, namespace)
  return core.uuid_of(word("uuid", "namespace", namespace, "url"), text_of(v))
end)

-- -- documents

integration.json_decode = define({}, function(v)
  local decoded, fault = core.json.decode(text_of(v))
  if fault == nil then return decoded end
  return value.fail(("json_decode: %s (line %d, column %d)"):format(fault.message, fault.line,
    fault.column))
end)

local IS_TREE = { dict = true, list = true, tuple = true }

--- For a place inside of a document: text is escaped; a mapping or list becomes elements.
integration.xml = define({}, function(v)
  if value.is_done(v, "xml") or value.is_done(v, nil) then return v end
  local xml = require "perilune.xml" -- only who writes XML loads it
  v = IS_TREE[value.kind(v)] and value.export(v) or text_of(v)
  return value.markup(checked("xml", xml.elements(v)), "xml")
end)

-- -- time

local RFC_3339 = "%Y-%m-%dT%H:%M:%SZ"

--- Seconds since 1970 of a number or of a text such as "2024-01-31T12:00:00+01:00".
local function seconds_of(v)
  local text = value.plain_text(v)
  if text then return checked("date", core.time.parse(text)) end
  local kind = value.kind(v)
  if kind ~= "int" and kind ~= "float" then
    value.fail(("date: a number of seconds or an RFC 3339 text is expected, not '%s'"):format(
      kind == "undefined" and kind or value.type_name(v)))
  end
  return number.to_double(v)
end

integration.date = define({ "format", "tz" }, function(v, format, zone)
  format, zone = word("date", "format", format, RFC_3339), word("date", "tz", zone, "UTC")
  return checked("date", core.time.format(seconds_of(v), format, zone))
end)

-- -- regular expressions

local function needed_word(filter, name, v)
  arguments.need(filter, name, v)
  return word(filter, name, v)
end

local function flags_of(ignore_case)
  return truthy(ignore_case) and "i" or ""
end

integration.regex_replace = define({ "pattern", "replacement", "count", "ignorecase" },
  function(v, pattern, replacement, count, ignore_case)
    pattern = needed_word("regex_replace", "pattern", pattern)
    replacement = needed_word("regex_replace", "replacement", replacement)
    return core.regex.replace(text_of(v), pattern, replacement, whole(count, 0),
      flags_of(ignore_case))
  end)

--- None; the matched text; or the groups, if the pattern has any.
local function matching(name, is_anchored)
  return define({ "pattern", "ignorecase" }, function(v, pattern, ignore_case)
    pattern = needed_word(name, "pattern", pattern)
    local found = core.regex.match(text_of(v), pattern, flags_of(ignore_case), is_anchored)
    if not found then return value.null end
    if #found == 1 then return found[1] end
    local groups = {}
    for i = 2, #found do groups[i - 1] = found[i] or value.null end
    return value.list(groups)
  end)
end

integration.regex_match = matching("regex_match", true)
integration.regex_search = matching("regex_search", false)

return integration
