-- SPDX-License-Identifier: MIT
--- Calls with an Idempotency-Key: made once, and answered again.
local support = require("spec.support")

describe("a call with an Idempotency-Key", function()
  local sink, peer, gateway

  setup(function()
    sink = support.sink("--body", '{"n":1}')
    peer = support.faulty_peer()
    gateway = support.gateway({
      files = {
        ["gateway.lua"] = support.gateway_lua,
        ["connectors/shop.lua"] = ([[
          return {
            base_url = "%s",
            webhooks = {
              { id = "order", url = "/order", response = { variables = { n = "response.n" } } },
              { id = "other", url = "/other" },
              { on = "order.confirmed", url = "/confirmed" },
              { id = "unmapped", url = "/unmapped", success = function() error("no") end },
              { id = "script", url = function(ctx) return ctx.data.missing.field end },
            },
          }]]):format(sink.url),
        ["connectors/faulty.lua"] = ([[
          return {
            base_url = "%s", timeout = 0.5,
            webhooks = {
              { id = "meet", url = "/barrier", params = { name = "{{ data.name }}", n = "2" }, timeout = 60 },
              { id = "hang", url = "/hang" },
              { id = "reset", url = "/reset-connection" },
              { id = "refused", url = "http://127.0.0.1:%d/" },
              { id = "tls", url = "https://127.0.0.1:%d/" },
              { id = "dns", url = "http://nowhere.invalid/", timeout = 10 },
              { id = "egress", url = function() return "http://10.1.2.3/" end },
            },
          }]]):format(peer.url, support.closed_port(), tonumber(sink.url:match(":(%d+)$"))),
      },
      arguments = { "--workers", "4" },
    })
  end)

  teardown(function() support.finish() end)

  local function call(webhook, key, body)
    return gateway:post("/v1/calls/" .. webhook, body or "{}", { ["Idempotency-Key"] = key })
  end

  local function received(path)
    local count = 0
    for _, request in ipairs(sink:requests()) do
      count = count + (request.path == path and 1 or 0)
    end
    return count
  end

  it("is made once; the answer is given again, and says so", function()
    local first = call("shop/order", "a-1", '{"data":{"order":1}}')
    assert.equal(200, first.status)
    assert.is_true(first.json.ok)
    assert.is_nil(first.headers["idempotent-replayed"])
    local before = sink:count()
    for _ = 1, 3 do
      local again = call("shop/order", "a-1", '{"data":{"order":1}}')
      assert.equal(200, again.status)
      assert.equal(first.body, again.body)
      assert.equal("application/json", again.headers["content-type"])
      assert.equal("true", again.headers["idempotent-replayed"])
    end
    assert.equal(before, sink:count())
    assert.equal(1, #gateway:feed("kind=call&webhook=order"))
    assert.equal(3, gateway:metric("perilune_calls_replayed_total"))
  end)

  it("is refused with another body", function()
    assert.equal(200, call("shop/order", "b-1", '{"data":{"order":1}}').status)
    local before = sink:count()
    local answer = call("shop/order", "b-1", '{"data":{"order":2}}')
    assert.equal(409, answer.status)
    assert.equal("urn:perilune:idempotency_key_reused", answer.json.type)
    assert.equal(before, sink:count())
  end)

  it("has a key of its webhook's own, and none of events", function()
    local before = sink:count()
    assert.is_true(call("shop/order", "c-1").json.ok)
    assert.is_true(call("shop/other", "c-1").json.ok)
    local answer = gateway:post("/v1/events", '{"type":"order.confirmed"}', { ["Idempotency-Key"] = "c-1" })
    assert.equal(202, answer.status)
    gateway:wait_feed("state=delivered&event=" .. answer.json.id)
    assert.equal(before + 3, sink:count())
    assert.is_true(call("shop/order.confirmed", "c-1").json.ok)
    assert.equal(before + 4, sink:count())
  end)

  it("is refused with a key that is none", function()
    local before = sink:count()
    for _, headers in ipairs({
      "Idempotency-Key: " .. ("k"):rep(257), "Idempotency-Key:", "Idempotency-Key: a\r\nIdempotency-Key: a",
    }) do
      local connection = support.http.connect(gateway.url)
      connection:send(("POST /v1/calls/shop/order HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n%s\r\n\r\n{}"):format(headers))
      local answer = support.http.read(connection)
      connection:close()
      assert.equal(400, answer.status)
      assert.matches("Idempotency-Key", answer.json.detail, 1, true)
    end
    assert.equal(before, sink:count())
  end)

  it("is told 409 while it is under way, at any worker, and the answer afterwards", function()
    local first = support.http.connect(gateway.url)
    local function format(connection_name)
      return support.http.format("localhost", "POST", "/v1/calls/faulty/meet", '{"data":{"name":"' .. connection_name .. '"}}',
        { ["Idempotency-Key"] = "d-1" })
    end
    first:send(format("duplicates"))
    support.eventually("the call is at the receiver", function() return peer:count("/barrier") == 1 end)
    for _ = 1, 20 do
      local answer = call("faulty/meet", "d-1", '{"data":{"name":"duplicates"}}')
      assert.equal(409, answer.status)
      assert.equal("urn:perilune:idempotency_key_in_use", answer.json.type)
      assert.equal("1", answer.headers["retry-after"])
    end
    support.http.request(peer.url, "GET", "/barrier?name=duplicates&n=2")
    local answer = support.http.read(first)
    first:close()
    assert.equal(200, answer.status)
    local again = call("faulty/meet", "d-1", '{"data":{"name":"duplicates"}}')
    assert.equal(200, again.status)
    assert.equal(answer.body, again.body)
  end)

  it("is made by one of many that come at once", function()
    for round = 1, 5 do
      local before, connections, ids = received("/order"), {}, {}
      for i = 1, 20 do
        connections[i] = support.http.connect(gateway.url)
      end
      for _, connection in ipairs(connections) do
        connection:send(support.http.format("localhost", "POST", "/v1/calls/shop/order", "{}",
          { ["Idempotency-Key"] = "e-" .. round }))
      end
      for _, connection in ipairs(connections) do
        local answer = support.http.read(connection)
        connection:close()
        assert.is_true(answer.status == 200 or answer.status == 409)
        if answer.status == 200 then ids[answer.json.attempt] = true end
      end
      assert.is_nil(next(ids, next(ids)))
      assert.is_truthy(next(ids))
      assert.equal(before + 1, received("/order"))
    end
  end)

  describe("whose receiver cannot have acted", function()
    for webhook, outcome in pairs({
      ["faulty/refused"] = "connect", ["faulty/tls"] = "tls", ["faulty/dns"] = "dns", ["faulty/egress"] = "egress",
      ["shop/script"] = "script",
    }) do
      it("may be made again under the same key: " .. outcome, function()
        local first = call(webhook, "f-1", '{"data":{}}')
        assert.equal("urn:perilune:" .. outcome, first.json.type)
        local again = call(webhook, "f-1", '{"data":{}}')
        assert.equal("urn:perilune:" .. outcome, again.json.type)
        assert.is_nil(again.headers["idempotent-replayed"])
        assert.not_equal(first.json.attempt, again.json.attempt)
        assert.equal(502, call(webhook, "f-1", '{"data":{"other":true}}').status) -- the key is free for anything
      end)
    end
  end)

  describe("whose receiver may have acted", function()
    for webhook, outcome in pairs({ ["faulty/hang"] = "timeout", ["faulty/reset"] = "reset", ["shop/unmapped"] = "map" }) do
      it("is answered the same again: " .. outcome, function()
        local first = call(webhook, "g-1")
        assert.equal(outcome, first.json.outcome)
        local paths = { ["faulty/hang"] = "/hang", ["faulty/reset"] = "/reset-connection" }
        local function sent() return paths[webhook] and peer:count(paths[webhook]) or received("/unmapped") end
        assert.equal(1, sent())
        local again = call(webhook, "g-1")
        assert.equal(first.status, again.status)
        assert.equal(first.body, again.body)
        assert.equal(first.headers["content-type"], again.headers["content-type"])
        assert.equal("true", again.headers["idempotent-replayed"])
        assert.equal(1, sent())
      end)
    end
  end)

  it("is answered the same after a restart", function()
    local first = call("shop/order", "h-1")
    local before = sink:count()
    assert.equal(0, gateway:stop())
    gateway:restart()
    local again = call("shop/order", "h-1")
    assert.equal(first.body, again.body)
    assert.equal("true", again.headers["idempotent-replayed"])
    assert.equal(before, sink:count())
  end)

  it("that was under way when the gateway was killed is not made again: its outcome is unknown", function()
    local connection = support.http.connect(gateway.url)
    local body, before = '{"data":{"name":"killed"}}', peer:count("/barrier")
    connection:send(support.http.format("localhost", "POST", "/v1/calls/faulty/meet", body, { ["Idempotency-Key"] = "i-1" }))
    support.eventually("the call is at the receiver", function() return peer:count("/barrier") == before + 1 end)
    gateway:kill()
    connection:close()
    gateway:restart()
    local answer = call("faulty/meet", "i-1", body)
    assert.equal(409, answer.status)
    assert.equal("urn:perilune:idempotency_key_unknown", answer.json.type)
    assert.equal(before + 1, peer:count("/barrier"))
    support.http.request(peer.url, "GET", "/barrier?name=killed&n=2")
  end)

  it("that an administrator erases by its subject is forgotten with its answer", function()
    local body = '{"subject":"customer-7","data":{}}'
    local first = call("shop/order", "j-1", body)
    gateway:wait_feed("kind=call&webhook=order&limit=1")
    assert.equal(200, gateway:post("/v1/erase", '{"subject":"customer-7"}').status)
    local again = call("shop/order", "j-1", body)
    assert.is_nil(again.headers["idempotent-replayed"])
    assert.not_equal(first.json.attempt, again.json.attempt)
  end)
end)
