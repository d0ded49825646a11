-- SPDX-License-Identifier: MIT

--- What stands for a body in an integrator's file and is no value of Lua's own.

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

return payload
