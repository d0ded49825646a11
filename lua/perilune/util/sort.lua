-- SPDX-License-Identifier: MIT

--- A stable sort in place: table.sort is not stable, and cannot bear orders that contradict
--- themselves (of NaN, of what a script says). Merges runs that double in width.

local budget = require "perilune.util.budget"

local sort = {}

-- Items that are merged, from one question for the time to the next.
local ROUND = 256

--- Merges the sorted runs from[low..middle-1] and from[middle..high] into to[low..high].
local function merge(from, to, low, middle, high, is_before)
  local left, right = low, middle
  for i = low, high do
    if i % ROUND == 0 then budget.poll() end
    if left < middle and (right > high or not is_before(from[right], from[left])) then
      to[i], left = from[left], left + 1
    else
      to[i], right = from[right], right + 1
    end
  end
end

--- Sorts the list; items of which none is before the other stay in their order.
---@generic T
---@param list T[]
---@param is_before fun(a: T, b: T): boolean
function sort.stable(list, is_before)
  local count, width = #list, 1
  local from, to = list, {}
  while width < count do
    for low = 1, count, 2 * width do
      merge(from, to, low, math.min(low + width, count + 1), math.min(low + 2 * width - 1, count),
        is_before)
    end
    from, to, width = to, from, 2 * width
  end
  if from == list then return end
  for i = 1, count do list[i] = from[i] end
end

return sort
