-- SPDX-License-Identifier: MIT
local support = require("spec.support")

local TOKEN = "a-token-that-must-appear-nowhere"

-- What receivers do, and one webhook or two for each; the later examples add to what the first posted.
local function files(receivers)
  return {
    ["gateway.lua"] = support.gateway_lua,
    ["connectors/good.lua"] = ([[
      return { base_url = "%s", webhooks = {
        { on = "order.confirmed", url = "/confirmed" },
        { on = "order.shipped", url = "/shipped" },
      } }]]):format(receivers.good.url),
    ["connectors/gone.lua"] = ([[
      return { base_url = "%s", disable_on = false, webhooks = { { on = "order.gone", url = "/gone/{{ data.mark }}" } } }
    ]]):format(receivers.gone.url),
    ["connectors/down.lua"] = ([[
      return { base_url = "%s", retry = false, webhooks = { { on = "order.down", url = "/down" } } }
    ]]):format(receivers.down.url),
    ["connectors/later.lua"] = ([[
      return {
        base_url = "%s",
        webhooks = {
          { on = "far", url = "/far", retry = { schedule = { 3600, 3600 }, jitter = 0 } },
          { on = "near", url = "/near", retry = { schedule = { 30, 30 }, jitter = 0 } },
        },
      }]]):format(receivers.later.url),
    ["connectors/closed.lua"] = ([[
      return { base_url = "http://127.0.0.1:%d", retry = { schedule = { 3600 }, jitter = 0 },
               webhooks = { { on = "closed", url = "/" } } }
    ]]):format(support.closed_port()),
    ["connectors/secret.lua"] = ([[
      return {
        base_url = "%s",
        authenticator = { type = "bearer", token = secret "API_TOKEN" },
        webhooks = { { on = "secret", url = "/echo-authorization",
                       params = { pad = "{{ data.pad }}" } },
                     { on = "meet", url = "/barrier", params = { n = "2" } } },
      }]]):format(receivers.peer.url),
    ["connectors/large.lua"] = ([[
      return { base_url = "%s", webhooks = {
        { on = "large", url = "/large", body = { text = "{{ data.text }}" } } } }
    ]]):format(receivers.large.url),
  }
end

describe("/v1/deliveries", function()
  local receivers, gateway = {}, nil

  local function post(event)
    local answer = gateway:post("/v1/events", event, { Prefer = "wait=10" })
    assert.is_true(answer.status == 200 or answer.status == 202, answer.body)
    return answer.json
  end

  local function event_ids(query)
    local ids = {}
    for i, row in ipairs(gateway:feed(query)) do ids[i] = row.event_id end
    return ids
  end

  setup(function()
    receivers.good = support.sink()
    receivers.gone = support.sink("--status", "410", "--body", '{"reason":"moved out"}')
    receivers.down = support.sink("--fail-first", "1")
    receivers.later = support.sink("--status", "503")
    receivers.large = support.sink("--body", ("y"):rep(300))
    receivers.peer = support.faulty_peer()
    gateway = support.gateway({
      files = files(receivers),
      env = { PERILUNE_SECRET_API_TOKEN = TOKEN },
      arguments = { "--limits-recorded-body", "100", "--limits-feed-page", "7" },
    })
    for _, event in ipairs({
      '{"id":"f-1","type":"order.confirmed","data":{"mark":"needle-in-event"}}',
      '{"id":"f-2","type":"order.shipped"}',
      '{"id":"f-3","type":"order.gone","data":{"mark":"needle-in-url"}}',
      '{"id":"f-4","type":"order.down"}',
      '{"id":"f-5","type":"closed"}',
      '{"id":"f-6","type":"nobody.wants"}',
    }) do
      post(event)
      support.process.sleep(0.005) -- so that their times differ
    end
    assert.equal(200, gateway:post("/v1/calls/good/order.confirmed", '{"id":"f-7"}').status)
    assert.equal(200, gateway:post("/v1/connectors/good/webhooks/order.shipped/try",
      '{"event":{"id":"f-8"}}').status)
    gateway:wait_feed("kind=call")
    gateway:wait_feed("kind=try")
  end)

  teardown(function() support.finish() end)

  describe("filters by", function()
    for query, expected in pairs({
      ["connector=good&kind=delivery"] = { "f-2", "f-1" },
      ["webhook=order.shipped&kind=delivery"] = { "f-2" },
      ["type=order.gone"] = { "f-3" },
      ["event=f-4"] = { "f-4" },
      ["state=delivered&kind=delivery"] = { "f-2", "f-1" },
      ["state=failed"] = { "f-4", "f-3" },
      ["state=pending"] = { "f-5" },
      ["state=unmatched"] = { "f-6" },
      ["state=cancelled"] = {},
      ["status=2xx&kind=delivery"] = { "f-2", "f-1" },
      ["status=4xx"] = { "f-3" },
      ["status=5xx"] = { "f-4" },
      ["text=needle-in-event"] = { "f-1" },
      ["text=needle-in-url"] = { "f-3" },
      ["text=moved%20out"] = { "f-3" },
      ["connector=good&state=failed"] = {},
      ["connector=nobody"] = {},
      ["event=nobody"] = {},
      ["type=%27%20OR%201%3D1"] = {},
    }) do
      it(query, function()
        assert.same(expected, event_ids(query))
      end)
    end

    it("kind", function()
      assert.equal("f-7", gateway:delivery(gateway:feed("kind=call")[1].id).event.id)
      assert.equal("f-8", gateway:delivery(gateway:feed("kind=try")[1].id).event.id)
      for _, row in ipairs(gateway:feed("kind=delivery")) do assert.equal("delivery", row.kind) end
    end)

    it("from, inclusive, and to, exclusive", function()
      local from = gateway:feed("event=f-2")[1].created
      local to = gateway:feed("event=f-5")[1].created
      assert.same({ "f-4", "f-3", "f-2" }, event_ids(("from=%s&to=%s"):format(from, to)))
      assert.same({}, event_ids("from=2999-01-01T00:00:00Z"))
      assert.same({}, event_ids("to=2001-01-01T00:00:00%2B01:00"))
    end)
  end)

  it("shows a row with what an operator asks first", function()
    local row = gateway:feed("event=f-3")[1]
    assert.equal("delivery", row.kind)
    assert.equal("gone", row.connector)
    assert.equal("order.gone", row.webhook)
    assert.equal("order.gone", row.event_type)
    assert.equal("failed", row.state)
    assert.equal("http_status", row.outcome)
    assert.equal(410, row.status)
    assert.equal(1, row.attempts)
    assert.matches("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d%.%d%d%dZ$", row.created)
    assert.is_true(row.finished >= row.created)
    assert.equal(support.json.null, row.due)
    row = gateway:feed("event=f-5")[1]
    assert.equal("connect", row.outcome)
    assert.equal(support.json.null, row.status)
    assert.is_true(row.due > row.created)
  end)

  describe("pages", function()
    it("follow the cursor without gap or repeat, whatever is posted meanwhile", function()
      local events = {}
      for i = 1, 11 do events[i] = ('{"id":"p-%02d","type":"paged"}'):format(i) end
      post("[" .. table.concat(events, ",") .. "]")
      local seen, pages, cursor = {}, 0, nil
      repeat
        local answer = gateway:get("/v1/deliveries?type=paged&limit=4"
          .. (cursor and "&cursor=" .. cursor or "")).json
        for _, row in ipairs(answer.deliveries) do seen[#seen + 1] = row.event_id end
        pages, cursor = pages + 1, answer.next
        post(('{"id":"p-late-%d","type":"paged"}'):format(pages))
      until cursor == support.json.null
      local expected = {}
      for i = 11, 1, -1 do expected[#expected + 1] = ("p-%02d"):format(i) end
      assert.same(expected, seen)
      assert.equal(3, pages)
    end)

    it("are at most limits.feed_page long", function()
      assert.equal(7, #gateway:feed("limit=100000"))
      assert.equal(1, #gateway:feed("limit=1"))
    end)
  end)

  describe("refuses", function()
    for query, named in pairs({
      ["colour=red"] = "unknown parameter 'colour'",
      ["state=lost"] = "pending, delivered, failed, cancelled or unmatched",
      ["kind=all"] = "delivery, call or try",
      ["status=200"] = "4xx",
      ["status=9xx"] = "4xx",
      ["from=yesterday"] = "RFC 3339",
      ["limit=0"] = "whole number",
      ["limit=-1"] = "whole number",
      ["limit=many"] = "whole number",
      ["cursor=nothing"] = "next",
      ["text=%zz"] = "percent-encoding",
    }) do
      it(query, function()
        local answer = gateway:get("/v1/deliveries?" .. query)
        assert.equal(400, answer.status)
        assert.equal("urn:perilune:bad_query", answer.json.type)
        assert.matches(named, answer.json.detail, 1, true)
      end)
    end
  end)

  describe("/{id}", function()
    local function header(pairs_list, name)
      for _, pair in ipairs(pairs_list) do
        if pair[1]:lower() == name then return pair[2] end
      end
    end

    it("shows the event and each attempt with request and response", function()
      local id = gateway:feed("event=f-3")[1].id
      local delivery = gateway:delivery(id)
      assert.equal("f-3", delivery.event.id)
      assert.equal("needle-in-url", delivery.event.data.mark)
      assert.equal(1, #delivery.attempts)
      local attempt = delivery.attempts[1]
      assert.equal(1, attempt.number)
      assert.equal("http_status", attempt.outcome)
      assert.equal("map", attempt.stage)
      assert.equal("POST", attempt.request.method)
      assert.equal(receivers.gone.url .. "/gone/needle-in-url", attempt.request.url)
      assert.equal(id, header(attempt.request.headers, "webhook-id"))
      assert.equal(support.json.encode(delivery.event):len(), attempt.request.body:len())
      assert.equal(410, attempt.response.status)
      assert.equal('{"reason":"moved out"}', attempt.response.body)
      assert.equal("application/json", header(attempt.response.headers, "content-type"))
      assert.equal("127.0.0.1:" .. receivers.gone.port, attempt.response.peer)
      assert.is_true(attempt.timings.total_ms > 0)
      assert.is_true(attempt.timings.script_ms > 0)
      assert.is_true(attempt.timings.queue_ms >= 0)
    end)

    it("masks credentials, and the token is nowhere: answer, log, database", function()
      local answer = post('{"id":"s-1","type":"secret","data":{}}')
      local id = answer.deliveries[1].id
      assert.equal("delivered", answer.deliveries[1].state)
      local raw = gateway:get("/v1/deliveries/" .. id)
      local attempt = raw.json.attempts[1]
      assert.equal("***", header(attempt.request.headers, "authorization"):match("%*+"))
      -- The receiver got it, and sent it back, in a header and in the body.
      assert.equal("Bearer ***", header(attempt.response.headers, "x-echo"))
      assert.equal("Bearer ***", attempt.response.body)
      assert.is_false(attempt.response.truncated)
      assert.is_nil(raw.body:find(TOKEN, 1, true))
      assert.is_nil(gateway:get("/v1/connectors").body:find(TOKEN, 1, true))
      assert.is_nil(gateway:get("/metrics").body:find(TOKEN, 1, true))
      assert.is_nil(gateway.process:errors():find(TOKEN, 1, true))
      local database = support.read(gateway.store) .. support.read(gateway.store .. "-wal")
      assert.is_truthy(database:find("s-1", 1, true))
      assert.is_nil(database:find(TOKEN, 1, true))
    end)

    it("leaves no half of a token where a body is cut off", function()
      local answer = post('{"id":"s-2","type":"secret","data":{"pad":90}}')
      local attempt = gateway:delivery(answer.deliveries[1].id).attempts[1]
      assert.equal(("x"):rep(90) .. "Bearer ***", attempt.response.body)
    end)

    it("keeps at most limits.recorded_body of each body, and says so", function()
      local answer = post('{"id":"l-1","type":"large","data":{"text":"' .. ("x"):rep(300) .. '"}}')
      local attempt = gateway:delivery(answer.deliveries[1].id).attempts[1]
      assert.equal('{"text":"' .. ("x"):rep(91), attempt.request.body)
      assert.is_true(attempt.request.truncated)
      assert.equal(311, attempt.request.body_bytes)
      assert.equal(("y"):rep(100), attempt.response.body)
      assert.is_true(attempt.response.truncated)
      assert.equal(300, attempt.response.body_bytes)
      local received = receivers.large:wait(1)
      assert.equal(311, #received[#received].body)
    end)

    it("is 404 for an id that is not there, and for what is no id", function()
      for _, id in ipairs({ "019a0000-0000-7000-8000-000000000000", "nonsense" }) do
        local answer = gateway:get("/v1/deliveries/" .. id)
        assert.equal(404, answer.status)
        assert.equal("urn:perilune:unknown_delivery", answer.json.type)
      end
    end)
  end)

  describe("/{id}/retry", function()
    it("tries a failed delivery again, under the same id", function()
      local id = gateway:feed("event=f-4")[1].id
      local answer = gateway:post("/v1/deliveries/" .. id .. "/retry")
      assert.equal(202, answer.status)
      assert.equal(id, answer.json.id)
      assert.equal("pending", answer.json.state)
      local row = gateway:wait_feed("event=f-4&state=delivered")[1]
      assert.equal(id, row.id)
      assert.equal(2, row.attempts)
      local delivery = gateway:delivery(id)
      assert.equal("http_status", delivery.attempts[1].outcome)
      assert.equal("ok", delivery.attempts[2].outcome)
      local requests = receivers.down:wait(2)
      assert.equal(requests[1].headers["webhook-id"], requests[2].headers["webhook-id"])
    end)

    it("delivers again what was delivered", function()
      local answer = post('{"id":"r-1","type":"order.shipped"}')
      local id = answer.deliveries[1].id
      assert.equal(202, gateway:post("/v1/deliveries/" .. id .. "/retry").status)
      support.eventually("a second attempt", function() return #gateway:delivery(id).attempts == 2 end)
      gateway:wait_feed("event=r-1&state=delivered")
    end)

    for _, kind in ipairs({ "far", "near" }) do
      it("does not wait for the next attempt's time (" .. kind .. ")", function()
        local answer = gateway:post("/v1/events", ('{"id":"r-%s","type":"%s"}'):format(kind, kind))
        local id = answer.json.deliveries[1].id
        support.eventually("the first attempt failed", function()
          return gateway:feed("event=r-" .. kind)[1].attempts == 1
        end)
        assert.equal("pending", gateway:feed("event=r-" .. kind)[1].state)
        assert.equal(202, gateway:post("/v1/deliveries/" .. id .. "/retry").status)
        support.eventually("the second attempt", function()
          return gateway:feed("event=r-" .. kind)[1].attempts == 2
        end)
      end)
    end

    it("refuses a call with 409", function()
      local answer = gateway:post("/v1/deliveries/" .. gateway:feed("kind=call")[1].id .. "/retry")
      assert.equal(409, answer.status)
      assert.equal("urn:perilune:conflict", answer.json.type)
    end)
  end)

  describe("/{id}/cancel", function()
    it("ends a pending delivery", function()
      local id = gateway:feed("event=f-5")[1].id
      local answer = gateway:post("/v1/deliveries/" .. id .. "/cancel")
      assert.equal(200, answer.status)
      assert.equal("cancelled", answer.json.state)
      local row = gateway:feed("event=f-5")[1]
      assert.equal("cancelled", row.state)
      assert.equal(support.json.null, row.due)
      assert.equal(1, row.attempts)
    end)

    it("of one that is at the receiver keeps the attempt, and makes no other", function()
      local id = gateway:post("/v1/events", '{"id":"c-2","type":"meet"}').json.deliveries[1].id
      support.eventually("it is at the receiver", function() return receivers.peer:count("/barrier") == 1 end)
      assert.equal(200, gateway:post("/v1/deliveries/" .. id .. "/cancel").status)
      assert.equal("cancelled", gateway:feed("event=c-2")[1].state)
      support.http.request(receivers.peer.url, "GET", "/barrier?n=2")
      support.eventually("its attempt is recorded", function() return #gateway:delivery(id).attempts == 1 end)
      assert.equal("ok", gateway:delivery(id).attempts[1].outcome)
      assert.equal("cancelled", gateway:feed("event=c-2")[1].state)
      assert.equal(2, receivers.peer:count("/barrier"))
    end)

    it("refuses what is over with 409, naming its state", function()
      local id = gateway:feed("event=f-1")[1].id
      local answer = gateway:post("/v1/deliveries/" .. id .. "/cancel")
      assert.equal(409, answer.status)
      assert.equal("urn:perilune:conflict", answer.json.type)
      assert.matches("delivered", answer.json.detail, 1, true)
    end)

    it("lets a cancelled delivery be tried again", function()
      local answer = gateway:post("/v1/events", '{"id":"c-1","type":"closed"}')
      local id = answer.json.deliveries[1].id
      support.eventually("an attempt", function() return gateway:feed("event=c-1")[1].attempts == 1 end)
      assert.equal(200, gateway:post("/v1/deliveries/" .. id .. "/cancel").status)
      assert.equal(202, gateway:post("/v1/deliveries/" .. id .. "/retry").status)
      support.eventually("another attempt", function() return gateway:feed("event=c-1")[1].attempts == 2 end)
    end)

    it("is 404 for an id that is not there", function()
      for _, action in ipairs({ "retry", "cancel" }) do
        local answer = gateway:post("/v1/deliveries/019a0000-0000-7000-8000-000000000000/" .. action)
        assert.equal(404, answer.status)
        assert.equal("urn:perilune:unknown_delivery", answer.json.type)
      end
    end)
  end)
end)
