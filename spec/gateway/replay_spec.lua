-- SPDX-License-Identifier: MIT
--- Jobs: what a filter selects is sent again, or cancelled, a bit at a time; the job outlives the gateway.

local support = require("spec.support")

local COUNT = 30

describe("a job", function()
  local sink, gateway, folder

  local function connector(url, path)
    return ([[return { base_url = "%s", retry = false, webhooks = { { on = "order", url = "%s" } } }]]):format(url, path)
  end

  local function job(id)
    local answer = gateway:get("/v1/replay/" .. id)
    assert.equal(200, answer.status)
    return answer.json
  end

  local function make(body, path)
    local answer = gateway:post(path or "/v1/replay", support.json.encode(body))
    assert.equal(202, answer.status, answer.body)
    return answer.json
  end

  local function ended(id)
    return support.eventually("the job is over", function()
      local now = job(id)
      return now.state ~= "running" and now
    end)
  end

  setup(function()
    folder = support.write(support.folder(), {
      ["gateway.lua"] = support.gateway_lua,
      ["connectors/erp.lua"] = connector("http://127.0.0.1:" .. support.closed_port(), "/old"),
      ["connectors/other.lua"] = ([[return { base_url = "http://127.0.0.1:%d", retry = { schedule = { 3600 }, jitter = 0 },
        webhooks = { { on = "other", url = "/" } } }]]):format(support.closed_port()),
    })
    gateway = support.gateway({ folder = folder })
    for n = 1, COUNT do
      assert.equal(202, gateway:post("/v1/events", ('{"id":"order-%02d","type":"order"}'):format(n)).status)
    end
    for _ = 1, 5 do assert.equal(202, gateway:post("/v1/events", { type = "other", data = {} }).status) end
    gateway:wait_feed("state=failed&limit=100", COUNT)
    sink = support.sink()
    support.write(folder, { ["connectors/erp.lua"] = connector(sink.url, "/today") })
    assert.equal(200, gateway:post("/v1/reload", "").status)
  end)

  teardown(function() support.finish() end)

  it("is only counted by a preview", function()
    local answer = gateway:post("/v1/replay", '{"filter":{"state":"failed"},"preview":true}')
    assert.equal(200, answer.status)
    assert.equal(COUNT, answer.json.total)
    assert.equal(0, gateway:post("/v1/replay", '{"filter":{"connector":"none"},"preview":true}').json.total)
    assert.equal(1, gateway:post("/v1/replay", '{"filter":{"event":"order-07"},"preview":true}').json.total)
    assert.equal(COUNT, gateway:post("/v1/replay", '{"filter":{"type":"order"},"preview":true}').json.total)
    assert.same({}, gateway:get("/v1/replay").json.jobs)
    assert.equal(0, sink:count())
  end)

  it("refuses what it does not understand", function()
    for body, detail in pairs({
      ["{}"] = 'expected an object with "filter"',
      ["[]"] = 'expected an object with "filter"',
      ['{"filter":{"colour":"red"}}'] = "filter: unknown member 'colour'; there are connector, webhook,",
      ['{"filter":{"kind":"call"}}'] = "filter: unknown member 'kind'",
      ['{"filter":{"state":"lost"}}'] = "filter.state: expected pending, delivered,",
      ['{"filter":{"state":7}}'] = "filter.state: expected a string",
      ['{"filter":{},"rate":0}'] = "rate: expected a whole number",
      ['{"filter":{},"rate":1001}'] = "rate: expected a whole number",
      ['{"filter":{},"preview":1}'] = "preview: expected true or false",
      ['{"filter":{},"speed":1}'] = "unknown member 'speed'; there are filter, rate and preview",
    }) do
      local answer = gateway:post("/v1/replay", body)
      assert.equal(400, answer.status, body)
      assert.matches(detail, answer.json.detail, 1, true)
    end
    local answer = gateway:post("/v1/cancel", '{"filter":{"state":"delivered"}}')
    assert.matches("only what is pending can be cancelled", answer.json.detail, 1, true)
    assert.equal(404, gateway:get("/v1/replay/77").status)
    assert.equal(404, gateway:post("/v1/replay/x/pause", "").status)
  end)

  it("goes at its rate, can be paused, survives a kill, goes on, and sends each once by today's scripts", function()
    local made = make({ filter = { state = "failed", connector = "erp" }, rate = 10 })
    assert.same({ "replay", "running", COUNT, 10 }, { made.kind, made.state, made.total, made.rate })
    support.eventually("some are done", function() return job(made.id).done >= 3 end)
    local paused = gateway:post(("/v1/replay/%d/pause"):format(made.id), "")
    assert.equal(200, paused.status)
    assert.equal("paused", paused.json.state)
    assert.is_true(paused.json.done < COUNT)
    support.eventually("what was taken has arrived", function() return sink:count() == paused.json.done end)
    assert.equal(128 + 9, gateway:kill())
    gateway:restart()
    assert.same({ "paused", paused.json.done }, { job(made.id).state, job(made.id).done })
    assert.equal("running", gateway:post(("/v1/replay/%d/resume"):format(made.id), "").json.state)
    support.eventually("it went on", function() return job(made.id).done > paused.json.done end)
    assert.equal(128 + 9, gateway:kill()) -- while it runs
    gateway:restart()
    local over = ended(made.id)
    assert.same({ "done", COUNT, 0 }, { over.state, over.done, over.failed })
    support.eventually("all are delivered", function()
      return #gateway:feed("state=delivered&connector=erp&limit=100") == COUNT
    end)
    local seen = {}
    for _, request in ipairs(sink:requests()) do
      assert.equal("/today", request.path)
      seen[request.headers["webhook-id"]] = true
    end
    local count = 0
    for _ in pairs(seen) do count = count + 1 end
    assert.equal(COUNT, count)
    assert.equal(409, gateway:post(("/v1/replay/%d/pause"):format(made.id), "").status)
  end)

  it("that is cancelled takes no more", function()
    local made = make({ filter = { state = "delivered" }, rate = 1 })
    local answer = gateway:post(("/v1/replay/%d/cancel"):format(made.id), "")
    assert.equal("cancelled", answer.json.state)
    assert.is_true(answer.json.done < COUNT)
    answer = gateway:post(("/v1/replay/%d/resume"):format(made.id), "")
    assert.equal(409, answer.status)
    assert.matches("the job is cancelled", answer.json.detail, 1, true)
  end)

  it("cancels what is pending", function()
    local made = make({ filter = { connector = "other" } }, "/v1/cancel")
    assert.equal("cancel", made.kind)
    assert.equal(5, made.total)
    assert.equal("done", ended(made.id).state)
    assert.equal(5, #gateway:feed("state=cancelled"))
    assert.equal(0, #gateway:feed("connector=other&state=pending"))
  end)

  it("is made and shown by `perilune replay`", function()
    local function perilune(...)
      return support.run({ support.binary, "replay", "--url", gateway.url, ... })
    end
    local code, output, errors = perilune("--state", "cancelled", "--preview")
    assert.same({ 0, "5 deliveries\n" }, { code, output }, errors)
    code, output = perilune("--cancel", "--connector", "other", "--json")
    assert.equal(0, code)
    local made = support.json.decode(output)
    assert.equal(0, made.total)
    assert.equal("done", ended(made.id).state)
    code, output = perilune("jobs")
    assert.equal(0, code)
    assert.matches("^ID +KIND +STATE +TOTAL +DONE +FAILED +RATE +CREATED +FINISHED\n" .. made.id .. " +cancel +done +0 +0 +0 +50 ", output)
    code, output = perilune("show", tostring(made.id), "--json")
    assert.same({ 0, "done" }, { code, support.json.decode(output).state })
    local refused, _, why = perilune("resume", tostring(made.id))
    assert.equal(1, refused)
    assert.matches("409, the job is done", why, 1, true)
    assert.equal(2, (perilune()))
    assert.equal(2, (perilune("rewind")))
  end)
end)
