-- SPDX-License-Identifier: MIT

--- Authenticators: one instance (instance.lua), or a list of them that are applied one after the
--- other, each to what those before it have made of the request.

local instance = require "perilune.instance"
local nearest = require "perilune.util.nearest"
local tables = require "perilune.util.tables"

local authenticator = {}

---@class perilune.authenticator
---@field name string                 of its plugins
---@field steps perilune.instance[]
---@field credentials table[]|nil   what its steps set, one after the other, where all of it is data

--- What all steps set; nil where one has to be run.
local function credentials_of(steps)
  local all = {}
  for _, step in ipairs(steps) do
    if not (step.credentials and step.credentials.is_data) then return nil end
    for _, item in ipairs(step.credentials.list) do all[#all + 1] = item end
  end
  return all
end

local function assemble(steps)
  local names = {}
  for i, step in ipairs(steps) do names[i] = step.name end
  return { name = table.concat(names, " + "), steps = steps, credentials = credentials_of(steps) }
end

--- The one of a file in authenticators/, or nil after a fault.
local function named(scope, path, id, known)
  if known[id] == nil then
    local names = tables.names(known)
    local hint = #names == 0 and "; the folder authenticators/ has none"
      or nearest.hint(id, names, "authenticators are")
    scope:fault(path, ("there is no authenticator '%s'%s"):format(id, hint))
  end
  return known[id] or nil
end

--- Compiles an instance, or a list. Nil after a fault.
---@param scope perilune.scope
---@param path any[]
---@param v string|table
---@param plugins perilune.plugins
---@param known table<string, perilune.authenticator|false>   by id of their files
---@return perilune.authenticator|nil
function authenticator.compile(scope, path, v, plugins, known)
  if type(v) == "string" then return named(scope, path, v, known) end
  if v[1] == nil then
    local step = instance.compile(scope, path, v, plugins, instance.AUTHENTICATOR)
    return step and assemble { step }
  end
  local steps = {}
  for i, item in ipairs(v) do
    local where = tables.extend(path, i)
    if type(item) ~= "string" and type(item) ~= "table" then
      scope:fault(where, "a list of authenticators wants ids and tables")
    end
    local one = (type(item) == "string" or type(item) == "table")
      and authenticator.compile(scope, where, item, plugins, known)
    for _, step in ipairs(one and one.steps or {}) do steps[#steps + 1] = step end
  end
  return #steps > 0 and assemble(steps) or nil
end

--- Has one of them something to say to a 401?
---@param made perilune.authenticator|nil
---@return boolean
function authenticator.reauthorizes(made)
  for _, step in ipairs(made and made.steps or {}) do
    if step.handler.on_unauthorized then return true end
  end
  return false
end

return authenticator
