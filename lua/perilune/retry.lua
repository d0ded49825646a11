-- SPDX-License-Identifier: MIT

--- When a delivery is tried again: the retry policy of a connector or webhook, which C carries out.
---
---     retry = false
---     retry = { schedule = { 5, 60, 600 }, ... }            seconds before the 2nd, 3rd... attempt
---     retry = { base = 5, factor = 2, max = 3600, attempts = 8, ... }   5, 10, 20...: seven delays
---     ... jitter = 0.1, max_age = 86400, on = { "connect", "timeout", 429, "5xx" }
---
--- The webhook's parts win over the connector's one by one; schedule and base are one part.
---
--- And what answers disable the webhook until an administrator enables it:
---
---     disable_on = { 410 }            the default; statuses as in retry.on; false: none does

local core = require "perilune.core"
local map = require "perilune.map"
local nearest = require "perilune.util.nearest"
local tables = require "perilune.util.tables"

local retry = {}

local MAX_DELAY = 30 * 86400
-- Of a policy with a base: what holds where it is silent.
local FACTOR, ATTEMPTS, LONGEST = 2, 8, 36000

local DELAY = { type = "number", min = 0, max = MAX_DELAY }

--- What is wrong with an item of `retry.on`, or nil.
local function on_fault(item)
  if not map.success_fault(item) then return nil end
  for _, class in ipairs(core.retry.classes) do
    if class == item then return nil end
  end
  local hint = type(item) == "string" and nearest.hint(item, core.retry.classes, "classes are") or ""
  return ("must be a status such as 429, \"5xx\" or \"500-504\", or a class, not %s%s"):format(
    tostring(item), hint)
end

local ON = { one_of = { { type = "number", check = on_fault }, { type = "string", check = on_fault } } }

--- What `retry` may be.
retry.SPEC = { one_of = {
  { type = "literal", value = false },
  { type = "record", fields = {
    schedule = { type = "list", of = DELAY },
    base = { type = "number", min = 0.001, max = MAX_DELAY },
    factor = { type = "number", min = 1, max = 100 },
    max = DELAY,
    attempts = { type = "integer", min = 1, max = 1000 },
    jitter = { type = "number", min = 0, max = 1 },
    max_age = { type = "number", min = 1, max = 366 * 86400 },
    on = { one_of = { { type = "function" }, { type = "list", of = ON } } },
  } },
} }

--- What `disable_on` may be.
retry.DISABLE_ON = { one_of = {
  { type = "literal", value = false },
  { type = "list", of = { one_of = {
    { type = "number", check = map.success_fault }, { type = "string", check = map.success_fault },
  } } },
} }

-- Gone: there is no such receiver any more (RFC 9110 15.5.11; Standard Webhooks).
local DISABLE_ON = { 410 }

local OF_BASE = { "attempts", "factor", "max" }

--- Faults between the keys of a checked policy.
---@param scope perilune.scope
---@param path any[]   of the policy
---@param given table|false|nil
function retry.check(scope, path, given)
  if not given then return end
  if given.schedule and given.base then
    scope:fault(tables.extend(path, "base"), "a retry policy has either 'schedule' or 'base'")
  end
  for _, name in ipairs(OF_BASE) do
    if given[name] ~= nil and not given.base then
      scope:fault(tables.extend(path, name), ("'%s' goes with 'base'"):format(name))
    end
  end
end

--- The delays that a policy gives, or nil when it says nothing of them.
local function delays_of(given)
  if not given.base then return given.schedule end
  local delays, longest = {}, given.max or math.max(LONGEST, given.base)
  for i = 1, (given.attempts or ATTEMPTS) - 1 do
    delays[i] = math.min(given.base * (given.factor or FACTOR) ^ (i - 1), longest)
  end
  return delays
end

--- `retry.on` as C wants it: classes and ranges of statuses; nil for a function or nothing.
local function rule_of(on)
  if type(on) ~= "table" then return nil end
  local rule = {}
  for i, item in ipairs(on) do rule[i] = map.range_of(item) or item end
  return rule
end

--- Which statuses disable the webhook, as C wants them.
---@param shared (number|string)[]|false|nil   the connector's, checked
---@param own (number|string)[]|false|nil      the webhook's, checked
---@return integer[][] ranges
function retry.disable_on(shared, own)
  if own == nil then own = shared end
  if own == nil then own = DISABLE_ON end
  local ranges = {}
  for i, item in ipairs(own or {}) do ranges[i] = map.range_of(item) end
  return ranges
end

local function first_of(name, own, shared)
  if own[name] ~= nil then return own[name] end
  return shared[name]
end

--- Fills what the policy of an entry says of retries: delays, jitter, max_age, retry_on; and the
--- entry's own retry_on, where that is a function.
---@param entry perilune.entry
---@param shared table|false|nil   the connector's, checked
---@param own table|false|nil      the webhook's, checked
function retry.compile(entry, shared, own)
  local policy = entry.policy
  policy.jitter = core.retry.jitter
  if own == false or own == nil and shared == false then
    policy.retry = {}
    return
  end
  own, shared = own or {}, shared or {}
  policy.retry = delays_of(own) or delays_of(shared) or core.retry.schedule
  policy.jitter = first_of("jitter", own, shared) or core.retry.jitter
  policy.max_age = first_of("max_age", own, shared)
  local on = first_of("on", own, shared)
  policy.retry_on = rule_of(on)
  if type(on) == "function" then entry.retry_on = on end
end

return retry
