-- SPDX-License-Identifier: MIT

--- Plugins: folders with schema.lua (data) and handler.lua (functions), the gateway folder's before
--- those of the plugin path before the bundled ones. All run in the same sandbox under the same
--- contract:
---
---     schema.lua    return {
---                     api = 1,                          -- the version of this contract
---                     summary = "A bearer token (RFC 6750)",
---                     fields = { token = { type = "string", required = true, secret = true,
---                       description = "...", example = 'secret "ERP_TOKEN"' } },
---                   }
---     handler.lua   return { apply = function(ctx, request) ... end }
---
--- What the handler has says what the plugin can be used as (plugin.FUNCTIONS); what it adds to
--- templates is in extension.lua.

local core = require "perilune.core"
local extension = require "perilune.extension"
local nearest = require "perilune.util.nearest"
local schema = require "perilune.schema"
local tables = require "perilune.util.tables"
local workshop = require "perilune.workshop"

local plugin = {}

--- The version of the contract that this gateway has.
plugin.API = 1

--- The functions of a handler, all of (ctx, value) but `credentials`, `connector` and `check`, which get
--- the config.
plugin.FUNCTIONS = {
  apply = "authenticator: puts credentials on a request",
  credentials = "authenticator: what it puts on requests, as data (credentials.lua)",
  on_unauthorized = "authenticator: a request was answered 401; true: once more, afresh",
  verify = "verifier: who sent this inbound request? true, or a table that says who, lets it in",
  map = "mapper: variables out of a response",
  receive = "source: events out of a foreign webhook",
  before_send = "hook: the request before it is authenticated",
  after_receive = "hook: the response before it is mapped",
  on_failed = "hook: an attempt has failed",
  connector = "preset: the plugin's config to a connector",
  check = "any: raises what is wrong with a config that its schema takes, when the folder is loaded",
}

---@class perilune.plugin
---@field schema table<string, perilune.spec>|nil   nil after a fault: then no config can be checked
---@field handler table

---@class perilune.plugins
---@field shop perilune.workshop
---@field loaded table<string, perilune.plugin|false>
local Plugins = {}
Plugins.__index = Plugins

local DESCRIPTION = { type = "record", fields = {
  api = { type = "integer", required = true },
  summary = { type = "string", required = true, filled = true },
  fields = { type = "table", required = true },
} }

--- Is it one of the gateway folder or of the plugin path? All its files are from there, then.
local function is_given(self, name)
  return self.shop.files[("plugins/%s/handler.lua"):format(name)] ~= nil
end

--- A file of a plugin: its value, and whether there is such a file.
local function run_file(self, name, file)
  local path = ("plugins/%s/%s"):format(name, file)
  if is_given(self, name) then
    if not self.shop.files[path] then return nil, false end
    return self.shop:run(path, self:require_of(name)), true
  end
  local chunk = core.bundled(path)
  if not chunk then return nil, false end
  return self.shop:execute(chunk, path, self:require_of(name)), true
end

--- `require` of a plugin: modules of its own folder.
function Plugins:require_of(name)
  self.requires[name] = self.requires[name] or workshop.requires(
    function(file) return run_file(self, name, file) end,
    function(module) return ("plugin '%s' has no module '%s'"):format(name, module) end)
  return self.requires[name]
end

function Plugins:fault(name, file, message)
  self.shop.faults:add(self.shop:shown(("plugins/%s/%s"):format(name, file)), 0, message)
end

--- Reports a fault at the line of the plugin's file, as schema.check does.
function Plugins:reporter(name, file)
  local path = ("plugins/%s/%s"):format(name, file)
  if not self.shop.files[path] then
    return function(_, message) self:fault(name, file, message) end
  end
  return self.shop:scope(path):reporter()
end

--- The fields of schema.lua; nil after a fault.
local function load_schema(self, name)
  local given, exists = run_file(self, name, "schema.lua")
  if not exists then
    self:fault(name, "schema.lua", "a plugin wants a schema.lua: { api = 1, summary = ..., fields = {} }")
  end
  if given == nil then return nil end
  local report = self:reporter(name, "schema.lua")
  if type(given) == "table" and type(given.api) == "number" and given.api ~= plugin.API then
    report({ "api" }, ("the plugin is written for version %s of the plugin contract; this gateway has "
      .. "version %d"):format(given.api, plugin.API))
    return nil
  end
  local checked = schema.check(DESCRIPTION, given, report)
  if not checked or not checked.fields then return nil end
  return schema.is_sound(checked.fields, report, { "fields" }) and checked.fields or nil
end

local function check_handler(self, name, handler)
  local message = extension.fault(handler)
  if message then self:fault(name, "handler.lua", message) end
  local report = self:reporter(name, "handler.lua")
  for key, v in pairs(handler) do
    if plugin.FUNCTIONS[key] and type(v) ~= "function" then
      report({ key }, ("'%s' wants a function, got %s"):format(key, schema.kind(v)))
    elseif not plugin.FUNCTIONS[key] and not extension.KINDS[key] then
      report({ key }, ("unknown key '%s'%s"):format(tostring(key),
        nearest.hint(tostring(key), tables.names(plugin.FUNCTIONS), "a handler has")))
    end
  end
end

local function load_plugin(self, name)
  local handler, exists = run_file(self, name, "handler.lua")
  if not exists then return false end
  if type(handler) ~= "table" then
    if handler ~= nil then self:fault(name, "handler.lua", "the handler must return a table") end
    return { schema = {}, handler = {} }
  end
  check_handler(self, name, handler)
  return { schema = load_schema(self, name), handler = handler }
end

--- The plugin of a name, or nil.
---@param name string
---@return perilune.plugin|nil
function Plugins:get(name)
  if self.loaded[name] == nil then self.loaded[name] = load_plugin(self, name) end
  return self.loaded[name] or nil
end

--- Names of all plugins there are.
---@return string[]
function Plugins:names()
  local names = {}
  for path in pairs(self.shop.files) do
    local name = path:match("^plugins/([^/]+)/handler%.lua$")
    if name then names[name] = true end
  end
  for _, path in ipairs(core.bundled_names("plugins/")) do
    local name = path:match("plugins/([^/]+)/handler%.lua$")
    if name then names[name] = true end
  end
  return tables.names(names)
end

--- Loads those of the gateway folder and of the plugin path, so that their mistakes are found though
--- nobody uses them.
function Plugins:load_all()
  for path in pairs(self.shop.files) do
    local name = path:match("^plugins/([^/]+)/handler%.lua$")
    if name then self:get(name) end
  end
end

---@param shop perilune.workshop
---@return perilune.plugins
function plugin.catalogue(shop)
  return setmetatable({ shop = shop, loaded = {}, requires = {} }, Plugins)
end

return plugin
