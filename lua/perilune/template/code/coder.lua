-- SPDX-License-Identifier: MIT

--- What turns one tree into code: the emitter, the variables, and where it stands (in which function,
--- which scope of escaping, which buffer). How each kind of node is written is in `operands`, `calls`
--- (expressions: Lua code for a value) and in `statements`, `loops`, `macros`, `inheritance`.
---
--- Normally variables are Lua locals and a function of the template is one of Lua. Where Lua says
--- that this is too much (200 locals, 200 levels of blocks, jumps too long) the template is written
--- again, `is_split`: variables in tables, and functions cut into pieces.

local emitter = require "perilune.template.code.emitter"
local escape = require "perilune.template.escape"
local tree = require "perilune.template.code.tree"

local quote = emitter.quote

local coder = {}

-- Code that nests deeper than this in one expression goes through a local.
local MAX_CODE_DEPTH = 15
-- Operands of one `..`, which are registers of Lua's; texts of one function's table.
local MAX_RUN = 40
-- Bounds of the pieces of a split template: nodes, and levels of nesting.
local MAX_PIECE, MAX_LEVELS = 200, 6
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
---@field is_soft boolean        in an `if`: what is unknown is an error only when it is reached
---@field unit perilune.template_unit
---@field scope perilune.template_scope
---@field buffer table           where output goes: { number, run, flushes, control }
---@field control integer        ifs and loops around, in this function
---@field levels integer         bodies around, in this function
---@field level integer          functions and pieces around
---@field loop? table            the innermost loop
---@field piece? table           the piece being written: { buffer }
local Coder = {}
Coder.__index = Coder

-- What belongs to where the coder stands.
local SAVED = {
  "unit", "scope", "buffer", "control", "levels", "loop", "piece", "place", "autoescape",
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
    is_soft = false, control = 0, levels = 0, level = 0, buffers = 0, loops = 0, variants = {},
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

-- -- variables

function Coder:has_frame(unit) return self.is_split or unit.has_frame end

--- The table of captured variables of a unit, seen from the current one. A unit's table leads by
--- `up` to that of the nearest unit around it that has one.
function Coder:frame(owner)
  if owner == self.unit then return "V" end
  local code, unit = "up", self.unit.parent
  while unit ~= owner do
    if self:has_frame(unit) then code = code .. ".up" end
    unit = unit.parent
  end
  return code
end

--- What an inner unit gets as its `up`.
function Coder:inner_up()
  return self:has_frame(self.unit) and "V" or "up"
end

--- A name of the context. Names of functions are known without being there.
function Coder:context_name(name)
  if self.env.functions[name] ~= nil then return ("resolve(rt, ctx, %s)"):format(quote(name)), 1 end
  return ("ctx[%s]"):format(quote(name)), 0
end

--- Does a slot have a place of its own?
function Coder.is_variable(slot) return slot.is_stored or slot.load ~= "resolve" end

local is_variable = Coder.is_variable

--- Code of a slot, to read or (if it is stored) to assign.
function Coder:slot(slot)
  if not is_variable(slot) then return self:context_name(slot.name) end
  if self.is_split or slot.is_captured then
    return ("%s.l%d"):format(self:frame(slot.unit), slot.number), 0
  end
  return "l" .. slot.number, 0
end

local function first_value(self, slot)
  if slot.load == "alias" then return (self:slot(slot.outer)) end
  if slot.load == "resolve" then return (self:context_name(slot.name)) end
  return nil
end

--- Where the innermost loop stands, in code, if its `loop` needs no object; else nil.
---@return { index: string, count: string, items: string }|nil
function Coder:simple_loop(slot)
  return not slot.needs_object and not self.is_split and self.loop_codes[slot] or nil
end

--- Begins a scope: its variables have their first values.
function Coder:enter(scope)
  local slots = {}
  for _, slot in pairs(scope.slots) do
    if is_variable(slot) and slot.number then slots[#slots + 1] = slot end
  end
  table.sort(slots, function(a, b) return a.number < b.number end)
  for _, slot in ipairs(slots) do
    local name, value = self:slot(slot), first_value(self, slot)
    if name:find("^l") then
      self.e:line(value and "local %s = %s" or "local %s", name, value)
    else
      self.e:line("%s = %s", name, value or "nil")
    end
  end
end

--- Runs `write` in a scope.
function Coder:within(scope, write)
  local outer = self.scope
  self.scope = scope
  write()
  self.scope = outer
end

--- Assigns code to the slot of a name. Where other templates may see it, undefined is something, too:
--- it hides what the context has under the name.
function Coder:assign(slot, code)
  local name = self:slot(slot)
  self.e:line(self.shares and "%s = given(%s)" or "%s = %s", name, code)
  if self.shares and self.scope.is_root then self.e:line("ctx[%s] = %s", quote(slot.name), name) end
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
  changes.unit, changes.control, changes.levels = unit, 0, 0
  self.level = self.level + 1
  self:apart(changes, function()
    -- Not by way of `changes`: nil cannot stand there.
    self.loop, self.piece, self.buffer = nil, nil, nil
    if self:has_frame(unit) then self.e:line("local V = { up = up }") end
    write()
  end)
  self.level = self.level - 1
  self.e:finish()
  return number
end

-- -- output

--- Runs `write` with a new buffer; the code of the text that was written, and the buffer's number.
function Coder:captured(write)
  self.buffers = self.buffers + 1
  local outer = self.buffer
  local buffer = { number = self.buffers, run = {}, flushes = 0 }
  buffer.declaration = ("local out%d = take(rt)"):format(buffer.number)
  if self.is_traced then
    buffer.declaration = buffer.declaration .. ("; local marks%d = {}"):format(buffer.number)
  end
  self.buffer = buffer
  self.e:line(buffer.declaration)
  write()
  self:flush()
  self.buffer = outer
  return self:text_of(buffer), buffer.number
end

local function replace_line(lines, old, new)
  for i = #lines, 1, -1 do
    if lines[i] == old then
      lines[i] = new
      return
    end
  end
end

--- A buffer that nothing was written to is not needed.
function Coder:text_of(buffer)
  if buffer.flushes == 0 and not buffer.is_shared then
    replace_line(self.e.lines, buffer.declaration, "")
    return '""'
  end
  return ("taken(rt, out%d)"):format(buffer.number)
end

--- Writes what is waiting into the buffer, as line `at` (default: the next).
function Coder:flush(at)
  local buffer = self.buffer
  if #buffer.run == 0 then return end
  local line = ("out%d:put(%s)"):format(buffer.number, table.concat(buffer.run, ", "))
  buffer.flushes = buffer.flushes + 1
  buffer.run = {}
  table.insert(self.e.lines, at or #self.e.lines + 1, line)
end

--- Appends code of a text to the buffer. Lines from `first` on were written for it, and come behind
--- what is waiting.
function Coder:append(code, node, first)
  local run = self.buffer.run
  if #run >= MAX_RUN or first and #self.e.lines >= first then self:flush(first) end
  self.buffer.run[#self.buffer.run + 1] = code
  if self.is_traced then
    self:flush()
    local k = self.buffer.number
    self.e:line("mark(marks%d, #out%d, %s)", k, k, self.e:constant({
      line = node.line, column = node.column, is_text = node.kind == "TemplateData",
    }))
  end
end

--- Literal text.
function Coder:append_data(text, node)
  if self.place then self.place, text = self.rules.feed(self.place, text) end
  if text ~= "" then self:append(quote(text), node) end
end

--- Code that writes a value at the current place, as that place asks for it.
function Coder:written(code)
  if self.place then
    local writer = self.rules.writer(self.place)
    self.place = self.rules.after_value(self.place)
    return ("W.%s(%s)"):format(writer, code)
  end
  if self.autoescape == "volatile" then return ("escaped_in(rt, %s)"):format(code) end
  return (self.autoescape and "escaped(%s)" or "shown(%s)"):format(code)
end

-- -- places of escaping

--- A mistake about where a value would stand. `is_place` tells it from others: a macro that cannot
--- stand in some place may never be called there.
function Coder:fail_place(node, message, ...)
  local places = { ... }
  for i, place in ipairs(places) do places[i] = self.rules.describe(place) end
  error({ line = node.line, column = node.column, is_place = true,
    message = message:format(unpack(places)) }, 0)
end

--- Runs `write` for something that must end in the place where it begins.
function Coder:returning(node, what, write)
  local place = self.place
  write()
  if place and not self.is_dead and self.place ~= place then
    self:fail_place(node, what .. " must end where it begins: it begins %s and ends %s", place,
      self.place)
  end
  self.place = place
end

--- Writes ways of which one is taken, all of which must end in one place.
function Coder:branches(node, ways)
  local start, last = self.place, nil
  local is_dead = true
  for _, write in ipairs(ways) do
    self.place, self.is_dead = start, false
    write()
    if not self.is_dead then
      if last and last ~= self.place then
        self:fail_place(node, ("the branches of this '%s' end in different places: one %%s, one %%s")
          :format(node.kind == "If" and "if" or "for"), last, self.place)
      end
      last, is_dead = self.place, false
    end
  end
  self.place, self.is_dead = last or start, is_dead
end

-- -- bodies

local function weight(self, node)
  local known = self.weights[node]
  if known then return known end
  local count = 0
  tree.walk(node, function() count = count + 1 end)
  self.weights[node] = count
  return count
end

--- Statements, none of which is an output of very many parts.
local function cut_outputs(nodes)
  local list = {}
  for _, node in ipairs(nodes) do
    if node.kind == "Output" and #node.nodes > MAX_RUN then
      for first = 1, #node.nodes, MAX_RUN do
        local last = math.min(first + MAX_RUN - 1, #node.nodes)
        list[#list + 1] = {
          kind = "Output", line = node.line, column = node.column,
          nodes = { unpack(node.nodes, first, last) },
        }
      end
    else
      list[#list + 1] = node
    end
  end
  return list
end

--- Neighbouring statements that together are small.
local function groups_of(self, nodes)
  local groups, group, size = {}, nil, 0
  for _, node in ipairs(cut_outputs(nodes)) do
    local more = weight(self, node)
    if not group or size + more > MAX_PIECE then
      group, size = {}, 0
      groups[#groups + 1] = group
    end
    group[#group + 1] = node
    size = size + more
  end
  return groups
end

local JUMPS = { Break = true, Continue = true }

--- What follows the call of a piece in which somebody may have left the loop.
local function pass_jumps(self, nodes, signal)
  if not self.loop or not tree.has(nodes, JUMPS) then return end
  if self.loop.level == self.level then
    self.e:line("if %s == 1 then break end", signal)
    self.e:line("if %s == 2 then goto continue%d end", signal, self.loop.number)
  else
    self.e:line("if %s then return %s end", signal, signal)
  end
end

--- Statements as a function of their own, which goes on with the current buffer.
local function piece(self, nodes)
  local buffer = self.buffer
  local k = buffer.number
  buffer.is_shared = true
  local parameters = ("V, out%d"):format(k)
  if self.is_traced then parameters = parameters .. (", marks%d"):format(k) end
  local number = self.e:begin("ctx, rt, up, " .. parameters)
  local outer, levels = self.piece, self.levels
  self.level, self.levels, self.piece = self.level + 1, 0, { buffer = buffer }
  for _, node in ipairs(nodes) do self:statement(node) end
  self.level, self.levels, self.piece = self.level - 1, levels, outer
  self.e:finish()
  local signal = "g" .. number
  self.e:line("local %s = P[%d](ctx, rt, up, %s)", signal, number, parameters)
  pass_jumps(self, nodes, signal)
end

--- Jumps out of the innermost loop ("break"), or to its next round ("continue").
function Coder:jump(node, kind)
  if not self.loop then self:fail(node, ("'%s' outside of a loop"):format(kind)) end
  if self.place ~= self.loop.place then
    self:fail_place(node, ("'%s' must stand where the loop begins: it begins %%s, this is %%s")
      :format(kind), self.loop.place, self.place)
  end
  self.is_dead = true
  if self.loop.level == self.level then
    self.e:line(kind == "break" and "do break end" or "do goto continue%d end", self.loop.number)
  else
    self.e:line("do return %d end", kind == "break" and 1 or 2)
  end
end

--- Writes statements, one after the other.
---@param nodes perilune.template_node[]
function Coder:body(nodes)
  if not self.is_split then
    for _, node in ipairs(nodes) do self:statement(node) end
    return
  end
  self.levels = self.levels + 1
  local groups = groups_of(self, nodes)
  for _, group in ipairs(groups) do
    local is_big = #group == 1 and weight(self, group[1]) > MAX_PIECE
    if self.levels > MAX_LEVELS or #groups > 1 and not is_big then
      self.e:open("do")
      piece(self, group)
      self.e:close()
    else
      for _, node in ipairs(group) do self:statement(node) end
    end
  end
  self.levels = self.levels - 1
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
  self.statements_by_kind[node.kind](self, node)
end

coder.Coder = Coder

return coder
