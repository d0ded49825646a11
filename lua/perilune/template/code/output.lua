-- SPDX-License-Identifier: MIT

--- The coder and output: a buffer for each text that is made, and what is put into it. What follows
--- one another is put by one call.

local emitter = require "perilune.template.code.emitter"

local quote = emitter.quote

local output = {}

-- Texts of one call, which are registers of Lua's.
local MAX_RUN = 40

local function replace_line(lines, old, new)
  for i = #lines, 1, -1 do
    if lines[i] == old then
      lines[i] = new
      return
    end
  end
end

--- A buffer that nothing was written to is not needed.
local function text_of(self, buffer)
  if buffer.flushes == 0 and not buffer.is_shared then
    replace_line(self.e.lines, buffer.declaration, "")
    return '""'
  end
  return ("taken(rt, out%d)"):format(buffer.number)
end

--- Runs `write` with a new buffer; the code of the text that was written, and the buffer's number.
function output:captured(write)
  self.buffers = self.buffers + 1
  local outer = self.buffer
  local buffer = { number = self.buffers, run = {}, flushes = 0 }
  buffer.declaration = ("local out%d = take(rt)"):format(buffer.number)
  if self.is_traced then
    buffer.declaration = buffer.declaration .. ("; local marks%d = {}"):format(buffer.number)
  end
  self.buffer = buffer
  self.e:line(buffer.declaration)
  write()
  self:flush()
  self.buffer = outer
  return text_of(self, buffer), buffer.number
end

--- Writes what is waiting into the buffer, as line `at` (default: the next).
function output:flush(at)
  local buffer = self.buffer
  if #buffer.run == 0 then return end
  local line = ("out%d:put(%s)"):format(buffer.number, table.concat(buffer.run, ", "))
  buffer.flushes = buffer.flushes + 1
  buffer.run = {}
  table.insert(self.e.lines, at or #self.e.lines + 1, line)
end

--- Appends code of a text to the buffer. Lines from `first` on were written for it, and come behind
--- what is waiting.
function output:append(code, node, first)
  local run = self.buffer.run
  if #run >= MAX_RUN or first and #self.e.lines >= first then self:flush(first) end
  self.buffer.run[#self.buffer.run + 1] = code
  if self.is_traced then
    self:flush()
    local k = self.buffer.number
    self.e:line("mark(marks%d, #out%d, %s)", k, k, self.e:constant({
      line = node.line, column = node.column, is_text = node.kind == "TemplateData",
    }))
  end
end

--- Literal text.
function output:append_data(text, node)
  if self.place then self.place, text = self.rules.feed(self.place, text) end
  if text ~= "" then self:append(quote(text), node) end
end

--- Is a value written as JSON at the current place?
function output:writes_json() return self.place and self.rules.writer(self.place) == "json_value" end

--- The place is behind a value.
function output:pass_value() self.place = self.rules.after_value(self.place) end

--- Code that writes a value at the current place, as that place asks for it. `filter`: the one that
--- gave the value, if one did.
function output:written(code, filter)
  if self.place then
    local writer = self.rules.writer(self.place, filter)
    self:pass_value()
    return ("W.%s(%s)"):format(writer, code)
  end
  if self.autoescape == "volatile" then return ("escaped_in(rt, %s)"):format(code) end
  return (self.autoescape and "escaped(%s)" or "shown(%s)"):format(code)
end

return output
