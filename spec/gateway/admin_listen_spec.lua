-- SPDX-License-Identifier: MIT
local support = require("spec.support")
local http = support.http

describe("admin.listen", function()
  local gateway, admin

  setup(function()
    gateway = support.gateway({
      files = {
        ["gateway.lua"] = 'return { admin = { listen = "127.0.0.1:0" }, tokens = { ingest = "i", admin = "a" } }',
      },
      arguments = { "--workers", "2" },
    })
    admin = "http://" .. gateway.process:errors():match('"msg":"listening for admins","address":"([^"]+)"')
  end)

  teardown(function() support.finish() end)

  local function ask(url, method, path, token)
    local body = method == "POST" and "{}" or nil
    return http.request(url, method, path, body,
      { Authorization = token and "Bearer " .. token or nil, ["Content-Type"] = body and "application/json" }).status
  end

  it("alone answers what needs the admin scope; elsewhere there is nothing, whatever the token", function()
    for _, resource in ipairs({
      { "GET", "/v1/deliveries" }, { "GET", "/v1/deliveries/x" }, { "POST", "/v1/deliveries/x/retry" },
      { "GET", "/v1/connectors" }, { "GET", "/metrics" }, { "POST", "/v1/connectors/a/webhooks/b/try" },
      { "POST", "/v1/reload" }, { "GET", "/v1/feed/../feed" },
    }) do
      local method, path = resource[1], resource[2]
      for _, token in ipairs({ "a", "i", false }) do
        assert.equal(404, ask(gateway.url, method, path, token), path)
      end
    end
    assert.equal(404, ask(gateway.url, "GET", "/v1/feed", "a"))
    for _, path in ipairs({ "/v1/deliveries", "/v1/connectors", "/metrics" }) do
      assert.equal(200, ask(admin, "GET", path, "a"), path)
      assert.equal(403, ask(admin, "GET", path, "i"), path)
      assert.equal(401, ask(admin, "GET", path), path)
    end
    assert.equal(200, ask(admin, "POST", "/v1/reload", "a"))
  end)

  it("leaves what others need where it is, and answers it as well", function()
    for _, url in ipairs({ gateway.url, admin }) do
      assert.equal(200, ask(url, "GET", "/healthz"))
      assert.equal(400, ask(url, "POST", "/v1/events", "i")) -- "{}" is no event: it was looked at
    end
  end)

  it("is counted in the metrics as the other is", function()
    local text = http.request(admin, "GET", "/metrics", nil, { Authorization = "Bearer a" }).body
    local before = tonumber(text:match("\nperilune_server_requests_total (%d+)"))
    assert.equal(200, ask(gateway.url, "GET", "/healthz"))
    text = http.request(admin, "GET", "/metrics", nil, { Authorization = "Bearer a" }).body
    assert.equal(before + 2, tonumber(text:match("\nperilune_server_requests_total (%d+)")))
  end)

  it("wants tokens, too, where it is not loopback", function()
    local folder = support.write(support.folder(), { ["gateway.lua"] = "return {}" })
    local code, _, errors = support.run({ support.binary, "run", "--listen", "127.0.0.1:0", "--admin-listen", "0.0.0.0:0",
      "--store", folder .. "/x.db", folder })
    assert.equal(3, code)
    assert.matches("without tokens", errors, 1, true)
  end)

  it("stops with the gateway", function()
    assert.equal(0, gateway:stop())
    assert.is_false((pcall(ask, admin, "GET", "/healthz")))
  end)
end)
