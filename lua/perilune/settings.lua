-- SPDX-License-Identifier: MIT

--- gateway.lua: the settings of the core (core.settings names them; `limits = { body = "1M" }` is
--- "limits.body") and what only scripts know: name, events, ingress, sources, destinations,
--- require_authenticator, require_https.

local core = require "perilune.core"
local nearest = require "perilune.util.nearest"
local rate = require "perilune.rate"
local schema = require "perilune.schema"
local source = require "perilune.source"
local tables = require "perilune.util.tables"
local tokens = require "perilune.tokens"

local settings = {}

local UNITS = { k = 2 ^ 10, m = 2 ^ 20, g = 2 ^ 30 }

local function bytes_of(v)
  if type(v) == "number" then return v == math.floor(v) and v or nil end
  local digits, unit = v:lower():match("^(%d+)([kmg]?)$")
  return digits and tonumber(digits) * (UNITS[unit] or 1)
end

--- What may be said of bytes: the check of one setting.
local function bytes_check(setting)
  return function(v)
    local bytes = bytes_of(v)
    if not bytes or bytes < 0 then
      return 'must be a whole number of bytes, or a text such as "64k", "1M" or "1G"'
    elseif bytes < setting.min or bytes > setting.max then
      return ("must be within %s"):format(setting.allowed)
    end
    return nil
  end
end

local function own_bytes_fault(v)
  local bytes = bytes_of(v)
  return (not bytes or bytes < 1) and 'must be a whole number of bytes, or a text such as "64k", "1M" or "1G"' or nil
end

--- Of a connector: so many bytes, as in a setting, and the number that a value is.
settings.BYTES = { one_of = {
  { type = "number", check = own_bytes_fault }, { type = "string", check = own_bytes_fault },
} }
settings.bytes_of = bytes_of

local TEXTS = { type = "list", of = { type = "string" } }

-- The specification of a setting, by its kind.
local KINDS = {
  text = function(setting)
    local values = {}
    for choice in setting.allowed:gmatch("[^|]+") do values[#values + 1] = choice end
    return { type = "string", values = values[1] and values or nil }
  end,
  file = function() return { type = "string" } end,
  count = function(setting)
    return { type = "integer", min = setting.min or 0, max = setting.max }
  end,
  seconds = function(setting)
    return { type = "number", min = setting.min or 0, max = setting.max }
  end,
  bytes = function(setting)
    local check = bytes_check(setting)
    return { one_of = { { type = "number", check = check }, { type = "string", check = check } } }
  end,
  list = function() return { one_of = { { type = "string" }, TEXTS } } end,
  secrets = function()
    return { one_of = {
      { type = "string" }, { type = "secret" },
      { type = "list", of = { one_of = { { type = "string" }, { type = "secret" } } } },
    } }
  end,
}
local LISTS = { list = true, secrets = true }

--- What gateway.lua may say.
---@return perilune.spec
function settings.specification()
  local fields = {
    name = { type = "string" },
    events = { type = "table" },
    ingress = source.VERIFY,
    sources = { type = "map", of = source.SPEC },
    destinations = rate.DESTINATIONS,
    require_authenticator = { type = "boolean" },
    require_https = { type = "boolean" },
  }
  for _, setting in ipairs(core.settings) do
    local owner, group, member = fields, setting.name:match("^([^.]+)%.(.+)$")
    if group then
      fields[group] = fields[group] or { type = "record", fields = {} }
      owner = fields[group].fields
    end
    owner[member or setting.name] = KINDS[setting.kind](setting)
  end
  return { type = "record", fields = fields }
end

local function flat(checked)
  local values = {}
  for _, setting in ipairs(core.settings) do
    local group, member = setting.name:match("^([^.]+)%.(.+)$")
    local owner = group and (checked[group] or {}) or checked
    local v = owner[member or setting.name]
    if v ~= nil and LISTS[setting.kind] and type(v) ~= "table" then v = { v } end
    values[setting.name] = v
  end
  return values
end

local KEYED = { type = "record", fields = { key = { type = "string" } } }

-- What the types of operator events begin with, which the gateway makes itself.
local OPERATOR = "^perilune%."

--- Is it an operator event, one of core.notices or one that there is not?
---@param trigger string|nil
---@return boolean
function settings.is_for_operators(trigger)
  return trigger ~= nil and trigger:find(OPERATOR) ~= nil
end

--- The vocabulary: trigger -> { key = name of its key, or nil }. Nil when none is declared.
local function vocabulary(events, scope, reserved)
  if not events then return nil end
  local known = {}
  for name, v in pairs(events) do
    local path = { "events", name }
    local trigger = type(name) == "number" and v or name
    local is_keyed = type(name) ~= "number"
    local checked = is_keyed and schema.check(KEYED, v, scope:reporter(), path) or {}
    if type(trigger) ~= "string" or trigger == "" then
      scope:fault(path, ("'events' wants names of triggers, got %s"):format(schema.kind(trigger)))
    elseif known[trigger] then
      scope:fault(path, ("the trigger '%s' is declared twice"):format(trigger))
    elseif settings.is_for_operators(trigger) then
      scope:fault(path, ("'%s' is the gateway's own: operator events are known without this"):format(trigger))
    else
      known[trigger] = checked
    end
    if checked.key and reserved[checked.key] then
      scope:fault(path, ("'%s' cannot be the key of a trigger: webhooks use the name"):format(
        checked.key))
    end
  end
  return known
end

--- Why a trigger is not in the vocabulary, or nil.
---@param known table<string, { key: string|nil }>|nil
---@param trigger string
---@return string|nil
function settings.trigger_fault(known, trigger)
  if settings.is_for_operators(trigger) then
    for _, name in ipairs(core.notices) do
      if name == trigger then return nil end
    end
    return ("there is no operator event '%s'%s"):format(trigger,
      nearest.hint(trigger, core.notices, "operator events are"))
  end
  if not known or known[trigger] then return nil end
  return ("unknown trigger '%s'%s"):format(trigger,
    nearest.hint(trigger, tables.names(known), "gateway.lua declares"))
end

--- Are the entries of egress.allow good ones?
local function check_egress_allow(entries, scope)
  local is_good = true
  for _, entry in ipairs(entries) do
    local fault = core.egress.fault(entry)
    if fault then
      scope:fault({ "egress", "allow" }, ("egress.allow: '%s' %s"):format(entry, fault))
      is_good = false
    end
  end
  return is_good
end

---@class perilune.gateway
---@field values table<string, any>        settings of the core by name
---@field vocabulary table<string, { key: string|nil }>|nil
---@field require_authenticator boolean
---@field require_https boolean
---@field egress_allow string[]|nil       nil: with mistakes
---@field ingress function|table|nil      as written, to be compiled
---@field sources table<string, table>    checked, to be compiled
---@field limits table[]                   of destinations
---@field tokens any                      as written: which connectors there are is known later

--- Checks what gateway.lua returned.
---@param returned table
---@param scope perilune.scope
---@param reserved table<string, any>   keys of a webhook, which no trigger may use for its own
---@param outside_allow? string[]   egress.allow of flags and environment, which counts instead and
---  is checked elsewhere
---@return perilune.gateway
function settings.compile(returned, scope, reserved, outside_allow)
  local rest, named = tokens.split(returned, scope)
  local checked = schema.check(settings.specification(), rest, scope:reporter()) or {}
  local values = flat(checked)
  local allow = values["egress.allow"] or {}
  for _, token in ipairs(values["tokens.named"] or {}) do named[#named + 1] = token end
  if named[1] then values["tokens.named"] = named end
  return {
    values = values,
    egress_allow = check_egress_allow(allow, scope) and (outside_allow or allow) or nil,
    vocabulary = vocabulary(checked.events, scope, reserved),
    require_authenticator = checked.require_authenticator or false,
    require_https = checked.require_https or false,
    ingress = checked.ingress, sources = checked.sources or {},
    limits = rate.destinations(scope, checked.destinations),
    tokens = returned.tokens,
  }
end

return settings
