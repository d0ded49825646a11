-- SPDX-License-Identifier: MIT

--- What compiled templates call. `rt` belongs to one rendering:
---
---     env          the environment, for names that are known only now
---     loops        rounds of loops that are left
---     depth        calls of macros, blocks, includes and recursive loops that are open
---     autoescape   is HTML escaped where the template stands now?
---     modules      templates that this rendering has imported
---
--- Nothing here names a place: who renders asks which line of the template's code was running.

local buffer = require "string.buffer"
local core = require "perilune.core"
local methods = require "perilune.template.methods"
local objects = require "perilune.template.objects"
local signature = require "perilune.template.signature"
local value = require "perilune.template.value"

-- Of one environment, for those who come next: buffers, and how large they may be.
local MAX_KEPT, MAX_KEPT_BYTES = 16, 65536

local UNDEFINED, fail, check_size = value.UNDEFINED, value.fail, value.check_size
local get_attribute, get_item = value.attribute, value.item

local runtime = {}

---@class perilune.template_runtime
---@field env perilune.template_environment
---@field loops integer
---@field depth integer
---@field max_depth integer
---@field max_output integer
---@field autoescape boolean
---@field modules? table

--- The state of a new rendering.
---@param env perilune.template_environment
---@return perilune.template_runtime
function runtime.new(env)
  local limits = core.limits
  return {
    env = env, loops = limits.template_loops, depth = 0, max_depth = limits.template_depth,
    max_output = limits.template_output, autoescape = false, modules = nil,
  }
end

--- What compiled code sees, by the names that it uses.
local helpers = {
  null = value.null, text = value.text, shown = value.shown, truthy = value.truthy, equal = value.equal,
  compare = value.compare, contains = value.contains, add = value.add, sub = value.sub,
  mul = value.mul, div = value.div, floordiv = value.floordiv, mod = value.mod, pow = value.pow,
  neg = value.neg, pos = value.pos, slice = value.slice, sequence = value.sequence,
  list = value.list, tuple = value.tuple, markup = value.markup, fail = fail,
  macro = objects.macro, new_loop = objects.loop, set_attribute = objects.set_attribute,
}

-- -- undefined

local function given(v)
  if v == nil then return UNDEFINED end
  return v
end

helpers.given = given

function helpers.is_defined(v) return v ~= nil and v ~= UNDEFINED end

--- Why a value is undefined: what was looked for in `owner`, or as a name when there is none.
local function explain(owner, key)
  if owner ~= nil then return value.missing(owner, key) end
  return key and ("'%s' is undefined"):format(key) or "the value is undefined"
end

-- -- look-up

--- v.name. `owner` and `key` say where `v` was found, in case that it was not.
function helpers.attribute(v, name, owner, key)
  if type(v) == "table" then
    local mark = getmetatable(v)
    if mark == "object" or mark == nil then
      local found = v[name]
      if found ~= nil then return found end
    end
  end
  if v == nil or v == UNDEFINED then fail(explain(owner, key)) end
  return get_attribute(v, name)
end

function helpers.item(v, part, owner, key)
  if v == nil or v == UNDEFINED then fail(explain(owner, key)) end
  return get_item(v, part)
end

--- The same for who takes attributes of undefined as undefined.
function helpers.attribute_or_nil(v, name)
  if v == nil or v == UNDEFINED then return nil end
  return get_attribute(v, name)
end

function helpers.item_or_nil(v, part)
  if v == nil or v == UNDEFINED then return nil end
  return get_item(v, part)
end

--- What Jinja makes of a slice of a constant: undefined if there is none.
function helpers.slice_of_constant(...)
  local ok, part = pcall(value.slice, ...)
  return ok and part or nil
end

--- A name that is also a function's.
function helpers.resolve(rt, ctx, name)
  local v = ctx[name]
  if v == nil then return rt.env.functions[name] end
  return v
end

-- -- texts

--- A text that an operator made.
function helpers.sized(text)
  if #text > 4096 then check_size(#text) end
  return text
end

--- An empty buffer to write into. Environments keep those that are done with: a rendering makes no
--- garbage but its text.
function helpers.take(rt)
  local buffers = rt.env.buffers
  local count = #buffers
  if count == 0 then return buffer.new() end
  local out = buffers[count]
  buffers[count] = nil
  return out
end

--- The text of a buffer, which is not used any more.
function helpers.taken(rt, out)
  local size = #out
  if size > rt.max_output then check_size(size) end
  local text = out:get()
  local buffers = rt.env.buffers
  if size <= MAX_KEPT_BYTES and #buffers < MAX_KEPT then buffers[#buffers + 1] = out end
  return text
end

function helpers.overflow(bytes) check_size(bytes) end

--- Notes which place of the template wrote the bytes up to here.
function helpers.mark(marks, size, place)
  marks[#marks + 1] = { ends = size, place = place }
end

local function escaped(v) return value.escape(v).text end

helpers.escaped = escaped

function helpers.escaped_in(rt, v)
  if rt.autoescape then return escaped(v) end
  return value.text(v)
end

--- What a block of text becomes where it is assigned or handed to a filter.
function helpers.settled(rt, v)
  if not rt.autoescape then return v end
  return value.is_markup(v) and v or value.markup(value.text(v))
end

--- The text of what must be one already: Jinja writes it as it is.
function helpers.plain(v)
  return value.plain_text(v)
    or fail(("sequence item 0: expected str instance, %s found"):format(value.type_name(v)))
end

--- a ~ b ~ c of many.
function helpers.concat_list(parts, count)
  local texts, bytes = {}, 0
  for i = 1, count do
    texts[i] = value.text(parts[i])
    bytes = bytes + #texts[i]
  end
  check_size(bytes)
  return table.concat(texts)
end

function helpers.concat_in(rt, parts, count)
  if rt.autoescape then return value.concat_markup(unpack(parts, 1, count)) end
  return helpers.concat_list(parts, count)
end

-- -- containers

--- A dict of keys and values in turn.
function helpers.dict(flat, count)
  local dict, keys = core.json.dict()
  for i = 1, count, 2 do
    local place = value.key(flat[i])
    if dict[place] == nil then keys[#keys + 1] = flat[i] end
    dict[place] = flat[i + 1]
  end
  return dict
end

--- The items of what is assigned to `count` targets.
function helpers.unpacked(v, count)
  if not value.is_iterable(v) then
    fail(("cannot unpack non-iterable %s object"):format(value.type_name(v)))
  end
  local items, length = value.sequence(v)
  if length > count then fail(("too many values to unpack (expected %d)"):format(count)) end
  if length < count then
    fail(("not enough values to unpack (expected %d, got %d)"):format(count, length))
  end
  return items
end

-- -- arguments

--- Named arguments as a dict.
function helpers.keywords(names, values)
  local dict, keys = core.json.dict()
  for i, name in ipairs(names) do
    keys[i] = name
    dict[name] = values[i]
  end
  return dict
end

--- Named arguments with those of `**more` behind them.
function helpers.merged(kwargs, more)
  if value.kind(more) ~= "dict" then
    fail(("argument after ** must be a mapping, not %s"):format(value.type_name(more)))
  end
  local dict, keys = core.json.dict()
  for _, source in ipairs { kwargs or {}, more } do
    for _, key in ipairs(core.json.keys(source)) do
      local name = value.plain_text(key) or fail("keywords must be strings")
      if dict[name] ~= nil then
        fail(("got multiple values for keyword argument '%s'"):format(name))
      end
      keys[#keys + 1], dict[name] = name, source[name]
    end
  end
  return dict
end

function helpers.with_caller(kwargs, caller)
  local dict = kwargs or core.json.dict()
  local keys = core.json.listed(dict)
  if dict.caller ~= nil then
    fail("got multiple values for keyword argument 'caller'")
  end
  keys[#keys + 1], dict.caller = "caller", caller
  return dict
end

--- Appends the arguments of `*more`.
function helpers.spread(args, more)
  if not value.is_iterable(more) then
    fail(("argument after * must be an iterable, not %s"):format(value.type_name(more)))
  end
  local items, count = value.sequence(more)
  for i = 1, count do args[args.n + i] = items[i] end
  args.n = args.n + count
end

-- -- calls

local function bind(callable, args, kwargs)
  local bound, message = signature.bind(callable, args, kwargs)
  return bound or fail(message)
end

--- Runs a filter, test or method on its subject.
local function apply(callable, subject, args, kwargs, rt)
  if callable.is_variadic then return callable.run(subject, args, kwargs, rt) end
  local bound = bind(callable, args, kwargs)
  return callable.run(subject, unpack(bound, 1, bound.n))
end

helpers.apply = apply

--- Runs a function, which has no subject.
local function apply_function(callable, args, kwargs, rt)
  if callable.is_variadic then return callable.run(args, kwargs, rt) end
  local bound = bind(callable, args, kwargs)
  return callable.run(unpack(bound, 1, bound.n))
end

--- Arguments as a table: they come as one, or as a number and up to three values.
local function pack(n, a, b, c)
  if type(n) == "table" then return n end
  return { n = n, a, b, c }
end

--- What can be called, and how: "function" (a callable of signature.lua), "method" or "object".
local function callable_form(v)
  local class = type(v) == "table" and getmetatable(v)
  if type(class) ~= "table" then return nil end
  if class.call then return "object" end
  return (class.kind == "function" or class.kind == "method") and class.kind or nil
end

local function fail_call(v, owner, key)
  if v == nil or v == UNDEFINED then fail(explain(owner, key)) end
  fail(("'%s' object is not callable"):format(value.type_name(v)))
end

--- Calls a value. `place`: the state of escaping, where all of an output is this call. `n`: how many
--- arguments follow, or all of them in a table.
function helpers.call(rt, place, v, owner, key, kwargs, n, a, b, c)
  local form = callable_form(v)
  if form == "object" then return getmetatable(v).call(v, rt, place, pack(n, a, b, c), kwargs) end
  if form == "function" then return apply_function(v, pack(n, a, b, c), kwargs, rt) end
  if form == "method" then return apply(v.callable, v.subject, pack(n, a, b, c), kwargs, rt) end
  return fail_call(v, owner, key)
end

--- The method of a value, if a call of v.name is one of it: no key of a dict comes first.
local function method_of(v, name)
  if type(v) == "table" then
    local mark = getmetatable(v)
    if type(mark) == "table" then
      local of_class = mark.methods and mark.methods[name]
      if of_class or mark.attribute then return of_class end
    elseif v[name] ~= nil then
      return nil
    end
  end
  return methods.find(v, name)
end

--- v.name(...), without making an object of the method.
function helpers.call_method(rt, place, v, name, owner, key, kwargs, n, a, b, c)
  if v == nil or v == UNDEFINED then fail(explain(owner, key)) end
  local method = method_of(v, name)
  if not method then
    return helpers.call(rt, place, get_attribute(v, name), v, name, kwargs, n, a, b, c)
  elseif not method.is_variadic and not kwargs and type(n) == "number" and n <= #method.params then
    return method.run(v, a, b, c)
  end
  return apply(method, v, pack(n, a, b, c), kwargs, rt)
end

--- What is called by a name that is also a function's: a value that cannot be called gives way.
function helpers.callee(rt, ctx, name)
  local v = ctx[name]
  if callable_form(v) then return v end
  return rt.env.functions[name]
end

-- -- limits

--- Takes rounds of a loop from what the rendering has.
function helpers.spend(rt, count)
  rt.loops = rt.loops - count
  if rt.loops < 0 then
    fail(("the loops of the template make more rounds than the %d of limits.template_loops"):format(
      core.limits.template_loops))
  end
end

local function enter(rt)
  rt.depth = rt.depth + 1
  if rt.depth > rt.max_depth then
    fail(("macros, blocks, includes and loops call one another deeper than the %d levels of"
      .. " limits.template_depth"):format(rt.max_depth))
  end
end

local function leave(rt) rt.depth = rt.depth - 1 end

helpers.enter, helpers.leave = enter, leave

-- -- contexts and blocks

-- Where a context keeps the blocks of its template: no name of a template is this table.
local BLOCKS = {}

--- A context with names more.
local function derived(ctx, names)
  return setmetatable(names, { __index = ctx })
end

helpers.derived = derived

--- The context as it is now: what the top level assigns later is not seen.
function helpers.snapshot(ctx)
  if not rawget(ctx, BLOCKS) then return ctx end
  local copy = {}
  for name, v in pairs(ctx) do copy[name] = v end
  return setmetatable(copy, getmetatable(ctx))
end

local function add_blocks(ctx, code)
  local blocks = ctx[BLOCKS]
  for name, functions in pairs(code.blocks) do
    blocks[name] = blocks[name] or {}
    table.insert(blocks[name], { functions = functions })
  end
end

--- The context in which a template's own body runs.
---@param code perilune.template_code
---@param ctx table
---@return table
function runtime.context(code, ctx)
  if not code.needs_context then return ctx end
  local own = derived(ctx, { [BLOCKS] = {} })
  add_blocks(own, code)
  return own
end

--- The text of a block, for a place.
function helpers.block(rt, ctx, name, place)
  local functions = ctx[BLOCKS][name][1].functions
  local run = functions.plain
  if place then
    run = functions.states[place]
      or fail(("the block '%s' was not written for this place"):format(name))
  end
  return run(ctx, rt, nil, 1)
end

function helpers.require_block(ctx, name)
  if #ctx[BLOCKS][name] <= 1 then fail(("Required block '%s' not found"):format(name)) end
end

function helpers.self_of(ctx) return objects.self(ctx[BLOCKS], ctx) end

function helpers.super(ctx, name, level) return objects.block(ctx[BLOCKS][name], level, ctx) end

-- -- other templates

local function name_of(name)
  if value.is_undefined(name) then fail("the name of the template is undefined") end
  return value.plain_text(name)
    or fail(("the name of a template must be a str, not %s"):format(value.type_name(name)))
end

--- Names of templates: one, or several to choose from.
local function names_of(name)
  if value.is_undefined(name) or value.plain_text(name) then return { name_of(name) } end
  local names, items, count = {}, value.sequence(name)
  for i = 1, count do names[i] = name_of(items[i]) end
  return names
end

--- The code of the first template that there is.
local function find_code(rt, name, mode, place, may_be_missing)
  local names = names_of(name)
  for _, candidate in ipairs(names) do
    if rt.env:has(candidate) then return rt.env:code(candidate, mode, place), candidate end
  end
  if may_be_missing then return nil end
  if #names == 1 then return fail(rt.env:missing(names[1])) end
  return fail("none of the templates given were found: " .. table.concat(names, ", "))
end

--- Runs a template on its own, without the escaping of who asks for it.
local function run_apart(rt, code, ctx)
  enter(rt)
  local autoescape = rt.autoescape
  rt.autoescape = false
  local text = code.root(ctx, rt)
  rt.autoescape = autoescape
  leave(rt)
  return text
end

--- An imported template. Without a context one serves the whole rendering.
local function module(rt, ctx, code, name)
  local known = rt.modules and rt.modules[code]
  if not ctx and known then return known end
  local own = runtime.context(code, ctx or {})
  local made = objects.module(name, code.exports, own, run_apart(rt, code, own))
  if not ctx then
    rt.modules = rt.modules or {}
    rt.modules[code] = made
  end
  return made
end

function helpers.import(rt, ctx, name, mode)
  local code, found = find_code(rt, name_of(name), mode)
  return module(rt, ctx, code, found)
end

--- A name of an imported template.
function helpers.exported(imported, name) return get_attribute(imported, name) end

--- The text of another template. `ctx` is nil when it is not to see ours.
function helpers.include(rt, ctx, name, mode, place, may_be_missing)
  local code, found = find_code(rt, name, mode, place, may_be_missing)
  if not code then return "" end
  if place and code.final ~= place then
    fail(("the template '%s' does not end in the place where it is included"):format(found))
  end
  if not ctx then return module(rt, nil, code, found).body end
  return run_apart(rt, code, runtime.context(code, ctx))
end

--- The template that ours extends: its blocks come behind ours.
function helpers.extend(rt, ctx, name, mode, place)
  local code = find_code(rt, name_of(name), mode, place)
  add_blocks(ctx, code)
  return code
end

function helpers.run_parent(rt, ctx, code)
  enter(rt)
  local text = code.root(ctx, rt)
  leave(rt)
  return text
end

runtime.helpers = helpers

return runtime
