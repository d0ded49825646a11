-- SPDX-License-Identifier: MIT
--- What nobody waits for is written a moment later: whoever asks sees it at once, and a crash takes it only within that
--- moment.
local support = require("spec.support")

describe("a record that lingers", function()
  local sink

  setup(function() sink = support.sink() end)

  teardown(function() support.finish() end)

  local function start(linger)
    return support.gateway({
      files = {
        ["gateway.lua"] = support.gateway_lua,
        ["connectors/shop.lua"] = ([[
          return { base_url = "%s", webhooks = { { on = "order", url = "/order" } } }
        ]]):format(sink.url),
      },
      arguments = { "--store-linger", linger },
    })
  end

  local function call(gateway)
    assert.equal(200, gateway:post("/v1/calls/shop/order", {}).status)
  end

  it("is in the feed as soon as the call is answered", function()
    local gateway = start("1")
    for n = 1, 3 do
      call(gateway)
      assert.equal(n, #gateway:feed("kind=call"))
    end
    assert.equal(0, gateway:stop())
  end)

  it("is there after a crash that comes later than it lingers and a commit takes", function()
    local gateway = start("0.05")
    for n = 1, 3 do
      call(gateway)
      -- The file is asked: to ask the gateway would hurry it.
      support.eventually("it is written", function()
        local code, written = support.run({ "sqlite3", gateway.store, "SELECT count(*) FROM attempts" })
        return code == 0 and tonumber(written) == n
      end)
      assert.equal(128 + 9, gateway:kill())
      gateway:restart()
      assert.equal(n, #gateway:feed("kind=call"))
    end
    assert.equal(0, gateway:stop())
  end)

  it("is there after a stop", function()
    local gateway = start("1")
    call(gateway)
    assert.equal(0, gateway:stop())
    gateway:restart()
    assert.equal(1, #gateway:feed("kind=call"))
    assert.equal(0, gateway:stop())
  end)
end)
