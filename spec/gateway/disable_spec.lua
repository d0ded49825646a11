-- SPDX-License-Identifier: MIT

--- Webhooks that are disabled: by a receiver that answers 410, or by hand. In the real gateway with two workers.

local support = require("spec.support")

local MANY = 1000

describe("a webhook whose receiver answers 410", function()
  local gone, other, gateway, first

  local function gone_lua(webhooks)
    return ('return { base_url = "%s", webhooks = { %s } }'):format(gone.url, webhooks)
  end

  local GONE = '{ on = "gone", url = "/" }'

  setup(function()
    gone, other = support.sink("--fail-first", "1", "--fail-status", "410"), support.sink()
    gateway = support.gateway {
      token = "token-of-ops",
      files = {
        ["gateway.lua"] = [[return { egress = { allow = { "127.0.0.1" } }, workers = 2, limits = { resident = 64 },
          tokens = { ingest = "i", { name = "ops", scope = "admin", token = "token-of-ops" } } }]],
        ["connectors/gone.lua"] = gone_lua(GONE),
        ["connectors/other.lua"] = ('return { base_url = "%s", webhooks = { { on = "other", url = "/" } } }')
          :format(other.url),
      },
    }
  end)

  teardown(function() support.finish() end)

  local function disabled()
    return gateway:get("/v1/connectors/gone").json.health.disabled
  end

  local function post(trigger, n)
    local events = {}
    for i = 1, n do events[i] = { type = trigger, data = { n = i } } end
    assert.equal(202, gateway:post("/v1/events", events).status)
  end

  it("is disabled, which everybody can see", function()
    post("gone", 1)
    local shown = support.eventually("it is disabled", function() return disabled()[1] end)
    first = gateway:feed("webhook=gone")[1]
    assert.same({ connector = "gone", webhook = "gone", by = "delivery " .. first.id, reason = "status 410",
      since = shown.since }, shown)
    assert.matches("^%d%d%d%d%-%d%d%-%d%dT", shown.since)
    assert.same({ shown }, gateway:get("/v1/connectors").json.disabled)
    assert.equal(1, gateway:metric("perilune_webhooks_disabled"))
    assert.matches('"level":"warn","msg":"a webhook is disabled until it is enabled","connector":"gone","webhook":"gone",'
      .. '"by":"delivery ' .. first.id .. '","reason":"status 410"', gateway.process:errors(), 1, true)
    local code, output = support.run({ support.binary, "webhook", "--url", gateway.url, "--token", gateway.token })
    assert.equal(0, code)
    assert.matches("^CONNECTOR +WEBHOOK +DISABLED +BY +REASON\ngone +gone +[^ ]+ +delivery [^ ]+ +status 410\n$", output)
  end)

  it("keeps the delivery that found out, with its attempt", function()
    assert.equal("pending", first.state)
    assert.equal(support.json.null, first.due)
    assert.same({ 1, "http_status", 410, "its webhook is disabled" },
      { first.attempts, first.outcome, first.status, first.reason })
    local attempts = gateway:delivery(first.id).attempts
    assert.equal(1, #attempts)
    assert.equal(410, attempts[1].response.status)
  end)

  it("lets its deliveries wait without places in memory, and no other waits for them", function()
    for _ = 1, MANY / 100 do post("gone", 100) end
    post("other", 1)
    other:wait(1)
    assert.equal(1, gone:count())
    support.eventually("nothing is in memory", function() return gateway:metric("perilune_deliveries_resident") == 0 end)
    assert.equal(MANY + 1, gateway:metric("perilune_deliveries_pending"))
    for _ = 1, 20 do post("other", 100) end
    other:wait(2001)
    local group = gateway:get("/v1/undelivered?connector=gone").json.groups[1]
    assert.same({ "pending", "disabled", MANY + 1 }, { group.state, group.outcome, group.count })
    assert.equal(support.json.null, group.next_due)
  end)

  it("tells who waits for an outcome that it is pending", function()
    local answer = gateway:post("/v1/events", { type = "gone", data = {} }, { Prefer = "wait=30" })
    assert.equal(202, answer.status)
    assert.equal("pending", answer.json.deliveries[1].state)
    assert.equal(200, gateway:post("/v1/deliveries/" .. answer.json.deliveries[1].id .. "/cancel", "").status)
  end)

  it("refuses calls at once, and a try is sent", function()
    local answer = gateway:post("/v1/calls/gone/gone", { data = {} })
    assert.equal(409, answer.status)
    assert.equal("urn:perilune:disabled", answer.json.type)
    assert.matches("^the webhook is disabled since %S+ by delivery " .. first.id:gsub("%-", "%%-") .. ": status 410$",
      answer.json.detail)
    answer = gateway:post("/v1/calls/gone/gone", { data = {} }, { ["Idempotency-Key"] = "again" })
    assert.equal("urn:perilune:disabled", answer.json.type)
    assert.equal(1, gone:count())
    local try = gateway:post("/v1/connectors/gone/webhooks/gone/try", { event = { data = {} } })
    assert.equal(200, try.json.response.status)
    assert.equal(2, gone:count())
    assert.equal(1, #disabled())
  end)

  it("stays so when the gateway is killed, and when the webhook leaves the scripts and comes back", function()
    gateway:kill()
    gateway:restart()
    assert.equal(1, #disabled())
    assert.matches('"msg":"a webhook is disabled until it is enabled"', gateway.process:errors())
    support.write(gateway.folder, { ["connectors/gone.lua"] = gone_lua('{ on = "x", url = "/" }') })
    assert.equal(200, gateway:post("/v1/reload", "").status)
    assert.equal("gone", gateway:get("/v1/connectors").json.disabled[1].webhook)
    support.write(gateway.folder, { ["connectors/gone.lua"] = gone_lua(GONE) })
    assert.equal(200, gateway:post("/v1/reload", "").status)
    post("gone", 1)
    post("other", 1)
    support.eventually("only the other is delivered", function()
      return gateway:metric("perilune_deliveries_pending") == MANY + 2
    end)
    assert.equal(2, gone:count())
  end)

  it("gets all that waited when it is enabled", function()
    local answer = gateway:post("/v1/connectors/gone/webhooks/gone/enable", "")
    assert.equal(200, answer.status)
    assert.same({ connector = "gone", webhook = "gone", disabled = support.json.null, released = MANY + 2 }, answer.json)
    support.eventually("all are delivered", function() return gateway:metric("perilune_deliveries_pending") == 0 end, 60)
    local seen = {}
    for _, request in ipairs(gone:wait(MANY + 4)) do
      local id = request.headers["webhook-id"]
      seen[id] = (seen[id] or 0) + 1
    end
    assert.equal(2, seen[first.id]) -- the 410 and this one
    assert.equal(2, gateway:delivery(first.id).attempts[2].number)
    assert.equal(MANY + 4, gone:count())
    assert.equal(0, gateway:metric("perilune_webhooks_disabled"))
    local call = gateway:post("/v1/calls/gone/gone", { data = {} }, { ["Idempotency-Key"] = "again" })
    assert.is_true(call.json.ok) -- the refusal was no answer to keep
    assert.matches('"msg":"a webhook is enabled","connector":"gone","webhook":"gone","by":"token ops"',
      gateway.process:errors(), 1, true)
  end)
end)

describe("a webhook that an administrator disables", function()
  local sink, gateway

  setup(function()
    sink = support.sink()
    gateway = support.gateway {
      token = "token-of-ops",
      files = {
        ["gateway.lua"] = [[return { egress = { allow = { "127.0.0.1" } }, workers = 2,
          tokens = { ingest = "i", { name = "ops", scope = "admin", token = "token-of-ops" } } }]],
        ["connectors/acme.lua"] = ([[return { base_url = "%s", webhooks = {
          { on = "order", url = "/order" }, { on = "note", url = "/note" } } }]]):format(sink.url),
      },
    }
  end)

  teardown(function() support.finish() end)

  local PATH = "/v1/connectors/acme/webhooks/order"

  local function post(trigger)
    assert.equal(202, gateway:post("/v1/events", { type = trigger, data = {} }).status)
  end

  it("says who did it and why, and stays as it is when it is disabled again", function()
    local answer = gateway:post(PATH .. "/disable", { reason = "they are moving" })
    assert.equal(200, answer.status)
    local since = answer.json.disabled.since
    assert.same({ connector = "acme", webhook = "order", disabled = { connector = "acme", webhook = "order",
      since = since, by = "token ops", reason = "they are moving" } }, answer.json)
    assert.same(answer.json, gateway:post(PATH .. "/disable", { reason = "another" }).json)
  end)

  it("waits alone: the other webhooks of its connector go on", function()
    for _ = 1, 5 do post("order") end
    post("note")
    assert.equal("/note", sink:wait(1)[1].path)
    support.eventually("only they are pending", function()
      return gateway:metric("perilune_deliveries_pending") == 5
    end)
    assert.equal(1, sink:count())
  end)

  it("may be cancelled, and sent again by hand it waits on", function()
    local rows = gateway:feed("webhook=order")
    assert.equal(200, gateway:post("/v1/deliveries/" .. rows[1].id .. "/cancel", "").status)
    assert.equal(202, gateway:post("/v1/deliveries/" .. rows[2].id .. "/retry", "").status)
    assert.equal(202, gateway:post("/v1/deliveries/" .. rows[1].id .. "/retry", "").status)
    post("note")
    sink:wait(2)
    support.eventually("both wait", function() return gateway:get("/v1/undelivered").json.groups[1].count == 5 end)
    assert.equal(2, sink:count())
  end)

  it("gets what waited when it is enabled, which can be done again", function()
    assert.equal(5, gateway:post(PATH .. "/enable", "").json.released)
    sink:wait(7)
    assert.equal(0, gateway:post(PATH .. "/enable", "").json.released)
    post("order")
    sink:wait(8)
  end)

  it("is disabled and enabled by `perilune webhook`", function()
    local function webhook(...)
      return support.run({ support.binary, "webhook", "--url", gateway.url, "--token", gateway.token, ... })
    end
    local code, output = webhook("disable", "acme", "order", "--reason", "by hand")
    assert.same({ 0, "acme order is disabled\n" }, { code, output })
    code, output = webhook("--json")
    assert.equal(0, code)
    assert.equal("by hand", support.json.decode(output).reason)
    post("order")
    code, output = webhook("enable", "acme", "order")
    assert.same({ 0, "acme order is enabled; 1 deliveries waited for it\n" }, { code, output })
    local errors
    code, output, errors = webhook("disable", "acme", "ordr")
    assert.same({ 1, "" }, { code, output })
    assert.matches("404, connector 'acme' has no webhook 'ordr'", errors, 1, true)
    assert.equal(2, (webhook("disable", "acme")))
    assert.equal(2, (webhook("dissable", "acme", "order")))
  end)

  it("can be enabled when it is no longer loaded", function()
    assert.equal(200, gateway:post(PATH .. "/disable", "").status)
    post("order")
    support.write(gateway.folder, { ["connectors/acme.lua"] = ([[return { base_url = "%s", webhooks = {
      { on = "note", url = "/note" } } }]]):format(sink.url) })
    assert.equal(200, gateway:post("/v1/reload", "").status)
    assert.equal(1, gateway:post(PATH .. "/enable", "").json.released)
    assert.equal(404, gateway:post(PATH .. "/enable", "").status)
    support.eventually("it was tried", function()
      return gateway:feed("webhook=order&state=pending")[1].outcome == "config"
    end)
  end)

  it("has to be one, and who asks an administrator", function()
    assert.equal(404, gateway:post("/v1/connectors/none/webhooks/order/disable", "").status)
    assert.equal(404, gateway:post("/v1/connectors/none/webhooks/order/enable", "").status)
    assert.equal(403, gateway:post("/v1/connectors/acme/webhooks/note/disable", "", { Authorization = "Bearer i" }).status)
    for _, body in ipairs({ "{", '{"reason":5}', '{"why":"x"}', "[]", '{"reason":"' .. ("x"):rep(501) .. '"}' }) do
      assert.equal(400, gateway:post("/v1/connectors/acme/webhooks/note/disable", body).status, body)
    end
    assert.same({}, gateway:get("/v1/connectors").json.disabled)
  end)
end)

describe("disable_on", function()
  teardown(function() support.finish() end)

  it("names other answers, or none; the webhook's own wins", function()
    local gateway = support.gateway {
      files = {
        ["gateway.lua"] = support.gateway_lua,
        ["connectors/acme.lua"] = ([[return { base_url = "%s", retry = false, disable_on = false, webhooks = {
          { on = "never", url = "/status?code=410" },
          { on = "other", url = "/status?code=404", disable_on = { 404, "5xx" } },
          { on = "fine", url = "/status?code=410", disable_on = { 410 }, success = { 410 } } } }]])
          :format(support.faulty_peer().url),
      },
    }
    for _, trigger in ipairs({ "never", "other", "fine" }) do
      assert.equal(202, gateway:post("/v1/events", { type = trigger, data = {} }).status)
    end
    assert.equal(410, gateway:wait_feed("state=failed")[1].status)
    assert.equal(410, gateway:wait_feed("state=delivered")[1].status)
    support.eventually("it is disabled", function() return gateway:metric("perilune_webhooks_disabled") == 1 end)
    assert.equal("other", gateway:get("/v1/connectors").json.disabled[1].webhook)
  end)
end)

describe("a webhook with order_by that is disabled", function()
  teardown(function() support.finish() end)

  it("goes on in the order of its events, the first of which found out", function()
    local sink = support.sink("--fail-first", "1", "--fail-status", "410")
    local gateway = support.gateway {
      files = {
        ["gateway.lua"] = support.gateway_lua,
        ["connectors/acme.lua"] = ([[return { base_url = "%s", webhooks = {
          { on = "order", url = "/", order_by = "{{ data.key }}" } } }]]):format(sink.url),
      },
      arguments = { "--workers", "2" },
    }
    local function post(first, last)
      for n = first, last do
        assert.equal(202, gateway:post("/v1/events", { type = "order", data = { key = n % 2, n = n } }).status)
      end
    end
    post(1, 1)
    support.eventually("it is disabled", function() return gateway:metric("perilune_webhooks_disabled") == 1 end)
    post(2, 40)
    gateway:kill()
    gateway:restart()
    post(41, 60)
    assert.equal(200, gateway:post("/v1/connectors/acme/webhooks/order/enable", "").status)
    support.eventually("all are delivered", function() return gateway:metric("perilune_deliveries_pending") == 0 end)
    local last = { [0] = 0, [1] = 0 }
    for i, request in ipairs(sink:wait(61)) do
      local data = request.json.data
      assert.is_true(i == 1 or data.n > last[data.key])
      if i > 1 then last[data.key] = data.n end
    end
    assert.equal(61, sink:count())
  end)
end)
