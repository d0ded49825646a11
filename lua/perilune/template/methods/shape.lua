-- SPDX-License-Identifier: MIT

--- str: width, case and kind of characters.

local arguments = require "perilune.template.methods.arguments"
local core = require "perilune.core"
local value = require "perilune.template.value"

local length_of, integer = core.text.length, arguments.integer
local rep = string.rep

local shape = {}

for _, name in ipairs { "capitalize", "casefold", "lower", "swapcase", "title", "upper" } do
  shape[name] = core.text[name]
end

-- str.isX() by the name of its class in core.text.is
for _, class in ipairs { "alnum", "alpha", "ascii", "decimal", "digit", "identifier", "lower",
  "numeric", "printable", "space", "title", "upper" } do
  shape["is" .. class] = function(text) return core.text.is(text, class) end
end

local function filler(v)
  if v == nil then return " " end
  local fill = arguments.text(v, "The fill character must be a unicode character, not %s")
  if length_of(fill) ~= 1 then
    value.fail("The fill character must be exactly one character long")
  end
  return fill
end

--- A method that pads: `left_of(missing, width)` says how much of it goes in front.
local function padding(left_of)
  return function(text, width, fill)
    width, fill = integer(width), filler(fill)
    local missing = width - length_of(text)
    if missing <= 0 then return text end
    value.check_size(#text + missing * #fill)
    local left = left_of(missing, width)
    return rep(fill, left) .. text .. rep(fill, missing - left)
  end
end

shape.ljust = padding(function() return 0 end)
shape.rjust = padding(function(missing) return missing end)
-- An odd one goes to the left where the width is odd, too.
shape.center = padding(function(missing, width)
  return (missing - missing % 2) / 2 + (missing % 2) * (width % 2)
end)

function shape.zfill(text, width)
  local missing = integer(width) - length_of(text)
  if missing <= 0 then return text end
  value.check_size(#text + missing)
  local sign, rest = text:match("^([+-]?)(.*)$")
  return sign .. rep("0", missing) .. rest
end

function shape.expandtabs(text, tab)
  tab = math.max(integer(tab, 8), 0)
  local column, size = 0, 0
  return (text:gsub("[^\t]*\t?", function(part)
    local line = part:match("[^\r\n\t]*\t?$")
    column = (line == part and column or 0) + length_of(line)
    if part:sub(-1) ~= "\t" then return nil end
    column = column - 1
    local missing = tab > 0 and tab - column % tab or 0
    size, column = size + #part + missing, column + missing
    value.check_size(size)
    return part:sub(1, -2) .. rep(" ", missing)
  end))
end

return shape
