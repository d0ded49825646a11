-- SPDX-License-Identifier: MIT

--- A connector's file: the keys it may have, the rules between them, and the webhooks that come out
--- as entries, each ready to route, render, authenticate and map.

local answer = require "perilune.answer"
local authenticator = require "perilune.authenticator"
local body = require "perilune.body"
local core = require "perilune.core"
local hooks = require "perilune.hooks"
local map = require "perilune.map"
local nearest = require "perilune.util.nearest"
local order = require "perilune.order"
local rate = require "perilune.rate"
local render = require "perilune.render"
local retry = require "perilune.retry"
local route = require "perilune.route"
local schema = require "perilune.schema"
local settings = require "perilune.settings"
local source = require "perilune.source"
local tables = require "perilune.util.tables"
local variables = require "perilune.variables"

local connector = {}

---@class perilune.entry
---@field index integer          number of the webhook in its generation
---@field connector string       id
---@field webhook string         id
---@field on string|nil          trigger
---@field key_name string|nil    of a keyed trigger
---@field key any
---@field applies_to table[]|nil
---@field authenticator perilune.authenticator|nil
---@field credentials table[]|nil   what is set on its requests, where C can do that alone
---@field before_send perilune.hook[]    by stage, in the order in which they are written
---@field after_receive perilune.hook[]
---@field on_failed perilune.hook[]
---@field context table          constants of connector and webhook
---@field source table           the webhook as checked, for describe
---@field event_paths table<string, string|false>   where chains of names lead (context.lua)
---@field body_paths table<string, string|false>
---@field success_statuses integer[][]|nil   from and to: where they say what is a success
---@field outline perilune.body_outline|nil   of the body
---@field whole_url string|nil   the URL, where no part of it is made anew
---@field policy table
---@field retry_on function|nil   says of an answer that is no success if it is tried again
---@field order_key function|nil  makes the key that it goes one after another by

local TEXT = { type = "string" }
local TEMPLATE = { type = "template" }
local SECONDS = { type = "number", min = 0.001, max = 86400 }
local URL = { one_of = { TEMPLATE, { type = "secret" } } }
local HEADER = { one_of = { TEMPLATE, { type = "secret" } } }
local PARAM = { one_of = { TEMPLATE, { type = "secret" }, { type = "list", of = TEMPLATE } } }
local METHOD = { one_of = { TEXT, { type = "function" } } }
local EXPRESSION = { one_of = { TEXT, { type = "function" } } }
local STATUS = { one_of = {
  { type = "number", check = map.success_fault }, { type = "string", check = map.success_fault },
} }
local CONTENT_TYPE = { type = "string", check = body.content_type_fault }
local SCALAR = { one_of = { TEXT, { type = "number" }, { type = "boolean" } } }
local CONTEXT = { type = "map", of = { one_of = {
  TEXT, { type = "number" }, { type = "boolean" }, { type = "table" },
} } }

local function proxy_fault(v)
  local fault = core.egress.proxy_fault(v)
  return fault and ("cannot be a proxy: %s"):format(fault)
end
local PROXY_URL = { type = "string", check = proxy_fault }
local CREDENTIAL = { one_of = { TEXT, { type = "secret" } } }
-- What the requests go through; false: straight to the receiver, whatever egress.proxy says.
local PROXY = { one_of = {
  { type = "literal", value = false }, PROXY_URL,
  { type = "record", fields = {
    url = { type = "string", required = true, check = proxy_fault },
    user = CREDENTIAL, password = CREDENTIAL,
  } },
} }
local REDIRECT_COUNT = { type = "integer", min = 0, max = 10 }
local REDIRECTS = { one_of = {
  REDIRECT_COUNT,
  { type = "record", fields = { max = { type = "integer", min = 0, max = 10, required = true },
    to_http = { type = "boolean" } } },
} }

local DAYS = { type = "integer", min = 0, max = 36500 }

-- How long what has ended is kept, where it is not as the settings say.
local RETENTION = { type = "record", fields = {
  days = DAYS, payload_days = DAYS,
  deliveries = { type = "integer", min = 1, max = 1000000000 },
  bytes = settings.BYTES,
} }

-- Keys that a connector gives for all its webhooks, and a webhook for itself.
local SHARED = {
  headers = { type = "map", of = HEADER },
  params = { type = "map", of = PARAM },
  context = CONTEXT,
  method = METHOD,
  content_type = CONTENT_TYPE,
  timeout = SECONDS,
  connect_timeout = SECONDS,
  retry = retry.SPEC,
  disable_on = retry.DISABLE_ON,
  order_by = order.SPEC,
  rate = rate.SPEC,
  redirects = REDIRECTS,
  hooks = { type = "list", of = { type = "table" } },
}

local WEBHOOK = {
  id = TEXT,
  on = TEXT,
  url = { one_of = URL.one_of, required = true },
  body = { one_of = { TEXT, { type = "function" }, { type = "table" } } },
  when = EXPRESSION,
  success = { one_of = {
    { type = "number", check = map.success_fault }, { type = "string", check = map.success_fault },
    { type = "function" }, { type = "list", of = STATUS, filled = true },
  } },
  response = { type = "record", fields = {
    type = { type = "string", values = answer.TYPES },
    lists = { type = "list", of = TEXT, filled = true },
    prefixes = { type = "boolean" },
    variables = variables.SPEC,
    mapper = { one_of = { TEXT, { type = "function" }, { type = "table" } } },
  } },
}

local CONNECTOR = {
  name = TEXT,
  enabled = { type = "boolean", default = true },
  authenticator = { one_of = { TEXT, { type = "table" } } }, -- an id, an instance, or a list
  proxy = PROXY,
  base_url = URL,
  retention = RETENTION,
  applies_to = { type = "map", of = { type = "list", of = SCALAR, filled = true } },
  ingress = source.SPEC,
}

for name, spec in pairs(SHARED) do
  WEBHOOK[name], CONNECTOR[name] = spec, spec
end

--- The keys of a webhook that are ours; the key of a keyed trigger must be none of them.
connector.WEBHOOK_KEYS = WEBHOOK

--- The keys of a connector.
connector.KEYS = CONNECTOR

--- What a connector's file may say, given the vocabulary. One that only takes in needs no webhooks.
---@param vocabulary? table
---@param has_ingress? boolean
---@return perilune.spec
function connector.specification(vocabulary, has_ingress)
  local webhook = {}
  for name, spec in pairs(WEBHOOK) do webhook[name] = spec end
  for _, trigger in pairs(vocabulary or {}) do
    if trigger.key then webhook[trigger.key] = SCALAR end
  end
  local fields = {}
  for name, spec in pairs(CONNECTOR) do fields[name] = spec end
  fields.webhooks = { type = "list", required = not has_ingress,
    of = { type = "record", fields = webhook } }
  return { type = "record", fields = fields }
end

--- The key of the webhook's trigger and its name: nil for triggers without a key.
local function check_key(scope, webhook, path, vocabulary)
  local trigger = vocabulary and webhook.on and vocabulary[webhook.on] or {}
  for name, other in pairs(vocabulary or {}) do
    local key = other.key
    if key and key ~= trigger.key and webhook[key] ~= nil then
      scope:fault(tables.extend(path, key), ("'%s' is the key of the trigger '%s', not of '%s'")
        :format(key, name, tostring(webhook.on)))
    end
  end
  if trigger.key and webhook[trigger.key] == nil then
    scope:fault(path, ("the trigger '%s' wants its key '%s'"):format(webhook.on, trigger.key))
  end
  return trigger.key, trigger.key and webhook[trigger.key]
end

--- The webhook's id, checked: each id and each trigger (with its key) is there once.
local function identify(scope, webhook, path, key, seen)
  local trigger = webhook.on and webhook.on .. (key ~= nil and "." .. tostring(key) or "")
  if not trigger and not webhook.id then
    scope:fault(path, "a webhook wants 'on' (a trigger) or 'id' (then it fires by a call only)")
    return nil
  end
  local id = webhook.id or trigger
  if trigger and seen.triggers[trigger] then
    local message = key == nil and ("the trigger '%s' is used twice"):format(webhook.on)
      or ("the trigger '%s' is used twice for '%s'"):format(webhook.on, tostring(key))
    scope:fault(path, ("%s; first in line %d"):format(message, seen.triggers[trigger]))
  elseif seen.ids[id] then
    scope:fault(path, ("the id '%s' is used twice; first in line %d"):format(id, seen.ids[id]))
  end
  local line = scope:line(path)
  if trigger then seen.triggers[trigger] = seen.triggers[trigger] or line end
  seen.ids[id] = seen.ids[id] or line
  return id
end

--- How many redirects are followed, and whether to http: the webhook's, else the connector's; nil
--- is none.
local function redirects_of(given, webhook)
  local redirects = webhook.redirects
  if redirects == nil then redirects = given.redirects end
  if type(redirects) == "table" then return redirects.max, redirects.to_http end
  return redirects, nil
end

local function retention_of(retention)
  return retention and {
    days = retention.days, payload_days = retention.payload_days, deliveries = retention.deliveries,
    bytes = retention.bytes and settings.bytes_of(retention.bytes),
  }
end

local function policy_of(entry, given, webhook)
  local redirects, may_downgrade = redirects_of(given, webhook)
  return {
    redirects = redirects, may_downgrade = may_downgrade,
    connector = entry.connector, webhook = entry.webhook,
    timeout = webhook.timeout or given.timeout,
    connect_timeout = webhook.connect_timeout or given.connect_timeout,
    rate = rate.compile(webhook.rate or given.rate),
    own_quota = webhook.rate and ("%s/%s"):format(entry.connector, entry.webhook or "") or nil,
    retention = retention_of(given.retention),
    notice = settings.is_for_operators(entry.on) and entry.on or nil,
    disable_on = retry.disable_on(given.disable_on, webhook.disable_on),
    has_on_unauthorized = authenticator.reauthorizes(entry.authenticator) or nil,
    has_on_failed = #entry.on_failed > 0 or nil,
  }
end

local function merged_context(given, webhook)
  local values = {}
  for name, v in pairs(given.context or {}) do values[name] = v end
  for name, v in pairs(webhook.context or {}) do values[name] = v end
  return values
end

--- The mapper that a webhook has or names, or nil.
local function mapper_of(scope, webhook, path, env)
  local mapper, mappers = webhook.response and webhook.response.mapper, env.mappers
  local where = tables.extend(tables.extend(path, "response"), "mapper")
  if mapper == nil then return nil end
  if type(mapper) ~= "string" then
    return map.compile_mapper(scope, where, mapper, env.plugins)
  end
  if mappers[mapper] == nil then
    scope:fault(where, ("there is no mapper '%s'%s"):format(mapper,
      nearest.hint(mapper, tables.names(mappers), "mappers are")))
  end
  return mappers[mapper] or nil
end

---@class perilune.connector_env
---@field gateway perilune.gateway
---@field is_enabled table<string, boolean>   connectors by id, those with mistakes too
---@field authenticators table<string, perilune.authenticator|false>
---@field mappers table<string, perilune.instance|false>
---@field plugins perilune.plugins

local NONE = {}

--- What is set on a request once it is rendered; nil where scripts take part in it.
local function credentials_of(entry)
  if #entry.before_send > 0 then return nil end
  if not entry.authenticator then return NONE end
  return entry.authenticator.credentials
end

local function compile_webhook(scope, shared, webhook, path, env)
  local key_name, key = check_key(scope, webhook, path, env.gateway.vocabulary)
  local fault = webhook.on and settings.trigger_fault(env.gateway.vocabulary, webhook.on)
  if fault then scope:fault(tables.extend(path, "on"), fault) end
  local entry = {
    connector = shared.id, on = webhook.on, key_name = key ~= nil and key_name or nil, key = key,
    applies_to = shared.applies_to, authenticator = shared.authenticator,
    context = merged_context(shared.given, webhook), source = webhook,
    webhook = identify(scope, webhook, path, key, shared.seen),
  }
  entry.connector_view = { id = shared.id, name = shared.given.name or shared.id }
  entry.webhook_view = { id = entry.webhook }
  hooks.compile(entry, scope, { shared.given.hooks, webhook.hooks }, path, env.plugins)
  entry.credentials = credentials_of(entry)
  entry.policy = policy_of(entry, shared.given, webhook)
  retry.check(scope, tables.extend(path, "retry"), webhook.retry)
  rate.check(scope, tables.extend(path, "rate"), webhook.rate)
  retry.compile(entry, shared.given.retry, webhook.retry)
  order.compile(entry, scope, path, shared.given.order_by, webhook.order_by)
  entry.proxy = shared.given.proxy
  render.compile(entry, scope, shared.given, webhook, path, shared.options)
  map.compile(entry, scope, webhook, path, mapper_of(scope, webhook, path, env))
  return entry
end

local function check_authenticator(scope, returned, found, env)
  local is_missing = returned.webhooks ~= nil
    and (returned.authenticator == nil or found and found.name == "none")
  if env.gateway.require_authenticator and is_missing then
    scope:fault({ "authenticator" },
      "the connector has no authenticator, which gateway.lua requires (require_authenticator)")
  end
end

--- Checks and compiles what a connector's file returned.
---@param id string
---@param returned table
---@param scope perilune.scope
---@param env perilune.connector_env
---@return { id: string, given: table, entries: perilune.entry[], authenticator: any,
---  source: perilune.source|nil }
function connector.compile(id, returned, scope, env)
  local specification = connector.specification(env.gateway.vocabulary, returned.ingress ~= nil)
  local given = schema.check(specification, returned, scope:reporter())
  if given.webhooks and #returned.webhooks == 0 and not given.ingress then
    scope:fault({ "webhooks" }, "a connector wants at least one webhook")
  end
  local found = given.authenticator and authenticator.compile(scope, { "authenticator" },
    given.authenticator, env.plugins, env.authenticators)
  check_authenticator(scope, returned, found, env)
  retry.check(scope, { "retry" }, given.retry)
  rate.check(scope, { "rate" }, given.rate)
  local shared = {
    id = id, given = given, authenticator = found, seen = { triggers = {}, ids = {} },
    applies_to = route.conditions(given.applies_to),
    options = {
      base_url = render.compile_base(scope, given.base_url, env.gateway.egress_allow),
      require_https = env.gateway.require_https, egress_allow = env.gateway.egress_allow,
    },
  }
  local entries = {}
  for i = 1, #(returned.webhooks or {}) do
    local webhook = given.webhooks and given.webhooks[i]
    if webhook then
      entries[#entries + 1] = compile_webhook(scope, shared, webhook, { "webhooks", i }, env)
    end
  end
  return { id = id, given = given, entries = entries, authenticator = found,
    source = given.ingress and source.compile(scope, { "ingress" }, id, given.ingress, env.plugins,
      { id = id, name = given.name or id }) }
end

return connector
