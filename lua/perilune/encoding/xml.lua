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
---@return fun(ctx: table): string
function encoding.compile(scope, path, v)
  local where, evaluate = scope:where(path), tree.compile(scope, path, v)
  return function(ctx)
    local text, message = encoding.write(evaluate(ctx))
    return text or error(where .. ": " .. message, 0)
  end
end

return encoding
