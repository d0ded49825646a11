-- SPDX-License-Identifier: MIT

--- Which variable each name of a template is, found before any code is made.
---
--- A scope is what Jinja calls a frame: the template, a loop's body, a macro, a `with`... (an `if` is
--- none). In a scope a name is one variable, a slot, whose value at the beginning of the scope is
---
---     param      given by the construct: a loop's target, a macro's parameter
---     resolve    that of the context: the name is read in the scope before it is assigned
---     alias      that of the outer scope's slot of the same name
---     undefined  nothing: the name is assigned first
---
--- A name that is only read is the slot of the nearest scope around that has one, even if that
--- assigns it further below. A unit is what becomes a Lua function: a slot that is used from another
--- unit than its own is captured, and lives in a table.
---
--- Scope by scope: first (scopes.lua) what its own statements read and assign, then which slot each
--- name is.

local scopes = require "perilune.template.code.scopes"
local tree = require "perilune.template.code.tree"

local names = {}

-- Attributes of `loop` that its position and length say.
names.SIMPLE_LOOP = {
  index = true, index0 = true, revindex = true, revindex0 = true, first = true, last = true,
  length = true, previtem = true, nextitem = true,
}

---@class perilune.template_names
---@field stores table<table, boolean>   Name nodes that are assigned to
---@field slots table<table, perilune.template_slot>   by Name and NSRef node, and by the statement
---  that assigns one name
---@field imported table<table, perilune.template_slot[]>   by FromImport node
---@field scopes table<table, table>     by statement; of a For { body=, else_=, test= }
---@field visible table<table, perilune.template_slot[]>   what an include or scoped block passes on
---@field blocks perilune.template_node[]
local Names = {}
Names.__index = Names

local RESOLVE = {}

--- Notes that a slot is used in a scope.
local function use(slot, scope)
  if slot.unit ~= scope.unit then
    slot.is_captured = true
    slot.unit.has_frame = true
  end
end

--- A slot whose value is read.
function Names:read(node, name, scope)
  local slot = scope:read(name)
  self.slots[node] = slot
  use(slot, scope)
  return slot
end

--- Is the node an attribute of `loop` that needs no object?
local function is_simple_loop(node, slot, scope)
  return slot and slot.is_loop and slot.unit == scope.unit and names.SIMPLE_LOOP[node.attr]
end

function Names:expression(expression, scope)
  tree.walk(expression, function(node)
    if node.kind == "Getattr" and node.node.kind == "Name" then
      local slot = scope:find(node.node.name)
      if is_simple_loop(node, slot, scope) then
        self.slots[node.node] = slot
        return false
      end
    elseif node.kind == "Name" then
      self:read(node, node.name, scope).needs_object = true
    end
    return true
  end)
end

function Names:target(target, scope)
  tree.each_target(target, function(node)
    local slot = self:read(node, node.name, scope)
    if node.kind == "Name" then slot.is_stored = true end
  end)
end

function Names:statements(statements, scope)
  for _, node in ipairs(statements) do
    local resolve = RESOLVE[node.kind]
    if resolve then resolve(self, node, scope) else self:expression(node, scope) end
  end
end

--- The slots of a scope have their numbers, and those of outer scopes that they begin with are used.
function Names:finish(scope)
  local list = {}
  for name in pairs(scope.slots) do list[#list + 1] = name end
  table.sort(list)
  for _, name in ipairs(list) do
    local slot = scope.slots[name]
    self.count = self.count + 1
    slot.number = self.count
    slot.is_stored = scope.stores[name]
    if slot.outer then use(slot.outer, scope) end
  end
end

--- A scope of `statements` in which the slots of `declare` are given.
function Names:scope(outer, unit, statements, declare)
  local scope = scopes.new(outer, unit)
  if declare then declare(scope) end
  scopes.collect(scope, statements)
  self:finish(scope)
  return scope
end

local function inner_unit(unit) return { parent = unit } end

function RESOLVE.If(self, node, scope)
  self:expression(node.test, scope)
  self:statements(node.body, scope)
  self:statements(node.elif_, scope)
  self:statements(node.else_, scope)
end

local function declare_targets(scope, target)
  tree.each_target(target, function(name) scope:declare(name.name) end)
end

--- Slots of the test of a loop: the loop's targets, and what is outside.
local function test_scope(node, scope, body)
  local test = scopes.new(scope, body.unit)
  tree.each_target(node.target, function(name)
    test.slots[name.name], test.stores[name.name] = body.slots[name.name], true
  end)
  scopes.read(test, node.test)
  return test
end

--- Does a loop have a `loop`, whatever is made of it?
local function has_loop(self, node)
  if node.recursive or tree.undeclared(node.body, { "loop" }, self.stores).loop then return true end
  local is_scoped = false
  tree.walk(node, function(inner) is_scoped = is_scoped or inner.kind == "Block" and inner.scoped end)
  return is_scoped
end

local function check_loop_name(self, node)
  tree.walk(node, function(name)
    if name.kind == "Name" and name.name == "loop" and self.stores[name] then
      error({ line = name.line, column = name.column,
        message = "Can't assign to special loop variable in for-loop target" }, 0)
    end
  end)
end

function RESOLVE.For(self, node, scope)
  check_loop_name(self, node)
  self:expression(node.iter, scope)
  local unit = node.recursive and inner_unit(scope.unit) or scope.unit
  local body = self:scope(scope, unit, node.body, function(inner)
    if has_loop(self, node) then
      local slot = inner:declare("loop")
      slot.is_loop, slot.needs_object = true, node.recursive
      inner.special.loop = slot
    end
    declare_targets(inner, node.target)
  end)
  local else_ = self:scope(scope, unit, node.else_)
  self.scopes[node] = { body = body, else_ = else_ }
  self:target(node.target, body)
  if node.test then
    self.scopes[node].test = test_scope(node, scope, body)
    self:expression(node.test, self.scopes[node].test)
  end
  self:statements(node.body, body)
  self:statements(node.else_, else_)
end

--- Parameters that a body uses without having declared them.
local IMPLICIT = { "caller", "kwargs", "varargs" }

local function has_default(node, i) return i > #node.args - #node.defaults end

local function check_explicit_caller(node, is_used)
  for i, arg in ipairs(node.args) do
    if is_used and arg.name == "caller" and not has_default(node, i) then
      error({ line = node.line, column = node.column, message = "When defining macros or call blocks"
        .. ' the special "caller" argument must be omitted or be given a default.' }, 0)
    end
  end
end

local function check_distinct(args)
  local seen = {}
  for _, arg in ipairs(args) do
    if seen[arg.name] then
      error({ line = arg.line, column = arg.column,
        message = ("duplicate argument '%s'"):format(arg.name) }, 0)
    end
    seen[arg.name] = true
  end
end

--- The scope of a macro or of the body of a call block.
local function macro_scope(self, node, scope)
  check_distinct(node.args)
  local used = tree.undeclared(node.body, IMPLICIT, self.stores)
  check_explicit_caller(node, used.caller)
  local inner = self:scope(scope, inner_unit(scope.unit), node.body, function(inner)
    declare_targets(inner, node.args)
    for _, name in ipairs(IMPLICIT) do
      if used[name] and not inner.slots[name] then inner.special[name] = inner:declare(name) end
    end
    scopes.read(inner, node.defaults)
  end)
  inner.uses_caller = used.caller
  self.scopes[node] = inner
  self:target(node.args, inner)
  self:expression(node.defaults, inner)
  self:statements(node.body, inner)
end

function RESOLVE.Macro(self, node, scope)
  self:read(node, node.name, scope).is_stored = true
  macro_scope(self, node, scope)
end

function RESOLVE.CallBlock(self, node, scope)
  self:expression(node.call, scope)
  macro_scope(self, node, scope)
end

function RESOLVE.FilterBlock(self, node, scope)
  local inner = self:scope(scope, scope.unit, node.body, nil)
  self.scopes[node] = inner
  self:statements(node.body, inner)
  self:expression(node.filter, inner)
end

function RESOLVE.With(self, node, scope)
  self:expression(node.values, scope)
  local inner = self:scope(scope, scope.unit, node.body, function(inner)
    declare_targets(inner, node.targets)
  end)
  self.scopes[node] = inner
  self:target(node.targets, inner)
  self:statements(node.body, inner)
end

function RESOLVE.Autoescape(self, node, scope)
  local inner = self:scope(scope, scope.unit, node.body, function(inner)
    scopes.read(inner, node.value)
  end)
  self.scopes[node] = inner
  self:expression(node.value, inner)
  self:statements(node.body, inner)
end

function RESOLVE.Assign(self, node, scope)
  self:expression(node.node, scope)
  self:target(node.target, scope)
end

function RESOLVE.AssignBlock(self, node, scope)
  self:target(node.target, scope)
  local inner = self:scope(scope, scope.unit, node.body, function(inner)
    if node.filter then scopes.read(inner, node.filter) end
  end)
  self.scopes[node] = inner
  self:statements(node.body, inner)
  if node.filter then self:expression(node.filter, inner) end
end

--- Assigned names around a node, the inner hiding the outer. Those of the template's own scope are
--- in the context anyway.
function Names:see(node, scope)
  local list, seen = {}, {}
  while scope and (scope.outer or scope.is_block) do
    for name in pairs(scope.stores) do
      if not seen[name] then
        seen[name] = true
        list[#list + 1] = scope.slots[name]
        scope.slots[name].needs_object = true
      end
    end
    scope = scope.outer
  end
  table.sort(list, function(a, b) return a.number < b.number end)
  self.visible[node] = list
  return list
end

local function see_all(self, node, scope)
  for _, slot in ipairs(self:see(node, scope)) do use(slot, scope) end
end

function RESOLVE.Include(self, node, scope)
  self:expression(node.template, scope)
  if node.with_context then see_all(self, node, scope) end
end

function RESOLVE.Import(self, node, scope)
  RESOLVE.Include(self, node, scope)
  self:read(node, node.target, scope).is_stored = true
end

function RESOLVE.FromImport(self, node, scope)
  RESOLVE.Include(self, node, scope)
  self.imported[node] = {}
  for i, name in ipairs(node.names) do
    local slot = scope:find(name.alias)
    slot.is_stored = true
    self.imported[node][i] = slot
    use(slot, scope)
  end
end

--- A block is a function of its own, and sees nothing of what is around it but the context.
function RESOLVE.Block(self, node, scope)
  if self.by_name[node.name] then
    error({ line = node.line, column = node.column,
      message = ("block '%s' defined twice"):format(node.name) }, 0)
  end
  self.by_name[node.name] = node
  self.blocks[#self.blocks + 1] = node
  if node.scoped then see_all(self, node, scope) end
  local used = tree.undeclared(node.body, { "self", "super" }, self.stores)
  local inner = self:scope(nil, {}, node.body, function(inner)
    for _, name in ipairs { "self", "super" } do
      if used[name] then inner.special[name] = inner:declare(name) end
    end
  end)
  inner.is_block = true
  self.scopes[node] = inner
  self:statements(node.body, inner)
end

--- Finds the slots of a template, or of an expression.
---@param root perilune.template_node
---@return perilune.template_names
function names.resolve(root)
  local self = setmetatable({
    stores = tree.stores(root), slots = {}, imported = {}, scopes = {}, visible = {}, blocks = {},
    by_name = {}, count = 0,
  }, Names)
  local statements = root.kind == "Template" and root.body or { root }
  local scope = self:scope(nil, {}, statements, function(inner)
    if tree.undeclared(statements, { "self" }, self.stores).self then
      inner.special.self = inner:declare("self")
    end
  end)
  scope.is_root = true
  self.scopes[root] = scope
  self:statements(statements, scope)
  return self
end

return names
