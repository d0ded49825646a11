-- SPDX-License-Identifier: MIT
--- What is kept no longer than asked for: erasure on request, and bounds by settings.

local support = require("spec.support")

describe("erasure", function()
  local sink, gateway

  setup(function()
    sink = support.sink("--delay", "0.3")
    gateway = support.gateway({
      files = {
        ["gateway.lua"] = support.gateway_lua,
        ["connectors/shop.lua"] = ([[return { base_url = "%s", webhooks = { { on = "order", url = "/order" } } }]]):format(sink.url),
        ["connectors/later.lua"] = ([[return { base_url = "http://127.0.0.1:%d", retry = { schedule = { 3600 }, jitter = 0 },
          webhooks = { { on = "later", url = "/" } } }]]):format(support.closed_port()),
      },
    })
  end)

  teardown(function() support.finish() end)

  local function post(id, kind, subject)
    local event = { id = id, type = kind, subject = subject, data = { secret = "between us" } }
    assert.equal(202, gateway:post("/v1/events", event).status)
  end

  it("of an event leaves neither it nor its delivery, and the id is free again", function()
    post("a", "order")
    gateway:wait_feed("event=a&state=delivered")
    local row = gateway:feed("event=a")[1]
    local answer = gateway:request("DELETE", "/v1/events/a")
    assert.equal(200, answer.status)
    assert.same({ events = 1, deliveries = 1 }, answer.json)
    assert.same({}, gateway:feed("event=a"))
    assert.equal(404, gateway:get("/v1/deliveries/" .. row.id).status)
    answer = gateway:request("DELETE", "/v1/events/a")
    assert.equal(404, answer.status)
    assert.equal("urn:perilune:unknown_event", answer.json.type)
    post("a", "order")
    gateway:wait_feed("event=a&state=delivered")
  end)

  it("takes what is pending along: it is not sent any more", function()
    post("b", "later")
    support.eventually("it was tried", function() return gateway:feed("event=b")[1].outcome == "connect" end)
    assert.equal(1, gateway:metric("perilune_deliveries_pending"))
    assert.same({ events = 1, deliveries = 1 }, gateway:request("DELETE", "/v1/events/b").json)
    support.eventually("nothing is pending", function() return gateway:metric("perilune_deliveries_pending") == 0 end)
    support.eventually("nor in memory", function() return gateway:metric("perilune_deliveries_resident") == 0 end)
  end)

  it("leaves nothing of an attempt that is under way", function()
    local count = sink:count()
    post("c", "order")
    support.eventually("it is being sent", function() return sink:count() > count end) -- and answered 0.3 s later
    assert.equal(200, gateway:request("DELETE", "/v1/events/c").status)
    support.eventually("it is over", function() return gateway:metric("perilune_deliveries_resident") == 0 end)
    assert.same({}, gateway:feed("event=c"))
    assert.equal(0, gateway:stop())
    local code, output = support.run({ support.binary, "store", "check", gateway.store })
    assert.equal(0, code, output)
    gateway:restart()
  end)

  it("of a subject takes all its events, calls included, and no others", function()
    for n = 1, 40 do post("s" .. n, "order", "customer-7") end
    post("t1", "order", "customer-8")
    gateway:wait_feed("state=delivered&type=order&limit=100", 42)
    assert.equal(200, gateway:post("/v1/calls/shop/order", { subject = "customer-7", data = {} }).status)
    gateway:wait_feed("kind=call")
    assert.same({ events = 41, deliveries = 41 }, gateway:post("/v1/erase", { subject = "customer-7" }).json)
    assert.same({}, gateway:feed("kind=call"))
    assert.same({}, gateway:feed("event=s7"))
    assert.equal(1, #gateway:feed("event=t1"))
    assert.same({ events = 0, deliveries = 0 }, gateway:post("/v1/erase", { subject = "customer-7" }).json)
  end)

  it("refuses what names no subject", function()
    for _, body in ipairs({ "{}", '{"subject":""}', '{"subject":7}' }) do
      local answer = gateway:post("/v1/erase", body)
      assert.equal(400, answer.status)
      assert.matches('expected {"subject": TEXT}', answer.json.detail, 1, true)
    end
    local answer = gateway:get("/v1/events/a")
    assert.equal(405, answer.status)
    assert.equal("DELETE, OPTIONS", answer.headers.allow)
  end)
end)

describe("retention", function()
  local gateway

  teardown(function() support.finish() end)

  it("keeps as many events as it is told, the newest, and what is pending", function()
    gateway = support.gateway({ files = {
      ["gateway.lua"] = support.gateway_lua,
      ["connectors/gone.lua"] = ([[return { base_url = "http://127.0.0.1:%d", retry = false,
        webhooks = { { on = "gone", url = "/" }, { on = "later", url = "/", retry = { schedule = { 3600 } } } } }]])
        :format(support.closed_port()),
    } })
    assert.equal(202, gateway:post("/v1/events", { id = "owed", type = "later", data = {} }).status)
    for n = 1, 30 do assert.equal(202, gateway:post("/v1/events", { id = "e" .. n, type = "gone", data = {} }).status) end
    gateway:wait_feed("state=failed&limit=100", 30)
    assert.equal(0, gateway:stop())
    gateway.options.arguments = { "--retention-events", "10" }
    gateway:restart()
    support.eventually("the oldest are gone", function() return #gateway:feed("state=failed&limit=100") == 10 end)
    assert.equal("e30", gateway:feed("state=failed")[1].event_id)
    assert.equal(1, #gateway:feed("event=owed"))
    assert.equal(20, gateway:metric("perilune_store_removed_total"))
    assert.equal(0, gateway:stop())
  end)

  it("is a connector's own where its file says so, from the next reload on", function()
    local function connector(retention)
      return ([[return { base_url = "http://127.0.0.1:%d", retry = false, %s
        webhooks = { { on = "gone", url = "/" } } }]]):format(support.closed_port(), retention)
    end
    gateway = support.gateway({ files = {
      ["gateway.lua"] = support.gateway_lua, ["connectors/all.lua"] = connector(""), ["connectors/few.lua"] = connector(""),
    } })
    for n = 1, 12 do assert.equal(202, gateway:post("/v1/events", { id = "e" .. n, type = "gone", data = {} }).status) end
    gateway:wait_feed("state=failed&limit=100", 24)
    support.write(gateway.folder, { ["connectors/few.lua"] = connector("retention = { deliveries = 3, days = 1 },") })
    assert.equal(200, gateway:post("/v1/reload", "").status)
    support.eventually("the oldest are gone", function() return #gateway:feed("connector=few&limit=100") == 3 end)
    assert.equal("e12", gateway:feed("connector=few")[1].event_id)
    assert.equal(12, #gateway:feed("connector=all&limit=100"))
    assert.equal(0, gateway:stop())
  end)
end)
