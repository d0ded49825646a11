-- SPDX-License-Identifier: MIT
local support = require("spec.support")

describe("GET /metrics", function()
  local sink, gateway

  setup(function()
    sink = support.sink("--fail-first", "1")
    gateway = support.gateway({
      files = {
        ["gateway.lua"] = support.gateway_lua,
        ["connectors/shop.lua"] = ([[
          return {
            base_url = "%s",
            retry = { schedule = { 0.05 }, jitter = 0 },
            webhooks = { { on = "order.confirmed", url = "/" } },
          }]]):format(sink.url),
      },
      arguments = { "--workers", "2" },
    })
  end)

  teardown(function() support.finish() end)

  --- The exposition format (Prometheus, "Exposition formats", text 0.0.4): name -> { type, samples }.
  local function parse(text)
    local families, series, current = {}, {}, nil
    assert.equal("\n", text:sub(-1))
    for line in text:gmatch("([^\n]*)\n") do
      local help = line:match("^# HELP ([%a_:][%w_:]*) .+$")
      local name, kind = line:match("^# TYPE ([%a_:][%w_:]*) (%a+)$")
      local sample, labels, value = line:match("^([%a_:][%w_:]*)({?[^}]*}?) (%S+)$")
      if help then
        assert.is_nil(families[help], "twice: " .. help)
        current = { samples = {}, name = help }
        families[help] = current
      elseif name then
        assert.equal(current.name, name)
        assert.is_truthy(("counter gauge histogram"):find(kind, 1, true))
        current.type = kind
      else
        assert.is_truthy(sample, "not a sample: " .. line)
        assert.is_nil(series[sample .. labels], "twice: " .. line)
        series[sample .. labels] = true
        assert.is_truthy(tonumber(value), line)
        for pair in labels:gsub("^{", ""):gsub("}$", ""):gmatch("[^,]+") do
          assert.matches('^[%a_][%w_]*="[^"\\]*"$', pair)
        end
        assert.equal(current.name, (sample:gsub(current.type == "histogram" and "_%l+$" or "$^", "")))
        table.insert(current.samples, { name = sample, labels = labels, value = tonumber(value) })
      end
    end
    return families
  end

  it("has threads that are named after what they do", function()
    local names = {}
    local files = io.popen(("cat /proc/%d/task/*/comm"):format(gateway.process.pid))
    for name in files:lines() do names[name] = (names[name] or 0) + 1 end
    files:close()
    assert.is_truthy(names.perilune) -- the first, and what a sanitizer has beside it
    for _, name in ipairs({ "worker 0", "worker 1", "store", "store copier", "store reader", "secrets" }) do
      assert.equal(1, names[name], name)
    end
  end)

  it("is the Prometheus text format, with a type and help for each family", function()
    local answer = gateway:get("/metrics")
    assert.equal(200, answer.status)
    assert.matches("^text/plain; version=0.0.4", answer.headers["content-type"])
    for name, family in pairs(parse(answer.body)) do
      assert.is_truthy(family.type, name)
      assert.is_true(#family.samples > 0, name)
      assert.matches("^perilune_", name)
      assert.equal(family.type == "counter", name:find("_total$") ~= nil, name)
    end
  end)

  it("has histograms whose buckets add up", function()
    gateway:post("/v1/events", '{"type":"order.confirmed"}', { Prefer = "wait=10" })
    local histograms = 0
    for name, family in pairs(parse(gateway:get("/metrics").body)) do
      local last, infinite = {}, {}
      for _, sample in ipairs(family.type == "histogram" and family.samples or {}) do
        local rest = sample.labels:gsub(',?le="[^"]*"', ""):gsub("{}", "")
        if sample.name == name .. "_bucket" then
          assert.is_true(sample.value >= (last[rest] or 0), name)
          last[rest] = sample.value
          if sample.labels:find('le="+Inf"', 1, true) then infinite[rest] = sample.value end
        elseif sample.name == name .. "_count" then
          assert.equal(infinite[rest], sample.value)
          histograms = histograms + 1
        end
      end
    end
    assert.is_true(histograms >= 3)
  end)

  it("counts what happens", function()
    local names = {
      "perilune_events_total", "perilune_events_duplicate_total", "perilune_events_unmatched_total",
      "perilune_deliveries_total", "perilune_deliveries_delivered_total", "perilune_calls_total",
      'perilune_attempts_total{outcome="ok"}', 'perilune_server_responses_total{class="2xx"}',
      'perilune_server_responses_total{class="4xx"}', "perilune_client_transfers_total",
      "perilune_store_commits_total", 'perilune_stage_seconds_count{stage="send"}',
      "perilune_delivery_seconds_count",
    }
    local function all()
      local values = {}
      for _, name in ipairs(names) do values[name] = gateway:metric(name) or error(name) end
      return values
    end
    local before = all()
    gateway:post("/v1/events", '{"id":"m-1","type":"order.confirmed"}', { Prefer = "wait=10" })
    gateway:post("/v1/events", '{"id":"m-1","type":"order.confirmed"}')
    gateway:post("/v1/events", '{"id":"m-2","type":"nobody.wants"}')
    gateway:post("/v1/calls/shop/order.confirmed", "{}")
    gateway:get("/v1/nothing")
    local after = all()
    assert.equal(2, after["perilune_events_total"] - before["perilune_events_total"])
    assert.equal(1, after["perilune_events_duplicate_total"] - before["perilune_events_duplicate_total"])
    assert.equal(1, after["perilune_events_unmatched_total"] - before["perilune_events_unmatched_total"])
    assert.equal(1, after["perilune_deliveries_total"] - before["perilune_deliveries_total"])
    assert.equal(1, after["perilune_calls_total"] - before["perilune_calls_total"])
    for _, name in ipairs(names) do assert.is_true(after[name] > before[name], name) end
  end)

  it("tells the retry and the failed attempt of the first delivery", function()
    assert.equal(1, gateway:metric("perilune_deliveries_retried_total"))
    assert.equal(1, gateway:metric('perilune_attempts_total{outcome="http_status"}'))
  end)

  it("tells the longest stall of a loop", function()
    local stall = gateway:metric("perilune_loop_stall_seconds_max")
    assert.is_true(stall > 0)
    -- Nothing blocks a worker. Bound: a sanitized build on a busy machine.
    assert.is_true(stall < 1, stall)
    assert.equal(2, gateway:metric("perilune_workers"))
    assert.equal(1, gateway:metric("perilune_generation"))
  end)
end)
