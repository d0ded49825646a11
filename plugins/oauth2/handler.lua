-- SPDX-License-Identifier: MIT

--- OAuth 2.0 (RFC 6749): a token of a token endpoint, on every request.
---
---     apply ----------- ctx.cache has a token ---------------------> request
---                  '--- none, or not for long: the endpoint is asked, once for all workers
---     on_unauthorized - the token that was refused is forgotten; the second round asks anew
---
--- The key of the cache says what the token is of, so that a config that changes asks for another. A
--- refresh token that an answer brings takes the place of the configured one, under a key beside it.

local client = require "client"
local refuse = require "refuse"
local response = require "response"

local MAX_SECONDS = 31622400 -- that the cache keeps anything

-- The names that a request has of its own; `parameters` adds others.
local OWN = { "grant_type", "refresh_token", "scope", "audience", "resource", "client_id",
  "client_secret", "client_assertion", "client_assertion_type" }

-- What a token depends on. Not how the client shows who it is: that may change and the token stays.
local MAKES = { "token_url", "grant", "scope", "audience", "resource" }

--- What each attempt has sent, by the values that all functions of an attempt share.
local sent = setmetatable({}, { __mode = "k" })

local function list_of(v) return type(v) == "table" and v or { v } end

local function names_of(parameters)
  local names = {}
  for name in pairs(parameters or {}) do names[#names + 1] = name end
  table.sort(names)
  return names
end

--- Values that tell configs apart, hashed, so that the key says nothing of a secret.
local function key_of(config)
  local parts = {}
  local function add(name, v) parts[#parts + 1] = name .. "=" .. hex.encode(hash.sha256(v)) end
  for _, name in ipairs(MAKES) do
    for _, v in ipairs(list_of(config[name])) do add(name, v) end
  end
  add("client_id", config.client_id)
  if config.grant == "refresh_token" then add("refresh_token", config.refresh_token) end
  for _, name in ipairs(names_of(config.parameters)) do
    add("parameter " .. name, config.parameters[name])
  end
  return "oauth2 " .. hex.encode(hash.sha256(table.concat(parts, "\n"))):sub(1, 32)
end

--- What the schema cannot say. An assertion is signed once, which shows that its key can be read.
local function check(config)
  if config.grant == "refresh_token" and not config.refresh_token then
    refuse("the grant refresh_token wants a refresh_token")
  end
  for _, name in ipairs(OWN) do
    if (config.parameters or {})[name] ~= nil then
      refuse(("'%s' cannot be one of the parameters: the plugin sets it"):format(name))
    end
  end
  client.identify(config, {}, {})
end

--- The parameters of the request, in order.
local function fields_of(config, refresh_token)
  local fields = { { "grant_type", config.grant } }
  local function add(name, v) fields[#fields + 1] = { name, v } end
  if refresh_token then add("refresh_token", refresh_token) end
  if config.scope then add("scope", table.concat(list_of(config.scope), " ")) end
  for _, name in ipairs { "audience", "resource" } do
    for _, v in ipairs(list_of(config[name])) do add(name, v) end
  end
  for _, name in ipairs(names_of(config.parameters)) do add(name, config.parameters[name]) end
  return fields
end

--- Asks the token endpoint: what is kept of the token, and for how many seconds.
local function ask(ctx, refresh_key)
  local config = ctx.config
  local held = refresh_key and ctx.cache.get(refresh_key)
  local fields = fields_of(config, refresh_key and (held or config.refresh_token))
  local request = { url = config.token_url, timeout = config.timeout, headers = {
    Accept = "application/json", ["Content-Type"] = "application/x-www-form-urlencoded",
  } }
  client.identify(config, request, fields)
  request.body = url.query(fields)
  local answer, failure = ctx.http.post(request)
  if not answer then
    refuse(("the token endpoint %s gave no answer: %s"):format(config.token_url, tostring(failure)))
  end
  local granted, problem, code = response.read(answer)
  if not granted then
    -- The configured one may hold still, or is a new one by then.
    if code == "invalid_grant" and held then ctx.cache.delete(refresh_key, held) end
    refuse(("the token endpoint %s %s"):format(config.token_url, problem))
  end
  if refresh_key and granted.refresh_token then
    ctx.cache.set(refresh_key, granted.refresh_token, MAX_SECONDS)
  end
  return { token = granted.token }, math.min(granted.seconds or config.default_ttl, MAX_SECONDS)
end

local function apply(ctx, request)
  local config = ctx.config
  local key = key_of(config)
  local refresh_key = config.grant == "refresh_token" and key .. " refresh" or nil
  local held = ctx.cache.fetch(key, { early = config.early }, function()
    return ask(ctx, refresh_key)
  end)
  local tokens = sent[ctx.values] or {}
  tokens[key], sent[ctx.values] = held, tokens
  request:set_header(config.header, config.prefix, held.token)
end

local function on_unauthorized(ctx)
  local key = key_of(ctx.config)
  local held = (sent[ctx.values] or {})[key]
  if held then ctx.cache.delete(key, held) end
  return held ~= nil
end

return { apply = apply, on_unauthorized = on_unauthorized, check = check }
