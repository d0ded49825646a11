-- SPDX-License-Identifier: MIT

--- ctx.log and the global `log`: log.warn(message, { field = value }).

local core = require "perilune.core"
local frozen = require "perilune.util.frozen"

local members = {}
for _, level in ipairs { "debug", "info", "warn", "error" } do
  members[level] = function(message, fields) core.log(level, message, fields) end
end

return frozen.new("log", members)
