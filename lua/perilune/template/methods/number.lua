-- SPDX-License-Identifier: MIT

--- Methods of int (and bool) and float.

local arguments = require "perilune.template.methods.arguments"
local core = require "perilune.core"
local number = require "perilune.template.value.number"

local function bit_length(v)
  local decimal = type(v) == "boolean" and (v and "1" or "0") or number.text(v)
  local bits = core.integer.format(decimal, 2):gsub("^%-", "")
  return bits == "0" and 0 or #bits
end

local function is_integer(v)
  local n = number.to_double(v)
  return n == math.floor(n) and math.abs(n) ~= math.huge
end

return {
  int = { bit_length = arguments.positional("int", "bit_length", 0, 0, bit_length) },
  float = { is_integer = arguments.positional("float", "is_integer", 0, 0, is_integer) },
}
