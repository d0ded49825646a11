-- SPDX-License-Identifier: MIT
local support = require("spec.support")

local UUID = "^%x%x%x%x%x%x%x%x%-%x%x%x%x%-7%x%x%x%-%x%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x$"

describe("POST /v1/events", function()
  local sink, slow, flaky, gateway

  setup(function()
    sink = support.sink("--body", '{"order":{"id":"erp-7"}}')
    slow = support.sink("--delay", "1.5")
    flaky = support.sink("--fail-first", "2")
    gateway = support.gateway({
      files = {
        ["gateway.lua"] = support.gateway_lua,
        ["connectors/shop.lua"] = ([[
          return {
            base_url = "%s",
            webhooks = {
              { on = "order.confirmed", url = "/confirmed" },
              { on = "order.shipped", url = "/shipped", response = { variables = { erp_id = "response.order.id" } } },
            },
          }]]):format(sink.url),
        ["connectors/second.lua"] = ([[
          return { base_url = "%s", webhooks = { { on = "order.shipped", url = "/second" } } }
        ]]):format(sink.url),
        ["connectors/slow.lua"] = ([[
          return { base_url = "%s", webhooks = { { on = "slow", url = "/" } } }
        ]]):format(slow.url),
        ["connectors/flaky.lua"] = ([[
          return {
            base_url = "%s",
            retry = { schedule = { 0.05, 0.05, 0.05 }, jitter = 0 },
            webhooks = { { on = "flaky", url = "/" } },
          }]]):format(flaky.url),
      },
      arguments = { "--limits-batch", "3", "--limits-body", "4k", "--limits-json-depth", "10" },
    })
  end)

  teardown(function() support.finish() end)

  local function received(event_id)
    local count = 0
    for _, request in ipairs(sink:requests()) do
      if request.json and request.json.id == event_id then count = count + 1 end
    end
    return count
  end

  describe("with one event", function()
    it("answers 202 with its id and the ids of its deliveries", function()
      local answer = gateway:post("/v1/events", '{"id":"one-1","type":"order.shipped","data":{}}')
      assert.equal(202, answer.status)
      assert.equal("application/json", answer.headers["content-type"])
      assert.equal("one-1", answer.json.id)
      local deliveries = answer.json.deliveries
      table.sort(deliveries, function(a, b) return a.connector < b.connector end)
      assert.equal(2, #deliveries)
      assert.equal("second", deliveries[1].connector)
      assert.equal("shop", deliveries[2].connector)
      assert.equal("order.shipped", deliveries[2].webhook)
      assert.matches(UUID, deliveries[1].id)
      assert.are_not.equal(deliveries[1].id, deliveries[2].id)
      gateway:wait_feed("event=one-1&state=delivered", 2)
      assert.equal(2, received("one-1"))
    end)

    it("gives an event without an id a time-ordered one", function()
      local answer = gateway:post("/v1/events", '{"type":"order.confirmed"}')
      assert.equal(202, answer.status)
      assert.matches(UUID, answer.json.id)
      gateway:wait_feed("state=delivered&event=" .. answer.json.id)
    end)

    it("sends the receiver the event as it was written, to the byte", function()
      local body = '{ "type" : "order.confirmed",\n  "id":"bytes-1", "time":"2026-11-21T08:15:30Z", "data" : '
        .. '{"empty":[],"none":null,"big":12345678901234567890,"money":120.50,"one":1.0,"e":1e3,"text":"\\u00e9é/"} , "z":1,"a":2 }'
      assert.equal(202, gateway:post("/v1/events", body).status)
      gateway:wait_feed("event=bytes-1&state=delivered")
      local got
      for _, request in ipairs(sink:requests()) do
        if request.body:find('"bytes-1"', 1, true) then got = request end
      end
      assert.equal(body, got.body)
      assert.equal("POST", got.method)
      assert.equal("/confirmed", got.path)
      assert.equal("application/json", got.headers["content-type"])
    end)

    it("puts a missing id and time in front, and leaves the rest to the byte", function()
      local rest = '"type":"order.confirmed","data":{"mark":"front-1","n":[1.0, []]}}'
      local answer = gateway:post("/v1/events", "{" .. rest)
      gateway:wait_feed("state=delivered&event=" .. answer.json.id)
      local got
      for _, request in ipairs(sink:requests()) do
        if request.body:find('"front-1"', 1, true) then got = request end
      end
      assert.equal(rest, got.body:sub(-#rest))
      assert.matches('^{"id": ?"' .. answer.json.id:gsub("%-", "%%-") .. '", ?"time": ?"%d%d%d%d%-%d%d%-%d%dT[%d:.]+Z", ?$',
        got.body:sub(1, -#rest - 1))
    end)

    it("sends the same webhook-id in every attempt", function()
      local answer = gateway:post("/v1/events", '{"id":"flaky-1","type":"flaky"}')
      local id = answer.json.deliveries[1].id
      local requests = flaky:wait(3)
      for i = 1, 3 do
        assert.equal(id, requests[i].headers["webhook-id"])
        assert.matches("^%d+$", requests[i].headers["webhook-timestamp"])
      end
      local row = gateway:wait_feed("event=flaky-1&state=delivered")[1]
      assert.equal(3, row.attempts)
      assert.equal(id, row.id)
    end)
  end)

  describe("with several events", function()
    it("takes an array, and answers for each in its order", function()
      local answer = gateway:post("/v1/events",
        '[{"id":"a-1","type":"order.confirmed"}, {"id":"a-2","type":"nobody.wants"}, {"id":"a-3","type":"order.confirmed"}]')
      assert.equal(202, answer.status)
      local ids = {}
      for i, event in ipairs(answer.json.events) do ids[i] = event.id .. ":" .. #event.deliveries end
      assert.same({ "a-1:1", "a-2:0", "a-3:1" }, ids)
      gateway:wait_feed("event=a-1&state=delivered")
      gateway:wait_feed("event=a-3&state=delivered")
    end)

    it("takes NDJSON, empty lines and CR LF included", function()
      local answer = gateway:post("/v1/events",
        '{"id":"n-1","type":"order.confirmed"}\r\n\n{"id":"n-2","type":"order.confirmed"}',
        { ["Content-Type"] = "application/x-ndjson" })
      assert.equal(202, answer.status)
      assert.equal("n-1", answer.json.events[1].id)
      assert.equal("n-2", answer.json.events[2].id)
      gateway:wait_feed("event=n-2&state=delivered")
    end)

    it("accepts nothing of a batch with one bad event", function()
      local answer = gateway:post("/v1/events", '[{"id":"all-1","type":"order.confirmed"},{"id":"all-2"}]')
      assert.equal(400, answer.status)
      assert.equal("urn:perilune:bad_event", answer.json.type)
      assert.equal("/1/type", answer.json.pointer)
      -- A later event of the same worker's store is through: the refused one is not on its way either.
      assert.equal(202, gateway:post("/v1/events", '{"id":"all-3","type":"order.confirmed"}').status)
      gateway:wait_feed("event=all-3&state=delivered")
      assert.same({}, gateway:feed("event=all-1"))
      assert.equal(0, received("all-1"))
    end)

    it("refuses more than limits.batch with 413, naming it", function()
      local event = '{"type":"order.confirmed"}'
      local answer = gateway:post("/v1/events", "[" .. event:rep(4, ",") .. "]")
      assert.equal(413, answer.status)
      assert.matches("limits.batch", answer.json.detail, 1, true)
      assert.equal(202, gateway:post("/v1/events", "[" .. event:rep(3, ",") .. "]").status)
    end)

    it("refuses an empty array", function()
      local answer = gateway:post("/v1/events", "[]")
      assert.equal(400, answer.status)
      assert.equal("urn:perilune:bad_event", answer.json.type)
    end)
  end)

  describe("again", function()
    it("answers 200 with the same delivery ids for an id that was there, and delivers once", function()
      local body = '{"id":"dup-1","type":"order.shipped"}'
      local first = gateway:post("/v1/events", body)
      local again = gateway:post("/v1/events", body)
      assert.equal(202, first.status)
      assert.equal(200, again.status)
      assert.is_true(again.json.duplicate)
      assert.same(first.json.deliveries, again.json.deliveries)
      gateway:wait_feed("event=dup-1&state=delivered", 2)
      again = gateway:post("/v1/events", body)
      assert.equal(200, again.status)
      assert.same(first.json.deliveries, again.json.deliveries)
      assert.equal(2, received("dup-1"))
    end)

    it("marks the one duplicate of an array, and accepts the others", function()
      gateway:post("/v1/events", '{"id":"dup-2","type":"order.confirmed"}')
      local answer = gateway:post("/v1/events",
        '[{"id":"dup-2","type":"order.confirmed"},{"id":"dup-3","type":"order.confirmed"}]')
      assert.equal(202, answer.status)
      assert.is_true(answer.json.events[1].duplicate)
      assert.is_nil(answer.json.events[2].duplicate)
    end)

    it("answers what it answered for an Idempotency-Key that was there", function()
      local headers = { ["Idempotency-Key"] = "key-1" }
      local first = gateway:post("/v1/events", '{"type":"order.confirmed"}', headers)
      local again = gateway:post("/v1/events", '{"type":"order.confirmed"}', headers)
      assert.equal(202, first.status)
      assert.equal(200, again.status)
      assert.is_true(again.json.duplicate)
      assert.equal(first.json.id, again.json.id)
      assert.same(first.json.deliveries, again.json.deliveries)
    end)

    it("keeps the key of an array over a restart", function()
      local headers = { ["Idempotency-Key"] = "key-2" }
      local body = '[{"type":"order.confirmed"},{"type":"order.confirmed"}]'
      local first = gateway:post("/v1/events", body, headers)
      assert.equal(202, first.status)
      assert.equal(0, gateway:stop())
      gateway:restart()
      local again = gateway:post("/v1/events", body, headers)
      assert.equal(200, again.status)
      assert.is_true(again.json.duplicate)
      assert.same(first.json.events, again.json.events)
      for _, event in ipairs(first.json.events) do
        gateway:wait_feed("state=delivered&event=" .. event.id)
        assert.equal(1, received(event.id))
      end
    end)

    it("refuses an Idempotency-Key that came with another body", function()
      local headers = { ["Idempotency-Key"] = "key-3" }
      assert.equal(202, gateway:post("/v1/events", '{"id":"r-1","type":"order.confirmed"}', headers).status)
      local answer = gateway:post("/v1/events", '{"id":"r-2","type":"order.confirmed"}', headers)
      assert.equal(409, answer.status)
      assert.equal("urn:perilune:idempotency_key_reused", answer.json.type)
      assert.same({}, gateway:feed("event=r-2"))
      assert.equal(200, gateway:post("/v1/events", '{"id":"r-1","type":"order.confirmed"}', headers).status)
    end)

    it("refuses a key that is too long", function()
      local answer = gateway:post("/v1/events", '{"type":"order.confirmed"}', { ["Idempotency-Key"] = ("k"):rep(257) })
      assert.equal(400, answer.status)
      assert.matches("Idempotency-Key", answer.json.detail, 1, true)
    end)
  end)

  it("keeps an event that nothing wants in the feed, with the reason", function()
    local answer = gateway:post("/v1/events", '{"id":"lost-1","type":"nobody.wants"}')
    assert.equal(202, answer.status)
    assert.same({}, answer.json.deliveries)
    assert.matches("nobody.wants", answer.json.reason, 1, true)
    local row = gateway:wait_feed("event=lost-1")[1]
    assert.equal("unmatched", row.state)
    assert.equal("nobody.wants", row.event_type)
    assert.equal(answer.json.reason, row.reason)
  end)

  describe("refuses", function()
    local function refused(body, headers)
      local answer = gateway:post("/v1/events", body, headers)
      assert.equal("application/problem+json", answer.headers["content-type"])
      assert.equal(answer.status, answer.json.status)
      return answer
    end

    it("malformed JSON, with line and column", function()
      local answer = refused('{"type": "x",\n  "data": {,}}')
      assert.equal(400, answer.status)
      assert.equal("urn:perilune:bad_json", answer.json.type)
      assert.equal(2, answer.json.line)
      assert.equal(12, answer.json.column)
      assert.matches("line 2, column 12", answer.json.detail, 1, true)
    end)

    it("malformed JSON behind empty lines, counted from the start of the body", function()
    local single = gateway:post("/v1/events", '\n\r\n{"type": "x", }')
    assert.equal(400, single.status)
    assert.equal(3, single.json.line)
    assert.equal(3, gateway:post("/v1/events", '\n\n[{"type": "x", }]').json.line)
    assert.equal(3, gateway:post("/v1/events", '\n\n{"type": "x", }',
      { ["Content-Type"] = "application/x-ndjson" }).json.line)
    assert.equal(400, gateway:post("/v1/events", '{"type": "x"}\0').status) -- a NUL is no white space
  end)

  it("malformed JSON in an array, with the line and column of the body", function()
      local answer = refused('[\n{"type":"a"},\n{"type": }\n]')
      assert.equal("urn:perilune:bad_json", answer.json.type)
      assert.equal(3, answer.json.line)
      assert.equal(10, answer.json.column)
    end)

    it("a malformed line of NDJSON, with its line", function()
      local answer = refused('{"type":"order.confirmed"}\n{"type":\n{"type":"order.confirmed"}\n',
        { ["Content-Type"] = "application/x-ndjson" })
      assert.equal(400, answer.status)
      assert.equal(2, answer.json.line)
    end)

    it("cut-off JSON and an empty body", function()
      assert.equal("urn:perilune:bad_json", refused('{"type":"order.confirmed"').json.type)
      assert.equal("urn:perilune:bad_json", refused("").json.type)
      assert.equal("urn:perilune:bad_json", refused('{"type":"a"} {"type":"b"}').json.type)
    end)

    it("nesting beyond limits.json_depth", function()
      local answer = refused('{"type":"order.confirmed","data":' .. ("["):rep(20) .. ("]"):rep(20) .. "}")
      assert.equal(400, answer.status)
      assert.equal("urn:perilune:bad_json", answer.json.type)
    end)

    for body, pointer in pairs({
      ['{"type":5}'] = "/type",
      ['{"type":""}'] = "/type",
      ['{"data":{}}'] = "/type",
      ['{"type":"a","id":7}'] = "/id",
      ['{"type":"a","id":""}'] = "/id",
      ['{"type":"a","time":"yesterday"}'] = "/time",
      ['{"type":"a","source":[]}'] = "/source",
      ['{"type":"a","type":"b"}'] = "/type",
      ['[{"type":"a"},{"type":"b","subject":1}]'] = "/1/subject",
      ['[1]'] = "/0",
      ['"text"'] = "",
    }) do
      it(body .. ", with a JSON pointer", function()
        local answer = refused(body)
        assert.equal(400, answer.status)
        assert.equal("urn:perilune:bad_event", answer.json.type)
        assert.equal(pointer, answer.json.pointer)
      end)
    end

    it("a name that an object has twice, with its place", function()
      local answer = refused('[{"type":"a"},\n{"type":"b","data":{"lines":[{"sku":1,"sku":2}]}}]')
      assert.equal(400, answer.status)
      assert.equal("urn:perilune:bad_event", answer.json.type)
      assert.equal("/1/data/lines/0/sku", answer.json.pointer)
      assert.equal(2, answer.json.line)
      assert.equal(39, answer.json.column)
    end)

    it("a content type that is not JSON with 415, and takes those that are", function()
      for _, wrong in ipairs({ "text/plain", "application/xml", "application/jsonx" }) do
        local answer = refused('{"type":"order.confirmed"}', { ["Content-Type"] = wrong })
        assert.equal(415, answer.status)
        assert.matches(wrong, answer.json.detail, 1, true)
      end
      for _, right in ipairs({ "application/json; charset=utf-8", "APPLICATION/JSON", "application/vnd.shop+json" }) do
        local answer = gateway:post("/v1/events", '{"type":"order.confirmed"}', { ["Content-Type"] = right })
        assert.equal(202, answer.status)
      end
    end)

    it("a body beyond limits.body with 413, naming it, before it was sent", function()
      local connection = support.http.connect(gateway.url)
      connection:send("POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 4097\r\n\r\n")
      local answer = support.http.read(connection)
      connection:close()
      assert.equal(413, answer.status)
      assert.matches("limits.body", answer.json.detail, 1, true)
    end)
  end)

  describe("with Prefer: wait", function()
    it("answers 200 with outcome and variables once all deliveries have ended", function()
      local answer = gateway:post("/v1/events", '{"id":"wait-1","type":"order.shipped"}', { Prefer = "wait=10" })
      assert.equal(200, answer.status)
      assert.equal("wait=10", answer.headers["preference-applied"])
      local by_connector = {}
      for _, delivery in ipairs(answer.json.deliveries) do by_connector[delivery.connector] = delivery end
      for _, connector in ipairs({ "shop", "second" }) do
        assert.equal("delivered", by_connector[connector].state)
        assert.equal("ok", by_connector[connector].outcome)
        assert.equal(200, by_connector[connector].status)
        assert.equal(1, by_connector[connector].attempts)
      end
      assert.same({ erp_id = "erp-7" }, by_connector.shop.variables)
    end)

    it("waits for a later attempt", function()
      local before = #flaky:requests()
      local answer = gateway:post("/v1/events", '{"id":"wait-2","type":"flaky"}', { Prefer = "wait=10" })
      assert.equal(200, answer.status)
      assert.equal("delivered", answer.json.deliveries[1].state)
      assert.equal(before + 1, #flaky:wait(before + 1))
    end)

    it("answers 202 with what is known when the time is over", function()
      local answer = gateway:post("/v1/events", '{"id":"wait-3","type":"slow"}', { Prefer = "wait=1" })
      assert.equal(202, answer.status)
      assert.equal("wait=1", answer.headers["preference-applied"])
      assert.equal("pending", answer.json.deliveries[1].state)
      gateway:wait_feed("event=wait-3&state=delivered")
    end)

    it("delivers as well when the client does not stay", function()
      local connection = support.http.connect(gateway.url)
      connection:send(support.http.format("localhost", "POST", "/v1/events", '{"id":"wait-5","type":"slow"}',
        { ["Content-Type"] = "application/json", Prefer = "wait=20" }))
      gateway:wait_feed("event=wait-5")
      connection:close()
      gateway:wait_feed("event=wait-5&state=delivered")
    end)

    it("answers at once when there is nothing to wait for", function()
      local answer = gateway:post("/v1/events", '{"id":"wait-4","type":"nobody.wants"}', { Prefer = "wait=10" })
      assert.equal(200, answer.status)
      assert.same({}, answer.json.deliveries)
      assert.equal(200, gateway:post("/v1/events", '{"id":"wait-4","type":"nobody.wants"}', { Prefer = "wait=10" }).status)
    end)
  end)
end)
