-- SPDX-License-Identifier: MIT

--- LuaJIT's bytecode as tables, read from what string.dump gives: what a file does can be seen
--- without running it. The format is that of lj_bcdump.h (version 2), the instructions those of
--- lj_bc.h of LuaJIT 2.1:
---
---     dump  = ESC "LJ" version flags [name] prototype* 0         children before their parents
---     prototype = length head code upvalues constants numbers [lines upvalue-names variables]

local bit = require "bit"

local bytecode = {}

local VERSION = 2
local STRIPPED = 2    -- a flag of the dump
local LOCAL = 0x8000  -- flags of an upvalue: in the parent's registers, not among its upvalues
local CONSTANT = 0x4000 -- the variable is never assigned to after its declaration
local JUMP_BIAS = 0x8000

-- Kinds of constants; from STRING on the kind is STRING + length.
local CHILD, TABLE, COMPLEX, STRING = 0, 1, 4, 5
-- Kinds of what is in a table.
local INTEGER, NUMBER = 3, 4

-- By number. A mark says what an instruction does to registers: "=" sets A, "+" leaves nothing in A
-- and above as it was; ">" is one that jumps.
local INSTRUCTIONS = [[
  ISLT ISGE ISLE ISGT ISEQV ISNEV ISEQS ISNES ISEQN ISNEN ISEQP ISNEP ISTC= ISFC= IST ISF ISTYPE
  ISNUM MOV= NOT= UNM= LEN= ADDVN= SUBVN= MULVN= DIVVN= MODVN= ADDNV= SUBNV= MULNV= DIVNV= MODNV=
  ADDVV= SUBVV= MULVV= DIVVV= MODVV= POW= CAT= KSTR= KCDATA= KSHORT= KNUM= KPRI= KNIL+ UGET= USETV
  USETS USETN USETP UCLO> FNEW= TNEW= TDUP= GGET= GSET TGETV= TGETS= TGETB= TGETR= TSETV TSETS
  TSETB TSETM TSETR CALLM+ CALL+ CALLMT CALLT ITERC+ ITERN+ VARG+ ISNEXT+> RETM RET RET0 RET1
  FORI+> JFORI+> FORL+> IFORL+> JFORL+ ITERL+> IITERL+> JITERL+ LOOP> ILOOP> JLOOP JMP> ]]

---@class perilune.instruction
---@field op string
---@field a integer
---@field b integer
---@field c integer
---@field d integer
---@field line integer          0: the dump has none
---@field sets "="|"+"|""       what it does to registers
---@field target integer|nil    the position it may jump to

---@class perilune.upvalue
---@field is_local boolean      in a register of the parent, else among the parent's upvalues
---@field is_constant boolean   of a local: nothing assigns to it after its declaration
---@field index integer         of the register, or of the parent's upvalue (from 0)

---@class perilune.prototype
---@field line integer          the first of its source
---@field params integer
---@field code perilune.instruction[]
---@field upvalues perilune.upvalue[]   from 0
---@field constants table<integer, string|perilune.prototype>   from 0, as operands name them
---@field strings string[]      all text constants, those in tables as well

local KNOWN = {}
do
  local number = 0
  for name, sets, jumps in INSTRUCTIONS:gmatch("(%u+%d*)([=+]?)(>?)") do
    KNOWN[number] = { op = name, sets = sets, jumps = jumps ~= "" }
    number = number + 1
  end
end

-- A place in the bytes, which goes on as it is read.
local Reader = {}
Reader.__index = Reader

function Reader:byte()
  local value = self.bytes:byte(self.at)
  self.at = self.at + 1
  return value
end

function Reader:fixed(size)
  local value = 0
  for i = size - 1, 0, -1 do value = value * 256 + self.bytes:byte(self.at + i) end
  self.at = self.at + size
  return value
end

--- ULEB128.
function Reader:number()
  local value, scale = 0, 1
  repeat
    local byte = self:byte()
    value, scale = value + byte % 128 * scale, scale * 128
  until byte < 128
  return value
end

function Reader:text(length)
  self.at = self.at + length
  return self.bytes:sub(self.at - length, self.at - 1)
end

--- A value in a constant table.
local function read_element(r, strings)
  local kind = r:number()
  if kind >= STRING then
    strings[#strings + 1] = r:text(kind - STRING)
  elseif kind == NUMBER then
    r:number()
    r:number()
  elseif kind == INTEGER then
    r:number()
  end
end

local function read_table(r, strings)
  local array, pairs_count = r:number(), r:number()
  for _ = 1, array + 2 * pairs_count do read_element(r, strings) end
end

local function read_constant(r, finished, strings)
  local kind = r:number()
  if kind >= STRING then
    local text = r:text(kind - STRING)
    strings[#strings + 1] = text
    return text
  elseif kind == CHILD then
    return table.remove(finished)
  elseif kind == TABLE then
    read_table(r, strings)
  else -- numbers of FFI: two parts, or four
    for _ = 1, kind == COMPLEX and 4 or 2 do r:number() end
  end
  return false
end

--- Operands name constants backwards.
local function read_constants(r, head, finished, prototype)
  for i = head.constants - 1, 0, -1 do
    prototype.constants[i] = read_constant(r, finished, prototype.strings)
  end
  for _ = 1, head.numbers do
    local is_double = r.bytes:byte(r.at) % 2 == 1
    r:number()
    if is_double then r:number() end
  end
end

local function read_instruction(r, position)
  local op, a, c, b = r:byte(), r:byte(), r:byte(), r:byte()
  local known, d = KNOWN[op], b * 256 + c
  return {
    op = known.op, a = a, b = b, c = c, d = d, line = 0, sets = known.sets,
    target = known.jumps and position + 1 + d - JUMP_BIAS or nil,
  }
end

local function read_lines(r, head, code)
  local size = head.line_count < 256 and 1 or head.line_count < 65536 and 2 or 4
  for _, instruction in ipairs(code) do instruction.line = head.line + r:fixed(size) end
end

local function read_upvalue(r)
  local bits = r:fixed(2)
  return {
    is_local = bit.band(bits, LOCAL) ~= 0, is_constant = bit.band(bits, CONSTANT) ~= 0,
    index = bit.band(bits, CONSTANT - 1),
  }
end

local function read_head(r, is_stripped)
  local head = { flags = r:byte(), params = r:byte(), registers = r:byte(), upvalues = r:byte(),
    constants = r:number(), numbers = r:number(), code = r:number(), line = 0 }
  local has_lines = not is_stripped and r:number() > 0
  if has_lines then head.line, head.line_count = r:number(), r:number() end
  return head
end

local function read_prototype(r, is_stripped, finished)
  local head = read_head(r, is_stripped)
  local prototype = { line = head.line, params = head.params, code = {}, upvalues = {},
    constants = {}, strings = {} }
  for i = 1, head.code do prototype.code[i] = read_instruction(r, i) end
  for i = 0, head.upvalues - 1 do prototype.upvalues[i] = read_upvalue(r) end
  read_constants(r, head, finished, prototype)
  if head.line_count then read_lines(r, head, prototype.code) end
  return prototype
end

--- Reads a function of Lua and all functions in it.
---@param run function
---@return perilune.prototype
---@return string source   the name that its file was loaded under, "@connectors/acme.lua"
function bytecode.read(run)
  local r = setmetatable({ bytes = string.dump(run), at = 4 }, Reader)
  local version = r:byte()
  if version ~= VERSION then error("bytecode of version " .. version .. " is not known") end
  local is_stripped = bit.band(r:number(), STRIPPED) ~= 0
  local source = is_stripped and "" or r:text(r:number())
  local finished, length = {}, r:number()
  while length > 0 do
    local after = r.at + length
    local prototype = read_prototype(r, is_stripped, finished) -- takes its children off the list
    finished[#finished + 1] = prototype
    r.at = after -- names of variables are of no interest
    length = r:number()
  end
  return finished[1], source
end

local function collect_strings(prototype, list)
  for _, text in ipairs(prototype.strings) do list[#list + 1] = text end
  for _, constant in pairs(prototype.constants) do
    if type(constant) == "table" then collect_strings(constant, list) end
  end
  return list
end

--- All text constants of a function and of the functions in it: also names of fields and globals.
---@param run function
---@return string[]
function bytecode.strings(run)
  return collect_strings(bytecode.read(run), {})
end

return bytecode
