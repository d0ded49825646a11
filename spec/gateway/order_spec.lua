-- SPDX-License-Identifier: MIT

--- Deliveries of a key go one after another, in the order in which their events were accepted.

local support = require("spec.support")

local WORKERS = "4"
local KEYS, EACH = 20, 15

describe("order_by", function()
  local sink, gateway

  local function start(connectors, arguments, sink_arguments)
    sink = support.sink(unpack(sink_arguments or {}))
    local files = { ["gateway.lua"] = support.gateway_lua }
    for name, text in pairs(connectors) do
      files[("connectors/%s.lua"):format(name)] = text:gsub("SINK", sink.url)
    end
    gateway = support.gateway({ files = files, arguments = { "--workers", WORKERS, unpack(arguments or {}) } })
  end

  after_each(function() support.finish() end)

  local function post(type, data)
    local answer = gateway:post("/v1/events", { type = type, data = data })
    assert.equal(202, answer.status, answer.body)
    return answer.json.deliveries[1].id
  end

  --- What the sink got of each key: the numbers of the events, in the order in which they came.
  local function arrived()
    local by_key = {}
    for _, request in ipairs(sink:requests()) do
      local data = request.json.data
      local key = tostring(data.key)
      by_key[key] = by_key[key] or {}
      table.insert(by_key[key], data.n)
    end
    return by_key
  end

  local function all_is_delivered()
    return support.eventually("nothing is pending", function()
      return gateway:metric("perilune_deliveries_pending") == 0
    end, 60)
  end

  local function row(id)
    local found = gateway:delivery(id)
    found.event, found.attempts = nil, nil
    return found
  end

  local function becomes(id, state)
    return support.eventually(("%s is %s"):format(id, state), function()
      local found = row(id)
      return found.state == state and found
    end)
  end

  local function command(id, name)
    return gateway:post(("/v1/deliveries/%s/%s"):format(id, name), "")
  end

  local FAILS_IF_TOLD = [[{ on = "step", url = "/", retry = { schedule = { 0.02, 0.02 }, jitter = 0, on = { 200 } },
    success = function(ctx, response) return not ctx.data.fails end, order_by = %s }]]

  local function failing(order_by)
    return { shop = ('return { base_url = "SINK", webhooks = { %s } }'):format(FAILS_IF_TOLD:format(order_by)) }
  end

  it("holds for many keys, several workers and connections, and a receiver that fails", function()
    -- Every third request fails, whichever it is; each post is a connection of its own.
    start({ shop = [[return { base_url = "SINK", retry = { base = 0.01, factor = 1, attempts = 100 },
      webhooks = { { on = "step", url = "/", order_by = "{{ data.key }}" } } }]] },
      { "--limits-resident", "40", "--limits-in-flight", "10" }, { "--fail-every", "3", "--delay", "0.005" })
    for n = 1, EACH do
      for key = 1, KEYS do post("step", { key = key, n = n }) end
    end
    all_is_delivered()
    local by_key, keys = arrived(), 0
    for _, numbers in pairs(by_key) do
      local last = 0
      for _, n in ipairs(numbers) do -- one that failed comes again, before the next one comes
        assert.is_true(n == last or n == last + 1, ("%d after %d"):format(n, last))
        last = n
      end
      assert.equal(EACH, last)
      keys = keys + 1
    end
    assert.equal(KEYS, keys)
  end)

  it("goes by the places of events in a batch", function()
    start({ shop = [[return { base_url = "SINK", webhooks = { { on = "step", url = "/", order_by = "all" } } }]] })
    local batch, wanted = {}, {}
    for n = 1, 50 do
      batch[n] = { type = "step", data = { key = "k", n = n } }
      wanted[n] = n
    end
    assert.equal(202, gateway:post("/v1/events", support.json.encode(batch)).status)
    all_is_delivered()
    assert.same(wanted, arrived().k)
  end)

  it("is common to the webhooks of a connector that says it, and not to those that say otherwise", function()
    start({ shop = [[return { base_url = "SINK", order_by = "{{ data.key }}",
      retry = { schedule = { 0.05 }, jitter = 0, on = { 200 } },
      webhooks = {
        { on = "made", url = "/", success = function(ctx) return ctx.attempt == 2 end },
        { on = "changed", url = "/" },
        { on = "noted", url = "/", order_by = false },
        { on = "counted", url = "/", order_by = function(ctx) return ctx.data.key end },
      } }]] })
    local first = post("made", { key = "k", n = 1 })
    local second = row(post("changed", { key = "k", n = 2 }))
    becomes(post("noted", { key = "k", n = 3 }), "delivered")
    becomes(post("counted", { key = "k", n = 4 }), "delivered")
    all_is_delivered()
    assert.is_true(second.waits_for == first or row(second.id).state == "delivered")
    local numbers, of_connector = arrived().k, {}
    for _, n in ipairs(numbers) do
      if n < 3 then of_connector[#of_connector + 1] = n end
    end
    assert.same({ 1, 1, 2 }, of_connector)
    assert.equal(5, #numbers)
  end)

  it("by default stops a key at a delivery that has failed, until it is retried or cancelled", function()
    start(failing('"{{ data.key }}"'))
    local one = post("step", { key = "k", n = 1, fails = true })
    local two = post("step", { key = "k", n = 2, fails = true })
    local three = post("step", { key = "k", n = 3 })
    becomes(one, "failed")
    becomes(post("step", { key = "other", n = 1 }), "delivered")
    local waiting = row(three)
    assert.same({ "pending", "k", one, support.json.null }, { waiting.state, waiting.order_key, waiting.waits_for, waiting.due })
    assert.same({ 1, 1, 1 }, arrived().k)
    local groups = {}
    for _, group in ipairs(gateway:get("/v1/undelivered").json.groups) do
      groups[group.state] = { group.count, group.waiting, group.stopping }
    end
    assert.same({ failed = { 1, 0, 1 }, pending = { 2, 2, 0 } }, groups)
    assert.equal(2, gateway:metric("perilune_deliveries_waiting"))
    assert.equal(1, gateway:metric("perilune_order_keys_stopped"))

    gateway:kill()
    gateway:restart()
    local four = post("step", { key = "k", n = 4 })
    assert.equal(one, row(four).waits_for)
    assert.equal(202, command(two, "retry").status) -- out of its turn: it stays where it is
    assert.equal(one, row(two).waits_for)
    assert.equal(202, command(one, "retry").status)
    support.eventually("it has failed again", function()
      return #gateway:delivery(one).attempts == 6 and row(one).state == "failed"
    end)
    assert.equal(200, command(one, "cancel").status)
    becomes(two, "failed")
    assert.equal(409, command(one, "cancel").status)
    local job = gateway:post("/v1/cancel", '{"filter":{"state":"failed"}}')
    assert.equal(202, job.status, job.body)
    becomes(four, "delivered")
    assert.equal("cancelled", row(two).state)
    assert.same({ 1, 1, 1, 1, 1, 1, 2, 2, 2, 3, 4 }, arrived().k)
  end)

  it("goes on after a failure where it is told to skip", function()
    start(failing('{ key = "{{ data.key }}", on_failure = "skip" }'))
    local one = post("step", { key = "k", n = 1, fails = true })
    post("step", { key = "k", n = 2 })
    becomes(post("step", { key = "k", n = 3 }), "delivered")
    assert.equal("failed", row(one).state)
    assert.same({ 1, 1, 1, 2, 3 }, arrived().k)
  end)

  it("goes on with the newest after a failure where it is told so, and supersedes what is older", function()
    start({ shop = [[return { base_url = "SINK", webhooks = { { on = "step", url = "/",
      order_by = { key = "{{ data.key }}", on_failure = "newest" }, retry = { schedule = { 3600 }, jitter = 0, on = { 200 } },
      success = function(ctx, response) return not ctx.data.fails end } } }]] })
    local one = post("step", { key = "k", n = 1, fails = true })
    support.eventually("the first has failed once", function() return #gateway:delivery(one).attempts == 1 end)
    -- It waits an hour in the store. One that is newer goes at once; it fails as well, and others come.
    local two = post("step", { key = "k", n = 2, fails = true })
    becomes(one, "cancelled")
    support.eventually("the second has failed once", function() return #gateway:delivery(two).attempts == 1 end)
    local batch = {}
    for n = 3, 5 do batch[#batch + 1] = { type = "step", data = { key = "k", n = n, fails = n < 5 } } end
    local answer = gateway:post("/v1/events", support.json.encode(batch))
    assert.equal(202, answer.status)
    local last = answer.json.events[3].deliveries[1].id
    becomes(last, "delivered")
    assert.equal("superseded by " .. two, row(one).reason)
    assert.matches("^superseded by ", row(two).reason)
    assert.equal(0, gateway:metric("perilune_deliveries_pending"))
    local numbers = arrived().k
    assert.same({ 1, 2 }, { numbers[1], numbers[2] })
    assert.equal(5, numbers[#numbers])
  end)

  it("lets one that waits in a worker's memory give way to a newer", function()
    start({ shop = [[return { base_url = "SINK", webhooks = { { on = "step", url = "/",
      order_by = { key = "{{ data.key }}", on_failure = "newest" }, retry = { schedule = { 50 }, jitter = 0, on = { 200 } },
      success = function(ctx, response) return not ctx.data.fails end } } }]] })
    for n = 1, 20 do -- by several workers
      local old = post("step", { key = n, n = 1, fails = true })
      support.eventually("it has failed once", function() return #gateway:delivery(old).attempts == 1 end)
      local new = post("step", { key = n, n = 2 })
      becomes(new, "delivered")
      assert.equal("superseded by " .. new, row(old).reason)
    end
  end)

  it("goes on when the one that is waited for is cancelled", function()
    start({ shop = [[return { base_url = "SINK", webhooks = { { on = "step", url = "/", order_by = "{{ data.key }}",
      retry = { schedule = { 3600 }, jitter = 0, on = { 200 } },
      success = function(ctx, response) return not ctx.data.fails end } } }]] })
    local one = post("step", { key = "k", n = 1, fails = true })
    local two = post("step", { key = "k", n = 2 })
    support.eventually("the first has failed once", function() return #gateway:delivery(one).attempts == 1 end)
    assert.equal(one, row(two).waits_for)
    assert.equal(200, command(one, "cancel").status)
    becomes(two, "delivered")
    -- The same with one that is erased.
    local three = post("step", { key = "k", n = 3, fails = true })
    local four = post("step", { key = "k", n = 4 })
    support.eventually("the third has failed once", function() return #gateway:delivery(three).attempts == 1 end)
    assert.equal(200, gateway:request("DELETE", "/v1/events/" .. gateway:delivery(three).event.id).status)
    becomes(four, "delivered")
    assert.same({ 1, 2, 3, 4 }, arrived().k)
  end)

  it("has no order for an empty key, and knows a long one by its hash", function()
    start(failing('"{{ data.key }}"'))
    local one = post("step", { key = "", n = 1, fails = true })
    local two = post("step", { key = "", n = 2 })
    becomes(one, "failed")
    assert.equal(support.json.null, becomes(two, "delivered").order_key)
    local long = post("step", { key = ("a"):rep(1000), n = 1 })
    -- printf 'a%.0s' $(seq 1000) | sha256sum
    assert.equal("sha256:41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3", row(long).order_key)
  end)

  it("that cannot be made fails the delivery visibly, and is asked again with each attempt", function()
    start({ shop = [[return { base_url = "SINK", webhooks = { { on = "step", url = "/", retry = false,
      order_by = function(ctx) return ctx.data.key.part end } } }]] })
    local id = post("step", { n = 1 })
    becomes(id, "failed")
    assert.equal(0, sink:count())
    local attempt = gateway:delivery(id).attempts[1]
    assert.equal("script", attempt.outcome)
    assert.matches("connectors/shop.lua:2: ", attempt.error, 1, true)
    becomes(post("step", { key = { part = "x" }, n = 2 }), "delivered")
    support.write(gateway.folder, { ["connectors/shop.lua"] =
      ([[return { base_url = "%s", webhooks = { { on = "step", url = "/" } } }]]):format(sink.url) })
    assert.equal(200, gateway:post("/v1/reload", "").status)
    assert.equal(202, command(id, "retry").status)
    becomes(id, "delivered")
  end)

  it("of a new generation is for what is accepted from then on", function()
    local function connector(order_by)
      return ([[return { base_url = "SINK", webhooks = { { on = "step", url = "/", retry = false, %s
        success = function(ctx, response) return not ctx.data.fails end } } }]]):format(order_by)
    end
    local function reload(order_by)
      support.write(gateway.folder, { ["connectors/shop.lua"] = connector(order_by):gsub("SINK", sink.url) })
      assert.equal(200, gateway:post("/v1/reload", "").status)
    end
    start({ shop = connector('order_by = "{{ data.key }}",') })
    local one = post("step", { key = "k", n = 1, fails = true })
    local two = post("step", { key = "k", n = 2, fails = true })
    local three = post("step", { key = "k", n = 3 })
    becomes(one, "failed")
    reload("")
    becomes(post("step", { key = "k", n = 4 }), "delivered")
    assert.equal(one, row(two).waits_for)
    -- What has an order keeps it; a failure stops nothing where there is none any more.
    assert.equal(202, command(one, "retry").status)
    becomes(three, "delivered")
    assert.same({ 1, 4, 1, 2, 3 }, arrived().k)
  end)
end)
