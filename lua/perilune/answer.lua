-- SPDX-License-Identifier: MIT

--- The body of an answer as a value, by what the webhook says that it is (`response.type`):
---
---     json   what the codec makes of it (the default)
---     xml    a table in the shape of xml.lua
---     form   an object of texts, and of lists where a name is repeated
---     text   the text itself
---     auto   one of these by Content-Type: JSON (also +json), XML (also +xml), a form, else text;
---            without a Content-Type JSON if it is JSON, else text
---
--- Texts and forms come as UTF-8 whatever character set Content-Type names; XML reads it, or what
--- the document says of itself. No body is no mistake: an answer to HEAD, a 204, and whoever says
--- all with the status.

local core = require "perilune.core"
local document = require "perilune.document"
local forms = require "perilune.forms"
local xml = require "perilune.xml"

local answer = {}

---@class perilune.answer_rule
---@field type string
---@field lists? string[]      of xml.decode
---@field prefixes? boolean    of xml.decode
---@field is_whole? boolean    all of a JSON body is wanted as values, not one here and there

answer.TYPES = { "json", "xml", "form", "text", "auto" }

local BYTE_ORDER_MARK = "\239\187\191" -- RFC 8259 section 8.1: some put it, a reader may pass over it

--- Media type and character set of a response, lower case; nil where they are not given.
local function content_type(response)
  local field = (response:header("content-type") or ""):lower()
  local media, parameters = field:match("^%s*([^;,%s]+)(.*)$")
  if not media then return nil, nil end
  return media, parameters:match("[;%s]charset%s*=%s*\"?([^\";,%s]+)")
end

local function type_of(media)
  if media == nil then return nil end
  if media:find("[/+]json$") then return "json" end
  if media:find("[/+]xml$") then return "xml" end
  return media == "application/x-www-form-urlencoded" and "form" or "text"
end

local function json_of(body, rule)
  local unmarked = body:sub(1, 3) == BYTE_ORDER_MARK and body:sub(4) or body
  local read = rule.is_whole and core.json.decode or core.json.open
  local given, fault = read(unmarked)
  if not fault then return rule.is_whole and document.of(given) or document.new(given) end
  return nil, ("the answer is not valid JSON: %s (line %d, column %d)"):format(fault.message,
    fault.line, fault.column)
end

local function utf8_of(charset)
  return function(text) return core.charset.decode(text, charset) end
end

local function whole(value, message)
  if value ~= nil then return document.of(value) end
  return nil, message
end

-- How a body is read, by type. `charset` is one that core.charset knows, or nil.
local READERS = {
  json = json_of,
  xml = function(body, rule, charset)
    local parsed, message = xml.decode(body,
      { lists = rule.lists, prefixes = rule.prefixes, encoding = charset })
    return whole(parsed, "the answer is not valid XML: " .. tostring(message))
  end,
  form = function(body, _, charset)
    return whole(forms.decode(body, charset and utf8_of(charset)))
  end,
  text = function(body, _, charset) return whole(charset and utf8_of(charset)(body) or body) end,
}

local function guessed(body, rule)
  local parsed, message = json_of(body, rule)
  return message and document.of(body) or parsed
end

--- A response's body; nil when there is none or it is not what it should be.
---@param response any
---@param rule perilune.answer_rule
---@return perilune.document|nil
---@return string|nil warning
---@return boolean has_body
function answer.parse(response, rule)
  local body, kind = response.body, rule.type
  if body == "" then return kind == "text" and document.of("") or nil, nil, false end
  if kind == "json" then
    local parsed, message = json_of(body, rule)
    return parsed, message, true
  end
  local media, charset = content_type(response)
  if kind == "auto" then kind = type_of(media) end
  if kind == nil then return guessed(body, rule), nil, true end
  local unknown
  if charset and kind ~= "json" and not core.charset.is_known(charset) then
    unknown = ("the answer's character set '%s' is not known, it is read as it is"):format(
      charset)
    charset = nil
  end
  local parsed, message = READERS[kind](body, rule, charset)
  return parsed, unknown and message and unknown .. "; " .. message or unknown or message, true
end

return answer
