-- SPDX-License-Identifier: MIT

--- `template` of scripts: texts with places to be filled, as in webhooks, for what a script or a plugin
--- gets as data. They see what they are given and no more: neither the folder's templates nor what
--- plugins add.

local frozen = require "perilune.util.frozen"
local template = require "perilune.template"

local templates = {}

-- Compiled texts are kept, since a config has the same ones at each attempt; a script that makes texts
-- anew each time must not fill the memory with them.
local MAX_KEPT = 256

local NAME = "template" -- in messages

--- A place for compiled texts: an environment remembers what was compiled in it, and goes with them.
local function new_shelf() return { environment = template.environment(), made = {}, count = 0 } end

local function compiler()
  local shelf = new_shelf()
  return function(text)
    local made = shelf.made[text]
    if made then return made end
    if type(text) ~= "string" then error("template.compile wants a text", 2) end
    local fault
    made, fault = template.compile(text, { name = NAME, environment = shelf.environment })
    if not made then
      error(("%s:%d:%d: %s%s"):format(NAME, fault.line, fault.column, fault.message, fault.excerpt), 2)
    end
    if shelf.count == MAX_KEPT then shelf = new_shelf() end
    shelf.made[text], shelf.count = made, shelf.count + 1
    return made
  end
end

templates.library = frozen.new("template", { compile = compiler() })

return templates
