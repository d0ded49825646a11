-- SPDX-License-Identifier: MIT

--- Macros and call blocks. A macro's body is a function of its arguments; where escaping depends on
--- the place there is one for each place in which a macro may be called, and one that writes plain
--- text. What a macro is apart from that is a constant:
---
---     {% macro m(a, b=1) %}      l1 = macro(K[1], P, ctx, up)
---                                K[1] = { name = "m", arguments = { "a", "b" },
---                                         plain = 2, states = { string = 3, value = 4 } }

local calls = require "perilune.template.code.calls"
local emitter = require "perilune.template.code.emitter"
local operands = require "perilune.template.code.operands"
local statements = require "perilune.template.code.statements"

local quote = emitter.quote

local macros = {}

local function write_parameters(c, node, scope)
  local required = #node.args - #node.defaults
  for i, arg in ipairs(node.args) do
    local slot = c.names.slots[arg]
    if i <= required then
      c:assign(slot, ("args[%d]"):format(i))
    else
      local name = c:slot(slot)
      c.e:line("%s = args[%d]", name, i)
      c.e:open("if %s == nil then", name)
      c.e:scoped(function() c:assign(slot, (c:operand(node.defaults[i - required]))) end)
      c.e:close()
    end
  end
  for _, name in ipairs { "caller", "kwargs", "varargs" } do
    local slot = scope.special[name]
    if slot then c.e:line("%s = args.%s", c:slot(slot), name) end
  end
end

--- The function of a body that begins in a place. Its number.
local function write_function(c, node, place)
  local scope = c.names.scopes[node]
  return c:text_function(", args", scope.unit, { scope = scope, checks_output = false }, function()
    c.place = place
    c:enter(scope)
    write_parameters(c, node, scope)
  end, function()
    c:returning(node, "the body of a macro", function() c:body(node.body) end)
  end)
end

--- The function for a place, if the body fits there; else one that says why it does not.
function macros.attempt(c, node, place, write)
  local restore = c:checkpoint()
  local ok, result = pcall(write, c, node, place)
  if ok then return result end
  restore()
  if type(result) ~= "table" or not result.is_place then error(result, 0) end
  local number = c.e:begin("")
  c.e:line("%s", c.e:at(result, ("fail(%s)"):format(quote(result.message))))
  c.e:finish()
  return number
end

--- Numbers of the functions of a body: { plain =, states = { [state] = } }. Made once.
---@param c perilune.coder
---@param node perilune.template_node
---@param write fun(c, node, place): integer
---@param states string[]
function macros.variants(c, node, write, states)
  local known = c.variants[node]
  if known then return known end
  local made = { plain = write(c, node, nil), states = {} }
  c.variants[node] = made
  for _, state in ipairs(c.has_places and states or {}) do
    if not made.states[state] then made.states[state] = macros.attempt(c, node, state, write) end
  end
  return made
end

--- Code of a macro as a value.
local function macro(c, node)
  local scope = c.names.scopes[node]
  local up = c:inner_up()
  local functions = macros.variants(c, node, write_function, c.rules.states)
  local arguments, has_caller = {}, false
  for i, arg in ipairs(node.args) do
    arguments[i] = arg.name
    has_caller = has_caller or arg.name == "caller"
  end
  local description = c.e:constant({
    name = node.name, arguments = arguments, has_caller = has_caller,
    uses_caller = scope.uses_caller or false, catches_kwargs = scope.special.kwargs ~= nil,
    catches_varargs = scope.special.varargs ~= nil, plain = functions.plain,
    states = functions.states,
  })
  return ("macro(%s, P, ctx, %s)"):format(description, up)
end

function macros.Macro(c, node)
  c:assign(c.names.slots[node], macro(c, node))
end

--- {% call m() %}...{% endcall %}: calls m with the body as the macro `caller`.
function macros.CallBlock(c, node)
  local code = macro(c, node)
  c.e:scoped(function()
    local first = #c.e.lines + 1
    local caller = c.e:temporary(code)
    c.is_whole = true
    local call = calls.call(c, node.call, operands, caller)
    statements.append_text(c, node, call, first)
  end)
end

return macros
