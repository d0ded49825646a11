-- SPDX-License-Identifier: MIT

--- What is loaded, as GET /v1/connectors shows it. Templates are shown as written.

local core = require "perilune.core"

local describe = {}

local function shown(v)
  if type(v) == "function" then return "(function)" end
  if core.is_secret(v) then return tostring(v) end
  return v
end

local function webhook_of(entry)
  return {
    id = entry.webhook, on = entry.on, key = entry.key, method = shown(entry.source.method)
      or shown(entry.method), url = shown(entry.source.url),
  }
end

local function source_of(made)
  local verifiers, methods = {}, {}
  for i, verifier in ipairs(made.verifiers) do verifiers[i] = verifier.name end
  if made.takes_get then methods[1] = "GET" end
  if made.takes_post then methods[#methods + 1] = "POST" end
  return {
    name = made.name, source = made.receiver.name, path = "/v1/sources/" .. made.name,
    methods = core.json.array(methods), verify = core.json.array(verifiers),
  }
end

local function connector_of(made)
  local webhooks = {}
  for i, entry in ipairs(made.entries) do webhooks[i] = webhook_of(entry) end
  return {
    id = made.id, name = made.given.name or made.id, base_url = shown(made.given.base_url),
    authenticator = made.authenticator and made.authenticator.name or "none",
    webhooks = core.json.array(webhooks), ingress = made.source and source_of(made.source),
  }
end

--- One connector, or { connectors = [...], sources = [...] }.
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
  local sources = {}
  for i, made in ipairs(generation.source_list) do sources[i] = source_of(made) end
  return { connectors = core.json.array(list), sources = core.json.array(sources) }
end

return describe
