-- SPDX-License-Identifier: MIT

--- Which place, or which constant, a chain of names is: a.b["c"][0], or its length, or its text in another
--- case.

local core = require "perilune.core"
local methods = require "perilune.template.methods"
local numbers = require "perilune.template.value.number"
local value = require "perilune.template.value"

local places = {}

local COUNTERS = {
  index = true, index0 = true, revindex = true, revindex0 = true, length = true, first = true,
  last = true,
}
local MAX_DIGITS = 15 -- integers of more are exact numbers
local DICT = core.json.object() -- what an object of a document has as methods, this has

-- -- constants

local CONSTANTS = {
  string = function(node) return node.value end,
  bool = function(node) return node.value end,
  none = function() return value.null end,
  int = function(node) return #node.value <= MAX_DIGITS and tonumber(node.value) or nil end,
}

--- The value of a literal; nil for what is none, or one that computing could change.
---@param node perilune.template_node
---@return any
function places.literal(node)
  if node.kind == "Const" and CONSTANTS[node.type] then return CONSTANTS[node.type](node) end
  return nil
end

--- The double of a number that is compared with: a literal, which may have a sign; nil for others.
---@param node perilune.template_node
---@return number|nil
function places.number(node)
  if node.kind == "Neg" then
    local n = places.number(node.node)
    return n and -n
  end
  if node.kind ~= "Const" or node.type ~= "int" and node.type ~= "float" then return nil end
  return (node.type == "float" or #node.value <= MAX_DIGITS) and numbers.double(node.value) or nil
end

-- -- chains

--- The step of a subscript: a name that paths can have, an index from 0; nil for others.
local function subscript(arg)
  local key = places.literal(arg)
  if type(key) == "string" then return key ~= "" and not key:find(".", 1, true) and key or nil end
  return type(key) == "number" and key or nil
end

--- The first name of a chain, and the steps behind it; nil for what is no chain.
local function chain_of(node)
  local steps = {}
  while node.kind == "Getattr" or node.kind == "Getitem" do
    local step
    if node.kind == "Getattr" then step = node.attr else step = subscript(node.arg) end
    if step == nil then return nil end
    table.insert(steps, 1, step)
    node = node.node
  end
  if node.kind ~= "Name" then return nil end
  return node.name, steps
end

--- Is a value undefined whose last step finds nothing? Else it may be a method.
local function may_miss(steps)
  local last = steps[#steps]
  return type(last) == "number" or last ~= nil and not methods.find(DICT, last)
end

local function place_in_loop(loop, steps)
  local place = { unpack(steps) }
  place.loop, place.may_miss = loop, may_miss(steps)
  return place
end

--- Is the value of a place not one of the document, but made of it?
---@param place table
---@return boolean
function places.is_made(place) return (place.counter or place.is_length or place.casing) and true or false end

--- What is in a name that was set, or that itself.
local function place_in_set(o, set, steps)
  if not set.place then
    if #steps > 0 then o.give_up() end
    return nil, set.constant
  end
  local place = {}
  for key, v in pairs(set.place) do place[key] = v end
  for _, step in ipairs(steps) do place[#place + 1] = step end
  if #steps > 0 and places.is_made(place) then o.give_up() end
  if #steps > 0 then place.may_miss = may_miss(steps) end
  return place
end

local function counter(o, steps)
  if #steps ~= 1 or not COUNTERS[steps[1]] then o.give_up() end
  return { loop = #o.loops, counter = steps[1] }
end

--- The chain as the context knows it: up to its first index, and what is behind.
local function split(name, steps)
  local names, rest = { name }, {}
  for _, step in ipairs(steps) do
    local list = (#rest > 0 or type(step) == "number") and rest or names
    list[#list + 1] = step
  end
  return table.concat(names, "."), rest
end

local function place_in_document(o, name, steps)
  local chain, rest = split(name, steps)
  local path, known = o.resolve(chain)
  if not path then
    if known == nil or #rest > 0 then o.give_up() end
    return nil, known
  end
  local place = {}
  for step in (path .. "."):gmatch("(.-)%.") do place[#place + 1] = step end
  for _, step in ipairs(rest) do place[#place + 1] = step end
  if #steps > 0 then place.may_miss = may_miss(steps) else place.may_miss = known == true end
  return place
end

--- The innermost loop whose target has the name.
local function loop_of(o, name)
  for i = #o.loops, 1, -1 do
    if o.loops[i] == name then return i end
  end
  return nil
end

-- Filters that ask for something else than the value: what their places have then.
local MADE = {
  length = { "is_length", true }, count = { "is_length", true },
  upper = { "casing", "upper" }, lower = { "casing", "lower" }, capitalize = { "casing", "capitalize" },
}

places.FILTERS = MADE

--- x|length, x|upper
local function filtered(o, node)
  if not o:is_built_in("filters", node, MADE) or not o.is_bare(node) then o.give_up() end
  local place, made = places.find(o, node.node), MADE[node.name]
  if not place or places.is_made(place) then return o.give_up() end
  place[made[1]] = made[2]
  return place
end

--- The place of a chain, or nil and its value when that is known already. Gives up for all else.
---@param o perilune.outliner
---@param node perilune.template_node
---@return table|nil place
---@return any constant
function places.find(o, node)
  if node.kind == "Filter" then return filtered(o, node) end
  local name, steps = chain_of(node)
  if not name then return nil, o.give_up() end
  local loop = loop_of(o, name)
  if loop then return place_in_loop(loop, steps) end
  if name == "loop" and #o.loops > 0 then return counter(o, steps) end
  if o.set[name] then return place_in_set(o, o.set[name], steps) end
  if name == "self" or o.env.functions[name] ~= nil then o.give_up() end
  o.asked[name] = true
  return place_in_document(o, name, steps)
end

return places
