-- SPDX-License-Identifier: MIT

--- Conditions as tests that skip. `and`, `or` and `not` are where the skips lead:
---
---     {% if a and not b %}x{% endif %}     test a, skip 3 when false
---                                          test b, skip 2 when true
---                                          put  x

local places = require "perilune.template.outline.places"
local value = require "perilune.template.value"

local conditions = {}

local CONDITIONS = {}

--- Adds operations that skip when the truth of a node is `when`, and otherwise go on behind. Their
--- numbers, for who knows where they skip to.
---@param o perilune.outliner
---@param node perilune.template_node
---@param when boolean
---@return integer[]
function conditions.skips(o, node, when)
  return (CONDITIONS[node.kind] or o.give_up)(o, node, when)
end

local skips = conditions.skips

--- Skips, or not, whatever the document has.
local function known(o, is_true, when)
  return (is_true == when) and { o:add { op = "skip" } } or {}
end

local function test(o, name, place, when, fields)
  fields = fields or {}
  fields.op, fields.test, fields.place, fields.when = "test", name, place, when
  return { o:add(fields) }
end

-- -- truth

local function truth(o, node, when)
  local place, constant = places.find(o, node)
  if not place then return known(o, value.truthy(constant), when) end
  return test(o, "truthy", place, when)
end

CONDITIONS.Name, CONDITIONS.Getattr, CONDITIONS.Getitem = truth, truth, truth
CONDITIONS.Filter = truth -- of what places know

function CONDITIONS.Const(o, node, when)
  local v = places.literal(node)
  if v == nil then o.give_up() end
  return known(o, value.truthy(v), when)
end

-- -- and, or, not

local function append(list, more)
  for _, number in ipairs(more) do list[#list + 1] = number end
  return list
end

--- The outcome of one side that decides is `decisive`: false of `and`, true of `or`.
local function junction(decisive)
  return function(o, node, when)
    local left = skips(o, node.left, decisive)
    local right = skips(o, node.right, when)
    if when == decisive then return append(left, right) end
    o:land(left)
    return right
  end
end

CONDITIONS.And, CONDITIONS.Or = junction(false), junction(true)

function CONDITIONS.Not(o, node, when) return skips(o, node.node, not when) end

-- -- comparisons

-- What `a op b` is with its sides changed.
local MIRRORED = { ["=="] = "==", ["!="] = "!=", ["<"] = ">", [">"] = "<", ["<="] = ">=", [">="] = "<=" }

-- Tests of order, and whether they hold when the comparison does not.
local ORDER = {
  ["<"] = { "less", false }, ["<="] = { "less_or_equal", false },
  [">"] = { "less_or_equal", true }, [">="] = { "less", true },
}

--- A place, or what is known: a literal, or what a chain stands for.
local function side(o, node)
  local constant = places.number(node)
  if constant == nil then constant = places.literal(node) end
  if constant ~= nil then return nil, constant end
  return places.find(o, node)
end

local EQUAL = {
  string = function(v) return "equal_text", { text = v } end,
  number = function(v) return "equal_number", { number = v } end,
  boolean = function(v) return "equal_bool", { number = v and 1 or 0 } end,
}

local function equal(o, place, constant, when)
  if constant == value.null then return test(o, "null", place, when) end
  local name, fields = (EQUAL[type(constant)] or o.give_up)(constant)
  return test(o, name, place, when, fields)
end

local function compare(o, place, op, constant, when)
  if op == "==" then return equal(o, place, constant, when) end
  if op == "!=" then return equal(o, place, constant, not when) end
  local order = ORDER[op]
  if not order or type(constant) ~= "number" then o.give_up() end
  return test(o, order[1], place, when ~= order[2], { number = constant })
end

--- The outcome of what is known on both sides.
local function compared(o, op, a, b)
  if op == "==" then return value.equal(a, b) end
  if op == "!=" then return not value.equal(a, b) end
  local ok, outcome = pcall(value.compare, a, b, op)
  if not ok then o.give_up() end
  return outcome
end

--- x in [a, b]: equal to one of them.
local function among(o, place, list, when)
  if #list.items == 0 then o.give_up() end -- nothing would look at the place
  local found = {}
  for i, item in ipairs(list.items) do
    local _, constant = side(o, item)
    if constant == nil then o.give_up() end
    if when or i < #list.items then
      append(found, equal(o, place, constant, true))
    else
      local missed = equal(o, place, constant, false)
      o:land(found)
      return missed
    end
  end
  return found
end

function CONDITIONS.Compare(o, node, when)
  local op, right = node.ops[1].op, node.ops[1].expr
  if #node.ops > 1 then o.give_up() end
  local place, constant = side(o, node.expr)
  if op == "in" or op == "not in" then
    if not place or right.kind ~= "List" and right.kind ~= "Tuple" then o.give_up() end
    return among(o, place, right, (op == "in") == when)
  end
  local other, other_constant = side(o, right)
  if not place and not other then return known(o, compared(o, op, constant, other_constant), when) end
  if place and not other then return compare(o, place, op, other_constant, when) end
  if other and not place and MIRRORED[op] then
    return compare(o, other, MIRRORED[op], constant, when)
  end
  return o.give_up()
end

-- -- tests

local TESTS = {
  defined = { "defined", true }, undefined = { "defined", false }, none = { "null", true },
}

function CONDITIONS.Test(o, node, when)
  local found = TESTS[node.name]
  if not o:is_built_in("tests", node, TESTS) or not o.is_bare(node) then o.give_up() end
  local place = places.find(o, node.node)
  if not place then o.give_up() end
  return test(o, found[1], place, when == found[2])
end

--- The test of whether a place is defined, as `skips`.
function conditions.skips_undefined(o, place) return test(o, "defined", place, false) end

--- Those of whether it is undefined or null.
function conditions.skips_nothing(o, place)
  return append(test(o, "defined", place, false), test(o, "null", place, true))
end

return conditions
