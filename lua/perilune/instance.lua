-- SPDX-License-Identifier: MIT

--- What a connector, or gateway.lua, puts to use: a plugin with its config, { type = "hmac", key =
--- secret "K" }, or a table with the functions themselves, { apply = function(ctx, request) ... end,
--- config = {...} }. Both become { name, handler, config }; the handler's functions are called with
--- the config as ctx.config.

local apply = require "perilune.apply"
local core = require "perilune.core"
local credentials = require "perilune.credentials"
local errors = require "perilune.errors"
local nearest = require "perilune.util.nearest"
local schema = require "perilune.schema"
local tables = require "perilune.util.tables"

local instance = {}

---@class perilune.instance
---@field name string      the plugin's, or "custom"
---@field handler table<string, function>
---@field config table
---@field credentials perilune.credentials|nil   of an authenticator that says what it sets
---@field apply function|nil                     of an authenticator

---@class perilune.instance_kind
---@field name string          in messages: "an authenticator"
---@field noun string          "authenticator"
---@field functions string[]   one of them at least; the first is what a message asks for
---@field also? string[]       others that it may have

-- What there is, by the functions that make it.
instance.AUTHENTICATOR = { name = "an authenticator", noun = "authenticator",
  functions = { "apply", "credentials" }, also = { "on_unauthorized", "verify" } }
instance.VERIFIER = { name = "a verifier", noun = "verifier", functions = { "verify" },
  also = { "apply", "credentials", "on_unauthorized" } }
instance.MAPPER = { name = "a mapper", noun = "mapper", functions = { "map" } }
instance.SOURCE = { name = "a source", noun = "source", functions = { "receive" },
  also = { "verify" } }
instance.HOOK = { name = "a hook", noun = "hook",
  functions = { "before_send", "after_receive", "on_failed" } }

local function has_any(v, names)
  for _, name in ipairs(names) do
    if v[name] ~= nil then return true end
  end
  return false
end

local function custom_spec(kind)
  local fields = { config = { type = "table" }, schema = { type = "table" } }
  for _, names in ipairs { kind.functions, kind.also or {} } do
    for _, name in ipairs(names) do fields[name] = { type = "function" } end
  end
  return { type = "record", fields = fields }
end

local function custom(scope, path, v, kind)
  local checked = schema.check(custom_spec(kind), v, scope:reporter(), path)
  if not has_any(checked, kind.functions) then return nil end
  local config = checked.config or {}
  if checked.schema then
    if not schema.is_sound(checked.schema, scope:reporter(), tables.extend(path, "schema")) then
      return nil
    end
    local spec = { type = "record", fields = checked.schema }
    config = schema.check(spec, config, scope:reporter(), tables.extend(path, "config"))
  end
  return { name = "custom", handler = checked, config = config }
end

--- The config of a plugin: what the file gives, checked by the fields of the schema and then by the
--- plugin itself. Faults go to the scope; nil after one.
---@param scope perilune.scope
---@param path any[]
---@param given table
---@param fields table<string, perilune.spec>
---@param handler table
---@return table|nil
function instance.config(scope, path, given, fields, handler)
  local faults = 0
  local config = schema.check({ type = "record", fields = fields }, given, function(where, message)
    faults = faults + 1
    scope:fault(where, message)
  end, path)
  if faults == 0 and handler.check then
    local ok, raised = pcall(handler.check, core.copy(config))
    if not ok then
      faults = 1
      scope:fault(path, errors.text(raised))
    end
  end
  return faults == 0 and config or nil
end

local function of_plugin(scope, path, v, plugins, kind)
  local type_path = tables.extend(path, "type")
  if type(v.type) ~= "string" then
    scope:fault(v.type == nil and path or type_path,
      ("%s wants a 'type' (the name of a plugin) or %s"):format(kind.name,
        kind == instance.HOOK and "one of 'before_send', 'after_receive', 'on_failed'"
        or ("an '%s'"):format(kind.functions[1]):gsub("an '([^aeiou])", "a '%1")))
    return nil
  end
  local found = plugins:get(v.type)
  if not found then
    scope:fault(type_path, ("there is no %s plugin '%s'%s"):format(kind.noun, v.type,
      nearest.hint(v.type, plugins:names(), "plugins are")))
    return nil
  elseif not has_any(found.handler, kind.functions) then
    scope:fault(type_path, ("the plugin '%s' is no %s: it has no %s"):format(v.type, kind.noun,
      table.concat(kind.functions, ", ")))
    return nil
  end
  if not found.schema then return nil end
  local fields = { type = { type = "string" } }
  for name, spec in pairs(found.schema) do fields[name] = spec end
  local config = instance.config(scope, path, v, fields, found.handler)
  return { name = v.type, handler = found.handler, config = config }
end

--- What an authenticator sets, where its handler says so; nil otherwise, and after a fault.
local function credentials_of(made, report)
  local run = made.handler.credentials
  if not run then return nil end
  local ok, given = pcall(run, core.copy(made.config))
  if not ok then report(errors.text(given)) end
  return ok and given ~= nil and credentials.compile(given, report) or nil
end

--- Gives an authenticator its `apply`, made of its credentials if it has some.
local function arm(scope, path, made)
  local has_fault = false
  made.credentials = credentials_of(made, function(message)
    has_fault = true
    scope:fault(path, made.name == "custom" and message
      or ("the plugin '%s': %s"):format(made.name, message))
  end)
  made.apply = made.credentials and apply.of(made.credentials) or made.handler.apply
  if not made.apply and not has_fault then
    scope:fault(path, "'credentials' gives nothing for this config, and there is no 'apply'")
  end
end

--- Compiles one. Nil after a fault.
---@param scope perilune.scope
---@param path any[]
---@param v table
---@param plugins perilune.plugins
---@param kind perilune.instance_kind
---@return perilune.instance|nil
function instance.compile(scope, path, v, plugins, kind)
  local is_custom = v.type == nil and has_any(v, kind.functions)
  local made
  if is_custom then made = custom(scope, path, v, kind) else made = of_plugin(scope, path, v, plugins, kind) end
  if made and made.config and kind == instance.AUTHENTICATOR then arm(scope, path, made) end
  return made
end

return instance
