-- SPDX-License-Identifier: MIT
local support = require("spec.support")

describe("POST /v1/connectors/{id}/webhooks/{id}/try", function()
  local sink, gateway

  setup(function()
    sink = support.sink("--status", "201", "--body", '{"id":42}')
    gateway = support.gateway({
      files = {
        ["gateway.lua"] = support.gateway_lua,
        ["connectors/shop.lua"] = ([[
          return {
            base_url = "%s",
            authenticator = { type = "basic", username = "shop", password = secret "SHOP" },
            webhooks = {
              { on = "order.confirmed", method = "PUT", url = "/orders/{{ data.id }}", params = { dry = "no" },
                headers = { ["X-Tenant"] = "{{ data.tenant }}" }, body = { id = "{{ data.id }}" },
                response = { variables = { erp = "response.id" } } },
              { id = "broken", url = function() error("the script says no") end },
              { id = "closed", url = "http://127.0.0.1:%d/" },
            },
          }]]):format(sink.url, support.closed_port()),
      },
      env = { PERILUNE_SECRET_SHOP = "the-shop-password" },
    })
  end)

  teardown(function() support.finish() end)

  local function try(webhook, body)
    return gateway:post("/v1/connectors/shop/webhooks/" .. webhook .. "/try", body)
  end

  local function header(list, name)
    for _, pair in ipairs(list) do
      if pair[1] == name then return pair[2] end
    end
  end

  it("with dry_run shows the request, and sends nothing", function()
    local answer = try("order.confirmed", '{"dry_run":true,"event":{"data":{"id":7,"tenant":"t1"}}}')
    assert.equal(200, answer.status)
    assert.is_true(answer.json.ok)
    assert.is_true(answer.json.dry_run)
    local request = answer.json.request
    assert.equal("PUT", request.method)
    assert.equal(sink.url .. "/orders/7?dry=no", request.url)
    assert.equal("t1", header(request.headers, "X-Tenant"))
    assert.equal('{"id":7}', request.body)
    assert.equal(support.json.null, answer.json.response)
    assert.equal(0, sink:count())
    assert.same({}, gateway:feed("kind=try"))
  end)

  it("without dry_run sends, and shows the response and the variables", function()
    local answer = try("order.confirmed", '{"event":{"data":{"id":8,"tenant":"t1"}}}')
    assert.equal(200, answer.status)
    assert.is_true(answer.json.ok)
    assert.is_false(answer.json.dry_run)
    assert.equal("ok", answer.json.outcome)
    assert.equal(201, answer.json.response.status)
    assert.equal('{"id":42}', answer.json.response.body)
    assert.same({ erp = 42 }, answer.json.variables)
    local request = sink:wait(1)[1]
    assert.equal("/orders/8", request.path)
    assert.equal("dry=no", request.query)
    local row = gateway:wait_feed("kind=try")[1]
    assert.equal("delivered", row.state)
    assert.equal("order.confirmed", row.webhook)
  end)

  it("masks credentials", function()
    local answer = try("order.confirmed", '{"dry_run":true,"event":{"data":{"id":1}}}')
    assert.matches("***", header(answer.json.request.headers, "Authorization"), 1, true)
    -- "shop:the-shop-password", encoded with coreutils' base64
    assert.is_nil(answer.body:find("c2hvcDp0aGUtc2hvcC1wYXNzd29yZA==", 1, true))
    assert.is_nil(answer.body:find("the-shop-password", 1, true))
  end)

  it("says what a script did wrong, with the stage, file and line", function()
    local answer = try("broken", "{}")
    assert.equal(200, answer.status)
    assert.is_false(answer.json.ok)
    assert.equal("script", answer.json.outcome)
    assert.equal("render", answer.json.stage)
    assert.matches("connectors/shop.lua:8: the script says no", answer.json.error, 1, true)
    assert.equal(support.json.null, answer.json.response)
  end)

  it("says why nothing answered", function()
    local answer = try("closed", "{}")
    assert.equal(200, answer.status)
    assert.is_false(answer.json.ok)
    assert.equal("connect", answer.json.outcome)
    assert.equal("send", answer.json.stage)
  end)

  it("refuses what it cannot try", function()
    assert.equal("urn:perilune:unknown_webhook", try("nothing", "{}").json.type)
    assert.equal(404, gateway:post("/v1/connectors/nobody/webhooks/x/try", "{}").status)
    local answer = try("order.confirmed", '{"dry_run":"yes"}')
    assert.equal(400, answer.status)
    assert.matches("/dry_run", answer.json.detail, 1, true)
    answer = try("order.confirmed", '{"dryrun":true}')
    assert.equal(400, answer.status)
    assert.matches("'dryrun'", answer.json.detail, 1, true)
    answer = try("order.confirmed", '{"event":{"id":5}}')
    assert.equal(400, answer.status)
    assert.equal("/event/id", answer.json.pointer)
    answer = try("order.confirmed", '{"event":')
    assert.equal("urn:perilune:bad_json", answer.json.type)
    answer = try("order.confirmed", '[]')
    assert.equal(400, answer.status)
  end)
end)
