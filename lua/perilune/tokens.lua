-- SPDX-License-Identifier: MIT

--- `tokens` of gateway.lua: the short form, lists by scope, and tokens with names:
---
---     tokens = {
---       admin = secret "ADMIN_TOKEN",
---       { name = "shop", scope = "ingest", connectors = { "shop" }, sha256 = "9f86d08..." },
---     }
---
--- A token with a name becomes the text that core/gateway/tokens.c reads, in "tokens.named".

local core = require "perilune.core"
local nearest = require "perilune.util.nearest"
local schema = require "perilune.schema"
local tables = require "perilune.util.tables"

local tokens = {}

local function name_check(v)
  if not v:find("^[%w_.-]+$") then
    return "is letters, digits, \"_\", \".\" and \"-\""
  end
  return nil
end

local function id_check(v)
  if v == "" or v:find("[ |]") then return "is the id of a connector" end
  return nil
end

local function hash_check(v)
  if #v ~= 64 or v:find("%X") then
    return "is the SHA-256 of the token: 64 hexadecimal digits"
  end
  return nil
end

local function certificate_check(v)
  if v == "" then return "is the subject of a certificate, or its SHA-256" end
  return nil
end

--- A token with a name, as gateway.lua says it.
tokens.SPEC = { type = "record", fields = {
  name = {
    type = "string", required = true, check = name_check, description = "what the log calls it",
  },
  scope = {
    type = "string", required = true, values = { "ingest", "admin" },
    description = "what may be done with it: events and calls, or everything",
  },
  connectors = {
    type = "list", of = { type = "string", check = id_check }, filled = true,
    description = "those that it may reach; without this, all",
  },
  certificate = {
    type = "string", check = certificate_check,
    description = "it counts beside this client certificate only: its subject (CN=shop,O=Acme), or its SHA-256",
  },
  sha256 = {
    type = "string", check = hash_check,
    description = "of the token, as 64 hexadecimal digits: what is kept here is no secret",
  },
  token = {
    one_of = { { type = "string" }, { type = "secret" } },
    description = "the token itself, instead of `sha256`",
  },
} }

local function text_of(token)
  local words = ("name=%s scope=%s"):format(token.name, token.scope)
  if token.connectors then
    words = words .. " connectors=" .. table.concat(token.connectors, "|")
  end
  if token.certificate then
    words = words .. " certificate=" .. token.certificate:gsub("[%c %%]", function(c)
      return ("%%%02X"):format(c:byte())
    end)
  end
  if token.sha256 then return words .. " sha256=" .. token.sha256 end
  return core.join(words .. " token=", token.token)
end

local function named_text(v, scope, path)
  local is_wrong
  local report = scope:reporter()
  local token = schema.check(tokens.SPEC, v, function(...) is_wrong = true report(...) end, path)
  if is_wrong then return nil end
  if (token.sha256 == nil) == (token.token == nil) then
    scope:fault(path, "a token has either 'sha256' or 'token'")
    return nil
  end
  return text_of(token)
end

--- Takes the tokens with names out of what gateway.lua returned: the rest, which has the short form
--- only, and their texts.
---@param returned table
---@param scope perilune.scope
---@return table rest
---@return any[] named
function tokens.split(returned, scope)
  local given, named = returned.tokens, {}
  if type(given) ~= "table" or given[1] == nil then return returned, named end
  local rest, short = {}, {}
  for k, v in pairs(returned) do rest[k] = v end
  for k, v in pairs(given) do
    if type(k) ~= "number" then short[k] = v end
  end
  for i, v in ipairs(given) do
    named[#named + 1] = named_text(v, scope, { "tokens", i })
  end
  rest.tokens = short
  return rest, named
end

--- Whether the connectors that tokens are restricted to are there.
---@param given any   `tokens` of gateway.lua
---@param scope perilune.scope
---@param is_enabled table<string, boolean>   connectors by id
function tokens.check_connectors(given, scope, is_enabled)
  for i, token in ipairs(type(given) == "table" and given or {}) do
    local wanted = type(token) == "table" and token.connectors
    for k, id in ipairs(type(wanted) == "table" and wanted or {}) do
      local path = { "tokens", i, "connectors", k }
      if is_enabled[id] == false then
        scope:fault(path, ("the connector '%s' is not enabled"):format(id))
      elseif type(id) == "string" and not is_enabled[id] then
        scope:fault(path, ("there is no connector '%s'%s"):format(id,
          nearest.hint(id, tables.names(is_enabled), "connectors are")))
      end
    end
  end
end

return tokens
