-- SPDX-License-Identifier: MIT

--- What stands between {{ and }}: a place, a constant, or a choice of such.

local conditions = require "perilune.template.outline.conditions"
local places = require "perilune.template.outline.places"
local value = require "perilune.template.value"

local values = {}

-- The writers that core/script/outline_impl.h knows, too.
local WRITERS = {
  text = true, nothing = true, json_value = true, json_string = true, url = true, url_host = true,
  form = true, header = true, xml_text = true, xml_attribute = true,
}

-- Writers that make of a text what they make of its parts.
local BY_PARTS = { text = true, json_string = true, url = true, form = true }

local WRITE = {}

--- Writes the value of a node.
---@param o perilune.outliner
---@param node perilune.template_node
---@param as string   a writer
function values.write_as(o, node, as)
  (WRITE[node.kind] or o.give_up)(o, node, as)
end

local write_as = values.write_as

--- Writes a node where the outliner stands.
function values.write(o, node)
  local as = o:writer(node.kind == "Filter" and node.name or nil)
  if not WRITERS[as] then o.give_up() end
  write_as(o, node, as)
  o:pass_value()
end

-- -- places and constants

local function write_place(o, place, as)
  if o.is_strict then place.may_miss = false end
  o:add { op = "write", place = place, as = as }
end

local function write_chain(o, node, as)
  local place, constant = places.find(o, node)
  if place then return write_place(o, place, as) end
  return o:put_constant(constant, as)
end

--- Writes a chain and what `begin` writes in front of it, unless it is undefined or null.
---@param o perilune.outliner
---@param node perilune.template_node
---@param begin fun()
function values.write_given(o, node, begin)
  local place = places.find(o, node)
  local skips = place and conditions.skips_nothing(o, place) or {}
  begin()
  write_chain(o, node, o:writer())
  o:land(skips)
end

WRITE.Name, WRITE.Getattr, WRITE.Getitem = write_chain, write_chain, write_chain

function WRITE.Const(o, node, as)
  local v = places.literal(node)
  if v == nil then o.give_up() end
  o:put_constant(v, as)
end

-- -- choices

--- Writes one of two: the second where `skips` lead.
local function write_either(o, skips, first, second)
  first()
  local over = { o:add { op = "skip" } }
  o:land(skips)
  second()
  o:land(over)
end

function WRITE.CondExpr(o, node, as)
  write_either(o, conditions.skips(o, node.test, false), function() write_as(o, node.expr1, as) end,
    function()
      if node.expr2 then return write_as(o, node.expr2, as) end
      return o:put_undefined(as)
    end)
end

--- a or b: a, if that is true.
function WRITE.Or(o, node, as)
  write_either(o, conditions.skips(o, node.left, false), function() write_as(o, node.left, as) end,
    function() write_as(o, node.right, as) end)
end

--- a and b: b, if a is true.
function WRITE.And(o, node, as)
  write_either(o, conditions.skips(o, node.left, false), function() write_as(o, node.right, as) end,
    function() write_as(o, node.left, as) end)
end

local function write_outcome(o, node, as)
  write_either(o, conditions.skips(o, node, false), function() o:put_constant(true, as) end,
    function() o:put_constant(false, as) end)
end

WRITE.Compare, WRITE.Test, WRITE.Not = write_outcome, write_outcome, write_outcome

-- -- texts

--- a ~ b. As a JSON value its quotes stand around all of it.
function WRITE.Concat(o, node, as)
  local inner = as == "json_value" and "json_string" or as
  if not BY_PARTS[inner] then o.give_up() end
  if as ~= inner then o:put('"') end
  for _, part in ipairs(node.nodes) do write_as(o, part, inner) end
  if as ~= inner then o:put('"') end
end

-- -- filters

local FILTERS = {}

for name in pairs(places.FILTERS) do FILTERS[name] = write_chain end

--- x|default("y"), x|default("y", true). Arguments are looked at in any case, so only literals are sure
--- to be no error.
local function default(o, node, as)
  if #node.kwargs > 0 or #node.args > 2 then o.give_up() end
  local other, for_false = places.literal(node.args[1] or node), nil
  if node.args[2] then for_false = places.literal(node.args[2]) end
  if other == nil or node.args[2] and for_false ~= true then o.give_up() end
  local place, constant = places.find(o, node.node)
  if not place then
    return o:put_constant(for_false and not value.truthy(constant) and other or constant, as)
  end
  local skips = for_false and conditions.skips(o, node.node, false)
    or conditions.skips_undefined(o, place)
  return write_either(o, skips, function() write_chain(o, node.node, as) end,
    function() o:put_constant(other, as) end)
end

FILTERS.default, FILTERS.d = default, default

function FILTERS.tojson(o, node, as)
  if not o.is_bare(node) or as ~= "json_value" and as ~= "text" then o.give_up() end
  local place = places.find(o, node.node)
  if not place then return o.give_up() end
  place.may_miss = false
  return write_place(o, place, "json_html")
end

function WRITE.Filter(o, node, as)
  if not o:is_built_in("filters", node, FILTERS) or node.dyn_args or node.dyn_kwargs then o.give_up() end
  return FILTERS[node.name](o, node, as)
end

return values
