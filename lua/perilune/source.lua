-- SPDX-License-Identifier: MIT

--- What comes in from outside: verifiers, which say who sent a request, and sources, which turn a
--- foreign webhook into events.
---
---     -- gateway.lua
---     ingress = { type = "standard-webhooks", key = secret "PLATFORM" },   -- POST /v1/events
---     sources = { github = { verify = {...}, source = function(ctx, inbound) ... end } },
---     -- connectors/shop.lua: /v1/sources/shop
---     ingress = { verify = {...}, source = "shop-events" },
---
--- A verifier lets a request in by returning true, or a table that says who sent it (ctx.verified of the
--- source), and in no other way: what it raises or returns instead refuses it. Of several, one has to
--- let it in. A source returns an event, a list of them, or nothing; and behind it, if it wants to
--- answer itself, { status, headers, body }.

local core = require "perilune.core"
local ctx = require "perilune.ctx"
local errors = require "perilune.errors"
local instance = require "perilune.instance"
local schema = require "perilune.schema"
local tables = require "perilune.util.tables"

local source = {}

---@class perilune.source
---@field name string|nil           nil: the gateway's ingress
---@field place string              "file:line", for messages at run time
---@field verifies boolean
---@field takes_get boolean
---@field takes_post boolean
---@field verifiers perilune.instance[]
---@field receiver perilune.instance|nil   nil: the gateway's ingress
---@field entry table               what a ctx sees of it (ctx.lua)

--- What says who may send: a function, an instance, or a list of them.
source.VERIFY = { one_of = { { type = "function" }, { type = "table" } } }

--- What gateway.lua says of a source, and a connector of its own.
source.SPEC = { type = "record", fields = {
  verify = source.VERIFY,
  source = { one_of = { { type = "string" }, { type = "function" }, { type = "table" } },
    required = true },
  methods = { type = "list", of = { type = "string", values = { "GET", "POST" } }, filled = true },
} }

-- -- compile

local function compile_verifiers(scope, path, v, plugins)
  if type(v) == "function" then v = { verify = v } end
  if v[1] == nil then return { instance.compile(scope, path, v, plugins, instance.VERIFIER) } end
  local list = {}
  for i, item in ipairs(v) do
    local where = tables.extend(path, i)
    if type(item) == "function" or type(item) == "table" then
      for _, one in ipairs(compile_verifiers(scope, where, item, plugins)) do
        list[#list + 1] = one
      end
    else
      scope:fault(where, "a list of verifiers wants tables and functions")
    end
  end
  return list
end

local function compile_receiver(scope, path, v, plugins)
  if type(v) == "function" then v = { receive = v } end
  if type(v) == "string" then v = { type = v } end
  return instance.compile(scope, path, v, plugins, instance.SOURCE)
end

local function has(list, wanted)
  for _, item in ipairs(list) do
    if item == wanted then return true end
  end
  return false
end

--- What says who may send to it: what is written, else the plugin itself. Without either, tokens.
local function verifiers_of(scope, path, given, receiver, plugins)
  if given.verify ~= nil then
    return compile_verifiers(scope, tables.extend(path, "verify"), given.verify, plugins)
  end
  return receiver and receiver.handler.verify and { receiver } or {}
end

--- Compiles a source. Nil after a fault.
---@param scope perilune.scope
---@param path any[]
---@param name string
---@param given table     checked
---@param plugins perilune.plugins
---@param connector? { id: string, name: string }   whose it is
---@return perilune.source|nil
function source.compile(scope, path, name, given, plugins, connector)
  if given.source == nil then return nil end
  local source_path = tables.extend(path, "source")
  local receiver = compile_receiver(scope, source_path, given.source, plugins)
  local verifiers = verifiers_of(scope, path, given, receiver, plugins)
  local methods = given.methods or { "POST" }
  return receiver and {
    name = name, place = scope:where(source_path), receiver = receiver, verifiers = verifiers,
    verifies = given.verify ~= nil or #verifiers > 0,
    takes_get = has(methods, "GET"), takes_post = has(methods, "POST"),
    entry = { cache = name, connector_view = connector },
  }
end

local function check_name(scope, path, name)
  if name:find("^[%w._-]+$") then return end
  scope:fault(path, ("'%s' cannot be the name of a source: letters, digits, '.', '_' and '-'")
    :format(name))
end

--- The sources of gateway.lua, by name.
---@param scope perilune.scope
---@param gateway perilune.gateway
---@param plugins perilune.plugins
---@return table<string, perilune.source>
function source.compile_all(scope, gateway, plugins)
  local known = {}
  for _, name in ipairs(tables.names(gateway.sources)) do
    local path = { "sources", name }
    check_name(scope, path, name)
    known[name] = source.compile(scope, path, name, gateway.sources[name], plugins)
  end
  return known
end

--- The gateway's ingress, or nil.
---@param scope perilune.scope
---@param gateway perilune.gateway
---@param plugins perilune.plugins
---@return perilune.source|nil
function source.compile_ingress(scope, gateway, plugins)
  if gateway.ingress == nil then return nil end
  return {
    place = scope:where({ "ingress" }), entry = { cache = "" }, verifies = true,
    verifiers = compile_verifiers(scope, { "ingress" }, gateway.ingress, plugins),
  }
end

-- -- verify

--- Nil, or why this verifier does not let it in.
local function refusal_of(verifier, frame, inbound)
  local given = ctx.of_plugin(frame, verifier.config)
  local ok, said, reason = pcall(verifier.handler.verify, given, inbound)
  if ok and (said == true or type(said) == "table") then
    frame.verified = said ~= true and said or nil
    return nil
  end
  if not ok then reason = errors.text(said) end
  reason = reason ~= nil and tostring(reason)
    or ("it returned %s, not true"):format(said == false and "false" or schema.kind(said))
  local name = verifier.name .. ": "
  return reason:sub(1, #name) == name and reason or name .. reason
end

--- Nil when it may come in, or why not.
local function refusal(made, frame, inbound)
  local reasons = {}
  for i, verifier in ipairs(made.verifiers) do
    reasons[i] = refusal_of(verifier, frame, inbound)
    if not reasons[i] then return nil end
  end
  return made.verifies and table.concat(reasons, "; ") or nil
end

-- -- receive

local function fail(made, message)
  core.fail("script", ("%s: the source %s"):format(made.place, message))
end

--- The event as it goes on: with the name of its source, and a time that is a text.
local function completed(made, event)
  local copy = { source = made.name }
  for key, v in pairs(event) do copy[key] = v end
  if type(copy.time) == "number" then copy.time = os.date("!%Y-%m-%dT%H:%M:%SZ", copy.time) end
  return copy
end

local function is_event(v)
  return v.type ~= nil or not tables.is_list(v)
end

--- A JSON array of events, or nil; and whether the script gave a list.
local function events_of(made, v)
  if v == nil or v == core.json.null then return nil, false end
  if type(v) ~= "table" then
    fail(made, ("gave %s; it may give an event, a list of events, or nothing"):format(schema.kind(v)))
  end
  local is_list, list = not is_event(v), {}
  for i, event in ipairs(is_list and v or { v }) do
    if type(event) ~= "table" then
      fail(made, ("gave a list whose item %d is %s, not an event"):format(i, schema.kind(event)))
    end
    list[i] = completed(made, event)
  end
  if #list == 0 then return nil, true end
  local text, fault = core.json.encode(core.json.array(list))
  if not text then fail(made, "gave an event that cannot be JSON: " .. fault) end
  return text, is_list
end

local ANSWER = { type = "record", fields = {
  status = { type = "integer", min = 200, max = 599, default = 200 },
  headers = { type = "map", of = { one_of = { { type = "string" }, { type = "number" } } } },
  body = { one_of = { { type = "string" }, { type = "table" } } },
} }

local function header_fault(name, value)
  if not core.http.is_token(name) then return "this cannot be the name of a header" end
  if core.http.is_hop_by_hop(name) or name:lower() == "date" then
    return "this header is set by the gateway itself"
  end
  return not core.http.is_field_value(value)
    and "line breaks and control characters cannot stand in a header" or nil
end

--- The body as a text, and what it is.
local function encoded(made, body)
  if type(body) ~= "table" then return body or "", "text/plain; charset=utf-8" end
  local text, fault = core.json.encode(body)
  if not text then fail(made, "answers what cannot be JSON: " .. fault) end
  return text, "application/json"
end

--- { status, body, name, value, ... }, or nil.
local function answer_of(made, v)
  if v == nil then return nil end
  local checked = schema.check(ANSWER, v, function(path, message)
    local name = tables.path_text(path)
    fail(made, ("answers what it cannot: %s%s"):format(name == "" and "" or name .. ": ", message))
  end)
  local body, kind = encoded(made, checked.body)
  local answer, has_kind = { checked.status, body }, false
  for _, name in ipairs(tables.names(checked.headers or {})) do
    local value = tostring(checked.headers[name])
    local fault = header_fault(name, value)
    if fault then fail(made, ("answers what it cannot: %s: \"%s\""):format(fault, name)) end
    answer[#answer + 1], answer[#answer + 2] = name, value
    has_kind = has_kind or name:lower() == "content-type"
  end
  if not has_kind and body ~= "" then
    answer[#answer + 1], answer[#answer + 2] = "Content-Type", kind
  end
  return answer
end

--- Verifies an inbound request and turns it into events.
---@param generation perilune.generation
---@param name string|nil   nil: the gateway's ingress, which verifies and no more
---@param inbound perilune.inbound
---@param info { now: number, deadline: number }
---@return string|nil refused   why
---@return string|nil events    a JSON array
---@return boolean|nil is_list
---@return table|nil answer     { status, body, name, value, ... }
function source.run(generation, name, inbound, info)
  local made = name and generation.sources[name] or generation.ingress
  local frame = ctx.frame(made.entry, nil, nil, nil, info.now, info.deadline)
  frame.base = {}
  local refused = refusal(made, frame, inbound)
  if refused or not made.receiver then return refused end
  local given = ctx.of_plugin(frame, made.receiver.config)
  local result, own = made.receiver.handler.receive(given, inbound)
  local answer = answer_of(made, own)
  local events, is_list = events_of(made, result)
  return nil, events, is_list, answer
end

return source
