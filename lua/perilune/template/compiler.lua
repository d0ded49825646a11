-- SPDX-License-Identifier: MIT

--- Templates as Lua source, which LuaJIT compiles. This template
---
---     Dear {{ name|upper }}, {% for l in lines if l.n %}{{ loop.index }}: {{ l.sku }} {% endfor %}
---
--- becomes (lines that are cut only to have places of their own are joined here, and `do ... end`
--- is left out)
---
---     P[1] = function(ctx, rt, up)
---     local out1 = take(rt)
---     out1:put("Dear ", shown(K[1](ctx["name"])), ", ")
---     local s1, c1 = sequence(ctx["lines"])
---     spend(rt, c1)
---     local f1, m1 = {}, 0
---     for i1 = 1, c1 do
---     local l3
---     l3 = s1[i1]
---     if truthy(attribute(l3, "n", nil, "l")) then m1 = m1 + 1; f1[m1] = s1[i1] end
---     end
---     s1, c1 = f1, m1
---     for i1 = 1, c1 do
---     if #out1 > rt.max_output then overflow(#out1) end
---     local l3
---     l3 = s1[i1]
---     out1:put(shown(i1), ": ", shown(attribute(l3, "sku", nil, "l")), " ")
---     end
---     local result = taken(rt, out1)
---     return result
---     end
---
--- `ctx` holds the names that are given, `rt` belongs to one rendering (limits, the environment), `K`
--- are constants: here K[1] is the filter. A macro, a block, a recursive loop is a function of its
--- own, P[2] and so on, beside the others; variables that two of them share live in a table `V`,
--- which the inner one gets as `up`. `W` are the writers of escape.lua. What the helpers do is in
--- runtime.lua. The parts of this:
---
---     code/names, scopes      which variable a name is
---     code/emitter            lines and their places
---     code/coder              where the writing stands; variables, output, places, bodies
---     code/operands, calls    expressions
---     code/statements, loops, macros, inheritance      statements
---
--- Each text is written twice at most: when Lua refuses the straight way because a limit of its own
--- is reached, a second one, slower and without limits, is taken (`is_split`).

local coder = require "perilune.template.code.coder"
local emitter = require "perilune.template.code.emitter"
local escape = require "perilune.template.escape"
local folding = require "perilune.template.code.folding"
local inheritance = require "perilune.template.code.inheritance"
local names = require "perilune.template.code.names"
local operands = require "perilune.template.code.operands"
local runtime = require "perilune.template.runtime"
local tree = require "perilune.template.code.tree"

local compiler = {}

coder.Coder.operands_by_kind = operands
coder.Coder.statements_by_kind = {}
for _, part in ipairs { "statements", "loops", "macros", "inheritance" } do
  for kind, write in pairs(require("perilune.template.code." .. part)) do
    coder.Coder.statements_by_kind[kind] = write
  end
end

--- What compiled code finds in front of its functions: helpers as locals, which are fast.
local function header()
  local list = {}
  for name in pairs(runtime.helpers) do list[#list + 1] = name end
  table.sort(list)
  return ("local R, W, K, P = ...\nlocal %s = R.%s\n"):format(table.concat(list, ", "),
    table.concat(list, ", R."))
end

local HEADER = header()

---@class perilune.template_code
---@field root fun(ctx: table, rt: table): string|any
---@field blocks table<string, table>   { plain =, states = } of functions
---@field exports table<string, boolean>   names that an import sees
---@field needs_context boolean   it keeps something in its context, which has to be its own
---@field final? string           the state of escaping at its end
---@field chain? string           of an expression that is a.b.c and no more
---@field positions table         { line, column } by line of the Lua source
---@field chunk string            name of the Lua source
---@field source string           the Lua source, for whoever wants to read what was made

--- Names that the top level makes, as an import sees them: the last word counts.
local function exports_of(nodes, exports)
  local function see(name, is_exported)
    if not name:find("^_") then exports[name] = is_exported or nil end
  end
  for _, node in ipairs(nodes) do
    if node.kind == "Macro" then see(node.name, true) end
    if node.kind == "Import" then see(node.target, false) end
    for _, name in ipairs(node.kind == "FromImport" and node.names or {}) do see(name.alias, false) end
    if node.kind == "Assign" or node.kind == "AssignBlock" then
      tree.each_target(node.target, function(target)
        if target.kind == "Name" then see(target.name, true) end
      end)
    elseif node.kind == "If" then
      for _, branch in ipairs { node.body, node.elif_, node.else_ } do exports_of(branch, exports) end
    end
  end
  return exports
end

local function functions_of(P, numbers)
  local made = { plain = P[numbers.plain], states = {} }
  for state, number in pairs(numbers.states) do made.states[state] = P[number] end
  return made
end

--- Loads what a coder wrote. Nil and Lua's reason when Lua refuses it.
local function load_code(c, chunk, written)
  local source, positions = c.e:assemble(HEADER, ("return P[%d]\n"):format(written.root))
  local run, reason = emitter.load(source, chunk)
  if not run then return nil, reason end
  local P, blocks = {}, {}
  local root = run(runtime.helpers, escape.writers, c.e.constants, P)
  for name, numbers in pairs(written.blocks) do blocks[name] = functions_of(P, numbers) end
  return {
    root = root, blocks = blocks, positions = positions, chunk = chunk, final = c.final,
    source = source,
  }
end

--- Runs `write` on a coder. The parser bounds how deep brackets and tags nest, but not how long a
--- chain of filters, calls or inline ifs is: where Lua's stack ends, this says so, with the place.
local function written_by(c, write)
  local ok, result = pcall(write, c)
  if ok then return result end
  if type(result) == "string" and result:find("stack overflow", 1, true) then
    c:fail(c.node, "nested too deeply to be compiled")
  end
  return error(result, 0)
end

--- Writes code in the straight way or, if Lua refuses that, in the split one.
local function make(root, found, options, write)
  local reason
  local lenient_slices = folding.lenient_slices(root)
  for _, is_split in ipairs(options.is_split and { true } or { false, true }) do
    local c = coder.new(found, options, is_split)
    c.lenient_slices = lenient_slices
    local code
    code, reason = load_code(c, options.chunk, written_by(c, write))
    if code then return code end
  end
  return error({ line = 1, column = 1, message = "the template is too large for Lua: " .. reason }, 0)
end

---@class perilune.compiler_options
---@field env perilune.template_environment
---@field chunk string         name of the Lua source
---@field mode string          of escape.lua
---@field state? string        in which it begins (default: the mode's)
---@field is_lenient? boolean  attributes of undefined are undefined
---@field is_library? boolean  other templates may import it
---@field is_split? boolean    the way without limits at once
---@field is_traced? boolean   the root gives the pieces of its text and their places, too

--- Compiles a template. Raises {line=, column=, message=}.
---@param root perilune.template_node
---@param options perilune.compiler_options
---@return perilune.template_code
function compiler.template(root, options)
  local found = names.resolve(root)
  local scope = found.scopes[root]
  local has_extends = tree.has(root, { Extends = true })
  scope.unit.has_frame = scope.unit.has_frame or has_extends
  local shares = options.is_library or tree.has(root, inheritance.OUTSIDE)
  local code = make(root, found, options, function(c)
    c.root_unit, c.has_extends, c.checks_output, c.shares = scope.unit, has_extends, has_extends, shares
    local number = inheritance.write_root(c, root)
    return { root = number, blocks = inheritance.write_blocks(c) }
  end)
  code.exports = exports_of(root.body, {})
  code.needs_context = shares and (next(scope.stores) ~= nil or #found.blocks > 0 or has_extends)
  return code
end

--- Compiles an expression. Raises {line=, column=, message=}.
---@param root perilune.template_node
---@param options perilune.compiler_options
---@return perilune.template_code
function compiler.expression(root, options)
  local found = names.resolve(root)
  local chain
  local code = make(root, found, options, function(c)
    c.root_unit = found.scopes[root].unit
    chain = operands.name_chain(c, root)
    return { root = inheritance.write_expression(c, root), blocks = {} }
  end)
  code.chain = chain
  return code
end

return compiler
