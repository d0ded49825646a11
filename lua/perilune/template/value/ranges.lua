-- SPDX-License-Identifier: MIT

--- The numbers of a range, without making them: objects with `start`, `stop`, `step`, whole Lua
--- numbers, step not 0.

local ranges = {}

---@class perilune.range
---@field start number
---@field stop number
---@field step number

--- How many numbers it has.
---@param range perilune.range
---@return integer
function ranges.length(range)
  return math.max(0, math.ceil((range.stop - range.start) / range.step))
end

--- The number at an index from 0.
---@param range perilune.range
---@param index integer
---@return number
function ranges.at(range, index)
  return range.start + index * range.step
end

---@param range perilune.range
---@param n number
---@return boolean
function ranges.contains(range, n)
  local index = (n - range.start) / range.step
  return index == math.floor(index) and index >= 0 and index < ranges.length(range)
end

--- The range of its numbers from index `first` (from 0) to before `last`, in steps.
---@return perilune.range
function ranges.slice(range, first, last, step)
  local part = { start = ranges.at(range, first), stop = ranges.at(range, last) }
  part.step = range.step * step
  return setmetatable(part, getmetatable(range))
end

--- Its numbers in a table.
---@return number[]
function ranges.items(range)
  local items = {}
  for i = 1, ranges.length(range) do items[i] = ranges.at(range, i - 1) end
  return items
end

return ranges
