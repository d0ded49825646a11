-- SPDX-License-Identifier: MIT

--- How much is asked of somebody at a time, which C sees to:
---
---     rate = { per_second = 50, burst = 100, concurrency = 16 }   of a connector or webhook
---     destinations = { ["api.example.com"] = { per_second = 10 }, ["*"] = { concurrency = 8 } }
---
--- A destination is "host", "host:port", "*.host" or "*"; of several that fit one host, what says
--- more counts: a port, then a name, then the longer pattern.

local core = require "perilune.core"
local tables = require "perilune.util.tables"

local rate = {}

-- A burst without a number is what comes in so much time.
local BURST_SECONDS = 0.1

--- What `rate` may be.
rate.SPEC = { type = "record", fields = {
  per_second = { type = "number", min = 0.001, max = 1000000 },
  burst = { type = "number", min = 1, max = 1000000 },
  concurrency = { type = "integer", min = 1, max = 1000000 },
} }

--- Faults between the keys of a checked rate.
---@param scope perilune.scope
---@param path any[]
---@param given table|nil
function rate.check(scope, path, given)
  if given and given.burst and not given.per_second then
    scope:fault(tables.extend(path, "burst"), "'burst' goes with 'per_second'")
  end
end

--- A checked rate as C wants it.
---@param given table|nil
---@return table|nil
function rate.compile(given)
  if not given then return nil end
  local per_second = given.per_second
  return {
    per_second = per_second, concurrency = given.concurrency,
    burst = per_second and (given.burst or math.max(1, per_second * BURST_SECONDS)),
  }
end

-- The order in which they are looked through.
local function says_more(a, b)
  if (a.port > 0) ~= (b.port > 0) then return a.port > 0 end
  local a_is_pattern, b_is_pattern = a.host:sub(1, 1) == "*", b.host:sub(1, 1) == "*"
  if a_is_pattern ~= b_is_pattern then return b_is_pattern end
  if #a.host ~= #b.host then return #a.host > #b.host end
  if a.host ~= b.host then return a.host < b.host end
  return a.port < b.port
end

--- The limits of destinations, in the order in which C looks through them.
---@param scope perilune.scope   of gateway.lua
---@param given table<string, table>|nil   checked
---@return { host: string, port: integer, rate: table }[]
function rate.destinations(scope, given)
  local limits, first = {}, {}
  for _, text in ipairs(tables.names(given or {})) do
    local path = { "destinations", text }
    local host, port = core.url.place(text)
    local name = host and ("%s:%d"):format(host, port)
    rate.check(scope, path, given[text])
    if not host then
      scope:fault(path, ("'%s' is no destination: they are \"api.example.com\", with \":8443\" for one port, "
        .. "\"*.example.com\" and \"*\""):format(text))
    elseif first[name] then
      scope:fault(path, ("'%s' and '%s' are the same destination"):format(first[name], text))
    elseif not next(given[text]) then
      scope:fault(path, "a limit wants 'per_second' or 'concurrency'")
    else
      limits[#limits + 1] = { host = host, port = port, rate = rate.compile(given[text]) }
      first[name] = text
    end
  end
  table.sort(limits, says_more)
  return limits
end

--- What `destinations` of gateway.lua may be.
rate.DESTINATIONS = { type = "map", of = rate.SPEC }

return rate
