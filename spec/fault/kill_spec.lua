-- SPDX-License-Identifier: MIT
--- The promise: once 202 is given, each delivery is attempted, whatever is killed in between. Here the gateway is killed
--- with SIGKILL, again and again, at moments that nobody chose, and started again on the same store. What is to go one
--- after another does so all the while: each connection of the load posts the events of a key of its own.
local support = require("spec.support")
local load = require("spec.support.load")

local KILLS = 100
local CONNECTIONS = 8

describe("a gateway that is killed", function()
  teardown(function() support.finish() end)

  it(("%d times under load loses no event that got its 202, and keeps the order of each key"):format(KILLS), function()
    local seed = os.time()
    math.randomseed(seed)
    local sink = support.sink("--fail-every", "7")
    -- What has an order is tried again soon: its key waits meanwhile.
    local function connector(path, first_delay, order_by)
      return ([[
        return {
          base_url = "%s",
          retry = { base = %s, factor = 2, max = 1, attempts = 20, jitter = 0 },
          webhooks = { { on = "load", url = "%s", order_by = %s } },
        }]]):format(sink.url, first_delay, path, order_by)
    end
    local gateway = support.gateway({
      files = {
        ["gateway.lua"] = support.gateway_lua,
        ["connectors/shop.lua"] = connector("/load", 0.2, "false"),
        ["connectors/ordered.lua"] = connector("/ordered", 0.01, '"{{ data.key }}"'),
      },
    })
    local clients = load.new("kill", CONNECTIONS)
    for kill = 1, KILLS do
      support.start({ "sh", "-c", ("sleep %.3f; kill -KILL %d"):format(math.random() * 0.6, gateway.process.pid) })
      clients:run(gateway.url)
      assert.equal(128 + 9, gateway.process:wait(), "kill " .. kill)
      gateway:restart()
    end
    local missing, repeats
    for _, path in ipairs { "/load", "/ordered" } do
      support.eventually("all that was accepted arrived", function()
        missing, repeats = clients:missing(sink, path)
        return missing == 0
      end, 60)
    end
    print(("\n%d kills (seed %d): %d events posted, %d accepted, %d of those missing, %d received more than once"):format(
      KILLS, seed, clients.posted, clients.accepted_count, missing, repeats))
    assert.equal(0, missing)
    assert.equal(0, load.disordered(sink, "/ordered"))
    assert.is_true(load.disordered(sink, "/load") > 0) -- it can be told
    assert.is_true(clients.accepted_count > KILLS)
    support.eventually("nothing is pending", function()
      return gateway:metric("perilune_deliveries_pending") == 0
    end)
    local one = next(clients.accepted) -- stands for all in the feed
    assert.equal("delivered", gateway:feed("event=" .. one)[1].state)
    assert.equal(0, gateway:stop())
  end)
end)
