-- SPDX-License-Identifier: MIT

--- What stands for a body, or for a whole connector, in an integrator's file and is no value of Lua's
--- own.

local payload = {}

---@class perilune.file
---@field name string
local File = {}

--- `file "order.json.j2"`: the template of this name.
---@param name string
---@return perilune.file
function payload.file(name)
  if type(name) ~= "string" then error("file wants the name of a template", 2) end
  return setmetatable({ name = name }, File)
end

function payload.is_file(v) return type(v) == "table" and getmetatable(v) == File end

---@class perilune.preset_use
---@field name string
---@field given table
local Preset = {}

--- `use "slack" { ... }`: the connector that this plugin makes of the table.
---@param name string
---@return fun(given: table): perilune.preset_use
function payload.use(name)
  if type(name) ~= "string" then error("use wants the name of a plugin", 2) end
  return function(given)
    if type(given) ~= "table" then error(("use %q wants a table"):format(name), 2) end
    return setmetatable({ name = name, given = given }, Preset)
  end
end

function payload.is_preset(v) return type(v) == "table" and getmetatable(v) == Preset end

return payload
