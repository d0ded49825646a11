-- SPDX-License-Identifier: MIT
local support = require("spec.support")

describe("POST /v1/calls/{connector}/{webhook}", function()
  local sink, gone, peer, gateway

  setup(function()
    sink = support.sink("--body", '{"order":{"status":"shipped","eta":null,"total":120.50}}')
    gone = support.sink("--status", "404", "--body", '{"reason":"no such order"}')
    peer = support.faulty_peer()
    gateway = support.gateway({
      files = {
        ["gateway.lua"] = support.gateway_lua,
        ["connectors/shop.lua"] = ([[
          return {
            base_url = "%s",
            webhooks = {
              { id = "order-status", method = "GET", url = "/orders/{{ data.order_id }}",
                response = { variables = { status = "response.order.status", eta = "response.order.eta",
                                           total = "response.order.total" } } },
              { on = "order.confirmed", url = "/confirmed" },
              { id = "gone", url = "%s/x", response = { variables = { reason = "response.reason" } } },
              { id = "broken", url = function(ctx) return ctx.data.missing.field end },
            },
          }]]):format(sink.url, gone.url),
        ["connectors/faulty.lua"] = ([[
          return {
            timeout = 0.4,
            base_url = "%s",
            webhooks = {
              { id = "hang", url = "/hang" },
              { id = "reset", url = "/reset-connection" },
              { id = "barrier", url = "/barrier", params = { n = "20" }, timeout = 30 },
              { id = "meet", url = "/barrier", params = { name = "left", n = "2" }, timeout = 30 },
              { id = "refused", url = "http://127.0.0.1:%d/" },
              { id = "private", url = function() return "http://10.1.2.3/" end },
              { id = "nowhere", url = "http://nowhere.invalid/", timeout = 10 },
            },
          }]]):format(peer.url, support.closed_port()),
      },
      arguments = { "--workers", "1" },
    })
  end)

  teardown(function() support.finish() end)

  local function call(webhook, body)
    return gateway:post("/v1/calls/" .. webhook, body or "{}")
  end

  it("answers the variables", function()
    local answer = call("shop/order-status", '{"data":{"order_id":"A 1/2"}}')
    assert.equal(200, answer.status)
    assert.is_true(answer.json.ok)
    assert.equal(200, answer.json.status)
    assert.equal("shipped", answer.json.variables.status)
    assert.equal(support.json.null, answer.json.variables.eta)
    assert.matches('"total": ?120%.50[,}]', answer.body)
    local request = sink:wait(1)[1]
    assert.equal("GET", request.method)
    assert.equal("/orders/A%201%2F2", request.path)
    assert.equal("", request.body)
  end)

  it("takes a webhook by its trigger, and an empty body", function()
    local answer = gateway:request("POST", "/v1/calls/shop/order.confirmed")
    assert.equal(200, answer.status)
    assert.is_true(answer.json.ok)
  end)

  it("answers 200 with ok false for a status that is no success", function()
    local answer = call("shop/gone")
    assert.equal(200, answer.status)
    assert.is_false(answer.json.ok)
    assert.equal(404, answer.json.status)
    assert.equal("http_status", answer.json.outcome)
    assert.equal("no such order", answer.json.variables.reason)
  end)

  it("answers 504 for a receiver that hangs, with the reason", function()
    local answer = call("faulty/hang")
    assert.equal(504, answer.status)
    assert.equal("application/problem+json", answer.headers["content-type"])
    assert.equal("urn:perilune:timeout", answer.json.type)
    assert.equal("timeout", answer.json.outcome)
    assert.is_false(answer.json.ok)
    assert.matches("400 ms", answer.json.detail, 1, true)
  end)

  for webhook, outcome in pairs({
    ["faulty/reset"] = "reset",
    ["faulty/refused"] = "connect",
    ["faulty/private"] = "egress",
    ["faulty/nowhere"] = "dns",
    ["shop/broken"] = "script",
  }) do
    it("answers 502 of class " .. outcome .. " for " .. webhook, function()
      local answer = call(webhook, '{"data":{}}')
      assert.equal(502, answer.status)
      assert.equal("urn:perilune:" .. outcome, answer.json.type)
      assert.equal(outcome, answer.json.outcome)
      assert.is_true(#answer.json.detail > 0)
      assert.equal(answer.json.error, answer.json.detail)
    end)
  end

  it("names file and line of a script that failed", function()
    assert.matches("connectors/shop.lua:9:", call("shop/broken", '{"data":{}}').json.detail, 1, true)
  end)

  it("answers 404 for an unknown connector or webhook", function()
    local answer = call("nobody/order-status")
    assert.equal(404, answer.status)
    assert.equal("urn:perilune:unknown_connector", answer.json.type)
    answer = call("shop/nothing")
    assert.equal(404, answer.status)
    assert.equal("urn:perilune:unknown_webhook", answer.json.type)
  end)

  it("refuses an event with a type, and one that is malformed", function()
    local answer = call("shop/order-status", '{"type":"order.confirmed","data":{}}')
    assert.equal(400, answer.status)
    assert.equal("/type", answer.json.pointer)
    answer = call("shop/order-status", '{"data":')
    assert.equal(400, answer.status)
    assert.equal("urn:perilune:bad_json", answer.json.type)
  end)

  it("is kept in the feed with request and response", function()
    local answer = call("shop/order-status", '{"data":{"order_id":"feed-1"}}')
    local row = gateway:wait_feed("kind=call&webhook=order-status&text=feed-1")[1]
    assert.equal(answer.json.attempt, row.id)
    assert.equal("delivered", row.state)
    assert.equal("shop", row.connector)
    local delivery = gateway:delivery(row.id)
    assert.equal("feed-1", delivery.event.data.order_id)
    local attempt = delivery.attempts[1]
    assert.equal("GET", attempt.request.method)
    assert.equal(sink.url .. "/orders/feed-1", attempt.request.url)
    assert.equal('{"order":{"status":"shipped","eta":null,"total":120.50}}', attempt.response.body)
    assert.equal("shipped", attempt.variables.status)
    row = gateway:wait_feed("kind=call&webhook=hang")[1]
    assert.equal("failed", row.state)
    assert.equal("timeout", row.outcome)
  end)

  it("is carried out and kept when the client does not stay", function()
    local connection = support.http.connect(gateway.url)
    connection:setoption("linger", { on = true, timeout = 0 }) -- closed with a reset
    connection:send(support.http.format("localhost", "POST", "/v1/calls/faulty/meet", "{}"))
    support.eventually("the call is at the receiver", function() return peer:count("/barrier") == 1 end)
    connection:close()
    support.http.request(peer.url, "GET", "/barrier?name=left&n=2")
    assert.equal("delivered", gateway:wait_feed("kind=call&webhook=meet")[1].state)
  end)

  it("does not hold up the loop: twenty at once on one worker meet at the receiver", function()
    local connections = {}
    for i = 1, 20 do
      connections[i] = support.http.connect(gateway.url)
      connections[i]:send(support.http.format("localhost", "POST", "/v1/calls/faulty/barrier", "{}"))
    end
    for _, connection in ipairs(connections) do
      local answer = support.http.read(connection)
      connection:close()
      assert.equal(200, answer.status)
      assert.is_true(answer.json.ok)
    end
  end)
end)
