-- SPDX-License-Identifier: MIT

--- Plugins: folders with schema.lua (data) and handler.lua (functions), the gateway folder's before
--- the bundled ones. Both kinds run in the same sandbox under the same contract:
---
---     schema.lua    return { token = { type = "string", required = true, secret = true } }
---     handler.lua   return { apply = function(ctx, request) ... end }
---
--- An authenticator has `apply`; what a plugin adds to templates is in extension.lua.

local core = require "perilune.core"
local extension = require "perilune.extension"
local schema = require "perilune.schema"
local tables = require "perilune.util.tables"

local plugin = {}

---@class perilune.plugin
---@field schema table<string, perilune.spec>
---@field handler table

---@class perilune.plugins
---@field shop perilune.workshop
---@field loaded table<string, perilune.plugin|false>
local Plugins = {}
Plugins.__index = Plugins

--- A file of a plugin: its value, and whether there is such a file.
local function run_file(self, name, file)
  local path = ("plugins/%s/%s"):format(name, file)
  if self.shop.files[path] then
    return self.shop:run(path, self:require_of(name)), true
  end
  local chunk = core.bundled(path)
  if not chunk then return nil, false end
  return self.shop:execute(chunk, path, self:require_of(name)), true
end

--- `require` of a plugin: modules of its own folder, each run once.
function Plugins:require_of(name)
  self.modules[name] = self.modules[name] or {}
  local modules = self.modules[name]
  return function(module)
    local file = tostring(module):gsub("%.", "/") .. ".lua"
    if modules[file] == nil then
      local result, exists = run_file(self, name, file)
      if not exists then
        error(("plugin '%s' has no module '%s'"):format(name, tostring(module)), 2)
      end
      modules[file] = result == nil and true or result
    end
    return modules[file]
  end
end

function Plugins:fault(name, file, message)
  self.shop.faults:add(("%splugins/%s/%s"):format(self.shop.root, name, file), 0, message)
end

local function load_plugin(self, name)
  local handler, exists = run_file(self, name, "handler.lua")
  if not exists then return false end
  if type(handler) ~= "table" then
    if handler ~= nil then self:fault(name, "handler.lua", "the handler must return a table") end
    return { schema = {}, handler = {} }
  end
  local offered = extension.fault(handler)
  if offered then self:fault(name, "handler.lua", offered) end
  local fields, has_schema = run_file(self, name, "schema.lua")
  local message = has_schema and fields ~= nil and schema.fault(fields)
  if message then self:fault(name, "schema.lua", message) end
  return { schema = not message and fields or {}, handler = handler }
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

--- Loads those of the gateway folder, so that their mistakes are found though nobody uses them.
function Plugins:load_all()
  for path in pairs(self.shop.files) do
    local name = path:match("^plugins/([^/]+)/handler%.lua$")
    if name then self:get(name) end
  end
end

---@param shop perilune.workshop
---@return perilune.plugins
function plugin.catalogue(shop)
  return setmetatable({ shop = shop, loaded = {}, modules = {} }, Plugins)
end

return plugin
