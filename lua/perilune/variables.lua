-- SPDX-License-Identifier: MIT

--- The variables of a webhook: what is read out of an answer. Each is an expression, which gives a
--- value, a template, which gives a text, or a function of ctx and the response. In a table it can
--- say what happens when the answer does not have it:
---
---     variables = {
---       erp_id = { "response.order.id", required = true },     -- the attempt fails
---       state  = { "response.order.state", default = "new" },  -- has this value
---       eta    = "response.order.eta",                         -- is null, and the attempt warns
---       title  = "{{ status }} {{ response.title|upper }}",
---     }
---
--- null in the answer is a value like any other: it was found.

local core = require "perilune.core"
local context = require "perilune.context"
local errors = require "perilune.errors"
local tables = require "perilune.util.tables"
local template = require "perilune.template"
local value = require "perilune.template.value"

local new_table = require "table.new"

local variables = {}

---@class perilune.variable
---@field name string
---@field member string      `"name":` as JSON
---@field run fun(response: any, frame: perilune.ctx_frame): any
---@field read (fun(values: table): string|nil)|nil   its value as JSON, if it is only to be read,
---@field chain string|nil   and the names that lead to it
---@field outline (fun(resolve: perilune.outline_resolve): table[]|nil)|nil   of its value as JSON
---@field script function|nil   the integrator's, where it is one
---@field required boolean
---@field default string|nil   as JSON; nil: none
---@field where string       its place in the file

local EXPRESSION = { one_of = { { type = "string" }, { type = "function" } } }

local function default_fault(v)
  local _, message = core.json.encode(v)
  return message and "cannot be a default: " .. message
end

local function declaration_fault(v)
  if v.required and v.default ~= nil then return "is required, so its default is of no use" end
  return nil
end

--- What a connector's file may say.
variables.SPEC = { type = "map", of = { one_of = {
  { type = "string" }, { type = "function" },
  { type = "record", first = EXPRESSION, check = declaration_fault, fields = {
    required = { type = "boolean" },
    default = { type = "any", check = default_fault },
  } },
} } }

local function compile_reader(scope, path, v)
  if v == nil then return nil end -- a fault, said
  if type(v) == "function" then
    return function(response, frame) return v(frame.ctx, response) end
  end
  local make = template.is_static(v) and scope.expression or scope.text
  local run = make(scope, path, v, { lenient = true })
  if not run then return nil end
  -- What a filter gives may be JSON already, which is a text as a variable, but no more to an outline.
  local outline = not v:find("|", 1, true)
    and function(resolve) return template.outline_of_value(run, resolve) end or nil
  return function(_, frame) return run(context.of(frame), frame) end, template.json_reader(run),
    template.chain(run), outline
end

--- The variables of a webhook, by name.
---@param scope perilune.scope
---@param path any[]
---@param declared table<string, any>|nil   checked
---@return perilune.variable[]
function variables.compile(scope, path, declared)
  local list = {}
  for i, name in ipairs(tables.names(declared or {})) do
    local v, where = declared[name], tables.extend(path, name)
    local options = type(v) == "table" and v or { v }
    local text = core.json.encode(name)
    if not text then scope:fault(where, "the name of a variable must be UTF-8") end
    local run, read, chain, outline = compile_reader(scope, where, options[1])
    list[i] = {
      name = name, member = (text or "") .. ":", run = run, read = read, chain = chain,
      outline = outline, script = type(options[1]) == "function" and options[1] or nil,
      where = scope:where(where),
      required = options.required or false,
      default = options.default ~= nil and core.json.encode(options.default) or nil,
    }
  end
  return list
end

--- Is one of them a function? It will ask for the answer as a whole.
---@param declared table<string, any>|nil   checked
---@return boolean
function variables.have_functions(declared)
  for _, v in pairs(declared or {}) do
    if type(v) == "function" or type(v) == "table" and type(v[1]) == "function" then return true end
  end
  return false
end

-- What is the same within a template and without.
local SIMPLE = { string = true, number = true, boolean = true }

--- A value of a template or a script as JSON; nil and a message for what JSON cannot have.
---@param v any
---@param where string
---@return string|nil text
---@return string|nil message
function variables.text(v, where)
  local ok, result = true, v
  local text, message
  if not SIMPLE[type(v)] then ok, result = pcall(value.export, v) end
  if ok then text, message = core.json.encode(result) else message = errors.text(result) end
  if text then return text end
  return nil, ("%s: %s"):format(where, message)
end

--- Reads one: its JSON, or nil and why there is none, and whether that is a fault of the script.
local function read_one(variable, response, frame)
  local known = variable.read and variable.read(context.of(frame))
  if known then return known end
  local ok, result = pcall(variable.run, response, frame)
  if not ok then return nil, errors.text(result, variable.where), true end
  if value.is_undefined(result) then return nil, "not found in the answer", false end
  local text, message = variables.text(result, variable.where)
  return text, message, message ~= nil
end

--- Reads all of them, as JSON. Of an answer that is no success, or that has no body, nothing is
--- expected: there a variable that is not found is null without a word.
---@param list perilune.variable[]
---@param response any
---@param frame perilune.ctx_frame
---@param warnings string[]   gets what is wrong
---@param expects boolean     one that is not found is worth a warning
---@param requires boolean    what is required has to be there
---@return string[] texts       in the order of the list
---@return string|nil missing   why a required one is not there
function variables.read(list, response, frame, warnings, expects, requires)
  local texts, missing = new_table(#list, 0), nil
  for i, variable in ipairs(list) do
    local text, reason, is_fault = read_one(variable, response, frame)
    local is_missing = reason and variable.required and requires
    if is_missing and not missing then
      missing = ("variable '%s' is required: %s"):format(variable.name, reason)
    elseif reason and (is_fault or is_missing or variable.default == nil and expects) then
      warnings[#warnings + 1] = ("variable '%s': %s"):format(variable.name, reason)
    end
    texts[i] = text or variable.default or "null"
  end
  return texts, missing
end

--- A JSON object of all of them, sorted by name.
---@param list perilune.variable[]
---@param texts string[]   each is put behind the name of its variable, in place
---@return string
function variables.written(list, texts)
  for i, variable in ipairs(list) do texts[i] = variable.member .. texts[i] end
  return "{" .. table.concat(texts, ",") .. "}"
end

--- The same where a mapper gives others beside them, and in their place.
---@param list perilune.variable[]
---@param texts string[]
---@param mapped table<string, string>   JSON by name
---@return string
function variables.written_with(list, texts, mapped)
  local by_name = {}
  for i, variable in ipairs(list) do by_name[variable.name] = texts[i] end
  for name, text in pairs(mapped) do by_name[name] = text end
  local members = {}
  for i, name in ipairs(tables.names(by_name)) do
    members[i] = core.json.encode(name) .. ":" .. by_name[name]
  end
  return "{" .. table.concat(members, ",") .. "}"
end

return variables
