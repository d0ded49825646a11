-- SPDX-License-Identifier: MIT

--- Operator events: what the gateway itself has to tell, to webhooks that want it. With two workers.

local support = require("spec.support")

local TYPES = {
  "endpoint.disabled", "endpoint.enabled", "endpoint.down", "endpoint.recovered", "delivery.failed", "backlog",
  "backlog.cleared",
}

--- A connector that wants all operator events.
local function listener(url, more)
  local webhooks = {}
  for i, name in ipairs(TYPES) do
    webhooks[i] = ('{ on = "perilune.%s", url = "/%s", %s }'):format(name, name, more or "")
  end
  return ('return { base_url = "%s", webhooks = { %s } }'):format(url, table.concat(webhooks, ",\n"))
end

describe("operator events", function()
  local ops, gone, gateway, down_port

  setup(function()
    ops, gone = support.sink(), support.sink("--fail-first", "1", "--fail-status", "410")
    down_port = support.closed_port()
    gateway = support.gateway {
      token = "token-of-ops",
      files = {
        ["gateway.lua"] = [[return { egress = { allow = { "127.0.0.1" } }, workers = 2, events = { "f", "gone", "down" },
          breaker = { failures = 3, cooldown = 0.2, max = 0.4 }, backlog = { deliveries = 20, every = 0.1 },
          tokens = { { name = "ops", scope = "admin", token = "token-of-ops" } } }]],
        ["connectors/failing.lua"] = ([[return { base_url = "%s", retry = false, webhooks = {
          { on = "f", url = "/status?code=404" } } }]]):format(support.faulty_peer().url),
        ["connectors/gone.lua"] = ('return { base_url = "%s", webhooks = { { on = "gone", url = "/" } } }'):format(gone.url),
        ["connectors/down.lua"] = ([[return { base_url = "http://127.0.0.1:%d", webhooks = {
          { on = "down", url = "/", retry = { schedule = { 3600 } } } } }]]):format(down_port),
        ["connectors/ops.lua"] = listener(ops.url),
      },
    }
  end)

  teardown(function() support.finish() end)

  --- The n-th operator event of a type, as it arrives.
  local function told(name, n)
    return support.eventually("perilune." .. name, function()
      local found = {}
      for _, request in ipairs(ops:requests()) do
        if request.path == "/" .. name then found[#found + 1] = request.json end
      end
      return #found >= (n or 1) and found
    end)
  end

  local function post(trigger, n)
    for _ = 1, n or 1 do
      assert.equal(202, gateway:post("/v1/events", { type = trigger, data = {} }).status)
    end
  end

  it("tell that a delivery has failed, once", function()
    post("f")
    local event = told("delivery.failed")[1]
    local row = gateway:feed("webhook=f")[1]
    assert.same({ type = "perilune.delivery.failed", source = "perilune", id = event.id, time = event.time, data = {
      connector = "failing", webhook = "f", delivery = row.id, event_id = row.event_id, event_type = "f",
      created = row.created, attempts = 1, outcome = "http_status", status = 404, error = "status 404 is not a success",
    } }, event)
    local told_of = gateway:wait_feed("event=" .. event.id .. "&state=delivered")[1]
    assert.same({ "ops", "perilune.delivery.failed" }, { told_of.connector, told_of.event_type })
  end)

  it("tell that a webhook is disabled, and that it is enabled", function()
    post("gone")
    local data = told("endpoint.disabled")[1].data
    assert.same({ connector = "gone", webhook = "gone", since = data.since, reason = "status 410",
      by = "delivery " .. gateway:feed("webhook=gone")[1].id }, data)
    assert.equal(data.since, gateway:get("/v1/connectors/gone").json.health.disabled[1].since)
    gateway:post("/v1/connectors/gone/webhooks/gone/disable", "") -- it is
    gateway:post("/v1/connectors/gone/webhooks/gone/enable", "")
    gateway:post("/v1/connectors/gone/webhooks/gone/enable", "") -- it is
    assert.same({ connector = "gone", webhook = "gone", by = "token ops" }, told("endpoint.enabled")[1].data)
    gateway:post("/v1/connectors/gone/webhooks/gone/disable", { reason = "by hand" })
    data = told("endpoint.disabled", 2)[2].data
    assert.same({ "token ops", "by hand" }, { data.by, data.reason })
    assert.equal(2, #told("endpoint.disabled"))
    assert.equal(1, #told("endpoint.enabled"))
  end)

  it("tell of a backlog, and that it is cleared", function()
    post("gone", 25)
    local data = told("backlog")[1].data
    assert.equal("gone", data.connector)
    assert.is_true(data.pending >= 20)
    assert.equal(data.pending, data.disabled)
    assert.is_true(data.oldest_age_seconds < 60)
    assert.equal(gateway:feed("webhook=gone&state=pending&limit=100")[25].created, data.oldest)
    gateway:post("/v1/connectors/gone/webhooks/gone/enable", "")
    data = told("backlog.cleared")[1].data
    assert.equal("gone", data.connector)
    assert.is_true(data.pending < 10)
    assert.equal(1, #told("backlog"))
  end)

  it("tell that a destination is down, and that it is back, once for all workers", function()
    post("down", 12)
    local data = told("endpoint.down")[1].data
    assert.same({ destination = "http://127.0.0.1:" .. down_port, connector = "down", failures = 3, outcome = "connect" }, data)
    support.eventually("it was asked again", function()
      return gateway:get("/v1/connectors/down").json.health.breakers[1].failures >= 5
    end)
    local sink = support.start({ support.binary, "sink", "--listen", "127.0.0.1:" .. down_port, "--quiet" })
    data = told("endpoint.recovered")[1].data
    assert.same({ destination = "http://127.0.0.1:" .. down_port, connector = "down" }, data)
    assert.equal(1, #told("endpoint.down"))
    assert.equal(1, #told("endpoint.recovered"))
    sink:signal("TERM")
  end)

  it("are no client's to post, but an administrator may try them", function()
    local answer = gateway:post("/v1/events", { { type = "f" }, { type = "perilune.delivery.failed", data = {} } })
    assert.equal(400, answer.status)
    assert.equal("urn:perilune:bad_event", answer.json.type)
    assert.equal("/1/type", answer.json.pointer)
    assert.matches("types that begin with perilune. are the gateway's own", answer.json.detail, 1, true)
    answer = gateway:post("/v1/events", "{}", { ["Content-Type"] = "application/json", ["ce-specversion"] = "1.0",
      ["ce-id"] = "1", ["ce-source"] = "x", ["ce-type"] = "perilune.anything" })
    assert.equal(400, answer.status)
    local try = gateway:post("/v1/connectors/ops/webhooks/perilune.backlog/try",
      { event = { type = "perilune.backlog", data = { connector = "x" } } })
    assert.equal(200, try.json.response.status)
  end)
end)

describe("operator events that are on disk", function()
  teardown(function() support.finish() end)

  it("are told after a restart, once each", function()
    local port = support.closed_port()
    local gateway = support.gateway {
      files = {
        ["gateway.lua"] = support.gateway_lua,
        ["connectors/failing.lua"] = ([[return { base_url = "%s", retry = false, webhooks = {
          { on = "f", url = "/status?code=404" } } }]]):format(support.faulty_peer().url),
        ["connectors/ops.lua"] = listener("http://127.0.0.1:" .. port, "retry = { schedule = { 0.2, 1, 1, 1, 1, 1, 1, 1 } }"),
      },
      arguments = { "--workers", "2" },
    }
    for _ = 1, 20 do gateway:post("/v1/events", { type = "f", data = {} }) end
    gateway:wait_feed("webhook=f&state=failed", 20)
    gateway:wait_feed("type=perilune.delivery.failed", 20)
    gateway:kill()
    local sink = support.start({ support.binary, "sink", "--listen", "127.0.0.1:" .. port, "--json" })
    gateway:restart()
    gateway:wait_feed("type=perilune.delivery.failed&state=delivered", 20)
    local of = {}
    for line in sink:output():gmatch("[^\n]+") do
      of[support.json.decode(support.json.decode(line).body).data.delivery] = true
    end
    for _, row in ipairs(gateway:feed("webhook=f")) do assert.is_true(of[row.id]) end
    assert.equal(20, #gateway:feed("type=perilune.delivery.failed&limit=100"))
  end)
end)

describe("webhooks for operator events", function()
  teardown(function() support.finish() end)

  it("that fail themselves make none", function()
    local peer = support.faulty_peer()
    local gateway = support.gateway {
      files = {
        ["gateway.lua"] = [[return { egress = { allow = { "127.0.0.1" } }, breaker = { failures = 2, cooldown = 0.1 },
          backlog = { deliveries = 1, every = 0.1 } }]],
        ["connectors/failing.lua"] = ([[return { base_url = "%s", retry = false, webhooks = {
          { on = "f", url = "/status?code=404" } } }]]):format(peer.url),
        ["connectors/ops.lua"] = ([[return { base_url = "%s", retry = false, webhooks = {
          { on = "perilune.delivery.failed", url = "/status?code=404" },
          { on = "perilune.endpoint.disabled", url = "/status?code=503" },
          { on = "perilune.endpoint.down", url = "/status?code=410" },
          { on = "perilune.backlog", url = "/status?code=503" } } }]]):format(peer.url),
      },
    }
    gateway:post("/v1/events", { type = "f", data = {} })
    gateway:wait_feed("type=perilune.delivery.failed&state=failed")
    for _ = 1, 5 do
      gateway:post("/v1/connectors/failing/webhooks/f/disable", "")
      gateway:post("/v1/connectors/failing/webhooks/f/enable", "")
    end
    gateway:wait_feed("type=perilune.endpoint.disabled&state=failed", 5)
    gateway:post("/v1/events", { type = "nobody.wants.it", data = {} })
    -- f and its failure, five times that it is disabled, and the last; the breaker has opened meanwhile, quietly
    assert.equal(8, #gateway:feed("limit=100"))
    assert.equal(0, gateway:metric("perilune_deliveries_pending"))
  end)

  it("are checked: there is no other operator event, and none is declared", function()
    local folder = support.write(support.folder(), {
      ["gateway.lua"] = 'return { events = {\n"a",\n"perilune.backlog" } }',
      ["connectors/ops.lua"] = [[return { base_url = "https://ops.example", webhooks = {
        { on = "perilune.backlog", url = "/" },
        { on = "perilune.delivery.fail", url = "/" } } }]],
    })
    local code, output = support.run({ support.binary, "check", folder })
    assert.equal(3, code)
    assert.matches("gateway.lua:3: 'perilune.backlog' is the gateway's own: operator events are known without this", output, 1, true)
    assert.matches("connectors/ops.lua:3: there is no operator event 'perilune.delivery.fail', did you mean "
      .. "'perilune.delivery.failed'?", output, 1, true)
  end)

  it("are the only reason to make any", function()
    local gateway = support.gateway {
      files = {
        ["gateway.lua"] = support.gateway_lua,
        ["connectors/failing.lua"] = ([[return { base_url = "%s", retry = false, webhooks = {
          { on = "f", url = "/status?code=404" } } }]]):format(support.faulty_peer().url),
      },
    }
    gateway:post("/v1/events", { type = "f", data = {} })
    gateway:wait_feed("state=failed")
    gateway:post("/v1/connectors/failing/webhooks/f/disable", "")
    assert.equal(1, gateway:metric("perilune_events_total"))
    assert.equal(1, #gateway:feed())
  end)
end)
