-- SPDX-License-Identifier: MIT

--- Scripts that only read, `function(ctx) return ctx.values.response.id end`: what they give is known
--- without running them, so they are as good as the expression `response.id`. Most that a variable is
--- read with are of that kind.

local bytecode = require "perilune.util.bytecode"

local reading = {}

-- The instructions of such a script, as far as it has any: what a register then leads to, names behind
-- ctx; nil: to something else.
local FOLLOW = {
  MOV = function(held, instruction) return held[instruction.d] end,
  TGETS = function(held, instruction, constants)
    local owner, name = held[instruction.b], constants[instruction.c]
    -- A name with a dot, or of no letters, has no place in a chain.
    return owner and name:find("^[^.]+$") and owner .. "." .. name or nil
  end,
}

--- Where a function leads from its first parameter, ".values.response.id"; nil for one that does more.
local function path_of(prototype)
  if prototype.params == 0 then return nil end
  local held = { [0] = "" }
  for _, instruction in ipairs(prototype.code) do
    if instruction.op == "RET1" then return held[instruction.a] end
    local follow = FOLLOW[instruction.op]
    local path = follow and follow(held, instruction, prototype.constants)
    if not path then return nil end
    held[instruction.a] = path
  end
  return nil
end

--- The chain of names that gives what a script would, in the words of templates: of an answer's body
--- ("response.order.id") or of the event ("data.order.id", "event.type"). Nil for one that does more
--- than to read, and for what else it reads.
---@param script fun(ctx: perilune.ctx): any
---@return string|nil
function reading.chain(script)
  local is_lua, prototype = pcall(bytecode.read, script)
  local path = is_lua and path_of(prototype)
  if not path then return nil end
  local value = path:match("^%.values(%..+)$")
  return value and value:match("^%.(response%..+)$")
    or (value or path):match("^%.(data%..+)$") or (value or path):match("^%.(event%..+)$")
end

return reading
