-- SPDX-License-Identifier: MIT

--- Does a text need no change? Most values that are written do not: they hold nothing to escape, or
--- are ASCII. The answer is one call of C that LuaJIT compiles, where string.find would end a trace.
---
---     local is_ascii = span.predicate("%z\1-\127")
---     is_ascii("abc")    --> true

local core = require "perilune.core"
local ffi = require "ffi"

local span = {}

local is_within = ffi.cast("bool (*)(const char *, size_t, const uint8_t *)", core.span)

--- A function that says whether all bytes of a text are in a set, given as the inside of brackets of
--- a Lua pattern.
---@param set string
---@return fun(text: string): boolean
function span.predicate(set)
  local bytes, pattern = ffi.new("uint8_t[256]"), "[" .. set .. "]"
  for i = 0, 255 do bytes[i] = string.char(i):find(pattern) and 1 or 0 end
  return function(text)
    return is_within(text, #text, bytes)
  end
end

--- Only ASCII?
span.is_ascii = span.predicate("%z\1-\127")

return span
