-- SPDX-License-Identifier: MIT

--- An egress proxy that fails, in the real gateway: its receivers are not charged for it.

local support = require("spec.support")

describe("a delivery through a proxy that fails", function()
  local sink, gateway, port

  setup(function()
    sink = support.sink()
    port = support.closed_port()
    gateway = support.gateway {
      files = {
        ["gateway.lua"] = ([[return {
          egress = { allow = { "127.0.0.1" }, proxy = "http://127.0.0.1:%d" },
          breaker = { failures = 1, cooldown = 0.05, max = 0.1 },
        }]]):format(port),
        ["connectors/once.lua"] = ([[return { base_url = %q, retry = false, webhooks = { { on = "once", url = "/once" } } }]]):format(sink.url),
        ["connectors/young.lua"] = ([[return { base_url = %q, retry = { max_age = 1 }, webhooks = { { on = "young", url = "/young" } } }]]):format(sink.url),
      },
      arguments = { "--workers", "2" },
    }
  end)

  teardown(function() support.finish() end)

  local function post(trigger)
    assert.equal(202, gateway:post("/v1/events", { type = trigger, data = {} }).status)
  end

  local function row_with(attempts)
    return support.eventually(attempts .. " attempts", function()
      local row = gateway:feed("webhook=once")[1]
      return row and row.attempts >= attempts and row
    end)
  end

  it("waits, uses up no attempt, and is delivered when the proxy is back, whatever was restarted", function()
    post("once")
    local row = row_with(3)
    assert.same({ "pending", "proxy" }, { row.state, row.outcome })
    assert.equal(("proxy http://127.0.0.1:%d"):format(port), support.eventually("its breaker is open", function()
      return gateway:get("/v1/connectors/once").json.health.breakers[1]
    end).destination)
    gateway:stop()
    gateway:restart()
    row = row_with(row.attempts + 2)
    for _, attempt in ipairs(gateway:delivery(row.id).attempts) do
      assert.same({ "proxy", false }, { attempt.outcome, attempt.counted })
    end
    local proxy = support.start({ "python3", "spec/support/proxy_peer.py", "http", "--port", port })
    row = gateway:wait_feed("webhook=once&state=delivered")[1]
    local attempts = gateway:delivery(row.id).attempts
    assert.same({ "ok", true }, { attempts[#attempts].outcome, attempts[#attempts].counted })
    assert.equal(1, sink:count())
    proxy:signal("TERM")
    proxy:wait()
  end)

  it("comes to its end when it is too old", function()
    post("young")
    local row = gateway:wait_feed("webhook=young&state=failed")[1]
    assert.is_true(row.attempts > 1)
  end)
end)
