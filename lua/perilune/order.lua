-- SPDX-License-Identifier: MIT

--- Deliveries that go one after another: `order_by` of a connector or webhook.
---
---     order_by = "{{ data.order.id }}"                       or a function of ctx and values
---     order_by = { key = "{{ data.order.id }}", on_failure = "skip" }
---     order_by = false                                       of a webhook: not what its connector says
---
--- Those with the same key go in the order in which their events were accepted; an empty key has no
--- order. A connector's keys are common to its webhooks, a webhook's are its own.

local core = require "perilune.core"
local tables = require "perilune.util.tables"
local value = require "perilune.template.value"

local order = {}

local KEY = { type = "template" }

--- What `order_by` may be.
order.SPEC = { one_of = {
  { type = "literal", value = false }, KEY,
  { type = "record", fields = {
    key = { type = "template", required = true },
    on_failure = { type = "string", values = core.order.rules },
  } },
} }

--- The key that a template or function gave.
local function key_of(where, v)
  if v == nil or v == core.json.null then return "" end
  if core.is_secret(v) or type(v) == "table" and not value.is_markup(v) then
    error(where .. ": a key of order_by is a text or a number", 0)
  end
  local key = value.text(v)
  if #key <= core.limits.order_key then return key end
  return "sha256:" .. core.hex.encode(core.hash("sha256", key))
end

--- Fills what an entry says of order: how a key is made, and what its policy says of failures.
---@param entry perilune.entry
---@param scope perilune.scope
---@param path any[]      of the webhook
---@param shared any      the connector's order_by, checked
---@param own any         the webhook's order_by, checked
function order.compile(entry, scope, path, shared, own)
  local is_shared = own == nil
  local given = own
  if is_shared then given = shared end
  local policy = entry.policy
  if not given then return end
  local where = tables.extend(is_shared and {} or path, "order_by")
  local key = given
  if type(given) == "table" then
    key, where = given.key, tables.extend(where, "key")
  end
  local place = scope:where(where)
  entry.order_is_script = type(key) == "function"
  local run = scope:text(where, key, {})
  if type(run) == "function" then
    entry.order_key = function(values, frame) return key_of(place, run(values, frame)) end
  elseif run then
    entry.order_key = function() return key_of(place, run) end
  end
  policy.order = type(given) == "table" and given.on_failure or core.order.rules[1]
  policy.order_is_shared = is_shared or nil
end

return order
