-- SPDX-License-Identifier: MIT

--- Character references of HTML as browsers read them (HTML Living Standard, section 13.2.5.72 and
--- following), which is what Python's html.unescape() does.

local digits = require "perilune.template.format.digits"
local names = require "perilune.template.html.names"

local entities = {}

local REPLACEMENT = "\239\191\189" -- U+FFFD

-- What stands for 128 to 159: the characters of Windows-1252; 0 where it has none.
local WINDOWS = {
  0x20ac, 0, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152,
  0, 0x017d, 0, 0, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161,
  0x203a, 0x0153, 0, 0x017e, 0x0178,
}

local function read_names()
  local known = {}
  for name, mark, codes in names:gmatch("(%w+)([:!])([%x+]+)") do
    local text = codes:gsub("(%x+)%+?", function(hex)
      return digits.character(tonumber(hex, 16))
    end)
    known[name .. ";"] = text
    if mark == "!" then known[name] = text end
  end
  return known
end

local LONGEST = 32 -- of all names

-- Read when the first one is asked for: they take as much memory as a fifth of our Lua.
local known_names

local function names_by_text()
  known_names = known_names or read_names()
  return known_names
end

--- Control characters and what Unicode has set aside: they are left out.
local function is_no_character(code)
  return code < 0x20 and code ~= 9 and code ~= 10 and code ~= 12 or code == 0x7f
    or code >= 0xfdd0 and code <= 0xfdef or code % 0x10000 >= 0xfffe
end

local function of_code(code)
  if code == 13 then return "\r" end
  if code >= 0x80 and code <= 0x9f then
    local windows = WINDOWS[code - 0x7f]
    return digits.character(windows == 0 and code or windows)
  end
  local is_surrogate = code >= 0xd800 and code <= 0xdfff
  if code == 0 or is_surrogate or code > 0x10ffff then return REPLACEMENT end
  return is_no_character(code) and "" or digits.character(code)
end

local function numeric(text)
  local decimal, rest = text:match("^#(%d+);?(.*)$")
  if decimal then return of_code(tonumber(decimal)) .. rest end
  local hex
  hex, rest = text:match("^#[xX](%x+);?(.*)$")
  if hex then return of_code(tonumber("0x" .. hex)) .. rest end
  return nil
end

--- What `&` and this text stand for; nil when it is no reference. A name may be longer than the
--- reference that it begins with: "&copycat".
---@param text string   up to and with a ";"
---@return string|nil
function entities.resolve(text)
  if text:find("^#") then return numeric(text) end
  local known = names_by_text()
  if known[text] then return known[text] end
  for length = math.min(#text - 1, LONGEST), 2, -1 do
    local found = known[text:sub(1, length)]
    if found then return found .. text:sub(length + 1) end
  end
  return nil
end

return entities
