-- SPDX-License-Identifier: MIT

--- The objects that templates get besides data: what `range`, `namespace`, `cycler` and `joiner` give,
--- `loop`, macros, imported templates, `self` and `super`. Each is a table whose metatable is its
--- class (see value/kinds.lua for what a class may have); one with `call(v, rt, place, args, kwargs)` can be
--- called. What is in the tables templates see only as far as `attribute` shows it.

local core = require "perilune.core"
local signature = require "perilune.template.signature"
local value = require "perilune.template.value"

local UNDEFINED, class, fail = value.UNDEFINED, value.class, value.fail

local objects = {}

--- Methods of a class, by name, to be bound when they are asked for.
local function bound(methods)
  return function(v, name)
    local callable = methods[name]
    return callable and value.method(v, callable, name)
  end
end

--- What a macro, block or loop wrote: done, if that was for the place or where HTML is escaped.
---@param place string|nil   for which the text was written
local function finished(rt, place, text)
  if place then return value.markup(text, "any") end
  return rt.autoescape and value.markup(text) or text
end

-- -- range

local Range = class { kind = "range" }

--- Whole numbers from `start` up to but without `stop`.
---@param start number
---@param stop number
---@param step number   not 0
---@return perilune.range
function objects.range(start, stop, step)
  return setmetatable({ start = start, stop = stop, step = step }, Range)
end

-- -- namespace

local Namespace = class {
  kind = "namespace",
  attribute = function(v, name) return v.fields[name] end,
  text = function(v) return ("<Namespace %s>"):format(value.repr(v.fields)) end,
}

---@param fields table   a dict of the value model
function objects.namespace(fields)
  return setmetatable({ fields = fields }, Namespace)
end

--- {% set v.name = item %}: only namespaces can do that.
function objects.set_attribute(v, name, item)
  if type(v) ~= "table" or getmetatable(v) ~= Namespace then
    fail("cannot assign attribute on non-namespace object")
  end
  local keys = core.json.listed(v.fields)
  if v.fields[name] == nil then keys[#keys + 1] = name end
  v.fields[name] = item == nil and UNDEFINED or item
end

-- -- cycler

local CYCLER_METHODS = {
  next = signature.define({}, function(v)
    local item = v.items[v.position]
    v.position = v.position % #v.items + 1
    return item
  end),
  reset = signature.define({}, function(v)
    v.position = 1
    return value.null
  end),
}

local Cycler = class {
  kind = "cycler",
  methods = CYCLER_METHODS,
  attribute = function(v, name)
    if name == "current" then return v.items[v.position] end
    if name == "pos" then return v.position - 1 end
    if name == "items" then return v.items end
    return bound(CYCLER_METHODS)(v, name)
  end,
  text = function() return "<Cycler>" end,
}

---@param items table   a tuple with at least one item
function objects.cycler(items)
  return setmetatable({ items = items, position = 1 }, Cycler)
end

-- -- joiner

local Joiner = class {
  kind = "joiner",
  attribute = function(v, name)
    if name == "sep" then return v.separator end
    if name == "used" then return v.is_used end
    return nil
  end,
  call = function(v, _, _, args, kwargs)
    if args.n > 0 or kwargs then fail("Joiner.__call__() takes no arguments") end
    if v.is_used then return v.separator end
    v.is_used = true
    return ""
  end,
  text = function() return "<Joiner>" end,
}

---@param separator any
function objects.joiner(separator)
  return setmetatable({ separator = separator, is_used = false }, Joiner)
end

-- -- loop

local LOOP_METHODS = {
  cycle = signature.variadic(function(v, args)
    if args.n == 0 then fail("no items for cycling given") end
    return args[(v.index - 1) % args.n + 1]
  end),
  changed = signature.variadic(function(v, args)
    local now = { unpack(args, 1, args.n) }
    if v.before and value.equal(value.tuple(now), v.before) then return false end
    v.before = value.tuple(now)
    return true
  end),
}

--- The loop's body may have changed its list.
local function count_of(v) return value.live_count(v.items, v.count) end

local LOOP_ATTRIBUTES = {
  index = function(v) return v.index end,
  index0 = function(v) return v.index - 1 end,
  revindex = function(v) return count_of(v) - v.index + 1 end,
  revindex0 = function(v) return count_of(v) - v.index end,
  first = function(v) return v.index == 1 end,
  last = function(v) return v.index == count_of(v) end,
  length = function(v) return count_of(v) end,
  depth = function(v) return v.depth0 + 1 end,
  depth0 = function(v) return v.depth0 end,
  previtem = function(v) return v.items[v.index - 1] end,
  nextitem = function(v) return v.items[v.index + 1] end,
}

local Loop = class {
  kind = "loop",
  methods = LOOP_METHODS,
  attribute = function(v, name)
    local get = LOOP_ATTRIBUTES[name]
    if get then return get(v) end
    return bound(LOOP_METHODS)(v, name)
  end,
  length = count_of,
  text = function(v) return ("<LoopContext %d/%d>"):format(v.index, count_of(v)) end,
  call = function(v, rt, place, args, kwargs)
    if not v.run then
      fail("The loop must have the 'recursive' marker to be called recursively.")
    elseif args.n ~= 1 or kwargs then
      fail("loop() takes what to loop over, and nothing else")
    end
    local of_place = place == v.place and place or nil
    local run = of_place and v.run or v.plain
    return finished(rt, of_place, run(v.ctx, rt, v.up, args[1], v.depth0 + 1))
  end,
}

--- The `loop` of a loop: `index` is set in each round. The last five only for a recursive one.
---@param items table
---@param count integer
---@param depth0 integer
---@param run? function   the loop's function
---@param ctx? table      what that is called with
---@param up? table
---@param place? string   the state of escaping for which `run` writes
---@param plain? function   writes plain text, where that is another function
function objects.loop(items, count, depth0, run, ctx, up, place, plain)
  return setmetatable({
    items = items, count = count, index = 0, depth0 = depth0, run = run, ctx = ctx, up = up,
    place = place, plain = plain,
  }, Loop)
end

-- -- macros

--- The rest of the arguments behind those that have a name.
local function varargs_of(about, args)
  local rest = {}
  for i = #about.arguments + 1, args.n do rest[#rest + 1] = args[i] end
  return value.tuple(rest)
end

local function check_rest(about, args, kwargs)
  local name = core.json.keys(kwargs)[1]
  if name == "caller" then
    fail(("macro '%s' was invoked with two values for the special caller argument. This is most"
      .. " likely a bug."):format(about.name or "caller"))
  elseif name then
    fail(("macro '%s' takes no keyword argument '%s'"):format(about.name or "caller", name))
  elseif args.n > #about.arguments then
    fail(("macro '%s' takes not more than %d argument(s)"):format(about.name or "caller",
      #about.arguments))
  end
end

local function take(kwargs, name)
  local v = kwargs[name]
  if v == nil then return nil end
  local keys = core.json.listed(kwargs)
  for i, key in ipairs(keys) do
    if key == name then table.remove(keys, i) break end
  end
  kwargs[name] = nil
  return v
end

--- What a macro's function takes: its arguments by position, and caller, kwargs, varargs.
local function bind_named(about, args, kwargs)
  local taken = {}
  for i, name in ipairs(about.arguments) do
    if i <= args.n then taken[i] = args[i] else taken[i] = take(kwargs, name) end
  end
  if about.uses_caller and not about.has_caller then taken.caller = take(kwargs, "caller") end
  if about.catches_kwargs then
    taken.kwargs, kwargs = kwargs, core.json.dict()
  end
  if about.catches_varargs then
    taken.varargs, args = varargs_of(about, args), { n = 0 }
  end
  check_rest(about, args, kwargs)
  return taken
end

local function bind(about, args, kwargs)
  local is_simple = not kwargs and args.n <= #about.arguments and not about.catches_kwargs
    and not about.catches_varargs
  if is_simple then return args end
  return bind_named(about, args, kwargs or core.json.dict())
end

local Macro = class {
  kind = "macro",
  attribute = function(v, name)
    local about = v.about
    if name == "name" then return about.name or value.null end
    if name == "arguments" then return value.tuple({ unpack(about.arguments) }) end
    if name == "catch_kwargs" then return about.catches_kwargs end
    if name == "catch_varargs" then return about.catches_varargs end
    if name == "caller" then return about.uses_caller end
    return nil
  end,
  text = function(v)
    return v.about.name and ("<Macro '%s'>"):format(v.about.name) or "<Macro anonymous>"
  end,
  call = function(v, rt, place, args, kwargs)
    local about = v.about
    local number = about.plain
    if place then number = about.states[place] or number end
    local text = v.functions[number](v.ctx, rt, v.up, bind(about, args, kwargs))
    return finished(rt, place and about.states[place], text)
  end,
}

--- A macro: what is known about it, the functions of its template, and what is around it.
---@param about table    see code/macros.lua
---@param functions function[]
---@param ctx table
---@param up? table
function objects.macro(about, functions, ctx, up)
  return setmetatable({ about = about, functions = functions, ctx = ctx, up = up }, Macro)
end

-- -- other templates

local Module = class {
  kind = "module", type_name = "TemplateModule",
  attribute = function(v, name) return v.exports[name] and rawget(v.ctx, name) end,
  text = function(v) return v.body end,
  repr = function(v) return ("<TemplateModule %s>"):format(value.repr(v.name)) end,
}

--- An imported template.
---@param name string
---@param exports table<string, boolean>
---@param ctx table    where its top level put what it exports
---@param body string  what it wrote
function objects.module(name, exports, ctx, body)
  return setmetatable({ name = name, exports = exports, ctx = ctx, body = body }, Module)
end

-- -- blocks

local Block

--- A block of a list of blocks; nil when there are not so many.
---@param blocks table[]   of one name, the innermost child's first
---@param level integer
function objects.block(blocks, level, ctx)
  if not blocks or not blocks[level] then return nil end
  return setmetatable({ blocks = blocks, level = level, ctx = ctx }, Block)
end

Block = class {
  kind = "function", type_name = "BlockReference",
  attribute = function(v, name)
    return name == "super" and objects.block(v.blocks, v.level + 1, v.ctx) or nil
  end,
  text = function() return "<BlockReference>" end,
  call = function(v, rt, place)
    local functions = v.blocks[v.level].functions
    local of_place = place and functions.states[place]
    local text = (of_place or functions.plain)(v.ctx, rt, nil, v.level)
    return finished(rt, of_place, text)
  end,
}

local Self = class {
  kind = "template", type_name = "TemplateReference",
  attribute = function(v, name) return objects.block(v.blocks and v.blocks[name], 1, v.ctx) end,
  text = function() return "<TemplateReference>" end,
}

--- `self`: the blocks of a template by name.
---@param blocks? table<string, table[]>
---@param ctx table
function objects.self(blocks, ctx)
  return setmetatable({ blocks = blocks, ctx = ctx }, Self)
end

return objects
