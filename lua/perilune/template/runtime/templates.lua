-- SPDX-License-Identifier: MIT

--- Contexts, the blocks that hang on them, and other templates: import, include, extends.

local limits = require "perilune.template.runtime.limits"
local objects = require "perilune.template.objects"
local value = require "perilune.template.value"

local fail, get_attribute = value.fail, value.attribute
local enter, leave = limits.enter, limits.leave

local templates = {}

-- -- contexts and blocks

-- Where a context keeps the blocks of its template: no name of a template is this table.
local BLOCKS = {}

--- A context with names more.
local function derived(ctx, names)
  return setmetatable(names, { __index = ctx })
end

templates.derived = derived

--- The context as it is now: what the top level assigns later is not seen.
function templates.snapshot(ctx)
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
function templates.context(code, ctx)
  if not code.needs_context then return ctx end
  local own = derived(ctx, { [BLOCKS] = {} })
  add_blocks(own, code)
  return own
end

--- The text of a block, for a place.
function templates.block(rt, ctx, name, place)
  local functions = ctx[BLOCKS][name][1].functions
  local run = functions.plain
  if place then
    run = functions.states[place]
      or fail(("the block '%s' was not written for this place"):format(name))
  end
  return run(ctx, rt, nil, 1)
end

function templates.require_block(ctx, name)
  if #ctx[BLOCKS][name] <= 1 then fail(("Required block '%s' not found"):format(name)) end
end

function templates.self_of(ctx) return objects.self(ctx[BLOCKS], ctx) end

function templates.super(ctx, name, level) return objects.block(ctx[BLOCKS][name], level, ctx) end

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
  local own = templates.context(code, ctx or {})
  local made = objects.module(name, code.exports, own, run_apart(rt, code, own))
  if not ctx then
    rt.modules = rt.modules or {}
    rt.modules[code] = made
  end
  return made
end

function templates.import(rt, ctx, name, mode)
  local code, found = find_code(rt, name_of(name), mode)
  return module(rt, ctx, code, found)
end

--- A name of an imported template.
function templates.exported(imported, name) return get_attribute(imported, name) end

--- The text of another template. `ctx` is nil when it is not to see ours.
function templates.include(rt, ctx, name, mode, place, may_be_missing)
  local code, found = find_code(rt, name, mode, place, may_be_missing)
  if not code then return "" end
  if place and code.final ~= place then
    fail(("the template '%s' does not end in the place where it is included"):format(found))
  end
  if not ctx then return module(rt, nil, code, found).body end
  return run_apart(rt, code, templates.context(code, ctx))
end

--- The template that ours extends: its blocks come behind ours.
function templates.extend(rt, ctx, name, mode, place)
  local code = find_code(rt, name_of(name), mode, place)
  add_blocks(ctx, code)
  return code
end

function templates.run_parent(rt, ctx, code)
  enter(rt)
  local text = code.root(ctx, rt)
  leave(rt)
  return text
end

return templates
