-- SPDX-License-Identifier: MIT
--- A backlog far larger than limits.resident: memory holds no more deliveries than it may, the others wait in the store,
--- and all are delivered once the receiver is there.
local support = require("spec.support")

local EVENTS = 2000
local BATCH = 100
local RESIDENT = 100

describe("a backlog", function()
  local gateway, port

  setup(function()
    port = support.closed_port()
    gateway = support.gateway({
      files = {
        ["gateway.lua"] = support.gateway_lua,
        ["connectors/shop.lua"] = ([[
          local schedule = {}
          for i = 1, 200 do schedule[i] = 0.5 end
          return {
            base_url = "http://127.0.0.1:%d",
            retry = { schedule = schedule, jitter = 0 },
            webhooks = { { on = "backlog", url = "/" } },
          }]]):format(port),
      },
      arguments = { "--workers", "1", "--limits-resident", tostring(RESIDENT), "--limits-in-flight", "8" },
    })
  end)

  teardown(function() support.finish() end)

  local highest = 0

  local function resident()
    local n = gateway:metric("perilune_deliveries_resident")
    highest = math.max(highest, n)
    return n
  end

  it("beyond limits.resident is delivered to the last, and memory never holds more", function()
    for first = 1, EVENTS, BATCH do
      local events = {}
      for i = first, first + BATCH - 1 do
        events[#events + 1] = ('{"id":"b-%04d","type":"backlog"}'):format(i)
      end
      assert.equal(202, gateway:post("/v1/events", "[" .. table.concat(events, ",") .. "]").status)
      resident()
    end
    assert.is_true(gateway:metric("perilune_deliveries_pending") == EVENTS)
    assert.is_true(gateway:metric("perilune_deliveries_parked_total") > 0)
    support.eventually("attempts fail while nobody listens", function()
      resident()
      return (gateway:metric('perilune_attempts_total{outcome="connect"}') or 0) > EVENTS
    end)
    local sink = support.sink("--listen", "127.0.0.1:" .. port)
    support.eventually("all arrive", function()
      resident()
      return gateway:metric("perilune_deliveries_pending") == 0
    end, 60)
    local seen, count = {}, 0
    for _, request in ipairs(sink:requests()) do
      if not seen[request.json.id] then count = count + 1 end
      seen[request.json.id] = true
    end
    assert.equal(EVENTS, count)
    assert.is_true(highest <= RESIDENT, highest)
    assert.is_true(highest > RESIDENT / 2, highest) -- it was used
    assert.equal(0, resident())
    assert.equal(EVENTS, gateway:metric("perilune_deliveries_delivered_total"))
  end)
end)
