-- SPDX-License-Identifier: MIT

--- What a file would do wrong if it ran, seen in its bytecode, also in functions that nobody calls
--- while it loads:
---
---     globals   a name that the sandbox does not offer, and every assignment to one
---     members   json.decod, ctx.dta: what a library, or the ctx of a script, does not have
---
--- A table is followed from where it is read through locals and upvalues, as far as it is certain
--- that it is still the same value. What is not certain is not looked at: no fault is a guess.

local bytecode = require "perilune.util.bytecode"
local ctx = require "perilune.ctx"
local frozen = require "perilune.util.frozen"
local sandbox = require "perilune.sandbox"
local tables = require "perilune.util.tables"

local lint = {}

local GLOBALS, CTX = sandbox.vocabulary(), ctx.vocabulary()

-- A value whose members are known.
---@class perilune.shape
---@field name string                     as scripts write it
---@field members perilune.vocabulary

---@class perilune.lint_frame
---@field prototype perilune.prototype
---@field upvalues table<integer, perilune.shape>
---@field now table<integer, perilune.shape>     registers, since the last place that jumps lead to
---@field always table<integer, perilune.shape>  registers that one instruction sets, and no other
---@field once table<integer, boolean>           which those are
---@field loose table<integer, boolean>          registers of which nothing is certain
---@field joins table<integer, boolean>          positions that jumps lead to

--- What is offered under a name, when its members are known.
local function shape_of(name, offered)
  return type(offered) == "table" and { name = name, members = offered } or nil
end

local function joins_of(prototype)
  local joins = {}
  for _, instruction in ipairs(prototype.code) do
    if instruction.target then joins[instruction.target] = true end
  end
  return joins
end

--- The registers that are set once, wherever the function goes: whoever reads one finds that value.
--- Parameters are set by the call.
local function set_once(prototype)
  local count, from = {}, {}
  for register = 0, prototype.params - 1 do count[register] = 1 end
  for _, instruction in ipairs(prototype.code) do
    local a = instruction.a
    if instruction.sets == "=" then count[a] = (count[a] or 0) + 1 end
    if instruction.sets == "+" then from[#from + 1] = a end
  end
  local once = {}
  for register, times in pairs(count) do
    once[register] = times == 1
    for _, first in ipairs(from) do
      if first <= register then once[register] = false end
    end
  end
  return once
end

--- The registers of variables that a function inside assigns to: it may at any time.
local function set_from_inside(prototype)
  local registers = {}
  for _, inner in pairs(prototype.constants) do
    for _, upvalue in pairs(type(inner) == "table" and inner.upvalues or {}) do
      if upvalue.is_local and not upvalue.is_constant then registers[upvalue.index] = true end
    end
  end
  return registers
end

local function shape_at(frame, register)
  return frame.now[register] or frame.always[register]
end

--- From here on a register holds this (nil: nothing that is known).
local function hold(frame, register, shape)
  if frame.loose[register] then return end
  frame.now[register] = shape
  if frame.once[register] then frame.always[register] = shape end
end

local function forget_from(frame, first)
  for register in pairs(frame.now) do
    if register >= first then frame.now[register] = nil end
  end
end

local Walk = {}
Walk.__index = Walk

function Walk:fault(instruction, message)
  self.faults:add(self.file, instruction.line, message)
end

local READS = {
  GGET = function(walk, frame, instruction)
    local name = frame.prototype.constants[instruction.d]
    if not GLOBALS[name] then
      walk:fault(instruction, sandbox.unknown(name))
      return nil
    end
    return shape_of(name, GLOBALS[name])
  end,
  UGET = function(_, frame, instruction) return frame.upvalues[instruction.d] end,
  MOV = function(_, frame, instruction) return shape_at(frame, instruction.d) end,
  TGETS = function(walk, frame, instruction)
    local shape = shape_at(frame, instruction.b)
    local key = frame.prototype.constants[instruction.c]
    if not shape then return nil end
    if not shape.members[key] then
      walk:fault(instruction, frozen.missing(shape.name, key, tables.names(shape.members)))
    end
    return shape_of(shape.name .. "." .. key, shape.members[key])
  end,
}

--- What a function sees of the one around it: variables that nobody assigns to.
local function captured(frame, prototype)
  local shapes = {}
  for i, upvalue in pairs(prototype.upvalues) do
    if not upvalue.is_local then
      shapes[i] = frame.upvalues[upvalue.index]
    elseif upvalue.is_constant then
      shapes[i] = shape_at(frame, upvalue.index)
    end
  end
  return shapes
end

function Walk:step(frame, instruction)
  if instruction.op == "GSET" then
    self:fault(instruction, sandbox.assigned(frame.prototype.constants[instruction.d]))
  elseif instruction.op == "FNEW" then
    local inner = frame.prototype.constants[instruction.d]
    self:prototype(inner, captured(frame, inner), {})
  end
  local read = READS[instruction.op]
  local shape = read and read(self, frame, instruction)
  if instruction.sets == "+" then forget_from(frame, instruction.a) end
  if instruction.sets == "=" then hold(frame, instruction.a, shape) end
end

---@param prototype perilune.prototype
---@param upvalues table<integer, perilune.shape>
---@param arguments table<integer, perilune.shape>   by register: from 0
function Walk:prototype(prototype, upvalues, arguments)
  local frame = { prototype = prototype, upvalues = upvalues, now = {}, always = {},
    once = set_once(prototype), loose = set_from_inside(prototype), joins = joins_of(prototype) }
  for register, shape in pairs(arguments) do hold(frame, register, shape) end
  for position, instruction in ipairs(prototype.code) do
    if frame.joins[position] then frame.now = {} end
    self:step(frame, instruction)
  end
end

local function walk(file, faults) return setmetatable({ file = file, faults = faults }, Walk) end

--- Adds the faults of a compiled file.
---@param chunk function
---@param file string
---@param faults perilune.faults
function lint.file(chunk, file, faults)
  walk(file, faults):prototype(bytecode.read(chunk), {}, {})
end

--- What the first parameter of a script has; `config` when its members are known.
local function ctx_shape(config)
  if not config then return { name = "ctx", members = CTX } end
  local members = { config = config }
  for name, offered in pairs(CTX) do members[name] = members[name] or offered end
  return { name = "ctx", members = members }
end

--- Adds the faults of a function that is called with a ctx in front. It is of one of these files, or
--- of none and left alone: a function of ours, say, that an integrator hands on.
---@param run function
---@param files table<string, boolean>
---@param faults perilune.faults
---@param config? perilune.vocabulary   what ctx.config has, when that is known
function lint.script(run, files, faults, config)
  local is_lua, prototype, source = pcall(bytecode.read, run)
  local file = is_lua and source:sub(2)
  if not files[file] or prototype.params == 0 then return end
  walk(file, faults):prototype(prototype, {}, { [0] = ctx_shape(config) })
end

return lint
