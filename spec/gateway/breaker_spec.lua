-- SPDX-License-Identifier: MIT

--- Circuit breakers, in the real gateway with two workers.

local support = require("spec.support")

describe("a destination that fails again and again", function()
  local gateway, sink, port, script_port

  setup(function()
    port, script_port = support.closed_port(), support.closed_port()
    gateway = support.gateway {
      files = {
        ["gateway.lua"] = [[return { egress = { allow = { "127.0.0.1" } },
          breaker = { failures = 5, cooldown = 0.2, max = 0.4 } }]],
        ["connectors/gone.lua"] = ([[return { base_url = "http://127.0.0.1:%d", webhooks = {
          { on = "gone", url = "/", retry = { schedule = { 3600 } } } } }]]):format(port),
        ["connectors/errors.lua"] = ([[return { base_url = "%s", retry = false, webhooks = {
          { on = "error", url = "/status?code=500" } } }]]):format(support.faulty_peer().url),
        ["connectors/asks.lua"] = ([[return { base_url = "http://127.0.0.1:%d", webhooks = { { id = "asks", url = "/",
          body = function(ctx)
            local answer, failure = ctx.http.get { url = "http://127.0.0.1:%d/" }
            error(answer and "it is there" or failure.class .. " " .. failure.message, 0)
          end } } }]]):format(support.closed_port(), script_port),
      },
      arguments = { "--workers", "2" },
    }
  end)

  teardown(function() support.finish() end)

  local function post(trigger, n)
    for _ = 1, n do
      assert.equal(202, gateway:post("/v1/events", { type = trigger, data = {} }).status)
    end
  end

  local function breakers(connector)
    return gateway:get("/v1/connectors/" .. connector).json.health.breakers
  end

  it("is left alone: deliveries wait and use up no attempt", function()
    post("gone", 5)
    support.eventually("the breaker opens", function() return gateway:metric("perilune_breakers_open") == 1 end)
    post("gone", 20)
    support.eventually("they wait", function() return gateway:metric("perilune_attempts_postponed_total") >= 20 end)
    local shown = breakers("gone")[1]
    assert.equal("http://127.0.0.1:" .. port, shown.destination)
    assert.is_true(shown.failures >= 5)
    assert.is_true(shown.state == "open" or shown.state == "probing")
    assert.matches('"msg":"a destination fails again and again[^\n]*"destination":"http://127.0.0.1:' .. port,
      gateway.process:errors())
    local untouched = 0
    for _, row in ipairs(gateway:feed("webhook=gone&limit=100")) do
      assert.equal("pending", row.state)
      assert.is_true(row.attempts <= 1)
      untouched = untouched + (row.attempts == 0 and 1 or 0)
    end
    assert.is_true(untouched > 0)
  end)

  it("makes calls fail at once", function()
    local answer = support.eventually("a call that is refused", function()
      local got = gateway:post("/v1/calls/gone/gone", { data = {} })
      return got.status == 503 and got
    end)
    assert.equal("urn:perilune:breaker", answer.json.type)
    assert.equal("breaker", answer.json.outcome)
    assert.matches("^http://127.0.0.1:%d+ failed again and again; it is left alone for %d+ more seconds$", answer.json.detail)
    assert.matches("^%d+$", answer.headers["retry-after"])
  end)

  it("makes requests of scripts fail at once, after such of them have found it gone", function()
    local function ask() return gateway:post("/v1/calls/asks/asks", { data = {} }).json.detail end
    for _ = 1, 5 do assert.matches("connect ", ask()) end
    assert.matches(("breaker http://127.0.0.1:%d failed again and again; it is left alone for 1 more seconds"):format(script_port),
      ask(), 1, true)
    assert.equal("http://127.0.0.1:" .. script_port, breakers("asks")[1].destination)
    sink = support.start({ support.binary, "sink", "--listen", "127.0.0.1:" .. script_port, "--quiet" })
    support.eventually("it is back", function() return ask():find("it is there", 1, true) end)
    assert.same({}, breakers("asks"))
    sink:signal("TERM")
  end)

  it("gets what waits for it when it is back", function()
    sink = support.start({ support.binary, "sink", "--listen", "127.0.0.1:" .. port, "--quiet" })
    -- Those whose first attempt was a probe that failed, also while the sink starts, come in an hour.
    support.eventually("what was not tried is delivered", function()
      for _, row in ipairs(gateway:feed("webhook=gone&state=pending&limit=100")) do
        if row.attempts == 0 then return false end
      end
      return true
    end)
    assert.is_true(#gateway:feed("webhook=gone&state=delivered&limit=100") > 0)
    assert.equal(0, gateway:metric("perilune_breakers_open"))
    assert.same({}, breakers("gone"))
    assert.matches('"msg":"a destination is back"', gateway.process:errors())
    sink:signal("TERM")
  end)

  it("is one that does not answer: an error of its own is an answer", function()
    post("error", 20)
    gateway:wait_feed("webhook=error&state=failed", 20)
    assert.same({}, breakers("errors"))
  end)
end)
