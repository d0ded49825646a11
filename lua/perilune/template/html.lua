-- SPDX-License-Identifier: MIT

--- HTML as far as templates know it: text without tags, and character references. What Markup's
--- striptags() and unescape() do.

local entities = require "perilune.template.html.entities"
local split = require "perilune.template.methods.split"

local html = {}

--- The text without what stands between the two marks, marks included. One that never ends stays.
local function without(text, open, close)
  local parts, at = {}, 1
  while true do
    local first, opened = text:find(open, at, true)
    if not first then break end
    local _, last = text:find(close, opened + 1, true)
    if not last then break end
    parts[#parts + 1] = text:sub(at, first - 1)
    at = last + 1
  end
  parts[#parts + 1] = text:sub(at)
  return table.concat(parts)
end

--- The text without comments and tags, white space as single spaces, references resolved.
---@param text string
---@return string
function html.strip_tags(text)
  text = without(without(text, "<!--", "-->"), "<", ">")
  return html.unescape(table.concat(split.split(text), " "))
end

--- The text with its character references resolved, as browsers do: "&lt;", "&copy", "&#x41;".
---@param text string
---@return string
function html.unescape(text)
  if not text:find("&", 1, true) then return text end
  return (text:gsub("&(#?[^\t\n\f <&#;]*;?)", entities.resolve))
end

return html
