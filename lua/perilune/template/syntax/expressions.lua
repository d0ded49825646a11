-- SPDX-License-Identifier: MIT

--- Expressions as trees, weakest first, as Jinja has it:
---
---     x if c else y  <  or  <  and  <  not  <  == != < <= > >= in  <  + -  <  ~  <  * / // %
---         <  **  <  what operands.lua reads: - + (sign)  <  |filter  is test  <  . [] ()
---
--- Binary operators are read by precedence climbing, so that a chain of thousands is a loop. What
--- stands in brackets is read by recursion. No word is reserved: where an operand is expected any
--- name is one, as in Jinja.

local operands = require "perilune.template.syntax.operands"
local stream = require "perilune.template.syntax.stream"

local node = stream.node

local expressions = {}

-- Levels of the binary operators; `not` is a prefix between `and` and the comparisons.
local OR, AND, NOT, COMPARE, SUM, CONCAT, PRODUCT, POWER = 1, 2, 3, 4, 5, 6, 7, 8

local WORD_LEVELS = { ["or"] = OR, ["and"] = AND, ["in"] = COMPARE }
local LEVELS = {
  ["=="] = COMPARE, ["!="] = COMPARE, ["<"] = COMPARE, ["<="] = COMPARE, [">"] = COMPARE,
  [">="] = COMPARE, ["+"] = SUM, ["-"] = SUM, ["~"] = CONCAT, ["*"] = PRODUCT, ["/"] = PRODUCT,
  ["//"] = PRODUCT, ["%"] = PRODUCT, ["**"] = POWER,
}
local KINDS = {
  ["or"] = "Or", ["and"] = "And", ["+"] = "Add", ["-"] = "Sub", ["*"] = "Mul", ["/"] = "Div",
  ["//"] = "FloorDiv", ["%"] = "Mod", ["**"] = "Pow",
}

local binary

--- An operand on a level: where `not` may stand, it may stand several times.
local function operand(s, level)
  local nots = {}
  while level <= NOT and s:is_name("not") do nots[#nots + 1] = s:next() end
  if #nots == 0 then return operands.unary(s) end
  local value = binary(s, COMPARE)
  for i = #nots, 1, -1 do value = node("Not", nots[i], { node = value }) end
  return value
end

local function operation(s, left, level)
  local token = s:next()
  local kind = KINDS[token.value or token.kind]
  return node(kind, token, { left = left, right = binary(s, level + 1) })
end

--- a ~ b ~ c is one node.
local function concatenation(s, left)
  local first, parts = s.current, { left }
  while s:accept("~") do parts[#parts + 1] = binary(s, CONCAT + 1) end
  return node("Concat", first, { nodes = parts })
end

--- The level of the binary operator that is current, or nil.
local function level_of(s)
  local token = s.current
  if token.kind ~= "name" then return LEVELS[token.kind] end
  if token.value == "not" then return s:are_names("not", "in") and COMPARE or nil end
  return WORD_LEVELS[token.value]
end

--- a < b < c is one node: a < b and b < c.
local function comparison(s, left)
  local first, ops = s.current, {}
  while level_of(s) == COMPARE do
    local token = s:next()
    local op = token.value or token.kind
    if op == "not" then
      s:expect_word("in")
      op = "not in"
    end
    ops[#ops + 1] = { op = op, expr = binary(s, COMPARE + 1) }
  end
  return node("Compare", first, { expr = left, ops = ops })
end

local INFIX = { [COMPARE] = comparison, [CONCAT] = concatenation }

--- Operators of `lowest` level and stronger ones.
function binary(s, lowest)
  s:enter()
  local left = operand(s, lowest)
  local level = level_of(s)
  while level and level >= lowest do
    left = (INFIX[level] or operation)(s, left, level)
    level = level_of(s)
  end
  s:leave()
  return left
end

local function without_condition(s) return binary(s, OR) end

--- a if b else c if d else e: what stands behind an `else` takes all that follows.
local function conditional(s)
  local whole, last = binary(s, OR), nil
  local current = whole
  while s:is_name("if") do
    local token = s:next()
    local choice = node("CondExpr", token, { test = binary(s, OR), expr1 = current })
    if last then last.expr2 = choice else whole = choice end
    current = choice
    if s:accept_name("else") then
      current = binary(s, OR)
      choice.expr2, last = current, choice
    end
  end
  return whole
end

-- -- for the parser of statements

---@class perilune.template_node
---@field kind string
---@field line integer
---@field column integer

--- One expression.
---@param s perilune.template_stream
---@return perilune.template_node
expressions.expression = conditional

local function some_tuple(s, item)
  return operands.tuple(s, item) or s:fail_expected("an expression")
end

--- An expression, or several with commas between as a tuple.
---@param s perilune.template_stream
---@return perilune.template_node
function expressions.tuple(s) return some_tuple(s, conditional) end

--- The same where an `if` does not belong to the expression.
---@param s perilune.template_stream
---@return perilune.template_node
function expressions.tuple_without_if(s)
  return some_tuple(s, without_condition)
end

--- One filter or several with "|" between, of a body; the first name is the current token.
---@param s perilune.template_stream
---@return perilune.template_node
function expressions.filters(s)
  local made = operands.filter(s, nil)
  while s:accept("|") do made = operands.filter(s, made) end
  return made
end

local function check_assignable(s, target)
  if target.kind == "Tuple" then
    for _, item in ipairs(target.items) do check_assignable(s, item) end
  elseif target.kind ~= "Name" then
    s:fail("only a name, or a tuple of names, can be assigned to", target)
  end
  return target
end

--- What a `for`, `set` or `with` assigns to: a name or a tuple of names.
---@param s perilune.template_stream
---@return perilune.template_node
function expressions.target(s)
  return check_assignable(s, some_tuple(s, operands.primary))
end

--- A target that is one name. `what` says which, for the message.
---@param s perilune.template_stream
---@param what string
---@return perilune.template_node
function expressions.name_target(s, what)
  local token = s:expect_name(what)
  if operands.CONSTANTS[token.value] then
    s:fail(("'%s' is a constant and cannot be assigned to"):format(token.value), token)
  end
  return node("Name", token, { name = token.value })
end

return expressions
