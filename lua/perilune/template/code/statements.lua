-- SPDX-License-Identifier: MIT

--- Statements: output, `if`, and what assigns. For each kind of node a function that writes it.

local coder = require "perilune.template.code.coder"
local emitter = require "perilune.template.code.emitter"
local operands = require "perilune.template.code.operands"

local quote = emitter.quote

local statements = {}

-- -- output

--- Runs `write`, but what it writes only where this template's own text counts: one that extends
--- another has none.
function statements.checked(c, write)
  if not c.checks_output then return write() end
  if c.extends_known then return end
  c.e:open("if %s == nil then", c:parent())
  write()
  c.e:close()
end

local function is_plain_text(c, item)
  return item.kind == "Const" and item.type == "string" and not c.place and not c.autoescape
end

local function output_item(c, item)
  if item.kind == "TemplateData" then
    c:append_data(item.data, item)
  elseif is_plain_text(c, item) then
    c:append(quote(item.value), item)
  elseif c:writes_json() and operands.name_chain(c, item) then
    c:append(operands.chain_as_json(c, item, operands.name_chain(c, item)), item)
    c:pass_value()
  else
    local first = #c.e.lines + 1
    c.is_whole = coder.is_transparent(item)
    local code = c:operand(item)
    local filter = item.kind == "Filter" and item.name or nil
    c:append(c.e:at(item, c:written(code, filter)), item, first)
  end
end

function statements.Output(c, node)
  statements.checked(c, function()
    c.e:scoped(function()
      for _, item in ipairs(node.nodes) do output_item(c, item) end
      c:flush()
    end)
  end)
end

function statements.ExprStmt(c, node)
  c.e:scoped(function()
    local code = c:operand(node.node)
    c.e:line("given(%s)", code)
  end)
end

-- -- if

--- The head of an `elif`: "elseif" when its condition needs no statements in front of it. Whether
--- another "end" is needed.
local function elif_head(c, test)
  c.e:close("else")
  local at = #c.e.lines
  c.e.depth = c.e.depth + 1
  local condition = operands.condition(c, test)
  if #c.e.lines == at then
    c.e.lines[at] = ("elseif %s then"):format(condition)
    return false
  end
  c.e:open("if %s then", condition)
  return true
end

local function write_branches(c, node)
  local ways, extra = {}, 0
  ways[1] = function()
    c.e:open("if %s then", (operands.condition(c, node.test)))
    c:body(node.body)
  end
  for _, branch in ipairs(node.elif_) do
    ways[#ways + 1] = function()
      if elif_head(c, branch.test) then extra = extra + 1 end
      c:body(branch.body)
    end
  end
  ways[#ways + 1] = function()
    if #node.else_ == 0 then return end
    c.e:close("else")
    c.e.depth = c.e.depth + 1
    c:body(node.else_)
  end
  c:branches(node, ways)
  for _ = 0, extra do c.e:close() end
end

function statements.If(c, node)
  local is_soft = c.is_soft
  c.is_soft = true
  c.e:scoped(function() write_branches(c, node) end)
  c.is_soft = is_soft
end

-- -- assignments

--- Assigns code to a target: a name, an attribute of a namespace, a tuple of targets.
function statements.assign(c, target, code, node)
  if target.kind == "Name" then
    c:assign(c.names.slots[target], code)
  elseif target.kind == "NSRef" then
    local namespace = c:slot(c.names.slots[target])
    c.e:line("%s", c.e:at(node, ("set_attribute(%s, %s, %s)"):format(namespace, quote(target.attr),
      code)))
  else
    local items = c.e:temporary(c.e:at(node, ("unpacked(%s, %d)"):format(code, #target.items)))
    for i, item in ipairs(target.items) do
      statements.assign(c, item, ("%s[%d]"):format(items, i), node)
    end
  end
end

function statements.Assign(c, node)
  c.e:scoped(function() statements.assign(c, node.target, (c:operand(node.node)), node) end)
end

--- Runs `write` in the scope of a node, as a block of Lua.
function statements.scope(c, node, write)
  c.e:open("do")
  c:within(c.names.scopes[node], function()
    c:enter(c.scope)
    write()
  end)
  c.e:close()
end

--- Code of the text that a body writes, whatever the place around: it is escaped where it is printed.
local function plain_text(c, body)
  local place, checks = c.place, c.checks_output
  c.place = nil
  local text = c:captured(function() c:body(body) end)
  c.place, c.checks_output = place, checks
  return text
end

--- Code of the filters of a block, applied to its text.
local function filtered(c, filter, text)
  if c.autoescape == "volatile" then text = ("settled(rt, %s)"):format(text) end
  if c.autoescape == true then text = ("markup(%s)"):format(text) end
  local outer = c.filter_subject
  c.filter_subject = c.e:temporary(text)
  local code = c:operand(filter)
  c.filter_subject = outer
  return code
end

function statements.AssignBlock(c, node)
  local outer = c.scope
  statements.scope(c, node, function()
    local checks = c.checks_output
    c.checks_output = false
    local code = plain_text(c, node.body)
    c.checks_output = checks
    if node.filter then code = filtered(c, node.filter, code) end
    code = ("settled(rt, %s)"):format(code)
    c:within(outer, function() statements.assign(c, node.target, code, node) end)
  end)
end

--- Appends code whose value is a text already, if plain text is written here.
function statements.append_text(c, node, code, first)
  code = c.place and c:written(code) or ("plain(%s)"):format(code)
  c:append(c.e:at(node, code), node, first)
  c:flush()
end

function statements.FilterBlock(c, node)
  statements.scope(c, node, function()
    local text = plain_text(c, node.body)
    statements.append_text(c, node, (filtered(c, node.filter, text)))
  end)
end

function statements.With(c, node)
  local outer = c.scope
  statements.scope(c, node, function()
    for i, target in ipairs(node.targets) do
      c.e:scoped(function()
        local code
        c:within(outer, function() code = c:operand(node.values[i]) end)
        statements.assign(c, target, code, node)
      end)
    end
    c:body(node.body)
  end)
end

-- -- autoescape

local function is_true(node)
  if node.kind ~= "Const" then return "volatile" end
  return node.type == "bool" and node.value
end

--- HTML escaping of a part of a plain template. Other modes have an escaping of their own.
function statements.Autoescape(c, node)
  statements.scope(c, node, function()
    if c.place then return c:body(node.body) end
    local outer = c.autoescape
    local saved = c.e:temporary("rt.autoescape")
    c.e:line("rt.autoescape = %s", (operands.condition(c, node.value)))
    c.autoescape = is_true(node.value)
    c:body(node.body)
    c.autoescape = outer
    c.e:line("rt.autoescape = %s", saved)
  end)
end

return statements
