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

--- What stands behind a message: "\n", the line of a text, and a caret below a column; "" when
--- there is no such line.
---@param text string
---@param line integer
---@param column integer   in code points
---@return string
function report.excerpt(text, line, column)
  local found = line_of(text, line)
  if not found then return "" end
  local characters = {}
  for character in found:gmatch(CHARACTER) do
    characters[#characters + 1] = character:find("^%c") and " " or character
  end
  local first = math.max(1, column - BEFORE)
  local last = math.min(#characters, column + BEHIND)
  local shown = table.concat(characters, "", first, last)
  return ("\n%s%s\n%s%s^"):format(INDENT, shown, INDENT, (" "):rep(column - first))
end

--- A message with its place and the line of the template.
---@param name string      of the file
---@param line integer     in the file
---@param column integer
---@param message string
---@param excerpt string   of report.excerpt
---@return string
function report.located(name, line, column, message, excerpt)
  return ("%s:%d:%d: %s%s"):format(name, line, column, message, excerpt)
end

return report
