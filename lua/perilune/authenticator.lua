-- SPDX-License-Identifier: MIT

--- Authenticators: an instance of a plugin, { type = "bearer", token = secret "X" }, or a table
--- with an `apply` of its own. Both become { name, apply, config }, and authenticate a request by
--- apply(ctx, request), with the config as ctx.config.

local nearest = require "perilune.util.nearest"
local schema = require "perilune.schema"
local tables = require "perilune.util.tables"

local authenticator = {}

---@class perilune.authenticator
---@field name string      the plugin's, or "custom"
---@field apply fun(ctx: perilune.ctx, request: any)
---@field config table

local CUSTOM = {
  type = "record",
  fields = {
    apply = { type = "function", required = true },
    config = { type = "table" },
    schema = { type = "table" },
  },
}

local function custom(scope, path, v)
  local checked = schema.check(CUSTOM, v, scope:reporter(), path)
  if not checked.apply then return nil end
  local config = checked.config or {}
  if checked.schema then
    local message = schema.fault(checked.schema)
    if message then
      scope:fault(tables.extend(path, "schema"), message)
    else
      local spec = { type = "record", fields = checked.schema }
      config = schema.check(spec, config, scope:reporter(), tables.extend(path, "config"))
    end
  end
  return { name = "custom", apply = checked.apply, config = config }
end

local function instance(scope, path, v, plugins)
  local type_path = tables.extend(path, "type")
  if type(v.type) ~= "string" then
    local where = v.type == nil and path or type_path
    scope:fault(where, "an authenticator wants a 'type' (the name of a plugin) or an 'apply'")
    return nil
  end
  local found = plugins:get(v.type)
  if not found then
    scope:fault(type_path, ("there is no authenticator plugin '%s'%s"):format(v.type,
      nearest.hint(v.type, plugins:names(), "plugins are")))
    return nil
  elseif type(found.handler.apply) ~= "function" then
    scope:fault(type_path, ("the plugin '%s' is no authenticator: it has no apply"):format(v.type))
    return nil
  end
  local fields = { type = { type = "string" } }
  for name, spec in pairs(found.schema) do fields[name] = spec end
  local config = schema.check({ type = "record", fields = fields }, v, scope:reporter(), path)
  return { name = v.type, apply = found.handler.apply, config = config }
end

--- Compiles what an authenticator's file returned, or an inline table. Nil after a fault.
---@param scope perilune.scope
---@param path any[]
---@param v table
---@param plugins perilune.plugins
---@return perilune.authenticator|nil
function authenticator.compile(scope, path, v, plugins)
  if v.apply ~= nil then return custom(scope, path, v) end
  return instance(scope, path, v, plugins)
end

--- The one a connector names: compiled, or nil (none, or a fault).
---@param scope perilune.scope
---@param v string|table|nil
---@param known table<string, perilune.authenticator|false>   by id of their files
---@param plugins perilune.plugins
---@return perilune.authenticator|nil
function authenticator.of_connector(scope, v, known, plugins)
  if type(v) == "table" then
    return authenticator.compile(scope, { "authenticator" }, v, plugins)
  end
  if v == nil or known[v] then return known[v] end
  if known[v] == nil then
    local names = tables.names(known)
    local hint = #names == 0 and "; the folder authenticators/ has none"
      or nearest.hint(v, names, "authenticators are")
    scope:fault({ "authenticator" }, ("there is no authenticator '%s'%s"):format(v, hint))
  end
  return nil
end

return authenticator
