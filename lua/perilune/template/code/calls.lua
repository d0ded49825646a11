-- SPDX-License-Identifier: MIT

--- Filters, tests and calls as code. Filters and tests are found when the template is compiled, and
--- so are the places of their keyword arguments; what is called is known only when it is called.
---
---     {{ x|default("a", boolean=true) }}    K[1](ctx["x"], "a", true)        K[1]: the filter
---     {{ x.replace("a", "b") }}             call_method(rt, nil, ctx["x"], "replace", ...)

local emitter = require "perilune.template.code.emitter"
local nearest = require "perilune.util.nearest"
local signature = require "perilune.template.signature"
local tables = require "perilune.util.tables"

local quote = emitter.quote

local calls = {}

-- Arguments that are passed as they are; more come in a table.
local MAX_PLAIN = 3

-- -- arguments

local function check_twice(c, node)
  local seen = {}
  for _, pair in ipairs(node.kwargs) do
    if seen[pair.key] then
      c:fail(node, ("keyword argument repeated: %s"):format(pair.key))
    end
    seen[pair.key] = true
  end
end

--- Code of named arguments as a dict, or "nil", and how deep it nests. `caller` is code of one more.
local function keywords(c, node, operands, caller)
  local code, depth = "nil", 0
  if #node.kwargs > 0 then
    local keys, nodes = {}, {}
    for i, pair in ipairs(node.kwargs) do keys[i], nodes[i] = pair.key, pair.value end
    local values
    values, depth = operands.table_of(c, nodes)
    code, depth = ("keywords(%s, %s)"):format(c.e:constant(keys), values), depth + 2
  end
  if node.dyn_kwargs then
    if depth > 0 then code = c.e:temporary(code) end
    local more
    more, depth = c:operand(node.dyn_kwargs)
    code, depth = c.e:at(node, ("merged(%s, %s)"):format(code, more)), depth + 2
  end
  return caller and ("with_caller(%s, %s)"):format(code, caller) or code, depth
end

--- Code of arguments by position as a table with n, and of the named ones, and how deep it nests;
--- those by position go through a local when the order asks for it.
local function packed(c, node, operands, caller)
  local args, depth = operands.table_of(c, node.args, ("n = %d"):format(#node.args))
  if #node.kwargs > 0 or node.dyn_args or node.dyn_kwargs then
    args, depth = c.e:temporary(args), 0
  end
  if node.dyn_args then
    c.e:line("%s", c.e:at(node, ("spread(%s, %s)"):format(args, (c:operand(node.dyn_args)))))
  end
  local kwargs, depth_of_kwargs = keywords(c, node, operands, caller)
  return args, kwargs, math.max(depth, depth_of_kwargs)
end

--- Code of plain arguments, "kwargs, n, a, b, c" or "kwargs, args", and how deep it nests.
local function arguments(c, node, operands, caller)
  check_twice(c, node)
  local is_plain = #node.args <= MAX_PLAIN and #node.kwargs == 0 and not node.dyn_args
    and not node.dyn_kwargs
  if not is_plain then
    local args, kwargs, depth = packed(c, node, operands, caller)
    return kwargs .. ", " .. args, depth
  end
  local codes, depth = c:operands(node.args)
  for i, code in ipairs(codes) do codes[i] = operands.given(node.args[i], code) end
  local kwargs = keywords(c, node, operands, caller)
  return table.concat({ kwargs, #codes, unpack(codes) }, ", "), depth
end

-- -- filters and tests

--- What stands for a filter or test that is not there. In an `if` it is an error only when it is
--- reached, as in Jinja.
local function unknown(c, node, set, what)
  local message = ("No %s named '%s'%s"):format(what, node.name,
    nearest.hint(node.name, tables.layered_names(set), "known are"))
  if not c.is_soft then c:fail(node, message) end
  return c.e:at(node, ("fail(%s)"):format(quote(message))), 1
end

--- Positions of all arguments of a callable with named parameters: a list of nodes, with holes.
local function bound(c, node, callable)
  local function count(n)
    if n > #callable.params then
      local _, message = signature.bind(callable, { n = n })
      c:fail(node, ("%s: %s"):format(node.name, message))
    end
  end
  count(#node.args)
  local places, last = {}, #node.args
  for i, arg in ipairs(node.args) do places[i] = arg end
  for _, pair in ipairs(node.kwargs) do
    local i = signature.position(callable, pair.key)
    if not i or places[i] then
      local _, message = signature.bind(callable, { n = #node.args }, { [pair.key] = true })
      c:fail(node, ("%s: %s"):format(node.name, message))
    end
    places[i], last = pair.value, math.max(last, i)
  end
  return places, last
end

--- Code of the arguments behind the subject, with a comma in front, and how deep it nests.
local function bound_arguments(c, node, callable, operands)
  local places, last = bound(c, node, callable)
  local nodes, at = {}, {}
  -- In the order in which they are written.
  for _, arg in ipairs(node.args) do nodes[#nodes + 1] = arg end
  for _, pair in ipairs(node.kwargs) do nodes[#nodes + 1] = pair.value end
  for i = 1, last do
    if places[i] then at[places[i]] = i end
  end
  local codes, depth = c:operands(nodes)
  local list = {}
  for i = 1, last do list[i] = "nil" end
  for i, arg in ipairs(nodes) do list[at[arg]] = operands.given(arg, codes[i]) end
  return #list > 0 and ", " .. table.concat(list, ", ") or "", depth
end

--- Code of a filter or test, applied to `subject` (nil: to what its node says).
local function applied(c, node, operands, callable, subject)
  check_twice(c, node)
  local code, depth = subject, 0
  local before = #c.e.lines + 1
  if not subject then
    code, depth = c:operand(node.node)
    before = #c.e.lines + 1
  end
  local function behind_subject()
    if #c.e.lines >= before and depth > 0 then code, depth = c.e:temporary(code, before), 0 end
  end
  local run = c.e:constant(callable.run)
  if callable.is_variadic then
    local args, kwargs, inner = packed(c, node, operands)
    behind_subject()
    return c.e:at(node, ("%s(%s, %s, %s, rt)"):format(run, code, args, kwargs)),
      math.max(depth, inner) + 4
  elseif node.dyn_args or node.dyn_kwargs then
    local args, kwargs, inner = packed(c, node, operands)
    behind_subject()
    return c.e:at(node, ("apply(%s, %s, %s, %s)"):format(c.e:constant(callable), code, args, kwargs)),
      math.max(depth, inner) + 4
  end
  local arguments_code, inner = bound_arguments(c, node, callable, operands)
  behind_subject()
  return c.e:at(node, ("%s(%s%s)"):format(run, code, arguments_code)), math.max(depth, inner) + 4
end

--- Code of a filter. Without a node it is applied to the text of the block around.
function calls.filter(c, node, operands)
  local callable = c.env.filters[node.name]
  if not callable then return unknown(c, node, c.env.filters, "filter") end
  return applied(c, node, operands, callable, not node.node and c.filter_subject or nil)
end

local SIMPLE_TESTS = { defined = "is_defined(%s)", undefined = "(not is_defined(%s))" }

function calls.test(c, node, operands)
  local simple = SIMPLE_TESTS[node.name]
  if simple and #node.args == 0 and #node.kwargs == 0 and not node.dyn_args and not node.dyn_kwargs then
    local code, depth = c:operand(node.node)
    return simple:format(code), depth + 1
  end
  local callable = c.env.tests[node.name]
  if not callable then return unknown(c, node, c.env.tests, "test") end
  return applied(c, node, operands, callable)
end

-- -- calls

--- Code of what is called, and of what says why it is undefined. A name that the context gives
--- another value still calls the function of that name.
local function callee_of(c, node, operands)
  local slot = node.kind == "Name" and c.names.slots[node]
  if slot and not c.is_variable(slot) and c.env.functions[node.name] ~= nil then
    local name = quote(node.name)
    return ("callee(rt, ctx, %s)"):format(name), 1, "nil", name
  end
  return operands.subject(c, node)
end

--- Code of a call. When it is all that an output writes (c.is_whole) a macro writes finished text
--- for this place.
function calls.call(c, node, operands, caller)
  local place = c.is_whole and c.place and quote(c.place) or "nil"
  c.is_whole = false
  local target = node.node
  local is_method = target.kind == "Getattr"
  local object, depth, owner, key
  if is_method then
    object, depth, owner, key = operands.subject(c, target.node)
  else
    object, depth, owner, key = callee_of(c, target, operands)
  end
  if depth > 0 then object = c.e:temporary(object) end
  local arguments_code, inner = arguments(c, node, operands, caller)
  local rest = table.concat({ owner, key, arguments_code }, ", ")
  if is_method then
    return c.e:at(node, ("call_method(rt, %s, %s, %s, %s)"):format(place, object,
      quote(target.attr), rest)), inner + 5
  end
  return c.e:at(node, ("call(rt, %s, %s, %s)"):format(place, object, rest)), inner + 5
end

return calls
