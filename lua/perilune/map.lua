-- SPDX-License-Identifier: MIT

--- A response to success and variables. Success says what becomes of the delivery; variables are
--- read out whatever it is, as far as the answer allows, and a variable that cannot be had is a
--- message, never a reason to send again.

local core = require "perilune.core"
local context = require "perilune.context"
local errors = require "perilune.errors"
local tables = require "perilune.util.tables"
local value = require "perilune.template.value"

local map = {}

local BYTE_ORDER_MARK = "\239\187\191" -- RFC 8259 section 8.1: some put it, a reader may pass over it

--- First and last status of one item of a success rule: 200, "409", "2xx", "200-299".
local function range_of(item)
  local text = tostring(item)
  local first, last = text:match("^(%d%d%d)%-(%d%d%d)$")
  if text:find("^%dxx$") then first, last = text:sub(1, 1) .. "00", text:sub(1, 1) .. "99" end
  first = tonumber(first or text:match("^%d%d%d$"))
  last = tonumber(last) or first
  if first and first >= 100 and last <= 599 and first <= last then return { first, last } end
  return nil
end

--- What is wrong with an item of a success rule, or nil.
---@param item number|string
---@return string|nil
function map.success_fault(item)
  if range_of(item) then return nil end
  return "must be a status such as 200, \"409\", \"2xx\" or \"200-299\", not " .. tostring(item)
end

local function compile_success(rule)
  if type(rule) == "function" then
    return function(response, ctx) return value.truthy(rule(response, ctx)) end
  end
  local ranges = {}
  for i, item in ipairs(type(rule) == "table" and rule or { rule or "2xx" }) do
    ranges[i] = range_of(item)
  end
  return function(response)
    for _, range in ipairs(ranges) do
      if response.status >= range[1] and response.status <= range[2] then return true end
    end
    return false
  end
end

--- One variable: a template gives a text, an expression or function a value. Nothing is undefined
--- enough to be an error here: what is not there is null.
local function compile_variable(scope, path, v)
  if type(v) == "string" and v:find("{{", 1, true) then
    local made = scope:text(path, v, { lenient = true })
    return made and function(_, ctx) return made(ctx) end
  elseif type(v) == "string" then
    local made = scope:expression(path, v, { lenient = true })
    return made and function(_, ctx) return made(ctx) end
  end
  return v
end

--- Fills the map part of an entry.
---@param entry perilune.entry
---@param scope perilune.scope
---@param webhook table   checked
---@param path any[]      of the webhook
---@param mapper function|nil
function map.compile(entry, scope, webhook, path, mapper)
  local response = webhook.response or {}
  local variables_path = tables.extend(tables.extend(path, "response"), "variables")
  entry.success = compile_success(webhook.success)
  entry.response_type = response.type or "json"
  entry.variables = {}
  for i, name in ipairs(tables.names(response.variables or {})) do
    local run = compile_variable(scope, tables.extend(variables_path, name),
      response.variables[name])
    entry.variables[i] = { name = name, run = run }
  end
  entry.mapper = mapper
end

--- The parsed body; nil and why not. No body is no mistake: an answer to HEAD, a 204, and whoever
--- says all with the status.
local function parse(entry, response)
  local body = response.body
  if entry.response_type == "text" then return body end
  if body == "" then return nil end
  local parsed, fault = core.json.decode(body:sub(1, 3) == BYTE_ORDER_MARK and body:sub(4) or body)
  if not fault then return parsed end
  if entry.response_type == "auto" then return body end
  return nil, ("the answer is not valid JSON: %s (line %d, column %d)"):format(fault.message,
    fault.line, fault.column)
end

local function plain(v)
  if v == nil then return core.json.null end
  if value.is_markup(v) then return v.text end
  return v
end

local function read_variables(entry, response, ctx, variables)
  local message
  for _, variable in ipairs(entry.variables) do
    local ok, result = pcall(variable.run, response, ctx)
    if not ok then
      message = message or ("variable '%s': %s"):format(variable.name,
        errors.text(result, entry.where))
      result = nil
    end
    variables[variable.name] = plain(result)
  end
  return message
end

local function run_mapper(entry, response, ctx, variables)
  local ok, result = pcall(entry.mapper, response, ctx)
  if not ok then return "mapper: " .. errors.text(result, entry.where) end
  if result == nil then return nil end
  if type(result) ~= "table" then
    return ("mapper: %s: must return a table of variables, not a %s"):format(entry.where,
      type(result))
  end
  local message
  for name, v in pairs(result) do
    if type(name) == "string" then
      variables[name] = plain(v)
    else
      message = ("mapper: %s: a variable must have a name, not a %s"):format(entry.where,
        type(name))
    end
  end
  return message
end

--- The variables as JSON. One that cannot be written is null, and a message.
local function written(entry, variables)
  local text = core.json.encode(variables)
  if text then return text, nil end
  local message
  for _, name in ipairs(tables.names(variables)) do
    local _, fault = core.json.encode(variables[name])
    if fault then
      message = message or ("variable '%s': %s: %s"):format(name, entry.where, fault)
      variables[name] = core.json.null
    end
  end
  return core.json.encode(variables), message
end

--- Maps a response.
---@param entry perilune.entry
---@param response any    the response userdata
---@param base table      the context of rendering
---@return boolean ok
---@return string|nil variables   JSON
---@return string|nil message     what could not be read
function map.run(entry, response, base)
  local parsed, message = parse(entry, response)
  local ctx = context.answered(base, {
    response = parsed, status = response.status, headers = response:headers(), raw = response.body,
  })
  local ok = entry.success(response, ctx)
  if #entry.variables == 0 and not entry.mapper then return ok, nil, nil end
  if not ok and parsed == nil then return ok, nil, nil end
  local variables = core.json.object({})
  if message and #entry.variables > 0 then return ok, nil, message end
  message = read_variables(entry, response, ctx, variables)
  if entry.mapper then
    message = run_mapper(entry, response, ctx, variables) or message
  end
  local text, fault = written(entry, variables)
  return ok, text, message or fault
end

return map
