-- SPDX-License-Identifier: MIT

--- str: what takes a text apart: split, splitlines, partition, strip.

local arguments = require "perilune.template.methods.arguments"
local search = require "perilune.template.methods.search"
local value = require "perilune.template.value"

local text_of = arguments.text
-- LuaJIT's own, which is compiled, for loops over characters: those look at each byte once. Methods
-- of strings are ours, which can be stopped (core.string).
local gmatch = string.gmatch

local CHARACTER = "[%z\1-\127\194-\244][\128-\191]*"

local function set_of(characters)
  local set = {}
  for character in gmatch(characters, CHARACTER) do set[character] = true end
  return set
end

-- What str.isspace() is true for: U+0085, U+00A0, U+1680, U+2000 to U+200A, U+2028, U+2029, U+202F,
-- U+205F, U+3000 besides those of ASCII.
local SPACES = set_of("\t\n\v\f\r\28\29\30\31 \194\133\194\160\225\154\128\226\128\128\226\128\129"
  .. "\226\128\130\226\128\131\226\128\132\226\128\133\226\128\134\226\128\135\226\128\136"
  .. "\226\128\137\226\128\138\226\128\168\226\128\169\226\128\175\226\129\159\227\128\128")

-- U+0085, U+2028 and U+2029 end lines, too.
local LINE_ENDS = set_of("\n\v\f\r\28\29\30\194\133\226\128\168\226\128\169")

local split = {}

--- The first byte behind the characters of a set.
local function skip(text, set)
  local from = 1
  while from <= #text do
    local character = text:match("^" .. CHARACTER, from)
    if not set[character] then break end
    from = from + #character
  end
  return from
end

--- The last byte before the characters of a set, not before `first`.
local function skip_back(text, set, first)
  local to = #text
  while to >= first do
    local start = to
    while text:byte(start) >= 128 and text:byte(start) < 192 do start = start - 1 end
    if not set[text:sub(start, to)] then break end
    to = start - 1
  end
  return to
end

local function stripper(name, at_start, at_end)
  return function(text, characters)
    local set = SPACES
    if characters ~= nil and characters ~= value.null then
      set = set_of(text_of(characters, name .. " arg must be None or str"))
    end
    local from = at_start and skip(text, set) or 1
    return text:sub(from, at_end and skip_back(text, set, from) or #text)
  end
end

split.strip = stripper("strip", true, true)
split.lstrip = stripper("lstrip", true, false)
split.rstrip = stripper("rstrip", false, true)

--- First and last byte of every word.
local function words(text)
  local firsts, lasts, is_inside = {}, {}, false
  for at, character, behind in gmatch(text, "()(" .. CHARACTER .. ")()") do
    if SPACES[character] then
      is_inside = false
    else
      if not is_inside then firsts[#firsts + 1] = at end
      lasts[#firsts] = behind - 1
      is_inside = true
    end
  end
  return firsts, lasts
end

local function split_words(text, most)
  local firsts, lasts = words(text)
  local parts = {}
  for i = 1, #firsts do
    if i > most then
      parts[i] = text:sub(firsts[i])
      break
    end
    parts[i] = text:sub(firsts[i], lasts[i])
  end
  return parts
end

local function rsplit_words(text, most)
  local firsts, lasts = words(text)
  local rest = #firsts - most
  if rest <= 0 then return split_words(text, most) end
  local parts = { text:sub(1, lasts[rest]) }
  for i = rest + 1, #firsts do parts[#parts + 1] = text:sub(firsts[i], lasts[i]) end
  return parts
end

--- From the end: the mirrored text has the same parts mirrored.
local function rsplit_at(text, separator, most)
  local mirrored = search.parts(text:reverse(), separator:reverse(), most)
  local parts, count = {}, #mirrored
  for i = 1, count do parts[i] = mirrored[count - i + 1]:reverse() end
  return parts
end

local function splitter(by_words, by_separator)
  return function(text, separator, most)
    most = arguments.integer(most, -1)
    if most < 0 then most = math.huge end
    if separator == nil or separator == value.null then return by_words(text, most) end
    separator = text_of(separator, "must be str or None, not %s")
    if separator == "" then value.fail("empty separator") end
    return by_separator(text, separator, most)
  end
end

-- These give plain Lua lists: string.lua makes lists of str or of Markup of them.
split.split = splitter(split_words, search.parts)
split.rsplit = splitter(rsplit_words, rsplit_at)

function split.splitlines(text, keeps_ends)
  keeps_ends = arguments.integer(keeps_ends, 0) ~= 0
  local parts, from = {}, 1
  for at, character, behind in gmatch(text, "()(" .. CHARACTER .. ")()") do
    -- The second half of a line end of two characters is behind `from` already.
    if at >= from and LINE_ENDS[character] then
      if character == "\r" and text:sub(behind, behind) == "\n" then behind = behind + 1 end
      parts[#parts + 1] = text:sub(from, (keeps_ends and behind or at) - 1)
      from = behind
    end
  end
  if from <= #text then parts[#parts + 1] = text:sub(from) end
  return parts
end

local function separator_of(v)
  local separator = text_of(v, "must be str, not %s")
  if separator == "" then value.fail("empty separator") end
  return separator
end

function split.partition(text, separator)
  separator = separator_of(separator)
  local at, to = text:find(separator, 1, true)
  if not at then return { text, "", "" } end
  return { text:sub(1, at - 1), separator, text:sub(to + 1) }
end

function split.rpartition(text, separator)
  separator = separator_of(separator)
  local at = search.find_last(text, separator)
  if not at then return { "", "", text } end
  return { text:sub(1, at - 1), separator, text:sub(at + #separator) }
end

return split
