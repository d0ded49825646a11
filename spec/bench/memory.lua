-- SPDX-License-Identifier: MIT
--- What memory is taken: by an idle gateway, by a connection that does nothing, by a delivery that waits in memory for its next
--- attempt. Each of the latter two is what a gateway that has done its first work grows by with thousands of them.

local backlog = require("spec.bench.backlog")
local machine = require("spec.bench.machine")
local support = require("spec.support")
local trial = require("spec.bench.trial")

--- A new gateway that has done its first calls and events, one at a time; its memory then, and before.
local function started(name)
  local load = {
    connections = 1,
    options = { name = name, arguments = { "--breaker-failures", "0", "--limits-resident", "100000" } },
  }
  local gateway = trial.peer("calls", load).gateway
  local idle = gateway.process:resident_bytes()
  trial.run("calls", load)
  trial.run("events", load)
  return gateway, gateway.process:resident_bytes(), idle
end

local function with_idle_connections(gateway, count)
  local clients = support.start({ machine.program("bench_load"), "-i", "-c", tostring(count), "-r", "1000", "-d", "600",
    gateway.url:match("%d+$"), "/v1/calls/target/order", trial.body() })
  support.eventually("the connections are open", function()
    assert(clients:is_running(), clients:errors())
    return clients:output():find("\n")
  end, 600)
  local bytes = gateway.process:resident_bytes()
  clients:signal("TERM")
  clients:wait()
  return bytes
end

local function with_pending(gateway, count)
  backlog.post(gateway, count)
  support.eventually("each has been tried once", function()
    return gateway:metric("perilune_deliveries_resident") == count and gateway:metric("perilune_attempts_in_flight") == 0
      and gateway:metric('perilune_attempts_total{outcome="connect"}') == count
  end, 50)
  return gateway.process:resident_bytes()
end

--- { figures = { name, what, value, unit } each }
return function(options)
  local connections, pending = 4000, 40000
  if options.is_quick then connections, pending = 100, 500 end
  local gateway, before, idle = started("memory of connections")
  local by_connections = with_idle_connections(gateway, connections) - before
  gateway, before = started("memory of deliveries")
  local by_deliveries = with_pending(gateway, pending) - before
  return { figures = {
    { name = "idle", what = "an idle gateway, after the start", value = idle / 2 ^ 20, unit = "MB" },
    { name = "connection", what = "an idle connection, of " .. connections, value = by_connections / connections / 1024, unit = "kB" },
    { name = "pending", what = "a pending delivery in memory, of " .. pending, value = by_deliveries / pending / 1024, unit = "kB" },
  } }
end
