-- SPDX-License-Identifier: MIT

--- Scopes and their slots: what names.lua finds, and what the statements of one scope make of it.

local tree = require "perilune.template.code.tree"

local scopes = {}

---@class perilune.template_slot
---@field name string
---@field load "param"|"resolve"|"alias"|"undefined"
---@field outer? perilune.template_slot   whose value an alias begins with
---@field unit perilune.template_unit
---@field is_stored? boolean              else the context is asked at each use
---@field is_captured? boolean
---@field is_loop? boolean                the `loop` of a `for`
---@field needs_object? boolean           of a `loop`: more than its simple attributes is used
---@field number integer                  in its template

---@class perilune.template_unit
---@field parent? perilune.template_unit
---@field has_frame? boolean   it has captured slots

---@class perilune.template_scope
---@field outer? perilune.template_scope
---@field base? perilune.template_scope    of a branch of an `if`: what it is a branch of
---@field unit perilune.template_unit
---@field slots table<string, perilune.template_slot>
---@field stores table<string, boolean>
---@field special table<string, perilune.template_slot>   loop, self, super, caller, kwargs, varargs
---@field uses_caller? boolean   of a macro's body
---@field is_root? boolean       of the template itself
---@field is_block? boolean      of a block, which has no scope around it
local Scope = {}
Scope.__index = Scope

---@param outer? perilune.template_scope
---@param unit perilune.template_unit
---@return perilune.template_scope
function scopes.new(outer, unit)
  return setmetatable({ outer = outer, unit = unit, slots = {}, stores = {}, special = {} }, Scope)
end

--- What a scope itself has under a name, also as it was in front of the `if` whose branch it is.
local function own(scope, field, name)
  while scope do
    local found = scope[field][name]
    if found then return found end
    scope = scope.base
  end
  return nil
end

--- The slot of a name, of this scope or of the nearest one around that has it.
function Scope:find(name)
  local scope = self
  while scope do
    local slot = own(scope, "slots", name)
    if slot then return slot end
    scope = scope.outer
  end
  return nil
end

local function define(scope, name, load, outer)
  local slot = { name = name, load = load, outer = outer, unit = scope.unit }
  scope.slots[name] = slot
  return slot
end

--- A slot that the construct gives.
function Scope:declare(name)
  self.stores[name] = true
  return define(self, name, "param")
end

--- The slot of a name that is read.
function Scope:read(name)
  return self:find(name) or define(self, name, "resolve")
end

function Scope:assign(name)
  self.stores[name] = true
  if own(self, "slots", name) then return end
  local outer = self.outer and self.outer:find(name)
  define(self, name, outer and "alias" or "undefined", outer)
end

--- What a branch of an `if` does to its scope, apart from the other branches.
local function branch_of(scope)
  return setmetatable({
    base = scope, outer = scope.outer, unit = scope.unit, slots = {}, stores = {},
  }, Scope)
end

--- Takes the branches in. A name that not all of them assign has a value in front of them, too.
function Scope:merge(branches)
  local counts = {}
  for _, branch in ipairs(branches) do
    for name in pairs(branch.stores) do
      if not own(self, "stores", name) then counts[name] = (counts[name] or 0) + 1 end
    end
  end
  for _, branch in ipairs(branches) do
    for name, slot in pairs(branch.slots) do self.slots[name] = slot end
  end
  for name, count in pairs(counts) do
    self.stores[name] = true
    if count < #branches then
      local slot, outer = own(self, "slots", name), self.outer and self.outer:find(name)
      slot.load, slot.outer = outer and "alias" or "resolve", outer
    end
  end
end

-- -- what a scope's own statements read and assign, without the scopes inside

local COLLECT = {}

--- The names that an expression, or a list of them, reads.
---@param scope perilune.template_scope
---@param expression table
function scopes.read(scope, expression)
  tree.walk(expression, function(node)
    if node.kind == "Name" then scope:read(node.name) end
  end)
end

local function assign_names(scope, target)
  tree.each_target(target, function(node)
    if node.kind == "NSRef" then scope:read(node.name) else scope:assign(node.name) end
  end)
end

--- The names of a scope's own statements.
---@param scope perilune.template_scope
---@param statements perilune.template_node[]
function scopes.collect(scope, statements)
  for _, node in ipairs(statements) do
    local visit = COLLECT[node.kind] or scopes.read
    visit(scope, node)
  end
end

function COLLECT.If(scope, node)
  scopes.read(scope, node.test)
  local branches = {}
  for i, statements in ipairs { node.body, node.elif_, node.else_ } do
    branches[i] = branch_of(scope)
    scopes.collect(branches[i], statements)
  end
  scope:merge(branches)
end

function COLLECT.For(scope, node) scopes.read(scope, node.iter) end

function COLLECT.Macro(scope, node) scope:assign(node.name) end

function COLLECT.CallBlock(scope, node) scopes.read(scope, node.call) end

function COLLECT.FilterBlock(scope, node) scopes.read(scope, node.filter) end

function COLLECT.With(scope, node) scopes.read(scope, node.values) end

function COLLECT.Autoescape() end

function COLLECT.Block() end

function COLLECT.Assign(scope, node)
  scopes.read(scope, node.node)
  assign_names(scope, node.target)
end

function COLLECT.AssignBlock(scope, node) assign_names(scope, node.target) end

function COLLECT.Import(scope, node)
  scopes.read(scope, node.template)
  scope:assign(node.target)
end

function COLLECT.FromImport(scope, node)
  scopes.read(scope, node.template)
  for _, name in ipairs(node.names) do scope:assign(name.alias) end
end

return scopes
