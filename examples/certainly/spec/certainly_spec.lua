-- SPDX-License-Identifier: MIT
local support = require("spec.support")
local example = require("spec.support.example")

local SECRETS = { PERILUNE_SECRET_SHOP_TOKEN = "shop-token", PERILUNE_SECRET_HELPDESK_PASSWORD = "open sesame" }
local ANSWER = "@examples/certainly/answer.json"

local function env_for(sink)
  local env = { PERILUNE_VAR_SINK_PORT = tostring(sink.port) }
  for name, value in pairs(SECRETS) do
    env[name] = value
  end
  return env
end

local function event(name)
  return example.event("certainly", name)
end

describe("certainly", function()
  teardown(support.finish)

  local sink, gateway, hanging

  local function start(...)
    local to = support.sink(...)
    return to, support.gateway({ folder = "examples/certainly", env = env_for(to) })
  end

  setup(function()
    sink, gateway = start("--body", ANSWER)
    hanging = select(2, start("--delay", "60"))
  end)

  --- A call, its answer, and the request that it caused.
  local function called(path, body)
    local before = sink:count()
    local answer = gateway:post("/v1/calls/" .. path, body)
    assert.equal(200, answer.status, answer.body)
    return sink:wait(before + 1)[before + 1], answer.json
  end

  describe("the request method", function()
    local data = { order_id = "10042", sku = "TEE-M", quantity = 3, street = "Vej 5", certainly = { reply = "please", to = "webchat" } }
    local methods = {
      { "GET", "check-stock", "/stock/TEE-M", "" },
      { "POST", "create-order", "/orders", '{"quantity":3,"sku":"TEE-M"}' },
      { "PUT", "replace-address", "/address", '{"street":"Vej 5"}' },
      { "PATCH", "add-note", "/orders/10042", '{"note":"please"}' },
      { "DELETE", "cancel-order", "/orders/10042", "" },
      { "HEAD", "order-exists", "/orders/10042", "" },
      { "OPTIONS", "order-methods", "/orders/10042", "" },
    }
    for _, case in ipairs(methods) do
      local method, webhook, path, body = unpack(case)
      it("can be " .. method, function()
        local request, answer = called("shop/" .. webhook, { data = data })
        assert.is_true(answer.ok)
        assert.equal(method, request.method)
        assert.equal(path, request.path)
        assert.equal(body, request.body)
        assert.equal(body ~= "" and "application/json" or nil, request.headers["content-type"])
      end)
    end
  end)

  describe("synchronous execution", function()
    it("gives the custom variables, read out of the response by their paths", function()
      local _, answer = called("shop/get-order", event("call"))
      assert.is_true(answer.ok)
      assert.equal(200, answer.status)
      assert.same({
        order_status = "shipped", first_item = "T-shirt", order_total = 59.90, delivery = support.json.null,
      }, answer.variables)
    end)

    it("keeps the digits of a variable", function()
      local answer = gateway:post("/v1/calls/helpdesk/open-ticket", event("call"))
      assert.truthy(answer.body:find('"variables":{"ticket":9007199254740993}', 1, true), answer.body)
    end)

    it("is recorded in the feed", function()
      called("faq/search", event("call"))
      local row = gateway:wait_feed("kind=call&connector=faq", 1)[1]
      assert.equal("search", row.webhook)
      assert.equal(200, row.status)
    end)

    it("says that the service answered with a failure, and what is in its answer", function()
      local _, failing = start("--status", "503", "--body", ANSWER)
      local answer = failing:post("/v1/calls/shop/get-order", event("call")).json
      assert.is_false(answer.ok)
      assert.equal(503, answer.status)
      assert.equal("shipped", answer.variables.order_status)
    end)

    it("says that the response is not JSON", function()
      local _, failing = start("--body", "<html>", "--content-type", "text/html")
      local answer = failing:post("/v1/calls/shop/get-order", event("call")).json
      assert.equal(support.json.null, answer.variables.order_status)
      assert.truthy(answer.error:find("the answer is not valid JSON", 1, true), answer.error)
    end)
  end)

  describe("asynchronous execution", function()
    it("does not wait for the service", function()
      local answer = hanging:post("/v1/events", event("handover"))
      assert.equal(202, answer.status)
      assert.equal("open-ticket", answer.json.deliveries[1].webhook)
      assert.equal("pending", hanging:delivery(answer.json.deliveries[1].id).state)
    end)

    it("delivers, and keeps the custom variables", function()
      local event_id = gateway:post("/v1/events", event("handover")).json.id
      local row = gateway:wait_feed("state=delivered&event=" .. event_id, 1)[1]
      assert.equal("open-ticket", row.webhook)
      local answer = gateway:get("/v1/deliveries/" .. row.id)
      assert.equal(200, answer.json.attempts[1].response.status)
      assert.truthy(answer.body:find('"ticket":9007199254740993', 1, true))
    end)
  end)

  describe("the time out", function()
    --- How long an attempt took, in milliseconds. The record is written behind the answer.
    local function duration(id)
      return support.eventually("the attempt is in the feed", function()
        local answer = hanging:get("/v1/deliveries/" .. id)
        return answer.status == 200 and answer.json.attempts[1].timings.total_ms
      end)
    end

    it("can be set for a webhook", function()
      local answer = hanging:post("/v1/calls/shop/check-stock", { data = { sku = "TEE-M", certainly = { to = "webchat" } } })
      assert.equal(504, answer.status)
      assert.equal("urn:perilune:timeout", answer.json.type)
      assert.is_false(answer.json.ok)
      local ms = duration(answer.json.attempt)
      assert.truthy(ms >= 1900 and ms < 4000, "it took " .. ms)
    end)

    it("is 5 seconds by default", function()
      local answer = hanging:post("/v1/calls/faq/search", event("call"))
      assert.equal(504, answer.status)
      local ms = duration(answer.json.attempt)
      assert.truthy(ms >= 4900 and ms < 6500, "it took " .. ms)
    end)
  end)

  describe("authentication", function()
    it("can be none", function()
      assert.is_nil(called("faq/search", event("call")).headers.authorization)
    end)

    it("can be basic", function()
      -- printf 'certainly:open sesame' | base64
      assert.equal("Basic Y2VydGFpbmx5Om9wZW4gc2VzYW1l",
        called("helpdesk/open-ticket", event("call")).headers.authorization)
    end)

    it("can be a bearer token", function()
      assert.equal("Bearer shop-token", called("shop/get-order", event("call")).headers.authorization)
    end)
  end)

  it("sends the headers of the webhook", function()
    local request = called("shop/get-order", event("call"))
    assert.equal("application/json", request.headers.accept)
    assert.equal("webchat", request.headers["x-channel"])
  end)

  describe("params", function()
    it("are those in the URL and those in the field, without the empty ones", function()
      assert.equal("expand=lines&locale=en", called("shop/get-order", event("call")).query)
    end)

    it("are encoded", function()
      local request = called("shop/get-order",
        { data = { certainly = { customVariables = { order_id = "a/b&c" } }, locale = "da&x=1", coupon = "50 %" } })
      assert.equal("/orders/a%2Fb%26c", request.path)
      assert.equal("expand=lines&coupon=50%20%25&locale=da%26x%3D1", request.query)
    end)
  end)

  describe("a context value", function()
    it("is rendered as the sub-domain", function()
      local request = called("shop/get-order", event("call"))
      assert.equal(("acme.api.localhost:%d"):format(sink.port), request.headers.host)
    end)

    it("can be the webhook's own", function()
      local request = called("shop/check-stock", { data = { sku = "CAP", certainly = { to = "webchat" } } })
      assert.equal(("acme-stock.api.localhost:%d"):format(sink.port), request.headers.host)
    end)

    it("is not for a conversation to change", function()
      local request = called("shop/check-stock",
        { data = { tenant = "evil", sku = "CAP", certainly = { to = "webchat" } } })
      assert.equal(("acme-stock.api.localhost:%d"):format(sink.port), request.headers.host)
    end)

    it("comes from the conversation where the URL says so", function()
      local request = called("shop/track-parcel",
        { data = { carrier = "moon-lift", parcel = "P 1", certainly = { to = "webchat" } } })
      assert.equal(("moon-lift.parcels.localhost:%d"):format(sink.port), request.headers.host)
      assert.equal("/P%201", request.path)
    end)

    it("cannot lead to another host", function()
      local before = sink:count()
      for _, carrier in ipairs({ "evil.example/", "evil.example#", "a@b", "x:80" }) do
        local answer = gateway:post("/v1/calls/shop/track-parcel",
          { data = { carrier = carrier, parcel = "P1", certainly = { to = "webchat" } } })
        assert.equal(502, answer.status)
        assert.equal("urn:perilune:url", answer.json.type)
      end
      assert.equal(before, sink:count())
    end)
  end)

  describe("the body", function()
    --- The document's sample for our conversation; a line each, and no comments.
    local function sample(last_name, first_name)
      return table.concat({
        '{',
        '"lastName": ' .. last_name .. ', ',
        '"replyData": {"order": ["TEE-M"]}, ',
        '"sessionId": 90210, ',
        '"attachedMedia": "", ',
        '"direction": "in", ',
        '"reply": "Where is my \\"order\\"?", ',
        '"extractedData": {}, ',
        '"botId": "5a1f0c7e-3d0b-4c55-9f0e-2f9b1f1f6a10", ',
        '"botDeploymentId": "0b9b8a3e-98a1-4f8e-8d9c-4f4f3f2a1b00", ',
        '"firstName": ' .. first_name .. ', ',
        '"customVariables": {"order_id": 10042}, ',
        '"moduleId": 311, ',
        '"to": "webchat", ',
        '"from": "user-77", ',
        '"botTrainedModelId": "c0ffee00-1111-4222-8333-444455556666" ',
        '}',
      }, "\n")
    end

    it("is the sample of the document, without its comments", function()
      assert.equal(sample("{}", "{}"), called("helpdesk/open-ticket", event("call")).body)
    end)

    it("has the names of a user of the FB channel", function()
      local before = sink:count()
      gateway:post("/v1/events", event("handover"))
      assert.equal(sample('"Lovelace"', '"Ada"'), sink:wait(before + 1)[before + 1].body)
    end)

    it("has empty objects for what is not defined", function()
      local body = called("helpdesk/open-ticket", { data = { certainly = { sessionId = 1 } } }).json
      assert.same({}, body.replyData)
      assert.same({}, body.extractedData)
      assert.same({}, body.customVariables)
      assert.equal(1, body.sessionId)
      assert.equal("", body.reply)
    end)
  end)

  describe("run webhook", function()
    local TRY = "/v1/connectors/shop/webhooks/get-order/try"
    local function tried(dry_run)
      local body = ('{"dry_run": %s, "event": %s}'):format(tostring(dry_run), event("call"))
      local answer = gateway:post(TRY, body)
      assert.equal(200, answer.status, answer.body)
      assert.is_nil(answer.body:find("shop-token", 1, true))
      return answer.json
    end

    it("shows the request, the response and the variables", function()
      local before = sink:count()
      local result = tried(false)
      assert.is_true(result.ok)
      assert.equal("GET", result.request.method)
      assert.equal(("http://acme.api.localhost:%d/orders/10042?expand=lines&locale=en"):format(sink.port),
        result.request.url)
      assert.equal(200, result.response.status)
      assert.equal(support.read("examples/certainly/answer.json"), result.response.body)
      assert.equal("T-shirt", result.variables.first_item)
      assert.equal(before + 1, sink:count())
    end)

    it("shows the request without sending it", function()
      local before = sink:count()
      local result = tried(true)
      assert.is_true(result.dry_run)
      assert.equal("GET", result.request.method)
      assert.equal(support.json.null, result.response)
      assert.equal(before, sink:count())
    end)

    --- `perilune try`, which needs no running gateway.
    local function try(...)
      local code, output = support.run({ support.binary, "try", "--event", "examples/certainly/events/call.json", ... },
        env_for(sink))
      return code, support.json.decode(output)
    end

    it("works before the gateway is started", function()
      local before = sink:count()
      local code, result = try("examples/certainly", "shop", "get-order")
      assert.equal(0, code)
      assert.equal("shipped", result.variables.order_status)
      assert.equal(before + 1, sink:count())
      code, result = try("--dry-run", "examples/certainly", "helpdesk", "open-ticket")
      assert.equal(0, code)
      assert.equal(90210, support.json.decode(result.request.body).sessionId)
      assert.equal(before + 1, sink:count())
    end)
  end)

  it("does what its README says", function()
    local outputs = example.readme("certainly", { ports = { SINK_PORT = "9090" } })
    assert.truthy(outputs["build/perilune feed"]:find("open-ticket", 1, true))
  end)
end)
