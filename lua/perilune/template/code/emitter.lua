-- SPDX-License-Identifier: MIT

--- Lua source being written: functions P[1], P[2]... that all stand side by side at the top level
--- of a chunk, so that nothing nests deeper than one function does, and constants K[1], K[2]...
---
--- Every call that may fail is put on a line of its own (`at`), and the emitter keeps of which place
--- of the template each line is: that is how errors find their way back.

local core = require "perilune.core"

local emitter = {}

-- In front of a line that belongs to a place: \1, the number of the place, \2.
local MARK = "\n\1%d\2"

--- Spelled so that it is one line of Lua source.
---@param text string
---@return string
function emitter.quote(text)
  return (("%q"):format(text):gsub("\\\n", "\\n"))
end

---@class perilune.emitter
---@field functions string[]   finished, by number
---@field lines string[]       of the function being written
---@field depth integer        blocks of it that are open
---@field temporaries integer  in it
---@field enclosing table[]    functions that wait for an inner one to be finished
---@field keeps_temporaries boolean
---@field constants any[]
---@field places table[]       { line, column } of the template
---@field place_of table<table, integer>
local Emitter = {}
Emitter.__index = Emitter

--- `keeps_temporaries`: in tables, of which there is no end, instead of in locals.
---@param keeps_temporaries boolean
function emitter.new(keeps_temporaries)
  return setmetatable({
    keeps_temporaries = keeps_temporaries,
    functions = {}, lines = {}, depth = 0, temporaries = 0, enclosing = {}, constants = {},
    places = {}, place_of = {},
  }, Emitter)
end

--- Begins a function; what is written goes there until `finish`. Its number.
---@param parameters string
---@return integer
function Emitter:begin(parameters)
  local number = #self.functions + 1
  self.functions[number] = "" -- the number is taken
  self.enclosing[#self.enclosing + 1] = {
    lines = self.lines, depth = self.depth, temporaries = self.temporaries, number = number,
  }
  self.depth, self.temporaries = 1, 0
  self.lines = { ("P[%d] = function(%s)"):format(number, parameters) }
  if self.keeps_temporaries then self:line("local T = {}") end
  return number
end

--- The number of the function being written.
function Emitter:current() return self.enclosing[#self.enclosing].number end

function Emitter:finish()
  local saved = table.remove(self.enclosing)
  self.lines[#self.lines + 1] = "end"
  self.functions[saved.number] = table.concat(self.lines, "\n")
  self.lines, self.depth, self.temporaries = saved.lines, saved.depth, saved.temporaries
end

--- Gives up the functions begun since #enclosing was `level`.
function Emitter:abandon(level)
  while #self.enclosing > level do self:finish() end
end

function Emitter:line(code, ...)
  self.lines[#self.lines + 1] = select("#", ...) > 0 and code:format(...) or code
end

--- A line that begins a block; `close` ends it.
function Emitter:open(code, ...)
  self:line(code, ...)
  self.depth = self.depth + 1
end

function Emitter:close(code)
  self.depth = self.depth - 1
  self:line(code or "end")
end

--- A local (or the like) with the value of the code, or without a value.
---@param code? string
---@param before? integer   the line that it is put in front of (default: behind all)
---@return string name
function Emitter:temporary(code, before)
  self.temporaries = self.temporaries + 1
  local name, keyword = "t" .. self.temporaries, "local "
  if self.keeps_temporaries then name, keyword = ("T[%d]"):format(self.temporaries), "" end
  local line = ("%s%s = %s"):format(keyword, name, code or "nil")
  table.insert(self.lines, before or #self.lines + 1, line)
  return name
end

--- Runs `write`; when that needs temporaries they are in a block, for they end with it: Lua allows
--- but 200 locals at a time.
function Emitter:scoped(write)
  local first, temporaries = #self.lines + 1, self.temporaries
  self.depth = self.depth + 1
  write()
  self.depth = self.depth - 1
  if self.temporaries > temporaries then
    table.insert(self.lines, first, "do")
    self:line("end")
  end
end

--- Code that stands for a value which Lua source cannot spell.
function Emitter:constant(v)
  self.constants[#self.constants + 1] = v
  return ("K[%d]"):format(#self.constants)
end

--- The number of a place of the template.
---@param node perilune.template_node
---@return integer
function Emitter:place(node)
  local number = self.place_of[node]
  if not number then
    number = #self.places + 1
    self.places[number] = { line = node.line, column = node.column }
    self.place_of[node] = number
  end
  return number
end

--- The code on a line of its own that belongs to the place of a node.
---@param node perilune.template_node
---@param code string
---@return string
function Emitter:at(node, code)
  return MARK:format(self:place(node)) .. code
end

--- Puts all together.
---@param header string
---@param footer string
---@return string source
---@return table<integer, table> positions   { line, column } by line of the source
function Emitter:assemble(header, footer)
  local marked = header .. table.concat(self.functions, "\n") .. "\n" .. footer
  local parts, positions, count = {}, {}, 0
  for text in marked:gmatch("([^\n]*)\n") do
    count = count + 1
    local number, code = text:match("^\1(%d+)\2(.*)$")
    positions[count] = self.places[tonumber(number)]
    parts[count] = code or text
  end
  return table.concat(parts, "\n") .. "\n", positions
end

--- Loads the source of a chunk. Nil and Lua's reason when it is too much for Lua.
---@param source string
---@param name string
---@return function|nil
---@return string|nil
function emitter.load(source, name)
  return core.load(source, "=" .. name, {})
end

return emitter
