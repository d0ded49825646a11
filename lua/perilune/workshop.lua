-- SPDX-License-Identifier: MIT

--- What all files of one load share: where faults go, what templates reach, and the way to run a file
--- of the gateway folder in the sandbox.

local core = require "perilune.core"
local errors = require "perilune.errors"
local extension = require "perilune.extension"
local lint = require "perilune.lint"
local nearest = require "perilune.util.nearest"
local sandbox = require "perilune.sandbox"
local scope = require "perilune.scope"
local template = require "perilune.template"

local workshop = {}

---@class perilune.workshop
---@field files table<string, string>
---@field root string
---@field names table<string, string>   what a file is called that does not stand in the gateway folder, by path
---@field faults perilune.faults
---@field templates table<string, string>
---@field environment perilune.template_environment|nil   once the plugins are there
---@field require? fun(name: string): any   of the gateway folder's own files
---@field ran table<string, boolean>   the files that were run, as messages name them
---@field is_loading boolean   a missing secret is a fault now, an error of the script later
---@field unset { name: string, file: string, place: string }[]   secrets of gateway.lua that were not found
local Workshop = {}
Workshop.__index = Workshop

local function templates_of(files)
  local templates = {}
  for path, text in pairs(files) do
    local name = path:match("^templates/(.+)$")
    if name then templates[name] = text end
  end
  return templates
end

---@param files table<string, string>
---@param root string
---@param names? table<string, string>
---@return perilune.workshop
function workshop.new(files, root, names)
  return setmetatable({
    files = files, root = root, names = names or {}, faults = errors.collector(),
    templates = templates_of(files), ran = {}, is_loading = true, unset = {},
  }, Workshop)
end

--- A file as messages name it.
---@param path string   in the gateway folder
---@return string
function Workshop:shown(path)
  return self.names[path] or self.root .. path
end

---@param path string   in the gateway folder
---@return perilune.scope
function Workshop:scope(path)
  return scope.new(self:shown(path), self.files[path], self)
end

--- What `secret "X"` does in a file. While loading, a secret that is not set is a fault of its line
--- and the file goes on, so that its other mistakes are found as well. gateway.lua names the folder
--- of secrets itself, so what is not set there is asked for again once it has run.
function Workshop:secret_in(file)
  return function(name)
    if type(name) ~= "string" then error("secret wants a name", 2) end
    local handle, message = core.secret(name)
    if handle then return handle end
    if not self.is_loading then error(message, 2) end
    -- Level 3: pcall, this function, and the file that asks. There is no debug library here.
    local _, placed = pcall(error, message, 3)
    if file == self.root .. "gateway.lua" then
      self.unset[#self.unset + 1] = { name = name, file = file, place = placed:sub(1, -#message - 1) }
    else
      self.faults:add_raised(file, placed)
    end
    return core.secret_to_be(name)
  end
end

--- Where secrets are files: for all that loads from here on, and for what gateway.lua asked for.
---@param dir string   relative to the gateway folder; "" for none
function Workshop:open_secrets(dir)
  core.secrets_dir((dir == "" or dir:sub(1, 1) == "/") and dir or self.root .. dir)
  for _, missing in ipairs(self.unset) do
    local handle, message = core.secret(missing.name)
    if not handle then self.faults:add_raised(missing.file, missing.place .. message) end
  end
end

--- From here on templates can be compiled: what plugins add to them is known.
---@param plugins perilune.plugins
function Workshop:open_templates(plugins)
  local options = extension.collect(plugins)
  options.templates, options.shown = self.templates, self.root .. "templates/"
  options.check_names = true
  self.environment = template.environment(options)
end

--- Runs a compiled file within the budget of files; its value, or nil after a fault. A file that
--- another one requires is part of that one's run. What the linter said of a line is not said again
--- when that line fails.
---@param chunk function
---@param file string
---@param require_module? fun(name: string): any
---@return any
function Workshop:execute(chunk, file, require_module)
  self.ran[file] = true
  lint.file(chunk, file, self.faults)
  setfenv(chunk, sandbox.new({ secret = self:secret_in(file), require = require_module }))
  local opened = core.open_budget()
  local ok, result = pcall(chunk)
  local exceeded = opened and core.close_budget()
  if ok and not exceeded then return result end
  result = exceeded or result
  local line = errors.split(file, errors.text(result))
  if line == 0 or not self.faults:has(file, line) then self.faults:add_raised(file, result) end
  return nil
end

--- A `require` whose modules are run once each. `run` gives the value of a file, such as
--- "lib/money.lua" for "lib.money", and whether there is one.
---@param run fun(file: string): any, boolean
---@param missing fun(name: string): string   what to say of a name
---@return fun(name: string): any
function workshop.requires(run, missing)
  local modules, is_running = {}, {}
  return function(name)
    local file = tostring(name):gsub("%.", "/") .. ".lua"
    if is_running[file] then
      error(("the module '%s' requires itself"):format(tostring(name)), 2)
    elseif modules[file] == nil then
      is_running[file] = true
      local result, exists = run(file)
      is_running[file] = nil
      if not exists then error(missing(tostring(name)), 2) end
      modules[file] = result == nil and true or result
    end
    return modules[file]
  end
end

--- What files of the gateway folder share: those of its folder lib/.
local function requires_of_folder(shop)
  local function run(file)
    local exists = file:find("^lib/") ~= nil and shop.files[file] ~= nil
    return exists and shop:run(file) or nil, exists
  end
  return workshop.requires(run, function(name)
    local names = {}
    for path in pairs(shop.files) do
      local module = path:match("^(lib/.+)%.lua$")
      if module then names[#names + 1] = module:gsub("/", ".") end
    end
    table.sort(names)
    return ("there is no module '%s'%s"):format(name, #names > 0
      and nearest.hint(name, names, "modules are") or ": 'lib.name' is the file lib/name.lua")
  end)
end

--- Runs a file of the gateway folder; its value, or nil after a fault.
---@param path string
---@param require_module? fun(name: string): any   default: for what is in lib/
---@return any
function Workshop:run(path, require_module)
  local file = self:shown(path)
  if self.files[path]:sub(1, 1) == "\27" then
    self.faults:add(file, 1, "this is compiled Lua; give the source")
    return nil
  end
  local chunk, message = core.load(self.files[path], "@" .. file, {})
  if not chunk then
    self.faults:add_raised(file, message)
    return nil
  end
  self.require = self.require or requires_of_folder(self)
  return self:execute(core.interpret(chunk), file, require_module or self.require)
end

--- Runs a file that has to return a table (or one of `also`, another Lua type).
---@param path string
---@param also? string
---@return any
function Workshop:returned(path, also)
  local before = #self.faults.items
  local result = self:run(path)
  if type(result) == "table" or also and type(result) == also then return result end
  if result ~= nil or #self.faults.items == before then
    self.faults:add(self:shown(path), 1, ("the file must return a table%s, not %s"):format(
      also and " or a " .. also or "", result == nil and "nothing" or "a " .. type(result)))
  end
  return nil
end

--- Ids and paths of the .lua files of a folder, by id.
---@param folder string
---@return { id: string, path: string }[]
function Workshop:list(folder)
  local list = {}
  for path in pairs(self.files) do
    local id = path:match("^" .. folder .. "/([^/]+)%.lua$")
    if id then list[#list + 1] = { id = id, path = path } end
  end
  table.sort(list, function(a, b) return a.id < b.id end)
  return list
end

return workshop
