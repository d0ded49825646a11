-- SPDX-License-Identifier: MIT

--- What a receiver is asked to bear, in the real gateway with two workers.

local support = require("spec.support")

describe("a gateway", function()
  local peer, gateway

  local function connector(trigger, url, more)
    return ([[return { base_url = env "PEER", %s webhooks = { { on = "%s", url = "%s" } } }]]):format(more or "", trigger, url)
  end

  setup(function()
    peer = support.faulty_peer()
    gateway = support.gateway {
      files = {
        ["gateway.lua"] = ([[return {
          egress = { allow = { "127.0.0.1", "::1" } }, breaker = { failures = 0 },
          destinations = { ["localhost:%d"] = { concurrency = 1 }, ["*.invalid"] = { per_second = 1 } },
        }]]):format(peer.port),
        ["connectors/few.lua"] = connector("few", "/hang", "rate = { concurrency = 2 },"),
        ["connectors/slow.lua"] = connector("slow", "/turns?name=slow&say=200", "rate = { per_second = 0.001, burst = 2 },"),
        ["connectors/paused.lua"] = connector("paused", "/turns?name=paused&say=429,200&after=3600"),
        ["connectors/free.lua"] = connector("free", "/ok"),
        ["connectors/hosts.lua"] = ([[return { webhooks = {
          { on = "narrow", url = "http://localhost:%d/hang" }, { on = "wide", url = env "PEER" .. "/ok" },
        } }]]):format(peer.port),
        ["connectors/also.lua"] = ([[return { webhooks = { { on = "narrow-also", url = "http://localhost:%d/hang" } } }]]):format(peer.port),
        ["connectors/own.lua"] = [[return { base_url = env "PEER", rate = { concurrency = 1 }, webhooks = {
          { on = "stuck", url = "/hang" }, { on = "stuck-also", url = "/ok" },
          { on = "own", url = "/ok", rate = { per_second = 1000 } },
        } }]],
      },
      arguments = { "--workers", "2" },
      env = { PERILUNE_VAR_PEER = peer.url },
    }
  end)

  teardown(function() support.finish() end)

  local function post(trigger)
    assert.equal(202, gateway:post("/v1/events", { type = trigger, data = {} }).status)
  end

  --- Whatever could have been sent before is sent when this one, which came last, is delivered.
  local function something_else_is_delivered()
    local before = #gateway:feed("webhook=free&state=delivered")
    post("free")
    gateway:wait_feed("webhook=free&state=delivered", before + 1)
  end

  local function health(id)
    return gateway:get("/v1/connectors/" .. id).json.health
  end

  it("has no more attempts in flight than a connector allows", function()
    for _ = 1, 12 do post("few") end
    support.eventually("two in flight", function() return health("few").in_flight == 2 and peer:count("/hang") == 2 end)
    something_else_is_delivered()
    assert.equal(2, health("few").in_flight)
    assert.equal(2, peer:count("/hang"))
  end)

  it("sends a burst, and the rest at the connector's rate", function()
    for _ = 1, 5 do post("slow") end
    gateway:wait_feed("webhook=slow&state=delivered", 2)
    something_else_is_delivered()
    assert.equal(2, #gateway:feed("webhook=slow&state=delivered"))
    assert.equal(3, #gateway:feed("webhook=slow&state=pending"))
    assert.equal(200, gateway:post("/v1/calls/slow/slow", { data = {} }).status)
  end)

  it("has no more attempts in flight than a destination allows, whatever connector they are of", function()
    local before = peer:count("/hang")
    for _ = 1, 3 do
      post("narrow")
      post("narrow-also")
      post("wide")
    end
    gateway:wait_feed("webhook=wide&state=delivered", 3)
    support.eventually("one in flight", function() return peer:count("/hang") == before + 1 end)
    something_else_is_delivered()
    assert.equal(before + 1, peer:count("/hang"))
    assert.equal(1, health("hosts").in_flight + health("also").in_flight)
    support.eventually("the others wait", function() return gateway:metric("perilune_deliveries_held_back") == 5 end)
    for _, row in ipairs(gateway:feed("state=pending&connector=also")) do assert.equal(0, row.attempts) end
    local answer = gateway:post("/v1/calls/also/narrow-also?timeout=0.05", { data = {} })
    assert.equal(504, answer.status)
    assert.equal(before + 2, peer:count("/hang"))
  end)

  it("lets a webhook with a rate of its own go its own way", function()
    post("stuck")
    support.eventually("one in flight", function() return health("own").in_flight == 1 end)
    post("stuck-also")
    for _ = 1, 3 do post("own") end
    gateway:wait_feed("webhook=own&state=delivered", 3)
    something_else_is_delivered()
    assert.equal(1, #gateway:feed("webhook=stuck-also&state=pending"))
  end)

  it("leaves a whole connector alone when its receiver wants a pause", function()
    assert.equal(support.json.null, health("paused").paused_until)
    post("paused")
    support.eventually("the pause", function() return health("paused").paused_until ~= support.json.null end)
    post("paused")
    something_else_is_delivered()
    local rows = gateway:feed("webhook=paused&state=pending")
    assert.same({ 2, 0, 1 }, { #rows, rows[1].attempts, rows[2].attempts })
    assert.matches('"msg":"a receiver wants a pause[^\n]*"connector":"paused","seconds":3600', gateway.process:errors())
    assert.equal(200, gateway:post("/v1/calls/paused/paused", { data = {} }).status)
  end)

  it("remembers the pause when it is started again", function()
    local function until_second()
      local h, m, s = health("paused").paused_until:match("T(%d+):(%d+):([%d.]+)Z$")
      return h * 3600 + m * 60 + s
    end
    local before = until_second()
    gateway:kill()
    gateway:restart()
    assert.is_true((until_second() - before + 1) % 86400 < 2)
    something_else_is_delivered()
    assert.equal(2, #gateway:feed("webhook=paused&state=pending"))
  end)
end)
