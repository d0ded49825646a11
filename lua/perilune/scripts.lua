-- SPDX-License-Identifier: MIT

--- The functions of a load that are called with a ctx (ctx.lua), so that the linter can say what of it
--- they name and it does not have. Which they are is known once all is compiled.

local lint = require "perilune.lint"

local scripts = {}

-- What is called with a ctx, of an authenticator, a mapper and a plugin's handler.
local CALLED = { "apply", "verify", "receive", "map", "before_send", "after_receive", "on_failed",
  "on_unauthorized" }

-- Keys of a connector below which functions are no scripts, or are looked at elsewhere.
local PASSED_OVER = { authenticator = true, context = true, ingress = true }

--- All functions of what a connector says.
local function lint_connector(shop, v, seen)
  if type(v) == "function" then
    lint.script(v, shop.ran, shop.faults)
  elseif type(v) == "table" and not seen[v] then
    seen[v] = true
    for key, item in pairs(v) do
      if not PASSED_OVER[key] then lint_connector(shop, item, seen) end
    end
  end
end

local function lint_called(shop, owner, config)
  for _, name in ipairs(CALLED) do
    local run = owner[name]
    if type(run) == "function" then lint.script(run, shop.ran, shop.faults, config) end
  end
end

--- The functions of an instance that are no plugin's.
local function lint_custom(shop, made)
  if made.name == "custom" then lint_called(shop, made.handler) end
end

local function lint_steps(shop, authenticator)
  for _, step in ipairs(authenticator and authenticator.steps or {}) do lint_custom(shop, step) end
end

local function lint_source(shop, made)
  for _, verifier in ipairs(made.verifiers) do lint_custom(shop, verifier) end
  if made.receiver then lint_custom(shop, made.receiver) end
end

--- The members of a plugin's ctx.config: what its schema lets through. Nil without a schema.
local function config_of(plugin)
  if not plugin.schema then return nil end
  local members = { type = true }
  for field in pairs(plugin.schema) do members[field] = true end
  return members
end

---@class perilune.loaded
---@field connectors table[]     as connector.compile gave them
---@field authenticators table<string, perilune.authenticator|false>
---@field mappers table<string, perilune.instance|false>
---@field plugins perilune.plugins
---@field sources table<string, perilune.source>
---@field ingress perilune.source|nil

--- Adds the faults of all scripts.
---@param shop perilune.workshop
---@param loaded perilune.loaded
function scripts.lint(shop, loaded)
  for _, made in ipairs(loaded.connectors) do
    lint_connector(shop, made.given, {})
    lint_steps(shop, made.authenticator)
  end
  for _, made in pairs(loaded.authenticators) do lint_steps(shop, made) end
  for _, made in pairs(loaded.mappers) do
    if made then lint_custom(shop, made) end
  end
  for _, made in pairs(loaded.sources) do lint_source(shop, made) end
  if loaded.ingress then lint_source(shop, loaded.ingress) end
  for _, plugin in pairs(loaded.plugins.loaded) do
    if plugin then lint_called(shop, plugin.handler, config_of(plugin)) end
  end
end

return scripts
