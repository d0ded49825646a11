-- SPDX-License-Identifier: MIT
--- What a dead receiver costs the others: events for a healthy connector, one after another, each from its POST to its
-- delivery (Prefer: wait), first alone, then beside a connector whose receiver never answers and that has a backlog,
-- then with that backlog found in the store at a start. One worker.
--
--   neighbour.lua [BACKLOG [EVENTS]]

local support = require("spec.support")
local process = support.process

local backlog = tonumber(arg[1]) or 100000
local count = tonumber(arg[2]) or 1000
local BATCH = 1000

local sink, hanging = support.sink("--quiet"), support.faulty_peer()
local gateway = support.gateway {
  files = {
    ["gateway.lua"] = support.gateway_lua,
    ["connectors/healthy.lua"] = ([[return { base_url = "%s", webhooks = { { on = "healthy", url = "/" } } }]]):format(sink.url),
    ["connectors/dead.lua"] = ([[return { base_url = "%s", webhooks = { { on = "dead", url = "/hang" } } }]]):format(hanging.url),
  },
  arguments = { "--workers", "1" },
}

local function one_event()
  local start = process.now()
  local answer = gateway:post("/v1/events", '{"type":"healthy","data":{"n":1}}', { Prefer = "wait=60" })
  local ms = (process.now() - start) * 1000
  assert(answer.body:find('"delivered"', 1, true), answer.body)
  return ms
end

local function measure(name)
  local list = {}
  for i = 1, count do list[i] = one_event() end
  table.sort(list)
  print(("%-32s p50 %7.2f ms   p99 %7.2f ms   longest %7.2f ms"):format(name, list[math.ceil(count * 0.5)],
    list[math.ceil(count * 0.99)], list[count]))
end

measure("alone")
local event = '{"type":"dead","data":{"n":1}}\n'
for _ = 1, backlog / BATCH do
  local answer = gateway:post("/v1/events", event:rep(BATCH), { ["Content-Type"] = "application/x-ndjson" })
  assert(answer.status == 202, answer.body)
end
print(("%d deliveries are pending, %d attempts in flight"):format(gateway:metric("perilune_deliveries_pending"),
  gateway:metric("perilune_attempts_in_flight")))
measure("beside a dead receiver")
gateway:kill()
gateway:restart()
measure("the same after a start")
gateway:kill()
support.finish()
