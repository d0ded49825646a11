-- SPDX-License-Identifier: MIT

--- What is tried again, and when, in the real gateway.

local support = require("spec.support")

describe("a gateway", function()
  local peer, gateway

  local function waiting(trigger, query)
    return ([[return { base_url = env "PEER", webhooks = { { on = "%s", url = "/turns?name=%s&%s" } } }]]):format(
      trigger, trigger, query)
  end

  setup(function()
    peer = support.faulty_peer()
    gateway = support.gateway {
      files = {
        ["gateway.lua"] = 'return { egress = { allow = { "127.0.0.1" } }, limits = { retry_after = 7200 } }',
        ["connectors/a.lua"] = [[return {
          base_url = env "PEER", retry = { schedule = { 0.05, 0.05, 0.05 }, jitter = 0 },
          webhooks = {
            { on = "usual", url = "/turns?name=usual&say=503,408,200" },
            { on = "final", url = "/turns?name=final&say=404" },
            { on = "listed", url = "/turns?name=listed&say=404,503", retry = { on = { "timeout", "400-404" } } },
            { on = "reset", url = "/reset-connection", retry = { on = { "5xx" } } },
            { on = "asked", url = "/turns?name=asked&say=400,400,200&body=busy", retry = {
              on = function(ctx, response) return response.body == "busy" and ctx.attempt < 3 end } },
            { on = "short", url = "/turns?name=short&say=503", retry = { base = 0.05, max_age = 1, attempts = 900 } },
            { on = "nonsense", url = "/turns?name=nonsense&say=503,200&after=soon" },
          } }]],
        -- One each: a receiver that wants a pause gets it for its whole connector.
        ["connectors/b.lua"] = waiting("seconds", "say=429&after=3600"),
        ["connectors/c.lua"] = waiting("capped", "say=503&after=86400"),
        ["connectors/d.lua"] = waiting("date", "say=503&after=Fri%2C+31+Dec+9999+23%3A59%3A59+GMT"),
      },
      env = { PERILUNE_VAR_PEER = peer.url },
    }
  end)

  teardown(function() support.finish() end)

  local function ended(trigger)
    assert.equal(202, gateway:post("/v1/events", { type = trigger, data = {} }).status)
    local row = support.eventually("the end of " .. trigger, function()
      local found = gateway:feed("webhook=" .. trigger)[1]
      return found and found.state ~= "pending" and found
    end)
    return row.state, row.attempts, row.status
  end

  it("tries again what is worth it by default", function()
    assert.same({ "delivered", 3, 200 }, { ended("usual") })
    assert.same({ "failed", 1, 404 }, { ended("final") })
  end)

  it("tries again what a list names, and nothing else", function()
    assert.same({ "failed", 2, 503 }, { ended("listed") })
    local state, attempts = ended("reset")
    assert.same({ "failed", 1 }, { state, attempts })
  end)

  it("asks a function about an answer that is no success", function()
    assert.same({ "delivered", 3, 200 }, { ended("asked") })
  end)

  it("gives up when a delivery is too old", function()
    local state, attempts = ended("short")
    assert.equal("failed", state)
    assert.is_true(attempts > 1 and attempts < 900)
  end)

  --- Since midnight.
  local function milliseconds(time)
    local h, m, s, ms = time:match("T(%d+):(%d+):(%d+)%.(%d+)Z$")
    return (h * 60 + m) * 60000 + s * 1000 + ms
  end

  --- How long after its first attempt the second is due.
  local function wait_of(trigger)
    assert.equal(202, gateway:post("/v1/events", { type = trigger, data = {} }).status)
    local row = support.eventually("the first attempt of " .. trigger, function()
      local found = gateway:feed("webhook=" .. trigger)[1]
      return found and found.attempts == 1 and found
    end)
    assert.equal("pending", row.state)
    local wait = milliseconds(row.due) - milliseconds(gateway:delivery(row.id).attempts[1].started)
    return wait < 0 and wait + 86400000 or wait
  end

  it("waits as long as the receiver asks for, in full", function()
    assert.is_true(wait_of("seconds") >= 3600000)
  end)

  it("waits no longer than limits.retry_after", function()
    for _, trigger in ipairs { "capped", "date" } do
      local wait = wait_of(trigger)
      assert.is_true(wait >= 7200000 and wait < 7300000)
    end
  end)

  it("does not mind a Retry-After that says nothing", function()
    assert.same({ "delivered", 2, 200 }, { ended("nonsense") })
  end)
end)
