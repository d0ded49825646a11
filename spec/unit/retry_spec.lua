-- SPDX-License-Identifier: MIT

local perilune = require "perilune"
local support = require "unit.support"

local function policies(connector, webhook)
  local generation = support.connector(([[return { %s
    webhooks = { { on = "t", url = "http://a.example", %s } } }]]):format(connector, webhook))
  return generation.policies[1]
end

local function faults(retry)
  return support.faults { ["connectors/acme.lua"] = ([[return { webhooks = { {
on = "t", url = "http://a.example",
retry = %s } } }]]):format(retry) }
end

describe("a retry policy", function()
  it("with a base grows by its factor up to its longest delay", function()
    assert.same({ 5, 10, 20, 40, 80, 160, 320 }, policies("", "retry = { base = 5 }").retry)
    assert.same({ 1, 3, 9, 20 },
      policies("", "retry = { base = 1, factor = 3, max = 20, attempts = 5 }").retry)
    assert.same({}, policies("", "retry = { base = 1, attempts = 1 }").retry)
    assert.equal(36000, policies("", "retry = { base = 30000 }").retry[2])
    assert.same({ 50000, 50000 }, policies("", "retry = { base = 50000, attempts = 3 }").retry)
  end)

  it("of a webhook wins over the connector's, part by part", function()
    local policy = policies("retry = { base = 5, max_age = 60, on = { 503 } },",
      "retry = { schedule = { 7 }, jitter = 0 }")
    assert.same({ { 7 }, 0, 60, { { 503, 503 } } },
      { policy.retry, policy.jitter, policy.max_age, policy.retry_on })
  end)

  it("names classes, statuses and ranges", function()
    assert.same({ "connect", "timeout", { 408, 408 }, { 500, 599 }, { 502, 504 } },
      policies("", 'retry = { on = { "connect", "timeout", 408, "5xx", "502-504" } }').retry_on)
    assert.is_nil(policies("", "retry = { jitter = 0 }").retry_on)
  end)

  it("that is wrong is a fault with its place", function()
    assert.same({ "connectors/acme.lua:3: a retry policy has either 'schedule' or 'base'" },
      faults "{ schedule = { 1 }, base = 2 }")
    assert.same({ "connectors/acme.lua:3: 'attempts' goes with 'base'",
      "connectors/acme.lua:3: 'factor' goes with 'base'",
      "connectors/acme.lua:3: 'max' goes with 'base'" },
      faults "{ schedule = { 1 }, factor = 2, max = 3, attempts = 4 }")
    assert.same({ "connectors/acme.lua:3: 'webhooks[1].retry.attempts' must be between 1 and 1000" },
      faults "{ base = 1, attempts = 0 }")
    local found = faults '{ on = { "conect", 42, "http_status" } }'
    assert.equal(3, #found)
    assert.matches("must be a status such as 429, \"5xx\" or \"500%-504\", or a class, not conect"
      .. ".*did you mean 'connect'", found[1])
    assert.matches("not 42$", found[2])
  end)

  it("may be a function of the answer", function()
    local function again(fn, status)
      local generation = support.connector(([[return { webhooks = {
        { on = "t", url = "http://a.example", retry = { on = %s } } } }]]):format(fn))
      local _, frame = support.render(generation, '{"type":"t","data":{"n":7}}')
      local _, _, message, verdict = perilune.map(generation, 1,
        support.response(status, '{"busy":true}'), frame)
      return verdict, message
    end
    local fn = "function(c, r) return r.status == 400 and c.data.n == 7 and c.values.response.busy end"
    assert.is_true(again(fn, 400))
    assert.is_false(again(fn, 503))
    assert.is_nil(again(fn, 200))
    local verdict, message = again('function() error("no idea") end', 503)
    assert.is_nil(verdict)
    assert.matches("^retry.on: .*no idea", message)
  end)
end)

describe("what disables a webhook", function()
  it("is an answer of 410, or what the connector or the webhook says", function()
    assert.same({ { 410, 410 } }, policies("", "").disable_on)
    assert.same({}, policies("disable_on = false,", "").disable_on)
    assert.same({ { 404, 404 }, { 410, 499 } }, policies("", 'disable_on = { 404, "410-499" }').disable_on)
    assert.same({ { 410, 410 } }, policies("disable_on = { 404 },", "disable_on = { 410 }").disable_on)
    assert.same({}, policies("disable_on = { 404 },", "disable_on = false").disable_on)
  end)

  it("that is no status is a fault", function()
    local found = support.faults { ["connectors/acme.lua"] = [[return {
disable_on = { "timeout" }, webhooks = { { on = "t", url = "http://a.example" } } }]] }
    assert.equal(1, #found)
    assert.matches("^connectors/acme.lua:2: .*must be a status", found[1])
  end)
end)

describe("a connector's retention", function()
  it("is days, and how much may stay", function()
    assert.same({ days = 3, payload_days = 0, deliveries = 100, bytes = 1048576 },
      policies('retention = { days = 3, payload_days = 0, deliveries = 100, bytes = "1M" },', "").retention)
    assert.is_nil(policies("", "").retention)
  end)

  it("that is wrong is a fault", function()
    assert.same({
      'connectors/acme.lua:2: \'retention.bytes\' must be a whole number of bytes, or a text such as "64k", "1M" or "1G"',
      "connectors/acme.lua:2: 'retention.days' must be between 0 and 36500",
      "connectors/acme.lua:2: 'retention.deliveries' must be between 1 and 1000000000" },
      support.faults { ["connectors/acme.lua"] = [[return {
retention = { days = -1, deliveries = 0, bytes = "much" }, webhooks = { { on = "t", url = "http://a.example" } } }]] })
  end)
end)

describe("a rate", function()
  it("is the connector's, with a tenth of a second's worth as burst", function()
    assert.same({ per_second = 50, burst = 5, concurrency = 3 },
      policies("rate = { per_second = 50, concurrency = 3 },", "").rate)
    assert.same({ per_second = 2, burst = 1 }, policies("rate = { per_second = 2 },", "").rate)
    assert.same({ per_second = 2, burst = 9 },
      policies("rate = { per_second = 2, burst = 9 },", "").rate)
    assert.same({ concurrency = 1 }, policies("rate = { concurrency = 1 },", "").rate)
    assert.is_nil(policies("", "").rate)
  end)

  it("of a webhook is its own, and counts instead of the connector's", function()
    local policy = policies("rate = { per_second = 50 },", "rate = { concurrency = 2 }")
    assert.same({ concurrency = 2 }, policy.rate)
    assert.equal("acme/t", policy.own_quota)
    assert.is_nil(policies("rate = { per_second = 50 },", "").own_quota)
    assert.same({ "connectors/acme.lua:2: 'burst' goes with 'per_second'" },
      support.faults { ["connectors/acme.lua"] = [[return { webhooks = { { on = "t", url = "http://a.example",
rate = { burst = 3 } } } }]] })
  end)

  it("that is wrong is a fault", function()
    assert.same({ "connectors/acme.lua:2: 'rate.concurrency' must be between 1 and 1000000",
      "connectors/acme.lua:2: 'burst' goes with 'per_second'" },
      support.faults { ["connectors/acme.lua"] = [[return {
rate = { burst = 3, concurrency = 0 }, webhooks = { { on = "t", url = "http://a.example" } } }]] })
  end)
end)

describe("a destination of gateway.lua", function()
  local function limits(text)
    return support.load({ ["gateway.lua"] = ("return { destinations = { %s } }"):format(text) }).limits
  end

  it("that says more is looked at first", function()
    local order = {}
    for i, limit in ipairs(limits [[ ["*"] = { concurrency = 1 }, ["*.example"] = { concurrency = 2 }, ["*.A.example"] = { concurrency = 3 },
      ["a.example"] = { concurrency = 4 }, ["*.example:81"] = { concurrency = 5 }, ["[::1]:80"] = { concurrency = 6 },
      ["*:443"] = { concurrency = 7 } ]]) do
      order[i] = ("%s %d %d"):format(limit.host, limit.port, limit.rate.concurrency)
    end
    assert.same({ "::1 80 6", "*.example 81 5", "* 443 7", "a.example 0 4", "*.a.example 0 3", "*.example 0 2", "* 0 1" }, order)
  end)

  it("has a rate as connectors do", function()
    assert.same({ { host = "a.example", port = 0, rate = { per_second = 50, burst = 5 } } },
      limits [[ ["a.example"] = { per_second = 50 } ]])
    assert.same({}, limits "")
  end)

  it("that is wrong is a fault", function()
    local found = support.faults { ["gateway.lua"] = [[return { destinations = {
["http://a.example"] = { concurrency = 1 },
["a.*.example"] = { concurrency = 1 },
["a.example:0"] = { concurrency = 1 },
["b.example"] = { concurrency = 1 },
["B.example"] = { concurrency = 1 },
["c.example"] = {},
["d.example"] = { burst = 1 },
} }]] }
    local lines = {}
    for i, fault in ipairs(found) do lines[i] = fault:match("^gateway.lua:(%d+): ") end
    assert.same({ "2", "3", "4", "5", "7", "8" }, lines)
    assert.matches("'http://a.example' is no destination: they are \"api.example.com\"", found[1], 1, true)
    assert.matches("'B.example' and 'b.example' are the same destination", found[4], 1, true)
    assert.matches("a limit wants 'per_second' or 'concurrency'", found[5], 1, true)
    assert.matches("'burst' goes with 'per_second'", found[6], 1, true)
  end)
end)
