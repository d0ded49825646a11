-- SPDX-License-Identifier: MIT
local support = require("spec.support")

describe("GET /v1/connectors", function()
  local sink, gateway

  setup(function()
    sink = support.sink("--fail-every", "2", "--fail-status", "500")
    gateway = support.gateway({
      files = {
        ["gateway.lua"] = support.gateway_lua,
        ["connectors/shop.lua"] = ([[
          return {
            name = "The shop",
            base_url = "%s",
            authenticator = { type = "bearer", token = "a-token-in-the-file" },
            retry = false,
            webhooks = {
              { on = "order.confirmed", url = "/confirmed" },
              { id = "status", method = "GET", url = "/status" },
            },
          }]]):format(sink.url),
        ["connectors/idle.lua"] =
          'return { webhooks = { { on = "idle", url = "https://idle.example/" } } }',
      },
    })
  end)

  teardown(function() support.finish() end)

  it("lists what is loaded", function()
    local answer = gateway:get("/v1/connectors")
    assert.equal(200, answer.status)
    assert.equal(1, answer.json.generation)
    assert.equal(2, #answer.json.connectors)
    local by_id = {}
    for _, connector in ipairs(answer.json.connectors) do by_id[connector.id] = connector end
    local shop = by_id.shop
    assert.equal("The shop", shop.name)
    assert.equal(sink.url, shop.base_url)
    assert.equal(2, #shop.webhooks)
    assert.equal("order.confirmed", shop.webhooks[1].id)
    assert.equal("order.confirmed", shop.webhooks[1].on)
    assert.equal("status", shop.webhooks[2].id)
    assert.equal("GET", shop.webhooks[2].method)
    assert.equal("/status", shop.webhooks[2].url)
    assert.is_nil(answer.body:find("a-token-in-the-file", 1, true))
  end)

  it("counts nothing for a connector that nothing was sent to", function()
    local health = gateway:get("/v1/connectors/idle").json.health
    assert.equal(0, health.attempts)
    assert.equal(0, health.failures)
    assert.equal(support.json.null, health.last_attempt)
    assert.equal(support.json.null, health.last_failure)
  end)

  it("tells each endpoint's health and its last failure", function()
    for i = 1, 4 do
      gateway:post("/v1/events", ('{"id":"h-%d","type":"order.confirmed"}'):format(i), { Prefer = "wait=10" })
    end
    local health = gateway:get("/v1/connectors/shop").json.health
    assert.equal(4, health.attempts)
    assert.equal(2, health.failures)
    assert.equal("http_status", health.last_failure.outcome)
    assert.matches("500", health.last_failure.error, 1, true)
    assert.matches("^%d%d%d%d%-%d%d%-%d%dT", health.last_failure.time)
    assert.is_true(health.last_attempt >= health.last_success)
  end)

  it("is 404 for a connector that is not loaded", function()
    local answer = gateway:get("/v1/connectors/nobody")
    assert.equal(404, answer.status)
    assert.equal("urn:perilune:unknown_connector", answer.json.type)
    assert.matches("nobody", answer.json.detail, 1, true)
  end)
end)
