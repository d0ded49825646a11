-- SPDX-License-Identifier: MIT

--- Mistakes of a gateway folder, collected: all of them, each with its file and line.

local errors = {}

---@class perilune.fault
---@field file string
---@field line integer   0: the file as a whole
---@field message string

---@class perilune.faults
---@field items perilune.fault[]
---@field seen table<string, boolean>
local Faults = {}
Faults.__index = Faults

---@return perilune.faults
function errors.collector()
  return setmetatable({ items = {}, seen = {} }, Faults)
end

--- Adds a fault; the same one twice counts once.
---@param file string
---@param line integer
---@param message string
function Faults:add(file, line, message)
  local key = ("%s:%d:%s"):format(file, line, message)
  if self.seen[key] then return end
  self.seen[key] = true
  self.items[#self.items + 1] = { file = file, line = line, message = message }
end

--- All of them, by file and line.
---@return perilune.fault[]
function Faults:sorted()
  local order = {}
  for i, fault in ipairs(self.items) do order[fault] = i end
  table.sort(self.items, function(a, b)
    if a.file ~= b.file then return a.file < b.file end
    if a.line ~= b.line then return a.line < b.line end
    return order[a] < order[b]
  end)
  return self.items
end

--- The text of anything that was raised: a string, or a table with a message (core.fail).
---@param raised any
---@return string
function errors.text(raised)
  if type(raised) == "table" and raised.message then return tostring(raised.message) end
  return tostring(raised)
end

--- Takes "file:line: message" apart when the message begins with this file.
---@param file string
---@param text string
---@return integer line   0 when the text names no line of the file
---@return string message
function errors.split(file, text)
  local prefix = file .. ":"
  if text:sub(1, #prefix) == prefix then
    local line, message = text:sub(#prefix + 1):match("^(%d+): (.*)$")
    if line then return tonumber(line), message end
  end
  return 0, text
end

return errors
