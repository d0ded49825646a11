-- SPDX-License-Identifier: MIT

--- What is loaded, as GET /v1/connectors shows it. Templates are shown as written.

local core = require "perilune.core"

local describe = {}

local function shown(v)
  if type(v) == "function" then return "(function)" end
  return v
end

local function webhook_of(entry)
  return {
    id = entry.webhook, on = entry.on, key = entry.key, method = shown(entry.source.method)
      or shown(entry.method), url = shown(entry.source.url),
  }
end

local function connector_of(made)
  local webhooks = {}
  for i, entry in ipairs(made.entries) do webhooks[i] = webhook_of(entry) end
  return {
    id = made.id, name = made.given.name or made.id, base_url = shown(made.given.base_url),
    authenticator = made.authenticator and made.authenticator.name or "none",
    webhooks = core.json.array(webhooks),
  }
end

--- One connector, or { connectors = [...] }.
---@param generation perilune.generation
---@param id string|nil
---@return table|nil   nil: no such connector
function describe.run(generation, id)
  local list = {}
  for _, made in ipairs(generation.loaded) do
    if made.id == id then return connector_of(made) end
    list[#list + 1] = connector_of(made)
  end
  if id then return nil end
  return { connectors = core.json.array(list) }
end

return describe
