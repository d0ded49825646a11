-- SPDX-License-Identifier: MIT

--- Hooks of a connector and of its webhooks, in the order in which they are written, the connector's
--- first:
---
---     before_send(ctx, request)      before the authenticators, so that what is signed is what is sent
---     after_receive(ctx, response)   before the answer is judged and mapped
---     on_failed(ctx, failure)        an attempt has failed; what it raises is logged and no more

local instance = require "perilune.instance"
local tables = require "perilune.util.tables"

local hooks = {}

---@class perilune.hook
---@field run function
---@field config table

local STAGES = { "before_send", "after_receive", "on_failed" }

--- Fills the hooks of an entry.
---@param entry perilune.entry
---@param scope perilune.scope
---@param lists table   [1]: the connector's, [2]: the webhook's; either may be nil
---@param path any[]    of the webhook
---@param plugins perilune.plugins
function hooks.compile(entry, scope, lists, path, plugins)
  for _, stage in ipairs(STAGES) do entry[stage] = {} end
  for level = 1, 2 do
    local list_path = tables.extend(level == 1 and {} or path, "hooks")
    for i, v in ipairs(lists[level] or {}) do
      local made = instance.compile(scope, tables.extend(list_path, i), v, plugins, instance.HOOK)
      for _, stage in ipairs(STAGES) do
        local run = made and made.handler[stage]
        if run then table.insert(entry[stage], { run = run, config = made.config }) end
      end
    end
  end
end

return hooks
