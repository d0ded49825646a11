-- SPDX-License-Identifier: MIT

--- What reaches other templates: blocks and extends, include and import. Blocks are functions of the
--- template; who extends it puts its own in front of them, in lists that hang on the context.

local emitter = require "perilune.template.code.emitter"
local macros = require "perilune.template.code.macros"
local statements = require "perilune.template.code.statements"

local quote = emitter.quote

local inheritance = {}

local function place_code(c) return c.place and quote(c.place) or "nil" end

--- Code of the mode in which another template is compiled to be written here.
local function mode_code(c) return quote(c.place and c.mode or "text") end

--- Code of the context with the variables that an include or scoped block can see.
local function context_code(c, node, ctx)
  local fields = {}
  for i, slot in ipairs(c.names.visible[node] or {}) do
    fields[i] = ("[%s] = %s"):format(quote(slot.name), (c:slot(slot)))
  end
  if #fields == 0 then return ctx or "ctx" end
  return ("derived(%s, { %s })"):format(ctx or "ctx", table.concat(fields, ", "))
end

-- -- blocks

local function block_function(c, node, place)
  local scope = c.names.scopes[node]
  local changes = { scope = scope, checks_output = false, autoescape = c.autoescape }
  return c:text_function(", level", scope.unit, changes, function()
    c.place = place
    c:enter(scope)
    local self_slot, super_slot = scope.special.self, scope.special.super
    if self_slot then c.e:line("%s = self_of(ctx)", (c:slot(self_slot))) end
    if super_slot then
      c.e:line("%s = super(ctx, %s, level + 1)", c:slot(super_slot), quote(node.name))
    end
  end, function()
    c:returning(node, ("the block '%s'"):format(node.name), function() c:body(node.body) end)
  end)
end

--- Writes the functions of all blocks: { [name] = { plain =, states = } }.
function inheritance.write_blocks(c)
  local blocks = {}
  for _, node in ipairs(c.names.blocks) do
    local states = { unpack(c.rules.states) }
    states[#states + 1] = c.initial
    states[#states + 1] = c.block_places[node]
    blocks[node.name] = macros.variants(c, node, block_function, states)
  end
  return blocks
end

function inheritance.Block(c, node)
  c.block_places[node] = c.place
  local is_top = c.scope.is_root
  if is_top and c.extends_known then return end
  local function write()
    c.e:scoped(function()
      if node.required then
        c.e:line("%s", c.e:at(node, ("require_block(ctx, %s)"):format(quote(node.name))))
      end
      local call = ("block(rt, %s, %s, %s)"):format(context_code(c, node), quote(node.name),
        place_code(c))
      c:append(c.e:at(node, call), node)
      c:flush()
    end)
  end
  if is_top and c.has_extends then return statements.checked(c, write) end
  return write()
end

-- -- extends

function inheritance.Extends(c, node)
  if not c.scope.is_root then c:fail(node, "cannot use extend from a non top-level scope") end
  if c.has_extended then
    local message = 'fail("extended multiple times")'
    if c.extends_known then
      c.e:line("%s", c.e:at(node, message))
      c.is_over = true
      return
    end
    c.e:line("if %s then %s end", c:parent(), c.e:at(node, message))
  end
  c:check_template(node, node.template)
  c.e:scoped(function()
    local name = c:operand(node.template)
    c.e:line("%s = %s", c:parent(), c.e:at(node, ("extend(rt, ctx, %s, %s, %s)"):format(name,
      quote(c.mode), c.initial and quote(c.initial) or "nil")))
  end)
  c.has_extended = true
  c.extends_known = c.extends_known or not c.is_soft
end

-- -- include and import

function inheritance.Include(c, node)
  if not node.ignore_missing then c:check_template(node, node.template, c.place) end
  c.e:scoped(function()
    local first = #c.e.lines + 1
    local name = c:operand(node.template)
    local context = node.with_context and context_code(c, node) or "nil"
    local call = ("include(rt, %s, %s, %s, %s, %s)"):format(context, name, mode_code(c),
      place_code(c), tostring(node.ignore_missing))
    c:append(c.e:at(node, call), node, first)
    c:flush()
  end)
end

local function module_code(c, node)
  c:check_template(node, node.template)
  local name = c:operand(node.template)
  local context = node.with_context and context_code(c, node, "snapshot(ctx)") or "nil"
  return c.e:at(node, ("import(rt, %s, %s, %s)"):format(context, name, quote(c.mode)))
end

function inheritance.Import(c, node)
  c.e:scoped(function() c:assign(c.names.slots[node], module_code(c, node)) end)
end

function inheritance.FromImport(c, node)
  c.e:scoped(function()
    local module = c.e:temporary(module_code(c, node))
    for i, name in ipairs(node.names) do
      local code = ("exported(%s, %s)"):format(module, quote(name.name))
      c:assign(c.names.imported[node][i], code)
    end
  end)
end

-- -- the whole template

--- Kinds of nodes by which other functions and templates see the variables of one.
inheritance.OUTSIDE = {
  Block = true, Include = true, Extends = true, Import = true, FromImport = true,
}

--- Writes the function of the template's own body. Its number.
function inheritance.write_root(c, root)
  local scope = c.names.scopes[root]
  return c:unit_function("", scope.unit, { scope = scope }, function()
    c.place = c.initial
    c:enter(scope)
    local self_slot = scope.special.self
    if self_slot then c.e:line("%s = self_of(ctx)", (c:slot(self_slot))) end
    local text, number = c:captured(function() c:body(root.body) end)
    c.e:line("local result = %s", text)
    if c.has_extends then
      local parent = c:parent()
      c.e:line("if %s then result = result .. run_parent(rt, ctx, %s) end", parent, parent)
    end
    c.final = c.place
    c.e:line(c.is_traced and ("return result, marks%d"):format(number) or "return result")
  end)
end

--- Writes the function of an expression. Its number.
function inheritance.write_expression(c, root)
  local scope = c.names.scopes[root]
  return c:unit_function("", scope.unit, { scope = scope }, function()
    c:enter(scope)
    local code = c:operand(root)
    c.e:line("local result = %s", code)
    c.e:line("return result")
  end)
end

return inheritance
