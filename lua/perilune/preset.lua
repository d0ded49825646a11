-- SPDX-License-Identifier: MIT

--- Presets: connectors with parameters, which plugins make.
---
---     -- connectors/team.lua
---     return use "slack" {
---       token = secret "SLACK_TOKEN",                      -- fields of the plugin's schema
---       messages = { { on = "order.shipped", channel = "#orders", text = "{{ data.id }}" } },
---       timeout = 3,                                       -- and keys of a connector
---     }
---
--- The plugin's `connector(config)` gives a connector's table. What the file says itself goes over
--- that; its webhooks and hooks come behind the plugin's. Where the file has what a webhook is made of,
--- the plugin says with `from = { "messages", 2 }`: there the webhook's faults are.

local connector = require "perilune.connector"
local errors = require "perilune.errors"
local instance = require "perilune.instance"
local nearest = require "perilune.util.nearest"
local payload = require "perilune.payload"
local tables = require "perilune.util.tables"

local preset = {}

local APPENDED = { webhooks = true, hooks = true }

local function find(scope, name, plugins)
  local found = plugins:get(name)
  if not found then
    scope:fault({}, ("there is no preset '%s'%s"):format(name,
      nearest.hint(name, plugins:names(), "plugins are")))
  elseif not found.handler.connector then
    scope:fault({}, ("the plugin '%s' is no preset: it has no connector"):format(name))
    return nil
  end
  return found
end

--- What is the plugin's of what the file says, and what is the connector's.
local function split(given, fields, report)
  local config, own, known = {}, {}, { webhooks = true }
  for _, keys in ipairs { fields, connector.KEYS } do
    for key in pairs(keys) do known[key] = true end
  end
  for key, v in pairs(given) do
    if fields[key] then config[key] = v else own[key] = v end
    if not known[key] then
      report({ key }, ("unknown key '%s'%s"):format(tostring(key),
        nearest.hint(tostring(key), tables.names(known), "known keys are")))
    end
  end
  return config, own
end

local function appended(list, more)
  if type(list) ~= "table" or type(more) ~= "table" then return more end
  local all = {}
  for _, items in ipairs { list, more } do
    for _, item in ipairs(items) do all[#all + 1] = item end
  end
  return all
end

local function merge(made, own)
  local merged = {}
  for key, v in pairs(made) do merged[key] = v end
  for key, v in pairs(own) do
    merged[key] = APPENDED[key] and made[key] ~= nil and appended(made[key], v) or v
  end
  return merged
end

--- The plugin's webhooks, without their `from`. That, and where the file's own ones are which come
--- behind them, goes to the scope.
local function without_origins(scope, webhooks, own)
  if type(webhooks) ~= "table" then return webhooks end
  local plain = {}
  for i, webhook in pairs(webhooks) do
    local from = type(webhook) == "table" and webhook.from
    plain[i] = from and {} or webhook
    for key, v in pairs(from and webhook or {}) do
      if key ~= "from" then plain[i][key] = v end
    end
    scope.origins[i] = type(from) == "table" and from or {}
  end
  for i = 1, type(own) == "table" and #own or 0 do
    scope.origins[#plain + i] = { "webhooks", i }
  end
  return plain
end

--- The connector's table that a file stands for. Nil after a fault; what is no preset passes.
---@param scope perilune.scope
---@param returned table
---@param plugins perilune.plugins
---@return table|nil
function preset.expand(scope, returned, plugins)
  if not payload.is_preset(returned) then return returned end
  local found = find(scope, returned.name, plugins)
  if not found or not found.schema then return nil end
  local faults = 0
  local function report(path, message)
    faults = faults + 1
    scope:fault(path, message)
  end
  local config, own = split(returned.given, found.schema, report)
  config = instance.config(scope, {}, config, found.schema, found.handler)
  if faults > 0 or not config then return nil end
  local ok, made = pcall(found.handler.connector, config)
  if ok and type(made) == "table" then
    made.webhooks = without_origins(scope, made.webhooks, own.webhooks)
    return merge(made, own)
  end
  local message = ok and "it gave no connector" or errors.text(made)
  scope:fault({}, ("the preset '%s': %s"):format(returned.name, message))
  return nil
end

return preset
