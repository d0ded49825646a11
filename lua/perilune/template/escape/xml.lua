-- SPDX-License-Identifier: MIT

--- Values in an XML template (XML 1.0): escaped in text and attributes, taken apart in CDATA, and
--- refused where there is no escape: no value can begin or end a tag, a comment or a CDATA section.
---
---     text --<--> tag --"--> double --"--> tag --'--> single --'--> tag -->--> text
---     text --<!----> comment, --<![CDATA[--> cdata, --<?--> instruction, and back
---     tag --=--> unquoted, where nothing but a quote may follow

local value = require "perilune.template.value"

local find, sub = string.find, string.sub

local writers = {}

local ESCAPES = {
  ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&apos;",
  ["\t"] = "&#9;", ["\n"] = "&#10;", ["\r"] = "&#13;",
}

--- A text without the characters that XML cannot have (section 2.2).
local function checked(text)
  if find(text, "[%z\1-\8\11\12\14-\31]") or find(text, "\239\191[\190\191]") then
    value.fail("a control character may not stand in XML, not even escaped")
  end
  return text
end

--- Does a value stand in text and attributes as it is? What is escaped for HTML does, too.
local function is_done(v)
  return value.is_markup(v) and (v.language == nil or value.is_done(v, "xml"))
end

function writers.xml_text(v)
  if is_done(v) then return checked(v.text) end
  return (checked(value.text(v)):gsub("[&<>\r]", ESCAPES))
end

function writers.xml_attribute(v)
  if is_done(v) then
    if v.language == "xml" and find(v.text, "[<\"']") then
      value.fail("elements (of xml) may not stand in an attribute")
    end
    return checked(v.text)
  end
  -- Line ends too: as they are, a reader makes spaces of them (section 3.3.3).
  return (checked(value.text(v)):gsub("[&<>\"'\t\n\r]", ESCAPES))
end

--- Where there is no escape: sections end and begin again, so that no "]]>" comes together, whatever
--- stands before and behind the value.
function writers.xml_cdata(v)
  if value.is_done(v, "any") then return v.text end
  local text = checked(value.text(v)):gsub("%]", "]]]><![CDATA[")
  return (text:gsub("^>", "]]><![CDATA[>"))
end

--- A writer that refuses what would end the place that a value stands in, by itself or with what
--- stands before and behind it.
local function refusing(patterns, place)
  return function(v)
    if value.is_done(v, "any") then return v.text end
    local text = checked(value.text(v))
    for _, pattern in ipairs(patterns) do
      local found = text:match(pattern)
      if found then value.fail(("%q may not stand %s"):format(found, place)) end
    end
    return text
  end
end

-- Letters, digits, "_", "-", "." and ":"; beyond ASCII, everything (section 2.3, nearly).
writers.xml_name = refusing({ "[^%w_.:\128-\255-]" }, "in a tag outside of quotes")
writers.xml_comment = refusing({ "%-%-", "^%-", "%-$" }, "there in a comment")
writers.xml_instruction = refusing({ "[\"'<>]", "%?$" }, "there in a processing instruction")

--- An attribute's value without quotes is no XML.
function writers.xml_unquoted()
  value.fail("the value of an attribute must stand in quotes")
end

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
  if state == "unquoted" then
    local found = find(text, "[^ \t\r\n]", at)
    return found and "tag", found and found - 1
  elseif state == "text" then
    local found = find(text, "<", at, true)
    if found then return state_behind_angle(text, found) end
    return nil
  elseif state == "tag" then
    local found = find(text, "[>\"']", at)
    if found then return INSIDE_TAG[sub(text, found, found)], found end
    return find(text, "=[ \t\r\n]*$", at) and "unquoted", #text
  end
  local _, last = find(text, ENDS[state], at)
  return last and (ENDS[state]:find("^[\"']") and "tag" or "text"), last
end

local WRITERS = {
  text = "xml_text", tag = "xml_name", unquoted = "xml_unquoted", double = "xml_attribute",
  single = "xml_attribute", comment = "xml_comment", cdata = "xml_cdata",
  instruction = "xml_instruction",
}

local PLACES = {
  text = "between tags", tag = "inside a tag", unquoted = "behind a '='",
  double = "in an attribute", single = "in an attribute", comment = "in a comment",
  cdata = "in a CDATA section", instruction = "in a processing instruction",
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
