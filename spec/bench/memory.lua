-- SPDX-License-Identifier: MIT
--- What memory is taken: by an idle gateway, by a connection that does nothing, by a delivery that waits in memory for its next
--- attempt. Each of the latter two is what a gateway that has done some work, and has as many of them already, grows by with
--- thousands more: the first ones take memory that the work before has left.

local backlog = require("spec.bench.backlog")
local machine = require("spec.bench.machine")
local support = require("spec.support")
local trial = require("spec.bench.trial")

local function load_of(name)
  return {
    connections = 1,
    options = { name = name, arguments = { "--breaker-failures", "0", "--limits-resident", "100000" } },
  }
end

--- A new gateway, and its memory.
local function started(name)
  local gateway = trial.peer("calls", load_of(name)).gateway
  return gateway, gateway.process:resident_bytes()
end

--- One that has done its first calls and events, one at a time.
local function worked(name)
  local gateway = started(name)
  trial.run("calls", load_of(name))
  trial.run("events", load_of(name))
  return gateway
end

--- Opens connections, which stay until their process ends.
local function connected(gateway, count)
  local clients = support.start({ machine.program("bench_load"), "-i", "-c", tostring(count), "-r", "1000", "-d", "600",
    gateway.url:match("%d+$"), "/v1/calls/target/order", trial.body() })
  support.eventually("the connections are open", function()
    assert(clients:is_running(), clients:errors())
    return clients:output():find("\n")
  end, 600)
  return clients
end

--- What so many idle connections take, beside as many others, whose calls were the first.
local function growth_by_connections(gateway, count)
  local others = connected(gateway, count)
  local before = gateway.process:resident_bytes()
  local clients = connected(gateway, count)
  local bytes = gateway.process:resident_bytes() - before
  for _, process in ipairs { clients, others } do
    process:signal("TERM")
    process:wait()
  end
  return bytes
end

--- Memory with so many more, of which there are then `all`.
local function with_pending(gateway, count, all)
  backlog.post(gateway, count)
  support.eventually("each has been tried once", function()
    return gateway:metric("perilune_deliveries_resident") == all and gateway:metric("perilune_attempts_in_flight") == 0
      and gateway:metric('perilune_attempts_total{outcome="connect"}') == all
  end, 50)
  return gateway.process:resident_bytes()
end

--- What so many take, beside as many others.
local function growth_by_deliveries(gateway, count)
  local before = with_pending(gateway, count, count)
  return with_pending(gateway, count, 2 * count) - before
end

--- { figures = { name, what, value, unit } each }
return function(options)
  local connections, pending = 4000, 40000
  if options.is_quick then connections, pending = 100, 500 end
  local gateway, idle = started("memory of connections")
  local by_connections = growth_by_connections(gateway, connections)
  local by_deliveries = growth_by_deliveries(worked("memory of deliveries"), pending)
  return { figures = {
    { name = "idle", what = "an idle gateway, after the start", value = idle / 2 ^ 20, unit = "MB" },
    { name = "connection", what = "an idle connection, of " .. connections, value = by_connections / connections / 1024, unit = "kB" },
    { name = "pending", what = "a pending delivery in memory, of " .. pending, value = by_deliveries / pending / 1024, unit = "kB" },
  } }
end
