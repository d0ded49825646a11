-- SPDX-License-Identifier: MIT

--- What one rendering may use: rounds of loops, calls, and calls within calls.

local budget = require "perilune.util.budget"
local core = require "perilune.core"
local value = require "perilune.template.value"

local fail = value.fail

local limits = {}

--- Takes rounds of a loop from what the rendering has.
function limits.spend(rt, count)
  budget.poll()
  rt.loops = rt.loops - count
  if rt.loops < 0 then
    fail(("the loops of the template make more rounds than the %d of limits.template_loops"):format(
      core.limits.template_loops))
  end
end

--- Calls count, too: a macro that calls itself twice has no end, however few levels it is deep.
function limits.enter(rt)
  budget.poll()
  rt.depth, rt.loops = rt.depth + 1, rt.loops - 1
  if rt.depth > rt.max_depth then
    fail(("macros, blocks, includes and loops call one another deeper than the %d levels of"
      .. " limits.template_depth"):format(rt.max_depth))
  elseif rt.loops < 0 then
    fail(("macros, blocks, includes and loops are called more often than the %d times of"
      .. " limits.template_loops"):format(core.limits.template_loops))
  end
end

function limits.leave(rt) rt.depth = rt.depth - 1 end

--- What loops call now and then.
limits.poll = budget.poll

return limits
