-- SPDX-License-Identifier: MIT

--- Expressions: for each kind of node a function of the coder that gives the Lua code of its value,
--- and how deep that code nests (0: a constant or a variable). What Lua's own operators cannot say
--- (and, or, x if c else y: other truth, undefined values) becomes statements in front of it:
---
---     {{ a or b }}     local t1 = ctx["a"]
---                      if not truthy(t1) then
---                      t1 = ctx["b"]
---                      end
---
--- A chain of names is read from the context at once, where that can do it; P[2] follows it otherwise:
---
---     {{ a.b.c }}      (read(ctx, "a.b.c", P[2]))

local core = require "perilune.core"
local calls = require "perilune.template.code.calls"
local emitter = require "perilune.template.code.emitter"
local folding = require "perilune.template.code.folding"
local names = require "perilune.template.code.names"
local numbers = require "perilune.template.value.number"

local quote = emitter.quote

local operands = {}

-- Lists of more items are filled one by one.
local MAX_ITEMS = 30

-- -- constants

-- Integers of fewer digits are spelled the same in Lua.
local MAX_DIGITS = 15

local function number(c, node)
  local text = node.value
  if node.type == "float" then return c.e:constant(numbers.float(numbers.double(text))), 0 end
  if #text <= MAX_DIGITS then return text, 0 end
  return c.e:constant(core.json.number(text)), 0
end

function operands.Const(c, node)
  if node.type == "string" then return quote(node.value), 0 end
  if node.type == "bool" then return tostring(node.value), 0 end
  if node.type == "none" then return "null", 0 end
  return number(c, node)
end

-- -- names and what is in them

function operands.Name(c, node) return c:slot(c.names.slots[node]) end

--- An attribute of the innermost loop's `loop` that needs no object.
local function simple_loop(c, node)
  local slot = node.kind == "Getattr" and node.node.kind == "Name" and c.names.slots[node.node]
  local at = slot and slot.is_loop and c:simple_loop(slot)
  if not at or not names.SIMPLE_LOOP[node.attr] then return nil end
  local i, count, items = at.index, at.count, at.items
  local code = {
    index = i, index0 = ("(%s - 1)"):format(i), first = ("(%s == 1)"):format(i),
    last = ("(%s == %s)"):format(i, count), length = count,
    revindex = ("(%s - %s + 1)"):format(count, i), revindex0 = ("(%s - %s)"):format(count, i),
    previtem = ("%s[%s - 1]"):format(items, i), nextitem = ("%s[%s + 1]"):format(items, i),
  }
  return code[node.attr]
end

--- The names of a.b.c, joined, when the first is one of the context; else nil.
function operands.name_chain(c, node)
  local attributes = {}
  while node.kind == "Getattr" do
    table.insert(attributes, 1, node.attr)
    node = node.node
  end
  local slot = #attributes > 0 and node.kind == "Name" and c.names.slots[node]
  if not slot or c.is_variable(slot) or c.env.functions[node.name] ~= nil then return nil end
  return node.name .. "." .. table.concat(attributes, ".")
end

local subject

--- Code that reads a chain, and with it the object in which its end was looked for: a function of its
--- own follows it where that is needed.
local function read_chain(c, node, chain, read)
  local follow = c.e:begin("ctx")
  local code, _, owner = subject(c, node, true)
  c.e:line("local result = %s", code)
  c.e:line("return result, %s", owner)
  c.e:finish()
  return c.e:at(node, ("%s(ctx, %s, P[%d])"):format(read or "read", quote(chain), follow))
end

--- Code that writes a chain as a JSON value.
function operands.chain_as_json(c, node, chain)
  return read_chain(c, node, chain, "W.json_of_chain")
end

--- Code of a value that must not be undefined, and of what says why it is: the object and the key
--- where it was looked for; no object for a name. `in_steps`: a chain is followed name by name.
function subject(c, node, in_steps)
  local loop = simple_loop(c, node)
  if loop then return loop, 0, "nil", quote("loop." .. node.attr) end
  if node.kind == "Name" then
    local code, depth = c:operand(node)
    return code, depth, "nil", quote(node.name)
  elseif node.kind ~= "Getattr" and node.kind ~= "Getitem" or node.arg and node.arg.kind == "Slice" then
    local code, depth = c:operand(node)
    return code, depth, "nil", "nil"
  end
  local chain = not in_steps and operands.name_chain(c, node)
  if chain then
    local value, owner = c.e:temporary(), c.e:temporary()
    c.e:line("%s, %s = %s", value, owner, read_chain(c, node, chain))
    return value, 0, owner, quote(node.attr)
  end
  local code, depth, owner, key = subject(c, node.node, in_steps)
  -- Named twice: a context may have to make what is asked of it.
  if depth > 0 or code:find("^ctx") then code = c.e:temporary(code) end
  local part = node.kind == "Getattr" and quote(node.attr) or c:atom(node.arg)
  local get = node.kind == "Getattr" and "attribute" or "item"
  if c.is_lenient then get = get .. "_or_nil" end
  local found = ("%s(%s, %s, %s, %s)"):format(get, code, part, owner, key)
  return c.e:at(node, found), 1, code, part
end

operands.subject = subject

function operands.Getattr(c, node)
  local chain = operands.name_chain(c, node)
  if chain then return ("(%s)"):format(read_chain(c, node, chain)), 1 end
  local code, depth = subject(c, node)
  return code, depth
end

local function slice(c, node)
  local arg = node.arg
  local none = { kind = "Const", type = "none", line = arg.line, column = arg.column }
  local codes, depth = c:operands {
    node.node, arg.start or none, arg.stop or none, arg.step or none,
  }
  local name = c.lenient_slices[node] and "slice_of_constant" or "slice"
  return c.e:at(node, ("%s(%s)"):format(name, table.concat(codes, ", "))), depth + 1
end

function operands.Getitem(c, node)
  if node.arg.kind == "Slice" then return slice(c, node) end
  local code, depth = subject(c, node)
  return code, depth
end

function operands.Slice(c, node)
  return c:fail(node, "slices can be used only alone, as in a[1:2]")
end

-- -- containers

--- Code of a Lua table of the values of nodes. `first`: code of a field more.
function operands.table_of(c, nodes, first)
  if #nodes <= MAX_ITEMS then
    local codes, depth = c:operands(nodes)
    for i, code in ipairs(codes) do codes[i] = operands.given(nodes[i], code) end
    if first then table.insert(codes, 1, first) end
    return "{ " .. table.concat(codes, ", ") .. " }", depth + 2
  end
  local name = c.e:temporary(("{ %s }"):format(first or ""))
  for i, node in ipairs(nodes) do
    c.e:scoped(function()
      local code = c:operand(node)
      c.e:line("%s[%d] = %s", name, i, operands.given(node, code))
    end)
  end
  return name, 0
end

local NEVER_UNDEFINED = { Const = true, List = true, Dict = true, Tuple = true, Concat = true }

--- The code with undefined as something that can stand in a table or among arguments.
function operands.given(node, code)
  return NEVER_UNDEFINED[node.kind] and code or ("given(%s)"):format(code)
end

function operands.List(c, node)
  local code, depth = operands.table_of(c, node.items)
  return ("list(%s)"):format(code), depth + 1
end

function operands.Tuple(c, node)
  local code, depth = operands.table_of(c, node.items)
  return ("tuple(%s)"):format(code), depth + 1
end

function operands.Dict(c, node)
  local flat = {}
  for _, item in ipairs(node.items) do
    flat[#flat + 1] = item.key
    flat[#flat + 1] = item.value
  end
  local code, depth = operands.table_of(c, flat)
  return c.e:at(node, ("dict(%s, %d)"):format(code, #flat)), depth + 1
end

-- -- arithmetic

local ARITHMETIC = {
  Add = "add", Sub = "sub", Mul = "mul", Div = "div", FloorDiv = "floordiv", Mod = "mod",
  Pow = "pow",
}

--- The operations of a chain a + b - c..., from the left. Thousands of them are a loop here.
local function chain_of(node, kinds)
  local chain = {}
  while kinds[node.kind] do
    chain[#chain + 1] = node
    node = node.left
  end
  local count = #chain
  for i = 1, math.floor(count / 2) do chain[i], chain[count + 1 - i] = chain[count + 1 - i], chain[i] end
  return node, chain
end

local function arithmetic(c, node)
  local first, chain = chain_of(node, ARITHMETIC)
  local code, depth = c:operand(first)
  local total -- the local that the chain goes through, once it is too deep for one piece of code
  local function through_local(at)
    if total then
      table.insert(c.e.lines, at, ("%s = %s"):format(total, code))
    else
      total = c.e:temporary(code, at)
    end
    code, depth = total, 0
  end
  for _, step in ipairs(chain) do
    local before = #c.e.lines + 1
    local right, right_depth = c:operand(step.right)
    if #c.e.lines >= before and depth > 0 then through_local(before) end
    code = c.e:at(step, ("%s(%s, %s)"):format(ARITHMETIC[step.kind], code, right))
    depth = math.max(depth, right_depth) + 1
    if depth > 12 then through_local(#c.e.lines + 1) end
  end
  return code, depth
end

for kind in pairs(ARITHMETIC) do operands[kind] = arithmetic end

function operands.Pow(c, node)
  if not folding.negates_power(node) then return arithmetic(c, node) end
  local base = { kind = "Neg", node = node.left, line = node.left.line, column = node.left.column }
  local codes, depth = c:operands { base, node.right }
  local power = c.e:at(node, ("pow(%s, %s)"):format(codes[1], codes[2]))
  return c.e:at(node, ("neg(%s)"):format(power)), depth + 2
end

local function unary(name)
  return function(c, node)
    local code, depth = c:operand(node.node)
    return c.e:at(node, ("%s(%s)"):format(name, code)), depth + 1
  end
end

operands.Neg, operands.Pos = unary("neg"), unary("pos")

--- a ~ b ~ c.
function operands.Concat(c, node)
  if c.autoescape or #node.nodes > MAX_ITEMS then
    local items, depth = operands.table_of(c, node.nodes)
    local call = c.autoescape and "concat_in(rt, %s, %d)" or "concat_list(%s, %d)"
    return c.e:at(node, call:format(items, #node.nodes)), depth + 1
  end
  local codes, depth = c:operands(node.nodes)
  for i, code in ipairs(codes) do codes[i] = ("text(%s)"):format(code) end
  return c.e:at(node, ("sized(%s)"):format(table.concat(codes, " .. "))), depth + 2
end

-- -- conditions

local function comparison(c, node, op, left, right)
  local code
  if op == "==" or op == "!=" then
    code = ("%sequal(%s, %s)"):format(op == "==" and "" or "not ", left, right)
  elseif op == "in" or op == "not in" then
    code = ("%scontains(%s, %s)"):format(op == "in" and "" or "not ", right, left)
  else
    code = ("compare(%s, %s, %q)"):format(left, right, op)
  end
  return c.e:at(node, code)
end

--- a < b < c: each operand once, and none behind a comparison that fails.
local function comparisons(c, node)
  local codes = c:operands { node.expr, node.ops[1].expr }
  local left, right = c.e:temporary(codes[1]), c.e:temporary(codes[2])
  local result = c.e:temporary(comparison(c, node, node.ops[1].op, left, right))
  for i = 2, #node.ops do
    c.e:open("if %s then", result)
    local code = c:operand(node.ops[i].expr)
    c.e:line("%s, %s = %s, %s", left, right, right, code)
    c.e:line("%s = %s", result, comparison(c, node, node.ops[i].op, left, right))
    c.e:close()
  end
  return result, 0
end

function operands.Compare(c, node)
  if #node.ops > 1 then return comparisons(c, node) end
  local codes, depth = c:operands { node.expr, node.ops[1].expr }
  return "(" .. comparison(c, node, node.ops[1].op, codes[1], codes[2]) .. ")", depth + 2
end

local JUNCTIONS = { And = "truthy(%s)", Or = "not truthy(%s)" }

--- The operands of a chain of one operator: brackets make no difference.
local function junction_parts(node)
  local parts, stack = {}, { node }
  while #stack > 0 do
    local part = table.remove(stack)
    if part.kind == node.kind then
      stack[#stack + 1], stack[#stack + 2] = part.right, part.left
    else
      parts[#parts + 1] = part
    end
  end
  return parts
end

local function junction(c, node)
  local parts = junction_parts(node)
  local result = c.e:temporary((c:operand(parts[1])))
  for i = 2, #parts do
    c.e:open("if " .. JUNCTIONS[node.kind] .. " then", result)
    c.e:line("%s = %s", result, (c:operand(parts[i])))
    c.e:close()
  end
  return result, 0
end

operands.And, operands.Or = junction, junction

--- Code of a Lua condition, and its depth: whether a value is true.
function operands.condition(c, node)
  if node.kind == "Not" then
    local code, depth = operands.condition(c, node.node)
    if depth > 10 then code, depth = c.e:temporary(code), 0 end
    return ("(not %s)"):format(code), depth + 1
  elseif node.kind == "Compare" or node.kind == "Test" then
    return c:operand(node)
  end
  local code, depth = c:operand(node)
  if code == "true" or code == "false" then return code, depth end
  return ("truthy(%s)"):format(code), depth + 1
end

operands.Not = operands.condition

--- x if c else y.
function operands.CondExpr(c, node)
  local result = c.e:temporary()
  local is_soft, is_whole = c.is_soft, c.is_whole
  c.is_soft, c.is_whole = true, false
  c.e:open("if %s then", (operands.condition(c, node.test)))
  c.is_whole = is_whole
  c.e:line("%s = %s", result, (c:operand(node.expr1)))
  if node.expr2 then
    c.e:close("else")
    c.e.depth, c.is_whole = c.e.depth + 1, is_whole
    c.e:line("%s = %s", result, (c:operand(node.expr2)))
  end
  c.e:close()
  c.is_soft, c.is_whole = is_soft, false
  return result, 0
end

-- -- calls

function operands.Filter(c, node) return calls.filter(c, node, operands) end

function operands.Test(c, node) return calls.test(c, node, operands) end

function operands.Call(c, node) return calls.call(c, node, operands) end

return operands
