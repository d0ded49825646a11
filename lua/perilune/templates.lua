-- SPDX-License-Identifier: MIT

--- `template` of scripts: texts with places to be filled, as in webhooks, for what a script or a plugin
--- gets as data. They see what they are given and no more: neither the folder's templates nor what
--- plugins add.

local template = require "perilune.template"

local templates = {}

-- Compiled texts are kept, since a config has the same ones at each attempt; a script that makes texts
-- anew each time must not fill the memory with them.
local MAX_KEPT = 256

-- Nothing interrupts the compiler: so many bytes take it some forty milliseconds at most.
local MAX_BYTES = 16384

local NAME = "template" -- in messages

--- A place for compiled texts: an environment remembers what was compiled in it, and goes with them.
local function new_shelf() return { environment = template.environment(), made = {}, count = 0 } end

local shelf

--- The text as a function of the names that stand in it. Raises what is wrong with it, and where.
---@param text string
---@return fun(values: table): string
function templates.compile(text)
  if type(text) ~= "string" then error("template.compile wants a text", 2) end
  if #text > MAX_BYTES then
    error(("template.compile takes texts of up to %d bytes"):format(MAX_BYTES), 2)
  end
  if not shelf or shelf.count == MAX_KEPT then shelf = new_shelf() end
  if shelf.made[text] then return shelf.made[text] end
  local made, fault = template.compile(text, { name = NAME, environment = shelf.environment })
  if not made then
    error(("%s:%d:%d: %s%s"):format(NAME, fault.line, fault.column, fault.message, fault.excerpt), 2)
  end
  shelf.made[text], shelf.count = made, shelf.count + 1
  return made
end

return templates
