-- SPDX-License-Identifier: MIT

--- Text, output, `if`, `for`, and names that are set. That all ways come to the same place of the text
--- around, the compiler has proved.

local conditions = require "perilune.template.outline.conditions"
local places = require "perilune.template.outline.places"
local tree = require "perilune.template.code.tree"
local values = require "perilune.template.outline.values"

local statements = {}

local MAX_LOOPS = 8 -- within each other, as in core/script/outline_impl.h

local STATEMENTS = {}

---@param o perilune.outliner
---@param nodes perilune.template_node[]
function statements.body(o, nodes)
  for _, node in ipairs(nodes) do (STATEMENTS[node.kind] or o.give_up)(o, node) end
end

local body = statements.body

function STATEMENTS.Output(o, node)
  for _, item in ipairs(node.nodes) do
    if item.kind == "TemplateData" then
      o:put_data(item.data)
    else
      values.write(o, item)
    end
  end
end

function STATEMENTS.If(o, node)
  local state, over = o.state, {}
  local skips = conditions.skips(o, node.test, false)
  body(o, node.body)
  for _, branch in ipairs(node.elif_) do
    over[#over + 1] = o:add { op = "skip" }
    o:land(skips)
    o.state = state
    skips = conditions.skips(o, branch.test, false)
    body(o, branch.body)
  end
  if #node.else_ > 0 then
    over[#over + 1] = o:add { op = "skip" }
    o:land(skips)
    skips, o.state = {}, state
    body(o, node.else_)
  end
  o:land(skips)
  o:land(over)
end

local function has_loop(node)
  return tree.any(node, function(part) return part.kind == "Name" and part.name == "loop" end)
end

--- The body of a loop, in each round that its `if` lets through. What that leaves out, `loop` does
--- not count.
local function round(o, node)
  local skips = {}
  if node.test then
    if has_loop(node.body) or has_loop(node.test) or #node.else_ > 0 then o.give_up() end
    skips = conditions.skips(o, node.test, false)
  end
  body(o, node.body)
  o:land(skips)
end

function STATEMENTS.For(o, node)
  if node.recursive or node.target.kind ~= "Name" or #o.loops == MAX_LOOPS then o.give_up() end
  local place = places.find(o, node.iter)
  if not place then o.give_up() end
  local each = { o:add { op = "each", place = place } }
  o.loops[#o.loops + 1] = node.target.name
  round(o, node)
  o.loops[#o.loops] = nil
  o:add { op = "next" }
  if #node.else_ == 0 then return o:land(each) end
  local over = { o:add { op = "skip" } }
  o:land(each)
  body(o, node.else_)
  return o:land(over)
end

-- -- names that are set

--- A `set` at the top of a template gives a place another name. Not one that was asked for before: a loop
--- in front may have seen that of the context, or nothing.
local function set(o, node)
  local target = node.target
  if target.kind ~= "Name" or o.asked[target.name] or o.env.functions[target.name] ~= nil then o.give_up() end
  local constant, place = places.literal(node.node), nil
  if constant == nil then place, constant = places.find(o, node.node) end
  -- Found now, and what is wrong with it is wrong here.
  if place then o:add { op = "write", place = place, as = "nothing" } end
  o.set[target.name] = { place = place, constant = constant }
end

--- The whole template.
---@param o perilune.outliner
---@param nodes perilune.template_node[]
function statements.template(o, nodes)
  for _, node in ipairs(nodes) do
    if node.kind == "Assign" then set(o, node) else body(o, { node }) end
  end
end

return statements
