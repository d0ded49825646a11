-- SPDX-License-Identifier: MIT

--- The text of a template as Jinja reads it: which characters are white space (Python's `\s`, so
--- also those beyond ASCII), where its lines end, and where in it a reader stands.

local source = {}

-- Python's white space below 128, and beyond: U+0085, U+00A0, U+1680, U+2000 to U+200A, U+2028,
-- U+2029, U+202F, U+205F, U+3000.
local NARROW = "[%s\28-\31]"
local NOT_NARROW = "[^%s\28-\31]"
local WIDE = {
  ["\194\133"] = true, ["\194\160"] = true, ["\225\154\128"] = true, ["\226\128\168"] = true,
  ["\226\128\169"] = true, ["\226\128\175"] = true, ["\226\129\159"] = true,
  ["\227\128\128"] = true,
}
for last = 0x80, 0x8a do WIDE["\226\128" .. string.char(last)] = true end

--- Lines end with "\n" afterwards, and one line end at the very end is dropped.
---@param text string
---@return string
function source.normalise(text)
  text = text:gsub("\r\n?", "\n")
  return text:sub(-1) == "\n" and text:sub(1, -2) or text
end

--- Is this one character beyond ASCII white space?
---@param character string
---@return boolean
function source.is_wide_space(character)
  return WIDE[character] or false
end

--- The first byte at or behind `at` that is no white space; #text + 1 when there is none.
---@param text string
---@param at integer
---@return integer
function source.skip_spaces(text, at)
  while true do
    at = text:find(NOT_NARROW, at) or #text + 1
    local width = WIDE[text:sub(at, at + 1)] and 2 or WIDE[text:sub(at, at + 2)] and 3
    if not width then return at end
    at = at + width
  end
end

--- The text without the white space at its end.
---@param text string
---@return string
function source.trim_end(text)
  local last = #text
  while true do
    local width = text:find(NARROW, last) == last and 1
      or WIDE[text:sub(last - 1, last)] and 2 or WIDE[text:sub(last - 2, last)] and 3
    if last == 0 or not width then return text:sub(1, last) end
    last = last - width
  end
end

---@param text string
---@return boolean
function source.is_blank(text)
  return source.skip_spaces(text, 1) > #text
end

local function characters(text)
  if not text:find("[\128-\255]") then return #text end
  local _, count = text:gsub("[^\128-\191]", "")
  return count
end

--- A place in a text; it only moves forward, so that counting lines and columns stays linear.
---@class perilune.template_cursor
---@field text string
---@field at integer      byte
---@field line integer    from 1
---@field column integer  from 1, in code points
local Cursor = {}
Cursor.__index = Cursor

---@param text string
---@return perilune.template_cursor
function source.cursor(text)
  return setmetatable({ text = text, at = 1, line = 1, column = 1 }, Cursor)
end

---@param at integer   not in front of where the cursor stands
function Cursor:move(at)
  local passed = self.text:sub(self.at, at - 1)
  if passed:find("\n", 1, true) then
    local _, newlines = passed:gsub("\n", "")
    self.line, self.column = self.line + newlines, 1
    passed = passed:sub(passed:match(".*\n()"))
  end
  self.column = self.column + characters(passed)
  self.at = at
end

return source
