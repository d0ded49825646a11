-- SPDX-License-Identifier: MIT

--- JSON bodies. A table is turned into a plan when it is loaded: constant JSON with holes,
---
---     { id = "{{ data.id }}", n = 1 }   ->   '{"id":' , hole , ',"n":1}'
---
--- so that rendering evaluates the holes and joins. Where all holes only place values the plan has an
--- outline (template/outline.lua). A Lua table forgets the order of its keys, so
--- objects are written sorted; `json.ordered` keeps an order.

local core = require "perilune.core"
local ctx = require "perilune.ctx"
local payload = require "perilune.payload"
local tables = require "perilune.util.tables"
local template = require "perilune.template"
local tree = require "perilune.encoding.tree"
local value = require "perilune.template.value"

local new_table = require "table.new"

local json = {}

local MAX_DEPTH = 128 -- a table that holds itself ends here

--- What makes a text no JSON, with its place in the text; or nil.
---@param text string
---@return string|nil message
---@return { line: integer, column: integer, offset: integer }|nil place
function json.fault(text)
  local fault = core.json.check(text)
  if not fault then return nil end
  return ("the body is not valid JSON: %s (line %d, column %d of the body)"):format(fault.message,
    fault.line, fault.column), fault
end

--- A template that is a whole body: what it renders is refused when it is no JSON, with the place of
--- the template that wrote it.
---@param render fun(values: table): string   of template.compile
---@return fun(values: table): string
function json.checked(render)
  return function(values)
    local text = render(values)
    local message, fault = json.fault(text)
    if message then error(template.located(render, values, fault.offset, message), 0) end
    return text
  end
end

--- A value as JSON text; nil and a message.
json.write = value.to_json

---@class perilune.json_hole
---@field evaluate function   what gives its value
---@field write fun(values: table, frame: perilune.ctx_frame): string   the same as JSON

--- A hole: its value as JSON text. What is done, by tojson or safe, must be JSON of its own.
local function hole(where, evaluate)
  local read = template.json_reader(evaluate)
  local function write(values, frame)
    local known = read and read(values)
    if known then return known end
    local v = evaluate(values, frame)
    local text, message
    if value.is_done(v, "json") then
      text, message = v.text, core.json.check(v.text)
      message = message and "what safe or tojson gives here must be JSON: " .. message.message
    else
      text, message = json.write(v)
    end
    if message then error(where .. ": " .. message, 0) end
    return text
  end
  return { evaluate = evaluate, write = write }
end

--- A leaf: constants as JSON, the rest as holes.
local function leaf(scope, v, path)
  if type(v) == "string" then
    local evaluate, is_constant = scope:leaf(path, v)
    if evaluate == nil then return "null" end -- a fault, said
    if is_constant then return core.json.encode(evaluate) end
    return hole(scope:where(path), evaluate)
  elseif type(v) == "function" then
    return hole(scope:where(path), ctx.scripted(v))
  end
  local message = tree.leaf_fault(v)
  local text = not message and core.json.encode(v)
  if text then return text end
  scope:fault(path, message or "a number that is not finite cannot be written as JSON")
  return "null"
end

local function add(parts, part)
  local last = #parts
  if type(part) == "string" and type(parts[last]) == "string" then
    parts[last] = parts[last] .. part
  else
    parts[last + 1] = part
  end
end

local function fail(path, message) error({ path = path, message = message }, 0) end

local function plan(parts, scope, v, path, depth)
  if depth > MAX_DEPTH then fail({ path[1] }, "the table is nested too deep") end
  if type(v) ~= "table" or payload.is_file(v) then return add(parts, leaf(scope, v, path)) end
  if core.json.is_array(v) then
    if not tables.is_list(v) then fail(path, tree.MIXED) end
    add(parts, "[")
    for i = 1, #v do
      if i > 1 then add(parts, ",") end
      plan(parts, scope, v[i], tables.extend(path, i), depth + 1)
    end
    return add(parts, "]")
  end
  local list, message = tree.members(v)
  if not list then fail(path, message) end
  add(parts, "{")
  for i, member in ipairs(list) do
    add(parts, (i > 1 and "," or "") .. core.json.encode(member[1]) .. ":")
    plan(parts, scope, member[2], tables.extend(path, member[1]), depth + 1)
  end
  return add(parts, "}")
end

--- The outline of a plan; nil when a hole has none.
local function outline(parts, resolve)
  local outlines = {}
  for i, part in ipairs(parts) do
    outlines[i] = type(part) == "string" and part
      or template.outline_of_value(part.evaluate, resolve, "null")
    if not outlines[i] then return nil end
  end
  return template.joined_outline(outlines)
end

--- A table of templates as a function of (values, frame) that gives JSON. Nil after a fault.
---@param scope perilune.scope
---@param path any[]
---@param v table
---@return (fun(values: table, frame: perilune.ctx_frame): string)|nil
---@return (fun(resolve: perilune.outline_resolve): table[]|nil)|nil outline   of that function
function json.compile(scope, path, v)
  local parts = {}
  local ok, raised = pcall(plan, parts, scope, v, path, 1)
  if not ok then
    if type(raised) ~= "table" then error(raised, 0) end
    scope:fault(raised.path, raised.message)
    return nil
  end
  return function(values, frame)
    local texts = new_table(#parts, 0)
    for i, part in ipairs(parts) do
      texts[i] = type(part) == "string" and part or part.write(values, frame)
    end
    return table.concat(texts)
  end, function(resolve) return outline(parts, resolve) end
end

return json
