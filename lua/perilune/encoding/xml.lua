-- SPDX-License-Identifier: MIT

--- XML bodies: a table in the shape of perilune.xml, with templates as leaves.

local tree = require "perilune.encoding.tree"
local xml = require "perilune.xml"

local encoding = {}

--- A table as an XML document; nil and a message.
---@param v table
---@return string|nil text
---@return string|nil message
function encoding.write(v) return xml.encode(v) end

---@param scope perilune.scope
---@param path any[]
---@param v table
---@return fun(values: table, frame: perilune.ctx_frame): string
function encoding.compile(scope, path, v)
  local where, evaluate = scope:where(path), tree.compile(scope, path, v)
  return function(values, frame)
    local text, message = encoding.write(evaluate(values, frame))
    return text or error(where .. ": " .. message, 0)
  end
end

return encoding
