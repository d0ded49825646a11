-- SPDX-License-Identifier: MIT

--- ctx.cache: values that outlive the exchange, for all workers, under the keys of one connector. What
--- comes out is a copy; secrets in a value stay secrets.

local core = require "perilune.core"
local frozen = require "perilune.util.frozen"

local cache = {}

---@class perilune.cache_options
---@field ttl? number    seconds that a value holds, where the fill says no other
---@field early? number  seconds before its end at which one exchange renews it ahead; 0

---@class perilune.cache
---@field get fun(key: string): any
---@field set fun(key: string, value: any, ttl: number)
---@field delete fun(key: string, value?: any)
---@field fetch fun(key: string, options: number|perilune.cache_options, fill: fun(): any, number?): any

local function misuse(name, what) core.fail("script", ("ctx.cache.%s: %s"):format(name, what)) end

local function is_seconds(value)
  return type(value) == "number" and value >= 0 and value <= core.cache.max_seconds
end

local function check_seconds(name, what, value)
  if is_seconds(value) then return value end
  misuse(name, ("%s must be 0 to %d seconds"):format(what, core.cache.max_seconds))
end

local function check_key(name, key)
  if type(key) ~= "string" or key == "" then misuse(name, "the key must be a text") end
  return key
end

local OPTIONS = { ttl = true, early = true }

--- The times of `options`, both in seconds; without a ttl the fill has to say one.
local function times(options)
  if type(options) == "number" then options = { ttl = options } end
  if type(options) ~= "table" then
    misuse("fetch", "the options must be seconds, or a table as { ttl = 300, early = 30 }")
  end
  for name in pairs(options) do
    if not OPTIONS[name] then
      misuse("fetch", ("there is no option '%s'; there are early, ttl"):format(tostring(name)))
    end
  end
  local ttl = options.ttl
  if ttl ~= nil then check_seconds("fetch", "ttl", ttl) end
  return ttl, check_seconds("fetch", "early", options.early or 0)
end

--- Runs the fill and keeps what it gives.
local function fill_ticket(ticket, ttl, fill)
  local value, own_ttl = fill()
  if value == nil then misuse("fetch", "the fill returned no value") end
  ttl = own_ttl or ttl
  if ttl == nil then misuse("fetch", "neither the options nor the fill say a ttl") end
  ticket:put(value, check_seconds("fetch", "ttl", ttl))
end

--- The value of a ticket that has the claim. A renewal ahead of time that fails is no failure: the value
--- holds still.
local function filled(ticket, ttl, fill)
  local ok, problem = pcall(fill_ticket, ticket, ttl, fill)
  if ok then return ticket:value() end
  local text = ticket:fail(problem)
  local value = ticket:value()
  if value == nil then error(problem, 0) end
  core.log("warn", "a value of the cache could not be renewed ahead of time", { error = text })
  return value
end

--- The functions under the keys of `namespace`.
---@param namespace string
---@return perilune.cache
function cache.new(namespace)
  local prefix = namespace .. "\0"
  local all = {}

  function all.get(key) return core.cache.get(prefix .. check_key("get", key)) end

  function all.set(key, value, ttl)
    check_key("set", key)
    if value == nil then misuse("set", "a value is missing; delete(key) forgets one") end
    core.cache.set(prefix .. key, value, check_seconds("set", "ttl", ttl))
  end

  function all.delete(key, value)
    core.cache.delete(prefix .. check_key("delete", key), value)
  end

  function all.fetch(key, options, fill)
    check_key("fetch", key)
    local ttl, early = times(options)
    if type(fill) ~= "function" then misuse("fetch", "the third argument must be a function") end
    local ticket = core.cache.fetch(prefix .. key, early)
    if ticket:has_claim() then return filled(ticket, ttl, fill) end
    return ticket:value()
  end

  return frozen.new("ctx.cache", all)
end

return cache
