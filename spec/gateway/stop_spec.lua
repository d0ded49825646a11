-- SPDX-License-Identifier: MIT
local support = require("spec.support")
local load = require("spec.support.load")
local http, process = support.http, support.process

describe("a gateway that is told to stop", function()
  local sink, peer

  setup(function()
    sink = support.sink()
    peer = support.faulty_peer()
  end)

  teardown(function() support.finish() end)

  local function start(arguments)
    return support.gateway({
      files = {
        ["gateway.lua"] = support.gateway_lua,
        ["connectors/shop.lua"] = ([[
          return { base_url = "%s", webhooks = { { on = "load", url = "/load" } } }
        ]]):format(sink.url),
        ["connectors/peer.lua"] = ([[
          return {
            base_url = "%s",
            timeout = 60,
            webhooks = {
              { on = "meet", url = "/barrier", params = { name = "{{ event.id }}", n = "2" } },
              { on = "hang", url = "/hang" },
            },
          }]]):format(peer.url),
      },
      arguments = arguments,
    })
  end

  --- Sends SIGTERM from beside, after a while, so that it comes at any moment of what the spec does meanwhile.
  local function stop_later(gateway, seconds)
    return support.start({ "sh", "-c", ("sleep %.3f; kill -TERM %d"):format(seconds, gateway.process.pid) })
  end

  it("under load ends with 0, and nothing that got its 202 is lost or sent twice", function()
    local gateway = start()
    local clients = load.new("stop", 8)
    stop_later(gateway, 0.7)
    clients:run(gateway.url)
    assert.equal(0, gateway.process:wait())
    assert.is_true(clients.accepted_count > 20)
    gateway:restart()
    support.eventually("all that was accepted arrived", function() return clients:missing(sink) == 0 end)
    -- What has arrived is recorded a moment later.
    support.eventually("none is pending", function()
      return (gateway:metric("perilune_deliveries_pending") or 0) == 0
    end)
    assert.equal(0, gateway:stop())
    assert.equal(0, (select(2, clients:missing(sink))))
  end)

  it("finishes what is in flight", function()
    local gateway = start()
    gateway:post("/v1/events", '{"id":"finish-1","type":"meet"}')
    support.eventually("it is at the receiver", function() return peer:count("/barrier") == 1 end)
    gateway.process:signal("TERM")
    support.eventually("it stops", function() return gateway.process:errors():find('"stopping"', 1, true) end)
    assert.is_true(gateway.process:is_running())
    http.request(peer.url, "GET", "/barrier?name=finish-1&n=2")
    assert.equal(0, gateway.process:wait())
    gateway:restart()
    local row = gateway:feed("event=finish-1")[1]
    assert.equal("delivered", row.state)
    assert.equal(1, row.attempts)
    assert.equal(0, gateway:stop())
  end)

  it("leaves what does not end within timeouts.grace pending, and delivers it after the restart", function()
    local gateway = start({ "--timeouts-grace", "0.3" })
    local before = peer:count("/barrier")
    gateway:post("/v1/events", '{"id":"grace-1","type":"meet"}')
    support.eventually("it is at the receiver", function() return peer:count("/barrier") == before + 1 end)
    assert.equal(0, gateway:stop())
    gateway:restart() -- its second attempt meets the first, which the receiver still holds
    gateway:wait_feed("event=grace-1&state=delivered")
    assert.equal(before + 2, peer:count("/barrier"))
    assert.equal(0, gateway:stop())
  end)

  it("takes no new connections, and answers what waits with what is known", function()
    local gateway = start({ "--timeouts-grace", "3" })
    local waiting = http.connect(gateway.url)
    waiting:send(http.format("localhost", "POST", "/v1/events", '{"id":"known-1","type":"hang"}',
      { ["Content-Type"] = "application/json", Prefer = "wait=50" }))
    support.eventually("it is at the receiver", function() return peer:count("/hang") == 1 end)
    gateway.process:signal("TERM")
    local answer = http.read(waiting)
    waiting:close()
    assert.equal(202, answer.status)
    assert.equal("pending", answer.json.deliveries[1].state)
    assert.equal("close", answer.headers.connection)
    -- Each worker closes its own listening socket; all are closed long before the process ends.
    support.eventually("no connection is taken by a process that still runs", function()
      local taken, connection = pcall(http.connect, gateway.url)
      if taken then connection:close() end
      return not taken and gateway.process:is_running()
    end)
    assert.equal(0, gateway.process:wait())
  end)

  it("ends live feeds properly", function()
    local gateway = start()
    local stream = http.stream(gateway.url, "/v1/feed")
    gateway.process:signal("TERM")
    assert.is_nil(stream:next()) -- the last chunk, not a broken connection
    stream:close()
    assert.equal(0, gateway.process:wait())
  end)

  it("is gone at once at the second signal, and loses nothing", function()
    local gateway = start({ "--timeouts-grace", "50" })
    local before = peer:count("/barrier")
    gateway:post("/v1/events", '{"id":"twice-1","type":"meet"}')
    support.eventually("it is at the receiver", function() return peer:count("/barrier") == before + 1 end)
    gateway.process:signal("TERM")
    support.eventually("it stops", function() return gateway.process:errors():find('"stopping"', 1, true) end)
    local began = process.now()
    gateway.process:signal("INT")
    assert.equal(1, gateway.process:wait())
    assert.is_true(process.now() - began < 10)
    gateway:restart()
    gateway:wait_feed("event=twice-1&state=delivered")
    assert.equal(0, gateway:stop())
  end)
end)
