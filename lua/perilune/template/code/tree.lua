-- SPDX-License-Identifier: MIT

--- Walking the parser's trees: what is a child of what, in the order in which Jinja visits it, and
--- which names are assigned to. A walk keeps a stack of its own, so that no depth is too much.

local tree = {}

-- Fields that hold a node, a list of nodes, or a list of { key =, value = } or { op =, expr = }.
local FIELDS = {
  Template = { "body" }, Output = { "nodes" }, Extends = { "template" },
  For = { "target", "iter", "body", "else_", "test" }, If = { "test", "body", "elif_", "else_" },
  Macro = { "args", "defaults", "body" }, CallBlock = { "call", "args", "defaults", "body" },
  FilterBlock = { "body", "filter" }, With = { "targets", "values", "body" }, Block = { "body" },
  Include = { "template" }, Import = { "template" }, FromImport = { "template" },
  ExprStmt = { "node" }, Assign = { "target", "node" },
  AssignBlock = { "target", "filter", "body" }, Autoescape = { "value", "body" },
  Tuple = { "items" }, List = { "items" }, Dict = { "items" },
  CondExpr = { "test", "expr1", "expr2" },
  Filter = { "node", "args", "kwargs", "dyn_args", "dyn_kwargs" },
  Test = { "node", "args", "kwargs", "dyn_args", "dyn_kwargs" },
  Call = { "node", "args", "kwargs", "dyn_args", "dyn_kwargs" },
  Getitem = { "node", "arg" }, Getattr = { "node" }, Slice = { "start", "stop", "step" },
  Concat = { "nodes" }, Compare = { "expr", "ops" },
  Not = { "node" }, Neg = { "node" }, Pos = { "node" },
}
for _, kind in ipairs { "Mul", "Div", "FloorDiv", "Add", "Sub", "Mod", "Pow", "And", "Or" } do
  FIELDS[kind] = { "left", "right" }
end

-- Where a statement keeps the names that it assigns to.
local TARGETS = {
  For = "target", Assign = "target", AssignBlock = "target", With = "targets", Macro = "args",
  CallBlock = "args",
}

local function push(stack, v)
  if v == nil then return end
  if v.kind then
    stack[#stack + 1] = v
    return
  end
  for i = #v, 1, -1 do push(stack, v[i]) end
  -- A pair: what comes first lies on top.
  if v.expr then stack[#stack + 1] = v.expr end
  if v.value then stack[#stack + 1] = v.value end
  if type(v.key) == "table" then stack[#stack + 1] = v.key end
end

--- Visits a node or list of nodes and all that is in them, parents first. When `visit` gives false,
--- what is in the node is passed over.
---@param root table
---@param visit fun(node: perilune.template_node): boolean|nil
function tree.walk(root, visit)
  local stack = {}
  push(stack, root)
  while #stack > 0 do
    local node = table.remove(stack)
    local fields = visit(node) ~= false and FIELDS[node.kind]
    if fields then
      for i = #fields, 1, -1 do push(stack, node[fields[i]]) end
    end
  end
end

--- Calls `visit` for each name of a target: a name, a tuple of targets, or a list of them.
---@param target table
---@param visit fun(node: perilune.template_node)
function tree.each_target(target, visit)
  tree.walk(target, function(node)
    if node.kind == "Name" or node.kind == "NSRef" then visit(node) end
  end)
end

--- The set of the Name nodes that are assigned to.
---@param root table
---@return table<table, boolean>
function tree.stores(root)
  local stores = {}
  tree.walk(root, function(node)
    local field = TARGETS[node.kind]
    if not field then return end
    tree.each_target(node[field], function(name) stores[name] = true end)
  end)
  return stores
end

--- Which of `names` are read in `nodes` before they are assigned there. As in Jinja this looks into
--- everything but blocks, whatever the scopes.
---@param nodes table
---@param names string[]
---@param stores table<table, boolean>
---@return table<string, boolean>
function tree.undeclared(nodes, names, stores)
  local open, found = {}, {}
  for _, name in ipairs(names) do open[name] = true end
  tree.walk(nodes, function(node)
    if node.kind == "Block" then return false end
    if node.kind == "Name" and open[node.name] then
      if stores[node] then open[node.name] = nil else found[node.name] = true end
    end
    return true
  end)
  return found
end

--- Is there a node for which `holds` is true?
---@param root table
---@param holds fun(node: perilune.template_node): boolean|nil
---@return boolean
function tree.any(root, holds)
  local found = false
  tree.walk(root, function(node)
    if holds(node) then found = true end
    return not found
  end)
  return found
end

--- Is there a node of one of the kinds?
---@param root table
---@param kinds table<string, boolean>
---@return boolean
function tree.has(root, kinds)
  return tree.any(root, function(node) return kinds[node.kind] end)
end

return tree
