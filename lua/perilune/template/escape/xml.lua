-- SPDX-License-Identifier: MIT

--- Values in an XML template (XML 1.0): escaped in text and attributes, and refused where there is
--- no escape: no value can begin or end a tag, a comment or a CDATA section.
---
---     text --<--> tag --"--> double --"--> tag --'--> single --'--> tag -->--> text
---     text --<!----> comment, --<![CDATA[--> cdata, --<?--> instruction, and back

local value = require "perilune.template.value"

local find, sub = string.find, string.sub

local writers = {}

local ESCAPES = {
  ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&apos;",
  ["\t"] = "&#9;", ["\n"] = "&#10;", ["\r"] = "&#13;",
}

--- The text of a value: without the characters that XML cannot have (section 2.2).
local function text_of(v)
  local text = value.text(v)
  if find(text, "[%z\1-\8\11\12\14-\31]") then
    value.fail("a control character may not stand in XML, not even escaped")
  end
  return text
end

--- A writer that escapes the characters of a set.
local function escaping(set)
  return function(v)
    if value.is_markup(v) then return v.text end
    return (text_of(v):gsub(set, ESCAPES))
  end
end

writers.xml_text = escaping("[&<>\r]")
-- Line ends too: as they are, a reader makes spaces of them (section 3.3.3).
writers.xml_attribute = escaping("[&<>\"'\t\n\r]")

--- A writer that refuses what would end the place that a value stands in.
local function refusing(pattern, place)
  return function(v)
    if value.is_markup(v) then return v.text end
    local text = text_of(v)
    local found = text:match(pattern)
    if found then value.fail(("%q may not stand in %s"):format(found, place)) end
    return text
  end
end

-- Letters, digits, "_", "-", "." and ":"; beyond ASCII, everything (section 2.3, nearly).
writers.xml_name = refusing("[^%w_.:\128-\255-]", "a tag outside of quotes")
writers.xml_comment = refusing("%-%-", "a comment")
writers.xml_cdata = refusing("%]%]>?", "a CDATA section")
writers.xml_instruction = refusing("%?>", "a processing instruction")

-- What a "<" begins: the text behind it, the state, and what ends that.
local OPENERS = {
  { "!--", "comment", "%-%->" }, { "![CDATA[", "cdata", "%]%]>" }, { "?", "instruction", "%?>" },
}

local ENDS = { double = '"', single = "'" }
for _, opener in ipairs(OPENERS) do ENDS[opener[2]] = opener[3] end

local INSIDE_TAG = { [">"] = "text", ['"'] = "double", ["'"] = "single" }

local function state_behind_angle(text, at)
  for _, opener in ipairs(OPENERS) do
    if sub(text, at + 1, at + #opener[1]) == opener[1] then return opener[2], at + #opener[1] end
  end
  return "tag", at
end

--- The next state, and the last byte that leads to it; nil when the text ends before that.
local function step(state, text, at)
  if state == "text" then
    local found = find(text, "<", at, true)
    if found then return state_behind_angle(text, found) end
    return nil
  elseif state == "tag" then
    local found = find(text, "[>\"']", at)
    return found and INSIDE_TAG[sub(text, found, found)], found
  end
  local _, last = find(text, ENDS[state], at)
  return last and (ENDS[state]:find("^[\"']") and "tag" or "text"), last
end

local WRITERS = {
  text = "xml_text", tag = "xml_name", double = "xml_attribute", single = "xml_attribute",
  comment = "xml_comment", cdata = "xml_cdata", instruction = "xml_instruction",
}

local PLACES = {
  text = "between tags", tag = "inside a tag", double = "in an attribute",
  single = "in an attribute", comment = "in a comment", cdata = "in a CDATA section",
  instruction = "in a processing instruction",
}

local mode = { initial = "text", states = { "text", "double", "single" } }

function mode.feed(state, text)
  local at = 1
  while at <= #text do
    local following, last = step(state, text, at)
    if not following then break end
    state, at = following, last + 1
  end
  return state, text
end

function mode.after_value(state) return state end

function mode.writer(state) return WRITERS[state] end

function mode.describe(state) return PLACES[state] end

return { modes = { xml = mode }, writers = writers }
