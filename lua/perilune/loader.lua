-- SPDX-License-Identifier: MIT

--- A gateway folder to a generation, in the order in which one needs the other:
---
---     gateway.lua -> secrets -> plugins/ -> authenticators/, mappers/, templates/ -> connectors/ -> index
---
--- Every step goes on after a mistake, so that all mistakes are found in one go.

local authenticator = require "perilune.authenticator"
local body = require "perilune.body"
local connector = require "perilune.connector"
local core = require "perilune.core"
local map = require "perilune.map"
local plugin = require "perilune.plugin"
local preset = require "perilune.preset"
local route = require "perilune.route"
local scripts = require "perilune.scripts"
local settings = require "perilune.settings"
local source = require "perilune.source"
local tables = require "perilune.util.tables"
local tokens = require "perilune.tokens"
local unused = require "perilune.unused"
local workshop = require "perilune.workshop"

local loader = {}

---@class perilune.generation
---@field settings table<string, any>
---@field limits table[]   of destinations
---@field policies table[]
---@field entries perilune.entry[]
---@field index table
---@field plain_routes table<string, integer[]>   what C routes by itself
---@field loaded table[]   connectors, by id
---@field require_https boolean
---@field sources table<string, perilune.source>
---@field source_list perilune.source[]   by name
---@field ingress perilune.source|nil

local function load_gateway(shop, egress_allow)
  if not shop.files["gateway.lua"] then
    shop.faults:add(shop.root .. "gateway.lua", 0, "the file is missing")
    return { values = {}, sources = {}, limits = {}, require_https = false, require_authenticator = false }
  end
  local returned = shop:returned("gateway.lua") or {}
  return settings.compile(returned, shop:scope("gateway.lua"), connector.WEBHOOK_KEYS, egress_allow)
end

local function load_authenticators(shop, plugins)
  local known = {}
  for _, file in ipairs(shop:list("authenticators")) do
    local returned = shop:returned(file.path)
    known[file.id] = returned
      and authenticator.compile(shop:scope(file.path), {}, returned, plugins, {}) or false
  end
  return known
end

local function load_mappers(shop, plugins)
  local known = {}
  for _, file in ipairs(shop:list("mappers")) do
    local returned = shop:returned(file.path, "function")
    known[file.id] = returned
      and map.compile_mapper(shop:scope(file.path), {}, returned, plugins) or false
  end
  return known
end

--- Compiles every template once, for the mistakes in those that nobody uses. As plain text: where a
--- part of a body stands in it, only who includes it knows.
local function check_templates(shop)
  for _, name in ipairs(tables.names(shop.templates)) do
    body.compile_file(shop, name, body.kind_of_file(name, "text/plain"))
  end
end

local function load_connectors(shop, env)
  local list = {}
  for _, file in ipairs(shop:list("connectors")) do
    local scope = shop:scope(file.path)
    local returned = shop:returned(file.path)
    returned = returned and preset.expand(scope, returned, env.plugins)
    env.is_enabled[file.id] = true
    if returned then
      local made = connector.compile(file.id, returned, scope, env)
      env.is_enabled[file.id] = made.given.enabled ~= false
      if env.is_enabled[file.id] then list[#list + 1] = made end
    end
  end
  return list
end

--- The sources of gateway.lua and those of connectors, which go by the connector's id.
local function load_sources(shop, env, list)
  if not shop.files["gateway.lua"] then return {}, nil end
  local scope = shop:scope("gateway.lua")
  local known = source.compile_all(scope, env.gateway, env.plugins)
  for _, made in ipairs(list) do
    local first = known[made.id]
    if made.source and first then
      shop:scope(("connectors/%s.lua"):format(made.id)):fault({ "ingress" },
        ("there is a source '%s' already, at %s"):format(made.id, first.place))
    end
    known[made.id] = first or made.source
  end
  return known, source.compile_ingress(scope, env.gateway, env.plugins)
end

local function assemble(gateway, list, sources, ingress)
  local generation = {
    settings = gateway.values, policies = {}, entries = {},
    loaded = list, require_https = gateway.require_https, sources = sources, source_list = {},
    ingress = ingress, limits = gateway.limits,
  }
  for i, name in ipairs(tables.names(sources)) do generation.source_list[i] = sources[name] end
  for _, made in ipairs(list) do
    for _, entry in ipairs(made.entries) do
      local index = #generation.entries + 1
      entry.index = index
      generation.entries[index] = entry
      generation.policies[index] = entry.policy
    end
  end
  generation.index = route.index(generation.entries)
  generation.plain_routes = route.plain(generation.entries)
  return generation
end

---@class perilune.load_options
---@field root string                      put before file names in messages, but for those of `names`
---@field names? table<string, string>
---@field warns? boolean
---@field secrets_dir? string              instead of what gateway.lua says
---@field egress_allow? string[]           likewise

--- Loads a gateway folder.
---@param files table<string, string>   text by path in the folder
---@param options perilune.load_options
---@return perilune.generation|nil
---@return perilune.fault[]|nil faults   all mistakes, by file and line; of a folder without any,
---  and when it `warns`, its warnings
function loader.load(files, options)
  local shop = workshop.new(files, options.root, options.names)
  local gateway = load_gateway(shop, options.egress_allow)
  local load_time = gateway.values["limits.script_load_time"]
  if load_time then core.load_time(load_time) end
  shop:open_secrets(options.secrets_dir or gateway.values["secrets.dir"] or "")
  local plugins = plugin.catalogue(shop)
  plugins:load_all()
  shop:open_templates(plugins)
  check_templates(shop)
  local authenticators, mappers = load_authenticators(shop, plugins), load_mappers(shop, plugins)
  local env = {
    gateway = gateway, plugins = plugins, authenticators = authenticators, mappers = mappers,
    is_enabled = {},
  }
  local list = load_connectors(shop, env)
  if gateway.tokens then
    tokens.check_connectors(gateway.tokens, shop:scope("gateway.lua"), env.is_enabled)
  end
  local sources, ingress = load_sources(shop, env, list)
  scripts.lint(shop, {
    connectors = list, plugins = plugins, authenticators = authenticators, mappers = mappers,
    sources = sources, ingress = ingress,
  })
  shop.is_loading = false
  if #shop.faults.items > 0 then return nil, shop.faults:sorted() end
  return assemble(gateway, list, sources, ingress), options.warns and unused.find(shop, plugins, list) or nil
end

return loader
