-- SPDX-License-Identifier: MIT

--- What turns one tree into code: the emitter, the variables, and where it stands (in which function,
--- which scope of escaping, which buffer). What it can do is here and in `variables`, `output`,
--- `places`, `bodies`; how each kind of node is written is in `operands`, `calls` (expressions: Lua
--- code for a value) and in `statements`, `loops`, `macros`, `inheritance`.
---
--- Normally variables are Lua locals and a function of the template is one of Lua. Where Lua says
--- that this is too much (200 locals, 200 levels of blocks, jumps too long) the template is written
--- again, `is_split`: variables in tables, and functions cut into pieces.

local emitter = require "perilune.template.code.emitter"
local escape = require "perilune.template.escape"

local coder = {}

-- Code that nests deeper than this in one expression goes through a local.
local MAX_CODE_DEPTH = 15
-- A split expression whose blocks nest deeper goes into a function of its own.
local MAX_BLOCKS = 60

---@class perilune.coder
---@field e perilune.emitter
---@field names perilune.template_names
---@field env perilune.template_environment
---@field rules perilune.escape_mode
---@field mode string
---@field is_lenient boolean
---@field is_split boolean
---@field is_traced boolean      which place wrote what is kept
---@field shares boolean         other templates may see the variables of this one's top level
---@field place? string          the state of escaping; nil where plain text is written
---@field autoescape boolean|"volatile"
---@field initial? string        the state of escaping in which the template begins
---@field has_places boolean     escaping depends on the place
---@field block_places table<table, string>   where blocks stand, by node
---@field is_soft boolean        in an `if`: what is unknown is an error only when it is reached
---@field is_whole boolean       the expression is all that an output writes
---@field is_dead boolean        behind a jump: nothing comes here
---@field is_over boolean        behind a second extends: nothing is written any more
---@field filter_subject? string   code of the text of a block, which its filter gets
---@field has_extends boolean    the template extends another one, maybe
---@field has_extended boolean   an extends was written
---@field extends_known boolean  it is reached whatever happens
---@field checks_output boolean  what is written counts only unless the template extends another one
---@field root_unit perilune.template_unit   of the template's own body
---@field node perilune.template_node   the one that was begun last
---@field unit perilune.template_unit
---@field scope perilune.template_scope
---@field buffer table           where output goes: { number, run, flushes, declaration, is_shared }
---@field levels integer         bodies around, in this function
---@field level integer          functions and pieces around
---@field buffers integer        how many were made
---@field loop? table            the innermost loop: { number, level, place }
---@field loops integer          how many were written
---@field loop_codes table<perilune.template_slot, table>   of simple_loop, by the slot of `loop`
---@field variants table<table, table>   functions of macros and blocks, by node
---@field weights table<table, integer>   numbers of nodes in a node
---@field lenient_slices table<table, boolean>   of folding.lua
local Coder = {}
Coder.__index = Coder

-- What a coder can do besides, in files of their own.
for _, part in ipairs { "variables", "output", "places", "bodies" } do
  for name, method in pairs(require("perilune.template.code." .. part)) do Coder[name] = method end
end

-- What belongs to where the coder stands.
local SAVED = {
  "unit", "scope", "buffer", "levels", "loop", "place", "autoescape",
  "checks_output", "is_dead",
}

---@param names perilune.template_names
---@param options perilune.compiler_options
---@param is_split boolean
---@return perilune.coder
function coder.new(names, options, is_split)
  local rules = escape.modes[options.mode]
  local initial
  if options.mode ~= "text" then initial = options.state or rules.initial end
  return setmetatable({
    e = emitter.new(is_split), names = names, env = options.env, rules = rules, mode = options.mode,
    is_lenient = options.is_lenient, is_traced = options.is_traced, is_split = is_split,
    initial = initial, has_places = initial ~= nil, block_places = {}, autoescape = false,
    is_soft = false, levels = 0, level = 0, buffers = 0, loops = 0, variants = {},
    weights = {}, loop_codes = {},
  }, Coder)
end

--- A function that puts the coder back to where it is now: for what may fail half-way.
function Coder:checkpoint()
  local saved = { level = self.level, is_soft = self.is_soft, subject = self.filter_subject }
  for _, field in ipairs(SAVED) do saved[field] = self[field] end
  local functions = #self.e.enclosing
  return function()
    self.e:abandon(functions)
    for _, field in ipairs(SAVED) do self[field] = saved[field] end
    self.level, self.is_soft, self.filter_subject = saved.level, saved.is_soft, saved.subject
  end
end

--- Checks at load that a template is there whose name is constant, if the environment wants that.
function Coder:check_template(node, name, place)
  if not self.env.check_names or name.kind ~= "Const" or name.type ~= "string" then return end
  local message = self.env:fault(name.value, place and self.mode or "text", place)
  if message then self:fail(node, message) end
end

--- Code of the template that this one extends, while it is being rendered.
function Coder:parent() return self:frame(self.root_unit) .. ".parent" end

--- Raises a mistake of the template.
function Coder.fail(_, node, message)
  error({ line = node.line, column = node.column, message = message }, 0)
end

-- -- functions

--- Runs `write` with a state of its own: what it changes is as before afterwards.
function Coder:apart(changes, write)
  local saved = {}
  for _, field in ipairs(SAVED) do saved[field] = self[field] end
  for field, v in pairs(changes) do self[field] = v end
  write()
  for _, field in ipairs(SAVED) do self[field] = saved[field] end
end

--- Writes a function of a unit. Its number.
function Coder:unit_function(parameters, unit, changes, write)
  local number = self.e:begin("ctx, rt, up" .. parameters)
  changes.unit, changes.levels = unit, 0
  self.level = self.level + 1
  self:apart(changes, function()
    -- Not by way of `changes`: nil cannot stand there.
    self.loop, self.buffer = nil, nil
    if self:has_frame(unit) then self.e:line("local V = { up = up }") end
    write()
  end)
  self.level = self.level - 1
  self.e:finish()
  return number
end

--- Writes a function of a unit that gives the text which `write` writes, one call deeper than who
--- calls it; `begin` writes what stands in front. Its number.
function Coder:text_function(parameters, unit, changes, begin, write)
  return self:unit_function(parameters, unit, changes, function()
    self.e:line("enter(rt)")
    begin()
    local text = self:captured(write)
    self.e:line("local result = %s", text)
    self.e:line("leave(rt)")
    self.e:line("return result")
  end)
end

-- -- expressions

--- An expression in a function of its own: no levels of Lua's are left here.
local function outlined(self, node)
  local number = self.e:begin("ctx, rt, up, V")
  local code = self:operand(node)
  self.e:line("local result = %s", code)
  self.e:line("return result")
  self.e:finish()
  return ("P[%d](ctx, rt, up, V)"):format(number), 1
end

--- Does what an expression gives come straight from a part of it?
function coder.is_transparent(node)
  return node.kind == "Call" or node.kind == "CondExpr"
    or node.kind == "Filter" and node.name == "safe" and #node.args + #node.kwargs == 0
end

--- Code of an expression's value, and how deep it nests; 0 is a constant or variable, which can be
--- named twice and whose value no other code changes.
---@param node perilune.template_node
---@return string code
---@return integer depth
function Coder:operand(node)
  self.node = node
  if self.is_whole and not coder.is_transparent(node) then self.is_whole = false end
  if self.is_split and self.e.depth > MAX_BLOCKS then return outlined(self, node) end
  local code, depth = self.operands_by_kind[node.kind](self, node)
  if depth > MAX_CODE_DEPTH then return self.e:temporary(code), 0 end
  return code, depth
end

--- The same as something that can be named twice.
function Coder:atom(node)
  local code, depth = self:operand(node)
  if depth > 0 then code = self.e:temporary(code) end
  return code
end

--- Code of several operands, whose values come in their order: what is in front of an operand that
--- needs statements goes through locals.
---@param nodes perilune.template_node[]
---@return string[] codes
---@return integer depth   of the deepest
function Coder:operands(nodes)
  local codes, depths = {}, {}
  for i, node in ipairs(nodes) do
    local before = #self.e.lines + 1
    codes[i], depths[i] = self:operand(node)
    if #self.e.lines >= before then
      for j = 1, i - 1 do
        if depths[j] > 0 then
          codes[j], depths[j] = self.e:temporary(codes[j], before), 0
          before = before + 1
        end
      end
    end
  end
  return codes, math.max(0, unpack(depths))
end

--- Writes a statement.
function Coder:statement(node)
  if self.is_over then return end
  self.node = node
  self.statements_by_kind[node.kind](self, node)
end

coder.Coder = Coder

return coder
