-- SPDX-License-Identifier: MIT

--- A response to success and variables. Success says what becomes of the delivery; variables are
--- read out whatever it is, as far as the answer allows. One that cannot be had is a warning of the
--- attempt and no reason to send again: the receiver has taken what it was sent. Only where the
--- webhook says that a variable is required does the attempt fail without it.

local answer = require "perilune.answer"
local core = require "perilune.core"
local context = require "perilune.context"
local ctx = require "perilune.ctx"
local errors = require "perilune.errors"
local instance = require "perilune.instance"
local tables = require "perilune.util.tables"
local value = require "perilune.template.value"
local variables = require "perilune.variables"

local map = {}

--- First and last status of one item of a success rule: 200, "409", "2xx", "200-299".
---@param item any
---@return integer[]|nil
function map.range_of(item)
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
  if map.range_of(item) then return nil end
  return "must be a status such as 200, \"409\", \"2xx\" or \"200-299\", not " .. tostring(item)
end

--- A function of the answer: is it a success, and of one that is none, why. Where statuses say it,
--- those, from and to.
local function compile_success(rule)
  if type(rule) == "function" then
    return function(response, frame)
      local ok, reason = rule(frame.ctx, response)
      return value.truthy(ok), type(reason) == "string" and reason or nil
    end, nil
  end
  local ranges = {}
  for i, item in ipairs(type(rule) == "table" and rule or { rule or "2xx" }) do
    ranges[i] = map.range_of(item)
  end
  return function(response)
    local status = response.status
    for _, range in ipairs(ranges) do
      if status >= range[1] and status <= range[2] then return true end
    end
    return false
  end, ranges
end

-- Options of `response` that are about XML.
local XML_OPTIONS = { "lists", "prefixes" }

local function check_options(scope, path, response, kind)
  if kind == "xml" or kind == "auto" then return end
  for _, name in ipairs(XML_OPTIONS) do
    if response[name] ~= nil then
      scope:fault(tables.extend(path, name), ("'%s' is for the types 'xml' and 'auto', not '%s'")
        :format(name, kind))
    end
  end
end

--- A mapper: the function, or an instance (instance.lua). Nil after a fault.
---@param scope perilune.scope
---@param path any[]
---@param v function|table
---@param plugins perilune.plugins
---@return perilune.instance|nil
function map.compile_mapper(scope, path, v, plugins)
  local given = type(v) == "function" and { map = v } or v
  return instance.compile(scope, path, given, plugins, instance.MAPPER)
end

--- Fills the map part of an entry.
---@param entry perilune.entry
---@param scope perilune.scope
---@param webhook table   checked
---@param path any[]      of the webhook
---@param mapper perilune.instance|nil
function map.compile(entry, scope, webhook, path, mapper)
  local response, response_path = webhook.response or {}, tables.extend(path, "response")
  local kind = response.type or "json"
  check_options(scope, response_path, response, kind)
  entry.success, entry.success_statuses = compile_success(webhook.success)
  entry.answer = { type = kind, lists = response.lists, prefixes = response.prefixes }
  entry.variables = variables.compile(scope, tables.extend(response_path, "variables"),
    response.variables)
  entry.answer.is_whole = variables.have_functions(response.variables)
  entry.mapper, entry.body_paths = mapper, {}
end

--- A variable that a mapper gave, as JSON; null, and a warning, for what cannot be written.
local function mapped(entry, name, v)
  if type(name) ~= "string" or not core.json.encode(name) then
    return nil, ("mapper: %s: a variable must have a name, not a %s"):format(entry.where,
      type(name) == "string" and "text that is not UTF-8" or type(name))
  end
  local text, message = variables.text(v, entry.where)
  return text or "null", message and ("variable '%s': %s"):format(name, message)
end

--- What the mapper gives, as JSON by name; warnings.
local function run_mapper(entry, response, frame)
  local mapper, texts, warnings = entry.mapper, {}, {}
  local ok, result = pcall(mapper.handler.map, ctx.of_plugin(frame, mapper.config), response)
  if not ok then return texts, { "mapper: " .. errors.text(result, entry.where) } end
  if result == nil then return texts, warnings end
  if type(result) ~= "table" then
    return texts, { ("mapper: %s: must return a table of variables, not a %s"):format(entry.where,
      type(result)) }
  end
  for name, v in pairs(result) do
    local text, warning = mapped(entry, name, v)
    if text then texts[name] = text end
    warnings[#warnings + 1] = warning
  end
  table.sort(warnings)
  return texts, warnings
end

local function append(list, more)
  for _, item in ipairs(more) do list[#list + 1] = item end
end

--- The variables of an answer that is parsed; more warnings. Raises an error where a required one
--- is not there.
local function read(entry, response, frame, is_success, has_body, warnings)
  local texts, missing = variables.read(entry.variables, response, frame, warnings,
    is_success and has_body, is_success)
  local given, said
  -- A mapper reads what an error's body says, but not out of one that cannot be read.
  if entry.mapper and (is_success or context.of(frame).response ~= nil) then
    given, said = run_mapper(entry, response, frame)
    append(warnings, said)
  end
  if missing then
    table.insert(warnings, 1, missing)
    error(("%s: %s"):format(entry.where, table.concat(warnings, "; ")), 0)
  end
  if given then return variables.written_with(entry.variables, texts, given) end
  return variables.written(entry.variables, texts)
end

--- Is an answer that is no success worth another attempt? Nil where the policy's list says it, or a
--- function that fails does not; a warning.
local function ask_retry(entry, response, frame)
  if not entry.retry_on then return nil end
  local called, again = pcall(entry.retry_on, frame.ctx, response)
  if called then return value.truthy(again) end
  return nil, "retry.on: " .. errors.text(again, entry.where)
end

--- Maps a response.
---@param entry perilune.entry
---@param response any    the response userdata
---@param frame perilune.ctx_frame
---@return boolean ok
---@return string|nil variables   JSON
---@return string|nil message     all that could not be read
---@return boolean|nil again      of one that is no success: is it tried again?
function map.run(entry, response, frame)
  local parsed, warning, has_body = answer.parse(response, entry.answer)
  for _, hook in ipairs(entry.after_receive) do
    hook.run(ctx.of_plugin(frame, hook.config), response)
  end
  ctx.answer(frame, response, parsed)
  local ok, reason = entry.success(response, frame)
  local warnings, again, text = { warning }, nil, nil
  if not ok then -- that an error page is no JSON is not what went wrong
    warnings = { reason }
    local fault
    again, fault = ask_retry(entry, response, frame)
    warnings[#warnings + 1] = fault
  end
  if #entry.variables > 0 or entry.mapper then
    text = read(entry, response, frame, ok, has_body, warnings)
  elseif ok then
    warnings = {} -- nobody asked what is in it
  end
  return ok, text, #warnings > 0 and table.concat(warnings, "; ") or nil, again
end

return map
