-- SPDX-License-Identifier: MIT

--- An outline that is being made: its operations, and where in the text it stands.

local core = require "perilune.core"
local escape = require "perilune.template.escape"
local filters = require "perilune.template.filters"
local tests = require "perilune.template.tests"
local value = require "perilune.template.value"

local outliner = {}

local GIVEN_UP = {} -- what is raised where an outline cannot say it

---@class perilune.outliner
---@field ops table[]
---@field landed integer    operations up to here are not to grow: a skip leads behind them
---@field env perilune.template_environment
---@field rules perilune.escape_mode
---@field state? string     of escaping; nil in plain text
---@field inside? string    a writer for all that plain text writes
---@field is_strict boolean
---@field resolve perilune.outline_resolve
---@field loops string[]    names of the targets of the loops that are open
---@field asked table<string, boolean>   names that the context was asked for
---@field set table<string, { place: table|nil, constant: any }>   names that were set
local Outliner = {}
Outliner.__index = Outliner

--- The operations that `write` makes; nil when it gives up.
---@param options perilune.outline_options
---@param write fun(o: perilune.outliner)
---@return table[]|nil
function outliner.run(options, write)
  local rules = escape.modes[options.mode]
  local o = setmetatable({
    ops = {}, landed = 0, env = options.env, rules = rules, inside = options.inside,
    state = options.mode ~= "text" and (options.state or rules.initial) or nil,
    is_strict = options.is_strict or false, resolve = options.resolve, loops = {}, asked = {},
    set = {},
  }, Outliner)
  local ok, raised = pcall(write, o)
  if ok then return o.ops end
  local is_too_deep = type(raised) == "string" and raised:find("stack overflow", 1, true)
  if raised ~= GIVEN_UP and not is_too_deep then error(raised, 0) end
  return nil
end

--- The template itself has to do it.
function Outliner.give_up() error(GIVEN_UP, 0) end

local BUILT_IN = { filters = filters, tests = tests }

--- Is a filter or test one of these names, and the built-in one?
---@param set "filters"|"tests"
---@param node perilune.template_node
---@param names table<string, any>
function Outliner:is_built_in(set, node, names)
  return names[node.name] ~= nil and self.env[set][node.name] == BUILT_IN[set][node.name]
end

--- Does a filter or test have no arguments?
function Outliner.is_bare(node)
  return #node.args + #node.kwargs == 0 and not node.dyn_args and not node.dyn_kwargs
end

-- -- operations

--- Appends an operation; its number.
function Outliner:add(op)
  self.ops[#self.ops + 1] = op
  return #self.ops
end

function Outliner:put(text)
  local last = self.ops[#self.ops]
  if text == "" then return end
  if last and last.op == "put" and self.landed < #self.ops then
    last.text = last.text .. text
  else
    self:add { op = "put", text = text }
  end
end

--- The operations of these numbers skip to what comes next.
function Outliner:land(numbers)
  for _, number in ipairs(numbers) do self.ops[number].skip = #self.ops + 1 - number end
  if #numbers > 0 then self.landed = #self.ops end
end

-- -- text and values

--- The writer of a value that stands here.
---@param filter? string   that gave it
function Outliner:writer(filter)
  if self.state then return self.rules.writer(self.state, filter) end
  return self.inside or "text"
end

--- Behind a value.
function Outliner:pass_value()
  if self.state then self.state = self.rules.after_value(self.state) end
end

--- Writes what is known now. Texts that are not UTF-8 are for JSON to refuse, or to repair.
function Outliner:put_constant(v, as)
  if as == "json_string" and type(v) == "string" and not core.json.encode(v) then self:give_up() end
  local ok, text = pcall(escape.writers[as], v)
  if not ok then self:give_up() end
  self:put(text)
end

--- Literal text of the template.
function Outliner:put_data(text)
  if self.state then
    self.state, text = self.rules.feed(self.state, text)
    self:put(text)
  else
    self:put_constant(text, self.inside or "text")
  end
end

--- Writes undefined.
function Outliner:put_undefined(as)
  if self.is_strict then self:give_up() end
  self:put_constant(value.UNDEFINED, as)
end

return outliner
