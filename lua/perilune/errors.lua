-- SPDX-License-Identifier: MIT

--- Mistakes of a gateway folder, collected: all of them, each with its file and line.

local errors = {}

local LUA_IDSIZE = 60 -- of luaconf.h

---@class perilune.fault
---@field file string
---@field line integer   0: the file as a whole
---@field column? integer
---@field message string   may go on with lines that show the place

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
---@param column? integer
function Faults:add(file, line, message, column)
  local key = ("%s:%d:%d:%s"):format(file, line, column or 0, message)
  if self.seen[key] then return end
  self.seen[key] = true
  local fault = { file = file, line = line, column = column, message = message }
  self.items[#self.items + 1] = fault
end

--- Is there a fault of this line?
---@param file string
---@param line integer
---@return boolean
function Faults:has(file, line)
  for _, fault in ipairs(self.items) do
    if fault.file == file and fault.line == line then return true end
  end
  return false
end

--- Adds a mistake that template.compile gave.
---@param file string
---@param fault perilune.template_fault
function Faults:add_template(file, fault)
  self:add(file, fault.line, fault.message .. fault.excerpt, fault.column)
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

--- The text of anything that was raised: a string, or a table with a message (core.fail). What is
--- neither has no place of its own, and gets `where`.
---@param raised any
---@param where? string
---@return string
function errors.text(raised, where)
  if type(raised) == "table" and rawget(raised, "message") then return tostring(raised.message) end
  if type(raised) == "string" then return raised end
  return ("%sa script raised a %s instead of a message"):format(where and where .. ": " or "",
    type(raised))
end

--- A file's name as LuaJIT has it in messages: of a long one only the end.
local function shown(file)
  return #file < LUA_IDSIZE and file or "..." .. file:sub(4 - LUA_IDSIZE)
end

--- Takes "file:line: message" or "file:line:column: message" apart when the message begins with
--- this file.
---@param file string
---@param text string
---@return integer line   0 when the text names no line of the file
---@return string message
---@return integer|nil column
function errors.split(file, text)
  local prefix = shown(file) .. ":"
  if text:sub(1, #prefix) ~= prefix then return 0, text end
  local line, column, message = text:match("^(%d+):(%d+): (.*)$", #prefix + 1)
  if line then return tonumber(line), message, tonumber(column) end
  line, message = text:match("^(%d+): (.*)$", #prefix + 1)
  if line then return tonumber(line), message end
  return 0, text
end

--- Adds what a file or template raised.
---@param file string
---@param raised any
function Faults:add_raised(file, raised)
  local line, message, column = errors.split(file, errors.text(raised))
  self:add(file, line, message, column)
end

return errors
