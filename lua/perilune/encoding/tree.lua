-- SPDX-License-Identifier: MIT

--- Tables that integrators write as a body, with templates and functions as leaves: compiled once,
--- evaluated for each attempt.
---
---     { id = "{{ data.id }}", tags = { "a" } }  ->  evaluate(values, frame)  ->  { id = 7, tags = { "a" } }

local core = require "perilune.core"
local ctx = require "perilune.ctx"
local payload = require "perilune.payload"
local tables = require "perilune.util.tables"
local value = require "perilune.template.value"

local tree = {}

tree.MIXED = "a table must be a list (1 to n) or have names as keys, not both"
local MAX_DEPTH = 128 -- a table that holds itself ends here

--- Names and values of an object in the order in which they are written; nil and a message for a
--- table that is no object.
---@param v table
---@return any[][]|nil members   of {name, value}
---@return string|nil message
function tree.members(v)
  local list = {}
  for key in pairs(v) do
    if type(key) ~= "string" then return nil, tree.MIXED end
  end
  for i, name in ipairs(core.json.keys(v)) do list[i] = { name, v[name] } end
  return list
end

--- Is it a table of data? Markup is a text.
---@param v any
---@return boolean
function tree.is_table(v)
  return type(v) == "table" and not value.is_markup(v)
end

--- Names and values of a form, as tree.members: a list repeats its name, null and undefined are left
--- out. Raises the message for a table that is no object.
---@param v table
---@return any[][] fields   of {name, value}
function tree.fields(v)
  local members, message = tree.members(v)
  if not members then error(message, 0) end
  local fields = {}
  for _, member in ipairs(members) do
    local given = member[2]
    local is_list = tree.is_table(given) and core.json.is_array(given)
    for _, item in ipairs(is_list and given or { given }) do
      if not value.is_undefined(item) and item ~= core.json.null then
        fields[#fields + 1] = { member[1], item }
      end
    end
  end
  return fields
end

--- What is wrong with a leaf that no encoding can write, or nil.
---@param v any
---@return string|nil
function tree.leaf_fault(v)
  if payload.is_file(v) then return "a file can only be the whole body" end
  if core.is_secret(v) then return "a secret may not stand in a body" end
  local is_text = type(v) == "string" or type(v) == "number" or type(v) == "boolean"
  if is_text or v == core.json.null or core.json.is_exact(v) then return nil end
  return ("a body may not hold a %s"):format(type(v))
end

local compile

--- What a tree is made of, for who looks into it: { members = } of { name, part }, { items = } of parts,
--- { evaluate = } what gives a value, or { constant = }.
---@alias perilune.tree_part table

local function compile_list(scope, path, v, depth)
  local items, parts = {}, {}
  for i, item in ipairs(v) do
    items[i], parts[i] = compile(scope, tables.extend(path, i), item, depth)
  end
  local function evaluate_list(values, frame)
    local list = {}
    -- What is undefined leaves no hole.
    for _, evaluate in ipairs(items) do list[#list + 1] = evaluate(values, frame) end
    return core.json.array(list)
  end
  return evaluate_list, { items = parts }
end

local function compile_object(scope, path, v, depth)
  local members, message = tree.members(v)
  if not members then
    scope:fault(path, message)
    return nil
  end
  local parts = {}
  for i, member in ipairs(members) do
    parts[i] = { member[1] }
    member[2], parts[i][2] = compile(scope, tables.extend(path, member[1]), member[2], depth)
  end
  local function evaluate_object(values, frame)
    local object, keys = core.json.dict()
    for _, member in ipairs(members) do
      local result = member[2](values, frame)
      if result ~= nil then
        keys[#keys + 1] = member[1]
        object[member[1]] = result
      end
    end
    return object
  end
  return evaluate_object, { members = parts }
end

local function constant(v)
  return function() return v end, { constant = v }
end

--- A leaf without what only templates know: of a text that is done its text, of a tuple a list.
local function plain(where, evaluate)
  local function evaluate_plain(values, frame)
    local v = evaluate(values, frame)
    if type(v) ~= "table" then return v end
    local ok, exported = pcall(value.export, v)
    return ok and exported or error(("%s: %s"):format(where, exported), 0)
  end
  return evaluate_plain, { evaluate = evaluate }
end

--- A table, or a leaf; after a fault a function as well, so that the others are looked at.
function compile(scope, path, v, depth)
  if depth > MAX_DEPTH then error("the table is nested too deep", 0) end
  if type(v) == "function" then return plain(scope:where(path), ctx.scripted(v)) end
  if type(v) == "string" then
    local leaf, is_constant = scope:leaf(path, v)
    if is_constant or leaf == nil then return constant(leaf) end
    return plain(scope:where(path), leaf)
  elseif type(v) == "table" and not payload.is_file(v) then
    if not core.json.is_array(v) then
      local evaluate, part = compile_object(scope, path, v, depth + 1)
      if not evaluate then return constant(nil) end
      return evaluate, part
    elseif tables.is_list(v) then
      return compile_list(scope, path, v, depth + 1)
    end
    scope:fault(path, tree.MIXED)
    return constant(nil)
  end
  local message = tree.leaf_fault(v)
  if message then scope:fault(path, message) end
  return constant(v)
end

--- A function of (values, frame) that gives the table with its leaves evaluated: objects in the order
--- in which they are written, undefined members left out; and what it is made of. Faults go to the
--- scope.
---@param scope perilune.scope
---@param path any[]
---@param v table
---@return fun(values: table, frame: perilune.ctx_frame): any
---@return perilune.tree_part
function tree.compile(scope, path, v)
  local ok, result, part = pcall(compile, scope, path, v, 0)
  if ok then return result, part end
  scope:fault(path, tostring(result))
  return constant(nil)
end

return tree
