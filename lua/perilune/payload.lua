-- SPDX-License-Identifier: MIT

--- Bodies: tables that integrators write or return, as JSON and as forms.
---
--- A Lua table forgets the order of its keys, so objects are written sorted; `json.ordered` keeps
--- an order. A table is turned into a plan once, when it is loaded: constant JSON with holes,
---
---     { id = "{{ data.id }}", n = 1 }   ->   '{"id":' , function , ',"n":1}'
---
--- so that rendering evaluates the holes and joins.

local core = require "perilune.core"
local tables = require "perilune.util.tables"

local payload = {}

local MIXED = "a table must be a list (1 to n) or have names as keys, not both"
local MAX_DEPTH = 128 -- a table that holds itself ends here

---@class perilune.file
---@field name string
local File = {}

--- `file "order.json.j2"`: the template of this name.
---@param name string
---@return perilune.file
function payload.file(name)
  if type(name) ~= "string" then error("file wants the name of a template", 2) end
  return setmetatable({ name = name }, File)
end

function payload.is_file(v) return type(v) == "table" and getmetatable(v) == File end

--- Names and values of an object in the order in which they are written; nil and a message for a
--- table that is no object.
local function members(v)
  local list = {}
  for key in pairs(v) do
    if type(key) ~= "string" then return nil, MIXED end
  end
  for i, name in ipairs(core.json.keys(v)) do list[i] = { name, v[name] } end
  return list
end

local function add(parts, part)
  local last = #parts
  if type(part) == "string" and type(parts[last]) == "string" then
    parts[last] = parts[last] .. part
  else
    parts[last + 1] = part
  end
end

local function plan_into(parts, v, path, leaf, depth)
  if depth > MAX_DEPTH then error("the table is nested too deep", 0) end
  if type(v) ~= "table" or payload.is_file(v) then return add(parts, leaf(v, path)) end
  if core.json.is_array(v) then
    if not tables.is_list(v) then error({ path = path, message = MIXED }, 0) end
    add(parts, "[")
    for i = 1, #v do
      if i > 1 then add(parts, ",") end
      plan_into(parts, v[i], tables.extend(path, i), leaf, depth + 1)
    end
    return add(parts, "]")
  end
  local list, message = members(v)
  if not list then error({ path = path, message = message }, 0) end
  add(parts, "{")
  for i, member in ipairs(list) do
    add(parts, (i > 1 and "," or "") .. core.json.encode(member[1]) .. ":")
    plan_into(parts, member[2], tables.extend(path, member[1]), leaf, depth + 1)
  end
  return add(parts, "}")
end

--- The parts of a table as JSON: texts, and what `leaf` gave for values that are no tables (a text,
--- or anything for the caller to evaluate). Nil, a message and the path for a table that is none.
---@param v any
---@param path any[]
---@param leaf fun(v: any, path: any[]): any
---@return any[]|nil parts
---@return string|nil message
---@return any[]|nil where
function payload.plan(v, path, leaf)
  local parts = {}
  local ok, raised = pcall(plan_into, parts, v, path, leaf, 1)
  if ok then return parts end
  if type(raised) == "table" and raised.path then return nil, raised.message, raised.path end
  return nil, type(raised) == "table" and raised.message or tostring(raised), path
end

--- Names and values of a form in the order in which they are written.
---@param v table
---@return any[][]|nil list   of {name, value}
---@return string|nil message
function payload.fields(v)
  return members(v)
end

--- Appends "name=value" to the parts of a form: a list repeats the name, nil and null leave it out.
--- `text_of` gives the text of a value, or raises an error.
---@param parts string[]
---@param name string
---@param v any
---@param text_of fun(v: any): string
function payload.add_field(parts, name, v, text_of)
  if v == nil or v == core.json.null then return end
  if type(v) == "table" and core.json.is_array(v) then
    for _, item in ipairs(v) do payload.add_field(parts, name, item, text_of) end
    return
  end
  parts[#parts + 1] = core.url.encode_form(name) .. "=" .. core.url.encode_form(text_of(v))
end

return payload
