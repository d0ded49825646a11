-- SPDX-License-Identifier: MIT
--- The soak: 200,000 events through one gateway, in arrays of 100 over keep-alive connections, to a sink that prints
--- nothing; resident memory sampled on the way. Fails when memory at the end, with everything delivered, exceeds what it
--- was at a fifth of the way by more than 20 MB. From the repository's root, with a release build:
--
--     LUA_PATH="./?.lua;./?/init.lua;;" luajit spec/bench/soak.lua [EVENTS]

local support = require("spec.support")
local http, process = support.http, support.process

local EVENTS = tonumber(arg[1]) or 200000
local BATCH, CONNECTIONS, SAMPLES = 100, 4, 20
local MOST_GROWTH_BYTES = 20 * 1024 * 1024

local sink = support.sink("--quiet")
local gateway = support.gateway({
  files = {
    ["gateway.lua"] = support.gateway_lua,
    ["connectors/shop.lua"] = ([[
      return {
        base_url = "%s",
        authenticator = { type = "bearer", token = "a-token-for-the-soak" },
        webhooks = {
          { on = "soak", method = "PUT", url = "/orders/{{ data.order.id }}",
            body = { id = "{{ data.order.id }}", lines = "{{ data.order.lines }}" },
            response = { variables = { ok = "response.ok" } } },
        },
      }]]):format(sink.url),
  },
})

local EVENT = '{"id":"soak-%07d","type":"soak","data":{"order":{"id":%d,"lines":[{"sku":"PL-1001","qty":2}]},'
  .. '"note":"' .. ("Please ring twice. "):rep(10) .. '"}}'

local function batch(first)
  local events = {}
  for i = first, first + BATCH - 1 do events[#events + 1] = EVENT:format(i, i) end
  return "[" .. table.concat(events, ",") .. "]"
end

local began = process.now()
local rss_at_fifth

local function sample(posted)
  local rss, seconds = gateway.process:resident_bytes(), process.now() - began
  local delivered = gateway:metric("perilune_deliveries_delivered_total")
  print(("%9d %9d %9d %9d %8.1f %8.0f %8.1f"):format(posted, delivered,
    gateway:metric("perilune_deliveries_pending"), gateway:metric("perilune_deliveries_resident"),
    seconds, delivered / seconds, rss / 1048576))
  if not rss_at_fifth and posted >= EVENTS / 5 then rss_at_fifth = rss end
  return rss
end

print("   posted delivered   pending  resident  seconds  deliv/s   RSS MB")
local connections = {}
for i = 1, CONNECTIONS do connections[i] = http.connect(gateway.url) end
local posted, next_sample = 0, EVENTS / SAMPLES
while posted < EVENTS do
  for _, connection in ipairs(connections) do
    assert(connection:send(http.format("localhost", "POST", "/v1/events", batch(posted + 1),
      { ["Content-Type"] = "application/json" })))
    posted = posted + BATCH
  end
  for _, connection in ipairs(connections) do assert(http.read(connection).status == 202) end
  if posted >= next_sample then
    sample(posted)
    next_sample = next_sample + EVENTS / SAMPLES
  end
end
support.eventually("all are delivered", function()
  process.sleep(0.2)
  return gateway:metric("perilune_deliveries_pending") == 0
end, 600)
local rss = sample(posted)
for _, connection in ipairs(connections) do connection:close() end
assert(sink:count() >= posted, "the sink got fewer requests than there were events")
assert(gateway:metric("perilune_deliveries_delivered_total") == posted, "not all were delivered")
assert(gateway:stop() == 0)
support.finish()

local growth = rss - rss_at_fifth
print(("memory at the end is %+.1f MB against a fifth of the way (at most %+.1f)"):format(growth / 1048576,
  MOST_GROWTH_BYTES / 1048576))
os.exit(growth <= MOST_GROWTH_BYTES and 0 or 1)
