-- SPDX-License-Identifier: MIT

--- str: what looks for a part of a text. Places are code points from 0, as in Python.

local arguments = require "perilune.template.methods.arguments"
local core = require "perilune.core"
local value = require "perilune.template.value"

local bound, text_of = arguments.bound, arguments.text
local length_of, sub = core.text.length, core.text.sub

local search = {}

--- The part of a text from `first` to `last`, and where it begins; nil when it ends before that.
local function window(text, first, last)
  if first == nil and last == nil then return text, 0 end
  local length = length_of(text)
  local from, to = bound(first, length, 0), math.min(bound(last, length, length), length)
  if from > to then return nil, from end
  if from == to then return "", from end
  return sub(text, from + 1, to), from
end

--- Where `part` begins last in a text, in bytes.
local function find_last(text, part)
  local at = text:reverse():find(part:reverse(), 1, true)
  return at and #text - (at - 1) - #part + 1
end

local function find_first(text, part)
  return (text:find(part, 1, true))
end

local function locate(text, part, first, last, find)
  part = text_of(part, "must be str, not %s")
  local within, from = window(text, first, last)
  local at = within and find(within, part)
  return at and from + length_of(within:sub(1, at - 1)) or -1
end

function search.find(text, part, first, last)
  return locate(text, part, first, last, find_first)
end

function search.rfind(text, part, first, last)
  return locate(text, part, first, last, find_last)
end

local function found(at)
  if at < 0 then value.fail("substring not found") end
  return at
end

function search.index(text, part, first, last)
  return found(locate(text, part, first, last, find_first))
end

function search.rindex(text, part, first, last)
  return found(locate(text, part, first, last, find_last))
end

--- How often `part`, which is not empty, is in a text; no byte counts twice.
local function occurrences(text, part)
  local count, at, to = 0, text:find(part, 1, true)
  while at do
    count = count + 1
    at, to = text:find(part, to + 1, true)
  end
  return count
end

function search.count(text, part, first, last)
  part = text_of(part, "must be str, not %s")
  local within = window(text, first, last)
  if not within then return 0 end
  return part == "" and length_of(within) + 1 or occurrences(within, part)
end

local function is_prefix(text, part)
  return text:sub(1, #part) == part
end

local function is_suffix(text, part)
  return part == "" or text:sub(-#part) == part
end

--- Does the text have one of the parts (a str, or a tuple of them) at its end?
local function has(name, is_at_end)
  local wants_text = name .. " first arg must be str or a tuple of str, not %s"
  local wants_texts = ("tuple for %s must only contain str, not %%s"):format(name)
  return function(text, part, first, last)
    local within = window(text, first, last)
    if value.kind(part) ~= "tuple" then
      part = text_of(part, wants_text)
      return within ~= nil and is_at_end(within, part)
    end
    for i = 1, #part do
      local one = text_of(part[i], wants_texts)
      if within and is_at_end(within, one) then return true end
    end
    return false
  end
end

search.startswith = has("startswith", is_prefix)
search.endswith = has("endswith", is_suffix)

--- What is between the places of a separator, of which at most `most` count.
---@param text string
---@param separator string   not empty
---@param most number
---@return string[]
function search.parts(text, separator, most)
  local parts, from = {}, 1
  while #parts < most do
    local at, to = text:find(separator, from, true)
    if not at then break end
    parts[#parts + 1] = text:sub(from, at - 1)
    from = to + 1
  end
  parts[#parts + 1] = text:sub(from)
  return parts
end

--- The new text before every character, and at the end.
local function interspersed(text, new, count)
  local parts = core.text.chars(text)
  local head, rest = {}, ""
  for i = 1, #parts do
    if i > count then
      rest = table.concat(parts, "", i)
      break
    end
    head[i] = new .. parts[i]
  end
  if count > #parts then rest = new end
  return table.concat(head) .. rest
end

function search.replace(text, old, new, count)
  old = text_of(old, "replace() argument 1 must be str, not %s")
  new = text_of(new, "replace() argument 2 must be str, not %s")
  count = arguments.integer(count, -1)
  local most = old == "" and length_of(text) + 1 or occurrences(text, old)
  if count < 0 or count > most then count = most end
  value.check_size(#text + count * (#new - #old))
  if old == "" then return interspersed(text, new, count) end
  return table.concat(search.parts(text, old, count), new)
end

function search.removeprefix(text, prefix)
  prefix = text_of(prefix, "removeprefix() argument must be str, not %s")
  return is_prefix(text, prefix) and text:sub(#prefix + 1) or text
end

function search.removesuffix(text, suffix)
  suffix = text_of(suffix, "removesuffix() argument must be str, not %s")
  return is_suffix(text, suffix) and text:sub(1, -#suffix - 1) or text
end

search.find_last = find_last

return search
