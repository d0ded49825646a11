-- SPDX-License-Identifier: MIT

--- Messages with the place that they are about:
---
---     order.json.j2:3:14: 'dict object' has no attribute 'lines'
---         "count": {{ order.lines.count }}
---                          ^

local source = require "perilune.template.syntax.source"

local report = {}

-- Characters of a long line that are shown in front of the place and from there on.
local BEFORE, BEHIND = 60, 40

local INDENT = "    "

local CHARACTER = "[%z\1-\127\194-\244][\128-\191]*"

local function line_of(text, number)
  local count = 0
  for line in (source.normalise(text) .. "\n"):gmatch("([^\n]*)\n") do
    count = count + 1
    if count == number then return line end
  end
  return nil
end

--- The line of a text with a caret below a column; nil when there is no such line.
---@param text string
---@param line integer
---@param column integer   in code points
---@return string|nil
function report.excerpt(text, line, column)
  local found = line_of(text, line)
  if not found then return nil end
  local characters = {}
  for character in found:gmatch(CHARACTER) do
    characters[#characters + 1] = character:find("^%c") and " " or character
  end
  local first = math.max(1, column - BEFORE)
  local last = math.min(#characters, column + BEHIND)
  local shown = table.concat(characters, "", first, last)
  return ("%s%s\n%s%s^"):format(INDENT, shown, INDENT, (" "):rep(column - first))
end

--- A message with its place and the line of the template.
---@param place { name: string, text: string, line: integer, column: integer, first: integer }
---  `first`: the line in its file in which the text begins
---@param message string
---@return string
function report.located(place, message)
  local head = ("%s:%d:%d: %s"):format(place.name, place.line + place.first - 1, place.column,
    message)
  local excerpt = report.excerpt(place.text, place.line, place.column)
  return excerpt and head .. "\n" .. excerpt or head
end

return report
