-- SPDX-License-Identifier: MIT
local support = require("spec.support")
local http, json = support.http, support.json

for _, tls in ipairs({ false, true }) do
describe("GET /v1/feed" .. (tls and " in TLS" or ""), function()
  local sink, gateway

  setup(function()
    sink = support.sink("--fail-first", "1")
    gateway = support.gateway({
      files = {
        ["gateway.lua"] = support.gateway_lua,
        ["connectors/shop.lua"] = ([[
          return {
            base_url = "%s",
            retry = { schedule = { 0.05 }, jitter = 0 },
            webhooks = { { on = "a", url = "/a" }, { on = "b", url = "/b" } },
          }]]):format(sink.url),
        ["connectors/other.lua"] = ([[
          return { base_url = "%s", webhooks = { { on = "c", url = "/c" } } }
        ]]):format(sink.url),
      },
      arguments = { "--workers", "2" }, tls = tls,
    })
  end)

  teardown(function() support.finish() end)

  local function post(id, type)
    local answer = gateway:post("/v1/events", ('{"id":"%s","type":"%s"}'):format(id, type))
    assert.equal(202, answer.status)
    return answer.json.deliveries[1].id
  end

  local function watch(query)
    local stream = http.stream(gateway.url, "/v1/feed" .. (query or ""))
    assert.equal(200, stream.head.status)
    return stream
  end

  it("sends each attempt once it is durable", function()
    local stream = watch()
    assert.matches("^text/event%-stream", stream.head.headers["content-type"])
    assert.equal("no-store", stream.head.headers["cache-control"])
    local id = post("live-1", "a")
    local first, second = stream:next(), stream:next()
    assert.equal("attempt", first.event)
    assert.equal(id .. ".1", first.id)
    assert.equal(id .. ".2", second.id)
    local failed, delivered = json.decode(first.data), json.decode(second.data)
    assert.equal("pending", failed.state)
    assert.equal("http_status", failed.outcome)
    assert.equal(503, failed.status)
    assert.is_truthy(failed.due)
    assert.equal("delivered", delivered.state)
    assert.equal("ok", delivered.outcome)
    assert.equal(2, delivered.attempt)
    assert.equal("live-1", delivered.event_id)
    assert.equal("shop", delivered.connector)
    assert.equal("a", delivered.webhook)
    assert.equal(sink.url .. "/a", delivered.url)
    -- Durable: the feed has it by now.
    assert.equal("delivered", gateway:feed("event=live-1")[1].state)
    stream:close()
  end)

  it("sends calls, too", function()
    local stream = watch()
    local attempt = gateway:post("/v1/calls/shop/a", "{}").json.attempt
    local event = json.decode(stream:next().data)
    assert.equal("call", event.kind)
    assert.equal(attempt, event.id)
    stream:close()
  end)

  it("filters by connector and webhook", function()
    local by_connector, by_webhook = watch("?connector=other"), watch("?connector=shop&webhook=b")
    local wanted = {}
    for _ = 1, 5 do
      post(("filter-a-%d"):format(#wanted), "a")
      post(("filter-b-%d"):format(#wanted), "b")
      post(("filter-c-%d"):format(#wanted), "c")
      wanted[#wanted + 1] = true
    end
    local function read(stream)
      local ids = {}
      for i = 1, 5 do ids[i] = json.decode(stream:next().data).event_id end
      table.sort(ids)
      return ids
    end
    assert.same({ "filter-c-0", "filter-c-1", "filter-c-2", "filter-c-3", "filter-c-4" }, read(by_connector))
    assert.same({ "filter-b-0", "filter-b-1", "filter-b-2", "filter-b-3", "filter-b-4" }, read(by_webhook))
    by_connector:close()
    by_webhook:close()
  end)

  it("sends to several clients, on whichever worker they are, and outlives those that go away", function()
    local streams = {}
    for i = 1, 8 do streams[i] = watch() end
    post("many-1", "c")
    for _, stream in ipairs(streams) do
      assert.equal("many-1", json.decode(stream:next().data).event_id)
    end
    for i = 1, 4 do streams[i]:close() end
    post("many-2", "c")
    for i = 5, 8 do
      assert.equal("many-2", json.decode(streams[i]:next().data).event_id)
      streams[i]:close()
    end
    support.eventually("their connections are closed", function()
      return gateway:metric("perilune_server_connections") == 1 -- the one that asks
    end)
  end)

  it("refuses a filter that it does not have, instead of sending everything", function()
    local answer = gateway:get("/v1/feed?state=failed")
    assert.equal(400, answer.status)
    assert.equal("urn:perilune:bad_query", answer.json.type)
    assert.matches("unknown parameter 'state'; the live feed has connector and webhook", answer.json.detail, 1, true)
  end)

  it("answers HEAD without waiting for events", function()
    local answer = gateway:request("HEAD", "/v1/feed")
    assert.equal(200, answer.status)
  end)

  it("drops a client that does not read, and nobody else", function()
    -- Few deliveries at once, for machines that allow few files.
    local small = support.gateway({ folder = gateway.folder,
      arguments = { "--limits-feed-backlog", "20k", "--limits-in-flight", "100" } })
    local lazy = http.stream(small.url, "/v1/feed")
    local events = {}
    for i = 1, 500 do events[i] = '{"type":"c"}' end
    local batch = "[" .. table.concat(events, ",") .. "]"
    support.eventually("it was dropped", function()
      assert.equal(202, small:post("/v1/events", batch).status)
      return small:metric("perilune_server_connections") == 1
    end, 60)
    lazy:close()
    assert.equal(200, small:get("/healthz").status)
    assert.equal(0, small:stop())
  end)
end)
end
