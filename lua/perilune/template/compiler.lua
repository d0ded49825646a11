-- SPDX-License-Identifier: MIT

--- Trees as Lua source, which LuaJIT compiles:
---
---     Dear {{ name|upper }}     out[1] = "Dear "
---                               out[2] = write_text(S[1], F.upper(S[1], ctx.name))
---
--- `emit` makes an expression of a node; what Lua's own operators cannot say (and, or, x if c else
--- y: other truth, undefined values) becomes statements with a temporary in front of it. S[line]
--- is the site of a line, for errors: the same code serves every place where the same text stands.

local core = require "perilune.core"
local escape = require "perilune.template.escape"
local library = require "perilune.template.filters"
local nearest = require "perilune.util.nearest"
local parser = require "perilune.template.parser"
local tables = require "perilune.util.tables"
local value = require "perilune.template.value"

local compiler = {}

-- What compiled code may use: no global is in its reach.
local RUNTIME = {
  get = value.get, look_up = value.look_up, truthy = value.truthy, equal = value.equal,
  less = value.less, contains = value.contains, text = value.text, list = value.list,
  null = core.json.null, concat = table.concat,
  F = library.filters, T = library.tests, W = escape.writers,
}

-- A name under perilune/, so that no message takes it for a file of the integrator.
local CHUNK = "@perilune/template"

local HEADER = [[
local R, K = ...
local get, look_up, truthy, equal = R.get, R.look_up, R.truthy, R.equal
local less, contains, text, list = R.less, R.contains, R.text, R.list
local null, concat = R.null, R.concat
local F, T, W = R.F, R.T, R.W
return function(S)
return function(ctx)
]]

---@class perilune.emitter
---@field lines string[]
---@field constants any[]
---@field temporaries integer
---@field is_lenient boolean   attributes of undefined are undefined
local Emitter = {}
Emitter.__index = Emitter

local function fail(line, message)
  error({ line = line, message = message }, 0)
end

function Emitter:add(line, ...)
  self.lines[#self.lines + 1] = line:format(...)
end

function Emitter:temporary(code)
  self.temporaries = self.temporaries + 1
  local name = "t" .. self.temporaries
  self:add(code and "local %s = %s" or "local %s", name, code)
  return name
end

function Emitter:constant(v)
  self.constants[#self.constants + 1] = v
  return ("K[%d]"):format(#self.constants)
end

local NODES = {}

function Emitter:emit(node)
  return NODES[node.op](self, node)
end

local function call(name, node, ...)
  return ("%s(S[%d], %s)"):format(name, node.line, table.concat({ ... }, ", "))
end

function NODES.string(_, node) return ("%q"):format(node.value) end

function NODES.constant(_, node) return node.code end

function NODES.name(_, node) return ("ctx[%q]"):format(node.name) end

function NODES.number(e, node)
  -- By way of JSON, so that long integers and 1.0 stay as written.
  local number = core.json.decode((node.text:gsub("^(%-?)0+(%d)", "%1%2")))
  return e:constant(number)
end

function NODES.get(e, node)
  local name = e.is_lenient and "look_up" or "get"
  local path = ("%q"):format(node.path)
  return call(name, node, e:emit(node.object), e:emit(node.key), path)
end

function NODES.list(e, node)
  local items = { tostring(#node.items) }
  for _, item in ipairs(node.items) do items[#items + 1] = e:emit(item) end
  return ("list(%s)"):format(table.concat(items, ", "))
end

NODES["not"] = function(e, node)
  return ("not truthy(%s)"):format(e:emit(node.value))
end

NODES["~"] = function(e, node)
  local left = call("text", node, e:emit(node.left))
  return ("(%s .. %s)"):format(left, call("text", node, e:emit(node.right)))
end

local function short_circuit(e, node, condition)
  local result = e:temporary(e:emit(node.left))
  e:add("if %s(%s) then", condition, result)
  e:add("%s = %s", result, e:emit(node.right))
  e:add("end")
  return result
end

NODES["and"] = function(e, node) return short_circuit(e, node, "truthy") end
NODES["or"] = function(e, node) return short_circuit(e, node, "not truthy") end

NODES["if"] = function(e, node)
  local condition = e:emit(node.condition)
  local result = e:temporary()
  e:add("if truthy(%s) then", condition)
  e:add("%s = %s", result, e:emit(node.value))
  if node.otherwise then
    e:add("else")
    e:add("%s = %s", result, e:emit(node.otherwise))
  end
  e:add("end")
  return result
end

local COMPARISONS = {
  ["=="] = "equal(%s, %s)", ["!="] = "not equal(%s, %s)",
  ["in"] = "contains(S[%d], %s, %s)", ["not in"] = "not contains(S[%d], %s, %s)",
  ["<"] = "less(S[%d], %s, %s, '<')", [">="] = "not less(S[%d], %s, %s, '>=')",
  [">"] = "less(S[%d], %s, %s, '>')", ["<="] = "not less(S[%d], %s, %s, '<=')",
}
-- a > b is b < a; "x in list" asks the list.
local SWAPPED = { [">"] = true, ["<="] = true, ["in"] = true, ["not in"] = true }

local function one_comparison(node, operator, left, right)
  if operator == "==" or operator == "!=" then return COMPARISONS[operator]:format(left, right) end
  if SWAPPED[operator] then left, right = right, left end
  return COMPARISONS[operator]:format(node.line, left, right)
end

function NODES.compare(e, node)
  local left = e:temporary(e:emit(node.first))
  local result
  for i, step in ipairs(node.rest) do
    if i > 1 then e:add("if %s then", result) end
    local right = e:emit(step.value)
    if i < #node.rest then
      -- The next comparison uses it again, one block further in.
      right = e:temporary(right)
    end
    local code = one_comparison(node, step.operator, left, right)
    if i == 1 then result = e:temporary(code) else e:add("%s = %s", result, code) end
    left = right
  end
  for _ = 2, #node.rest do e:add("end") end
  return result
end

--- Code of a call of a filter or test, whose name must be known.
local function named_call(e, node, set, set_name, what)
  if not set[node.name] then
    local hint = nearest.hint(node.name, tables.names(set), "known are")
    fail(node.line, ("unknown %s '%s'%s"):format(what, node.name, hint))
  end
  local arguments = { e:emit(node.value) }
  for _, argument in ipairs(node.arguments or {}) do
    arguments[#arguments + 1] = e:emit(argument)
  end
  return call(("%s[%q]"):format(set_name, node.name), node, unpack(arguments))
end

function NODES.filter(e, node) return named_call(e, node, library.filters, "F", "filter") end

function NODES.test(e, node) return named_call(e, node, library.tests, "T", "test") end

local function emitter(is_lenient)
  return setmetatable({ lines = {}, constants = {}, temporaries = 0, is_lenient = is_lenient },
    Emitter)
end

local function finish(e)
  local source = HEADER .. table.concat(e.lines, "\n") .. "\nend\nend\n"
  local chunk, message = core.load(source, CHUNK, {})
  if not chunk then error({ line = 1, message = message }, 0) end
  return chunk(RUNTIME, e.constants)
end

--- Compiles a template. Raises {line=, message=}.
---@param text string
---@param mode string   a mode of escape.lua
---@param is_lenient boolean
---@return fun(sites: table): fun(context: table): string
function compiler.template(text, mode, is_lenient)
  local e, rules = emitter(is_lenient), escape.modes[mode]
  local state = rules.initial
  e:add("local out, n = {}, 0")
  for _, node in ipairs(parser.template(text)) do
    if node.op == "text" then
      e:add("n = n + 1; out[n] = %q", node.text)
      state = rules.feed(state, node.text)
    else
      -- A block of its own: temporaries end with it, for Lua allows only 200 locals at a time.
      e:add("do")
      local code = call("W." .. rules.writer(state), node, e:emit(node.value))
      e:add("n = n + 1; out[n] = %s", code)
      e:add("end")
      -- A value stands for something: "{{ scheme }}://" must not look like "://".
      state = rules.feed(state, "v")
    end
  end
  e:add("return concat(out)")
  return finish(e)
end

--- Compiles an expression. Raises {line=, message=}.
---@param text string
---@param is_lenient boolean
---@return fun(sites: table): fun(context: table): any
function compiler.expression(text, is_lenient)
  local e = emitter(is_lenient)
  local code = e:emit(parser.expression(text, 1))
  e:add("return %s", code)
  return finish(e)
end

return compiler
