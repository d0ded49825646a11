-- SPDX-License-Identifier: MIT
local support = require("spec.support")
local example = require("spec.support.example")

local TOKEN = "abc123"

--- The example with other retries, for what cannot wait for the schedule of production.
local function with_retry(retry)
  return example.copy("rag-go-intent", {
    ["connectors/crm.lua"] = { { "timeout = 10,", "timeout = 10, retry = " .. retry .. "," } },
    ["connectors/team-chat.lua"] = { { "timeout = 10,", "timeout = 10, retry = " .. retry .. "," } },
  })
end

local function start(sink, folder)
  return support.gateway({ folder = folder or "examples/rag-go-intent", env = {
    PERILUNE_VAR_SINK_PORT = tostring(sink.port), PERILUNE_SECRET_CRM_TOKEN = TOKEN,
  } })
end

local function event(name)
  return example.event("rag-go-intent", name)
end

local function header_names(request)
  local names = {}
  for name in pairs(request.headers) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

describe("rag-go-intent", function()
  teardown(support.finish)

  local hanging, patient

  -- Hangs while the other tests run; the last one asks what became of it.
  setup(function()
    hanging = support.sink("--delay", "60")
    patient = start(hanging, with_retry("false"))
    patient:post("/v1/events", event("book_appointment"))
  end)

  describe("with an endpoint that answers", function()
    local sink, gateway

    setup(function()
      sink = support.sink()
      gateway = start(sink)
    end)

    it("posts the slots of the intent as a flat object", function()
      assert.equal(202, gateway:post("/v1/events", event("book_appointment")).status)
      local request = sink:wait(1)[1]
      assert.equal("POST", request.method)
      assert.equal("/webhook", request.path)
      assert.equal('{"customer_name":"John Doe","appointment_date":"2026-03-15","phone":"+84901234567"}', request.body)
    end)

    it("sends its headers, the token with the prefix", function()
      local request = sink:wait(1)[1]
      assert.equal("application/json", request.headers["content-type"])
      assert.equal("rag-go-intent-webhook/1.0", request.headers["user-agent"])
      assert.equal("Bearer abc123", request.headers.authorization)
      assert.same({ "accept-encoding", "authorization", "content-length", "content-type", "host", "user-agent", "webhook-id",
        "webhook-timestamp" }, header_names(request))
    end)

    it("sends no Authorization when no token is configured", function()
      gateway:post("/v1/events", event("talk_to_human"))
      local request = sink:wait(2)[2]
      assert.equal("/chat/handover", request.path)
      assert.equal('{"customer_name":"Nguyễn An","topic":"invoice"}', request.body)
      assert.equal("rag-go-intent-webhook/1.0", request.headers["user-agent"])
      assert.same({ "accept-encoding", "content-length", "content-type", "host", "user-agent", "webhook-id",
        "webhook-timestamp" }, header_names(request))
    end)

    it("fires the webhook of the intent and no other", function()
      local answer = gateway:post("/v1/events", { type = "intent", data = { intent = "small_talk", slots = {} } })
      assert.same({}, answer.json.deliveries)
      assert.equal("webhooks for 'intent' exist, but none applies (key)", answer.json.reason)
    end)

    it("logs the full request and the full response, with a status badge and without the token", function()
      local row = gateway:wait_feed("connector=crm&state=delivered", 1)[1]
      assert.equal(200, row.status)
      local answer = gateway:get("/v1/deliveries/" .. row.id)
      assert.is_nil(answer.body:find(TOKEN, 1, true))
      local attempt = answer.json.attempts[1]
      assert.equal(("http://127.0.0.1:%d/webhook"):format(sink.port), attempt.request.url)
      assert.equal("POST", attempt.request.method)
      assert.equal('{"customer_name":"John Doe","appointment_date":"2026-03-15","phone":"+84901234567"}',
        attempt.request.body)
      local headers = {}
      for _, pair in ipairs(attempt.request.headers) do
        headers[pair[1]] = pair[2]
      end
      assert.equal("application/json", headers["Content-Type"])
      assert.equal("rag-go-intent-webhook/1.0", headers["User-Agent"])
      assert.equal("Bearer ***", headers.Authorization)
      assert.equal(200, attempt.response.status)
      assert.equal('{"ok":true}', attempt.response.body)
    end)
  end)

  for _, status in ipairs({ 200, 201, 204 }) do
    it("takes " .. status .. " as delivered", function()
      local gateway = start(support.sink("--status", tostring(status)))
      gateway:post("/v1/events", event("book_appointment"))
      assert.equal(status, gateway:wait_feed("state=delivered", 1)[1].status)
    end)
  end

  for _, status in ipairs({ 301, 404 }) do
    it("takes " .. status .. " as a failure", function()
      local sink = support.sink("--status", tostring(status))
      local gateway = start(sink, with_retry("false"))
      gateway:post("/v1/events", event("book_appointment"))
      local row = gateway:wait_feed("state=failed", 1)[1]
      assert.equal(status, row.status)
      assert.equal("http_status", row.outcome)
      assert.equal(1, sink:count())
    end)
  end

  it("does what it lacked: it retries until the endpoint is available", function()
    local sink = support.sink("--fail-first", "2")
    local gateway = start(sink, with_retry("{ schedule = { 0.1, 0.2, 60 }, jitter = 0 }"))
    gateway:post("/v1/events", event("book_appointment"))
    local row = gateway:wait_feed("state=delivered", 1)[1]
    assert.equal(3, row.attempts)
    local requests = sink:wait(3)
    for i, attempt in ipairs(gateway:delivery(row.id).attempts) do
      assert.equal(i, attempt.number)
      assert.equal(i < 3 and 503 or 200, attempt.response.status)
      assert.equal(row.id, requests[i].headers["webhook-id"])
      assert.equal(requests[1].body, requests[i].body)
    end
  end)

  it("retries by default, first after about 5 seconds", function()
    local gateway = start(support.sink("--status", "503"))
    gateway:post("/v1/events", event("book_appointment"))
    local row = gateway:wait_feed("status=5xx", 1)[1]
    assert.equal("pending", row.state)
    local function seconds(time)
      local hours, minutes, rest = time:match("T(%d+):(%d+):([%d.]+)Z$")
      return (hours * 60 + minutes) * 60 + rest
    end
    local attempt = gateway:delivery(row.id).attempts[1]
    local after = (seconds(row.due) - seconds(attempt.started)) % 86400
    assert.truthy(after >= 4.4 and after <= 7, "due after " .. after)
  end)

  it("gives an endpoint 10 seconds", function()
    local row = patient:wait_feed("state=failed", 1)[1]
    assert.equal("timeout", row.outcome)
    local attempt = patient:delivery(row.id).attempts[1]
    assert.is_truthy(attempt.timings.total_ms >= 9900 and attempt.timings.total_ms < 11500)
    assert.equal(1, hanging:count())
  end)

  it("does what its README says", function()
    local outputs = example.readme("rag-go-intent", { ports = { SINK_PORT = "9090" } })
    assert.truthy(outputs["build/perilune feed"]:find("book_appointment", 1, true))
  end)
end)
