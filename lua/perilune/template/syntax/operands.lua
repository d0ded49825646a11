-- SPDX-License-Identifier: MIT

--- What stands between the binary operators: literals, names and brackets, with their attributes,
--- subscripts and calls, then the signs, then filters and tests. What is in brackets is read by
--- `s:expression()`.

local stream = require "perilune.template.syntax.stream"

local node = stream.node

local operands = {}

local SIGNS = { ["-"] = "Neg", ["+"] = "Pos" }

-- The names that are values.
operands.CONSTANTS = {
  ["true"] = { type = "bool", value = true }, ["True"] = { type = "bool", value = true },
  ["false"] = { type = "bool", value = false }, ["False"] = { type = "bool", value = false },
  ["none"] = { type = "none" }, ["None"] = { type = "none" },
}

-- The tokens that begin the argument of a test without brackets, and the words that do not.
local BARE_ARGUMENT = {
  name = true, string = true, int = true, float = true, ["["] = true, ["{"] = true,
}
local BEHIND_TEST = { ["else"] = true, ["or"] = true, ["and"] = true }

-- -- lists

--- One item; or items with commas between, and maybe one at the end, as a tuple. Nil when there is
--- nothing.
---@param s perilune.template_stream
---@param item fun(s: perilune.template_stream): perilune.template_node
---@return perilune.template_node|nil
function operands.tuple(s, item)
  local first, items, is_tuple = s.current, {}, false
  while not (s:is("}}") or s:is("%}") or s:is(")")) do
    items[#items + 1] = item(s)
    if not s:accept(",") then break end
    is_tuple = true
  end
  if is_tuple then return node("Tuple", first, { items = items }) end
  return items[1]
end

--- Reads each item up to the closing bracket, with commas between and maybe one at the end.
local function each_until(s, closer, read)
  local is_first = true
  while not s:accept(closer) do
    if not is_first then
      if not s:accept(",") then s:fail_expected(("',' or '%s'"):format(closer)) end
      if s:accept(closer) then return end
    end
    is_first = false
    read(s)
  end
end

local function items_until(s, closer, item)
  local items = {}
  each_until(s, closer, function() items[#items + 1] = item(s) end)
  return items
end

local function pair(s)
  local key = s:expression()
  s:expect(":")
  return { key = key, value = s:expression() }
end

-- -- arguments

--- An argument into its place of `call`. Python's order: positions, then names and *list (one),
--- then **dict.
local function argument(s, call)
  local first = s.current
  local function in_order(is_so)
    if not is_so then s:fail("this argument cannot stand behind the ones in front of it", first) end
  end
  if s:accept("*") then
    in_order(not (call.dyn_args or call.dyn_kwargs))
    call.dyn_args = s:expression()
  elseif s:accept("**") then
    in_order(not call.dyn_kwargs)
    call.dyn_kwargs = s:expression()
  elseif s:is("name") and s:look().kind == "=" then
    in_order(not call.dyn_kwargs)
    local key = s:next().value
    s:next()
    call.kwargs[#call.kwargs + 1] = { key = key, value = s:expression() }
  else
    in_order(not (call.dyn_args or call.dyn_kwargs or #call.kwargs > 0))
    call.args[#call.args + 1] = s:expression()
  end
end

--- The arguments in brackets, into the fields of `call`.
local function arguments(s, call)
  call.args, call.kwargs = {}, {}
  s:expect("(")
  each_until(s, ")", function() argument(s, call) end)
  return call
end

-- -- primaries

--- Adjacent strings are one, as in Python.
local function string(s)
  local first, parts = s.current, {}
  while s:is("string") do parts[#parts + 1] = s:next().value end
  return node("Const", first, { type = "string", value = table.concat(parts) })
end

local function parenthesised(s)
  local open = s:next()
  local inside = operands.tuple(s, s.expression) or node("Tuple", open, { items = {} })
  s:expect(")")
  return inside
end

local function name(s)
  local token = s:next()
  local constant = operands.CONSTANTS[token.value]
  if not constant then return node("Name", token, { name = token.value }) end
  return node("Const", token, { type = constant.type, value = constant.value })
end

local function number(s)
  local token = s:next()
  return node("Const", token, { type = token.kind, value = token.value })
end

local PRIMARIES = {
  name = name, string = string, int = number, float = number, ["("] = parenthesised,
  ["["] = function(s)
    return node("List", s:next(), { items = items_until(s, "]", s.expression) })
  end,
  ["{"] = function(s)
    return node("Dict", s:next(), { items = items_until(s, "}", pair) })
  end,
}

--- A literal, a name or what stands in brackets.
---@param s perilune.template_stream
---@return perilune.template_node
function operands.primary(s)
  local parse = PRIMARIES[s.current.kind]
  if not parse then s:fail_expected("an expression") end
  return parse(s)
end

-- -- what stands behind a primary

local function attribute(s, object)
  s:expect(".")
  local token = s.current
  if s:accept("name") then
    return node("Getattr", token, { node = object, attr = token.value })
  end
  if not s:is("int") then s:fail_expected("a name or number behind '.'") end
  return node("Getitem", token, { node = object, arg = number(s) })
end

--- A part of a slice, unless it is left out.
local function slice_part(s)
  if s:is(":") or s:is("]") or s:is(",") then return nil end
  return s:expression()
end

--- What stands in a subscript: an expression or start:stop:step.
local function subscribed(s)
  local first = s.current
  local start
  if not s:is(":") then
    start = s:expression()
    if not s:is(":") then return start end
  end
  s:expect(":")
  local stop = slice_part(s)
  local step
  if s:accept(":") then step = slice_part(s) end
  return node("Slice", first, { start = start, stop = stop, step = step })
end

local function subscript(s, object)
  local open = s:expect("[")
  local args = {}
  while not s:accept("]") do
    if #args > 0 then s:expect(",") end
    args[#args + 1] = subscribed(s)
  end
  local arg = #args == 1 and args[1] or node("Tuple", open, { items = args })
  return node("Getitem", open, { node = object, arg = arg })
end

local function call(s, callee)
  return node("Call", callee, arguments(s, { node = callee }))
end

local POSTFIX = { ["."] = attribute, ["["] = subscript, ["("] = call }

local function postfix(s, object)
  while true do
    local parse = POSTFIX[s.current.kind]
    if not parse then return object end
    object = parse(s, object)
  end
end

--- The name of a filter or test, with dots in it: its first token and the whole.
local function dotted_name(s, what)
  local first = s:expect_name(what)
  local full = first.value
  while s:accept(".") do full = full .. "." .. s:expect_name("a name behind '.'").value end
  return first, full
end

--- The filter whose name is the current token, of `value` (nil: of a body).
---@param s perilune.template_stream
---@param value perilune.template_node|nil
---@return perilune.template_node
function operands.filter(s, value)
  local token, full = dotted_name(s, "the name of a filter")
  local fields = { node = value, name = full, args = {}, kwargs = {} }
  if s:is("(") then arguments(s, fields) end
  return node("Filter", token, fields)
end

local function bare_argument(s)
  local token = s.current
  if not BARE_ARGUMENT[token.kind] then return nil end
  if token.kind == "name" then
    if BEHIND_TEST[token.value] then return nil end
    if token.value == "is" then
      s:fail("tests cannot follow one another: write 'a is b and a is c'")
    end
  end
  return postfix(s, operands.primary(s))
end

local function test(s, value)
  local is = s:next()
  local is_negated = s:accept_name("not")
  local token, full = dotted_name(s, "the name of a test")
  local fields = { node = value, name = full, args = {}, kwargs = {} }
  if s:is("(") then
    arguments(s, fields)
  else
    fields.args[1] = bare_argument(s)
  end
  local made = node("Test", token, fields)
  return is_negated and node("Not", is, { node = made }) or made
end

-- -- together

--- Signs, a primary with what belongs to it, then filters and tests: -a.b|abs is (-(a.b))|abs.
---@param s perilune.template_stream
---@return perilune.template_node
function operands.unary(s)
  local signs = {}
  while SIGNS[s.current.kind] do signs[#signs + 1] = s:next() end
  local value = postfix(s, operands.primary(s))
  for i = #signs, 1, -1 do value = node(SIGNS[signs[i].kind], signs[i], { node = value }) end
  while true do
    if s:accept("|") then
      value = operands.filter(s, value)
    elseif s:is_name("is") then
      value = test(s, value)
    elseif s:is("(") then
      value = call(s, value)
    else
      return value
    end
  end
end

return operands
