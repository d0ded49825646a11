-- SPDX-License-Identifier: MIT
local support = require("spec.support")

describe("tokens", function()
  local sink, gateway

  setup(function()
    sink = support.sink()
    gateway = support.gateway({
      files = {
        ["gateway.lua"] = [[
          return {
            egress = { allow = { "127.0.0.1" } },
            tokens = { ingest = { "ingest-one", "ingest-two" }, admin = "admin-one" },
          }]],
        ["connectors/shop.lua"] = ([[
          return { base_url = "%s", webhooks = { { on = "order.confirmed", url = "/" } } }
        ]]):format(sink.url),
      },
    })
  end)

  teardown(function() support.finish() end)

  local function ask(method, path, authorization)
    local body = method == "POST" and "{}" or nil
    return gateway:request(method, path, body,
      { Authorization = authorization, ["Content-Type"] = body and "application/json" })
  end

  local admin_only = {
    { "GET", "/v1/deliveries" }, { "GET", "/v1/deliveries/x" }, { "POST", "/v1/deliveries/x/retry" },
    { "POST", "/v1/deliveries/x/cancel" }, { "GET", "/v1/feed" }, { "GET", "/v1/connectors" }, { "GET", "/v1/undelivered" },
    { "POST", "/v1/replay" }, { "POST", "/v1/cancel" }, { "GET", "/v1/replay" }, { "POST", "/v1/replay/1/pause" },
    { "DELETE", "/v1/events/x" }, { "POST", "/v1/erase" },
    { "GET", "/v1/connectors/shop" }, { "POST", "/v1/connectors/shop/webhooks/order.confirmed/try" },
    { "POST", "/v1/reload" }, { "GET", "/metrics" },
  }
  local for_ingest = { { "POST", "/v1/events" }, { "POST", "/v1/calls/shop/order.confirmed" } }

  it("are needed everywhere but at the probes", function()
    for _, list in ipairs({ admin_only, for_ingest }) do
      for _, resource in ipairs(list) do
        local answer = ask(resource[1], resource[2])
        assert.equal(401, answer.status, resource[2])
        assert.matches("^Bearer", answer.headers["www-authenticate"])
        assert.equal("urn:perilune:unauthorized", answer.json.type)
      end
    end
    assert.equal(200, ask("GET", "/healthz").status)
    assert.equal(200, ask("GET", "/readyz").status)
  end)

  it("are compared whole, in the Bearer scheme only", function()
    for _, wrong in ipairs({ "Bearer nonsense", "Bearer ingest-on", "Bearer ingest-onee", "Bearer ",
      "Basic aW5nZXN0LW9uZQ==", "ingest-one", "Bearer admin-one admin-one" }) do
      assert.equal(401, ask("GET", "/v1/deliveries", wrong).status, wrong)
      assert.equal(401, ask("POST", "/v1/events", wrong).status, wrong)
    end
  end)

  it("of ingest scope may post events and calls, and nothing else", function()
    for _, token in ipairs({ "Bearer ingest-one", "bearer ingest-two" }) do
      assert.equal(400, ask("POST", "/v1/events", token).status) -- "{}" is no event: it was looked at
      assert.equal(200, ask("POST", "/v1/calls/shop/order.confirmed", token).status)
      for _, resource in ipairs(admin_only) do
        local answer = ask(resource[1], resource[2], token)
        assert.equal(403, answer.status, resource[2])
        assert.equal("urn:perilune:forbidden", answer.json.type)
        assert.matches("insufficient_scope", answer.headers["www-authenticate"], 1, true)
      end
    end
  end)

  it("of admin scope may do everything", function()
    assert.equal(200, ask("POST", "/v1/calls/shop/order.confirmed", "Bearer admin-one").status)
    assert.equal(200, ask("GET", "/v1/deliveries", "Bearer admin-one").status)
    assert.equal(200, ask("GET", "/v1/connectors", "Bearer admin-one").status)
    assert.equal(200, ask("GET", "/metrics", "Bearer admin-one").status)
  end)

  it("refuse before the body was sent", function()
    local connection = support.http.connect(gateway.url)
    connection:send("POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n")
    assert.equal(401, support.http.read(connection).status)
    connection:close()
  end)

  it("appear in no log", function()
    ask("GET", "/v1/deliveries", "Bearer admin-one")
    local log = gateway.process:errors()
    assert.is_nil(log:find("ingest-one", 1, true))
    assert.is_nil(log:find("admin-one", 1, true))
  end)

  describe("that are not set", function()
    local files = { ["gateway.lua"] = "return {}" }

    it("keep the gateway on loopback: exit code 3, and why", function()
      local folder = support.write(support.folder(), files)
      local code, _, errors = support.run({ support.binary, "run", "--listen", "0.0.0.0:0", "--store",
        folder .. "/x.db", folder })
      assert.equal(3, code)
      assert.matches("without tokens", errors, 1, true)
      assert.matches("tokens.ingest", errors, 1, true)
    end)

    it("are said in the log", function()
      local open = support.gateway({ files = files })
      assert.matches("no tokens are set", open.process:errors(), 1, true)
      assert.equal(0, open:stop())
    end)

    it("let any address be listened on once they are", function()
      local guarded = support.gateway({
        files = files, token = "t-1", arguments = { "--listen", "0.0.0.0:0", "--tokens-admin", "t-1" },
      })
      guarded.url = guarded.url:gsub("0%.0%.0%.0", "127.0.0.1")
      assert.equal(200, guarded:get("/v1/deliveries").status)
      guarded.token = nil
      assert.equal(401, guarded:get("/v1/deliveries").status)
      assert.equal(0, guarded:stop())
    end)
  end)
end)
