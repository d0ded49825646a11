-- SPDX-License-Identifier: MIT

--- What compiled templates call. `rt` belongs to one rendering:
---
---     env          the environment, for names that are known only now
---     loops        rounds of loops, and calls, that are left
---     depth        calls of macros, blocks, includes and recursive loops that are open
---     autoescape   is HTML escaped where the template stands now?
---     modules      templates that this rendering has imported
---
--- Nothing here names a place: who renders asks which line of the template's code was running.

local core = require "perilune.core"
local objects = require "perilune.template.objects"
local templates = require "perilune.template.runtime.templates"
local value = require "perilune.template.value"

local PARTS = {
  require "perilune.template.runtime.calls",
  require "perilune.template.runtime.limits",
  require "perilune.template.runtime.lookup",
  require "perilune.template.runtime.writing",
  templates,
}

local runtime = { context = templates.context }

---@class perilune.template_runtime
---@field env perilune.template_environment
---@field loops integer
---@field depth integer
---@field max_depth integer
---@field max_output integer
---@field autoescape boolean
---@field modules? table

--- The state of a new rendering: one that is not used any more, or a new one.
---@param env perilune.template_environment
---@return perilune.template_runtime
function runtime.take(env)
  local limits, free = core.limits, env.runtimes
  local rt = free[#free]
  if rt then
    free[#free] = nil
  else
    rt = { env = env, loops = 0, depth = 0, max_depth = 0, max_output = 0, autoescape = false, modules = nil }
  end
  rt.loops, rt.max_depth, rt.max_output = limits.template_loops, limits.template_depth, limits.template_output
  return rt
end

--- The rendering is over. One that failed is not given back.
---@param rt perilune.template_runtime
function runtime.give(rt)
  local free = rt.env.runtimes
  rt.depth, rt.autoescape, rt.modules = 0, false, nil
  free[#free + 1] = rt
end

--- What compiled code sees, by the names that it uses.
local helpers = {
  null = value.null, text = value.text, shown = value.shown, truthy = value.truthy,
  equal = value.equal, compare = value.compare, contains = value.contains, add = value.add, sub = value.sub,
  mul = value.mul, div = value.div, floordiv = value.floordiv, mod = value.mod, pow = value.pow,
  neg = value.neg, pos = value.pos, slice = value.slice, sequence = value.sequence,
  live_count = value.live_count, list = value.list, tuple = value.tuple, markup = value.markup,
  fail = value.fail, macro = objects.macro, new_loop = objects.loop,
  set_attribute = objects.set_attribute,
}

for _, part in ipairs(PARTS) do
  for name, helper in pairs(part) do helpers[name] = helper end
end

runtime.helpers = helpers

return runtime
