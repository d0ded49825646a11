-- SPDX-License-Identifier: MIT

--- Lines of a given width, cut where Python's textwrap cuts them:
---
---     Hello there -- you goof-ball, use the -b option!
---     Hello| |there| |--| |you| |goof-|ball,| |use| |the| |-b| |option!
---
--- First the text becomes such chunks; then each line takes as many as fit, without the white space
--- at its ends. A chunk is a range of the list of characters, so that its length is in characters.

local core = require "perilune.core"
local value = require "perilune.template.value"

local wrap = {}

---@class perilune.wrap_options
---@field width number
---@field breaks_words boolean     cut words that are longer than a line
---@field breaks_hyphens boolean   a line may end behind the hyphen of a compound

local SPACE = { [" "] = true, ["\t"] = true, ["\n"] = true, ["\v"] = true, ["\f"] = true,
  ["\r"] = true }

local function is_word(char)
  return char ~= nil and (char == "_" or core.text.is(char, "alnum"))
end

local function is_letter(char)
  return is_word(char) and not core.text.is(char, "decimal")
end

-- What may stand before a dash.
local PUNCTUATION = { ["!"] = true, ['"'] = true, ["'"] = true, ["&"] = true, ["."] = true,
  [","] = true, ["?"] = true }

--- The end of two or more dashes at `at` that part two words, or nil.
local function dash_end(chars, at)
  if chars[at] ~= "-" or chars[at + 1] ~= "-" then return nil end
  if not (PUNCTUATION[chars[at - 1]] or is_word(chars[at - 1])) then return nil end
  while chars[at] == "-" do at = at + 1 end
  return is_word(chars[at]) and at - 1 or nil
end

--- Is there a hyphen at `at` that a line may end with? "ab-cd", "a-b-cd", not "-b" or "3-4".
local function is_hyphen(chars, at)
  if chars[at] ~= "-" or not is_letter(chars[at - 1]) then return false end
  local before = chars[at - 2]
  if not (is_letter(before) or before == "-" and is_letter(chars[at - 3])) then return false end
  local behind = chars[at + 2]
  if behind == "-" then behind = chars[at + 3] end
  return is_letter(chars[at + 1]) and is_letter(behind)
end

--- The end of the word that begins at `at`.
local function word_end(chars, at, options)
  at = at + 1
  while chars[at] and not SPACE[chars[at]] do
    if options.breaks_hyphens then
      if is_hyphen(chars, at) then return at end
      if dash_end(chars, at) then return at - 1 end
    end
    at = at + 1
  end
  return at - 1
end

local function space_end(chars, at)
  while SPACE[chars[at + 1]] do at = at + 1 end
  return at
end

--- The indivisible parts of a text, as ranges.
local function split(chars, options)
  local chunks, at = {}, 1
  while chars[at] do
    local last
    if SPACE[chars[at]] then
      last = space_end(chars, at)
    else
      last = options.breaks_hyphens and dash_end(chars, at) or word_end(chars, at, options)
    end
    chunks[#chunks + 1] = { from = at, to = last }
    at = last + 1
  end
  return chunks
end

local function size(chunk)
  return chunk.to - chunk.from + 1
end

local function is_blank(chars, chunk)
  for i = chunk.from, chunk.to do
    if not core.text.is(chars[i], "space") then return false end
  end
  return true
end

--- Where to cut a chunk of which `room` characters fit: behind its last hyphen, if something else
--- is before that.
local function cut_at(chars, chunk, room, options)
  local last = chunk.from + room - 1
  if not options.breaks_hyphens then return last end
  local hyphen = last
  while hyphen > chunk.from and chars[hyphen] ~= "-" do hyphen = hyphen - 1 end
  for i = chunk.from, hyphen - 1 do
    if chars[i] ~= "-" then return hyphen end
  end
  return last
end

--- The chunk at `at` is longer than any line: some of it, or all of it if words stay whole.
local function take_long(chars, chunks, at, line, options)
  local chunk = chunks[at]
  if options.breaks_words then
    local last = cut_at(chars, chunk, options.width - line.size, options)
    line[#line + 1] = { from = chunk.from, to = last }
    chunk.from = last + 1
  elseif #line == 0 then
    line[1] = chunk
    return at + 1
  end
  return at
end

--- The chunks of one line, and the index of the first chunk behind it.
local function take_line(chars, chunks, at, options)
  local line = { size = 0 }
  while chunks[at] and line.size + size(chunks[at]) <= options.width do
    line[#line + 1] = chunks[at]
    line.size = line.size + size(chunks[at])
    at = at + 1
  end
  if chunks[at] and size(chunks[at]) > options.width then
    at = take_long(chars, chunks, at, line, options)
  end
  if line[1] and is_blank(chars, line[#line]) then line[#line] = nil end
  return line, at
end

--- The lines of a text without line breaks.
---@param text string
---@param options perilune.wrap_options
---@return string[]
function wrap.lines(text, options)
  if options.width <= 0 then
    value.fail(("invalid width %d (must be > 0)"):format(options.width))
  end
  local chars = core.text.chars(text)
  local chunks, lines, at = split(chars, options), {}, 1
  while chunks[at] do
    if #lines > 0 and is_blank(chars, chunks[at]) then at = at + 1 end
    local line, behind = take_line(chars, chunks, at, options)
    at = behind
    if line[1] then lines[#lines + 1] = table.concat(chars, "", line[1].from, line[#line].to) end
  end
  return lines
end

return wrap
