-- SPDX-License-Identifier: MIT
local support = require("spec.support")
local example = require("spec.support.example")

local function event(name)
  return example.event("flowforge", name)
end

--- The whole body of a request.
local function envelope(id, name, time, data)
  return ('{\n  "id": "%s",\n  "data": %s,\n  "event": "%s",\n  "object": "event",\n  "created_at": "%s"\n}')
    :format(id, data, name, time)
end

describe("flowforge", function()
  teardown(support.finish)

  local sink, gateway

  setup(function()
    sink = support.sink()
    -- Times in the envelope are UTC wherever the gateway runs.
    gateway = support.gateway({ folder = "examples/flowforge",
      env = { PERILUNE_VAR_SINK_PORT = tostring(sink.port), TZ = "Asia/Kolkata" } })
  end)

  --- Posts an event and gives the one request that it caused.
  local function sent(body)
    local before = sink:count()
    local answer = gateway:post("/v1/events", body)
    assert.equal(202, answer.status)
    assert.equal(1, #answer.json.deliveries)
    return sink:wait(before + 1)[before + 1], answer.json
  end

  it("sends captured_form.created in the envelope, member by member in order", function()
    local request, answer = sent(event("captured_form"))
    assert.equal("leads-crm", answer.deliveries[1].connector)
    assert.equal("POST", request.method)
    assert.equal("/leads", request.path)
    assert.equal("application/json", request.headers["content-type"])
    assert.equal(envelope("018eb05e-7efd-7bef-a765-7bccbd9f39d9", "capturedform.created", "2024-04-05 22:26:08",
      '{"form_id":"018eaff3-67cb-7d86-bb5e-65c952c8dc2a",'
      .. '"form_name":"Algoscale Leads","widget_id":"018cd9c9-a864-7de1-98c0-6478c74b9c2b",'
      .. '"assistant_id":"018cd9c8-e317-7079-accd-17be51784256",'
      .. '"field_values":{"name":"Smith Stevens","email":"smith@gmail.com","query":"flask developer"},'
      .. '"conversation_id":"018eb05d-cf6c-7631-8992-fd8377db4145",'
      .. '"captured_form_id":"018eb05e-7177-7374-af12-66132614cb9f"}'), request.body)
  end)

  it("sends captured_intent.created, with an id of version 7 of its own and the time in UTC", function()
    local request, answer = sent(event("captured_intent"))
    assert.equal("conversation-log", answer.deliveries[1].connector)
    assert.equal("/conversations", request.path)
    assert.truthy(answer.id:match("^%x%x%x%x%x%x%x%x%-%x%x%x%x%-7%x%x%x%-[89ab]%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x$"))
    assert.equal(envelope(answer.id, "capturedintent.created", "2024-04-10 18:16:50",
      '{"intent_id":"023eca5e-a584-1002-960d-4857d7d28c67","chat_count":2,'
      .. '"intent_name":"SALES","device_type":"mobile","widget_id":"018eb656-5692-7a92-836b-80e2cd1eca56",'
      .. '"assistant_id":"018eb657-5027-7a36-ad61-77e2bd4ec683",'
      .. '"conversation_id":"019ec453-1017-2567-904d-ff39862b334"}'), request.body)
  end)

  it("sends conversation.closed", function()
    local request = sent(event("conversation_closed"))
    assert.equal("/conversations", request.path)
    assert.equal(envelope("018ec93a-1393-7002-a528-199c149be8e3", "conversation.closed", "2024-04-10 18:16:50",
      '{"widget_id":"018eb657-e189-7219-960d-4535d7d24d99",'
      .. '"chat_count":2,"contact_id":"None","device_type":"desktop",'
      .. '"assistant_id":"018eb657-5027-7a36-836b-77e2cd1ec683",'
      .. '"first_message":"User: hi may i know how much is flu jab",'
      .. '"conversation_id":"018ec933-3037-7469-80d8-ff393043b889"}'), request.body)
  end)

  it("writes the time of an event as UTC, across months, years and leap days", function()
    local times = {
      ["2024-02-28T20:00:00-05:00"] = "2024-02-29 01:00:00",
      ["2024-03-01T00:30:00+01:00"] = "2024-02-29 23:30:00",
      ["2023-03-01T00:30:00+01:00"] = "2023-02-28 23:30:00",
      ["2025-12-31T23:59:59.999-00:30"] = "2026-01-01 00:29:59",
      ["1970-01-01T00:00:00Z"] = "1970-01-01 00:00:00",
      ["2100-03-01T05:29:00+05:30"] = "2100-02-28 23:59:00",
    }
    for time, expected in pairs(times) do
      local request = sent({ type = "conversation.closed", time = time,
        data = { assistant_id = "018eb657-5027-7a36-ad61-77e2bd4ec683" } })
      assert.equal(expected, request.json.created_at)
    end
  end)

  it("gives an event without a time the time at which it came", function()
    local before = os.date("!%Y-%m-%d %H:%M:%S")
    local request = sent({ type = "conversation.closed", data = { assistant_id = "018eb657-5027-7a36-ad61-77e2bd4ec683" } })
    local after = os.date("!%Y-%m-%d %H:%M:%S")
    assert.truthy(before <= request.json.created_at and request.json.created_at <= after)
  end)

  it("sends what happens at the other assistant and the other form that a webhook is assigned to", function()
    assert.equal("/conversations", sent({ type = "captured_intent.created",
      data = { assistant_id = "018eb657-5027-7a36-836b-77e2cd1ec683" } }).path)
    assert.equal("/leads", sent({ type = "captured_form.created",
      data = { form_id = "018eb0aa-1f0e-7c55-9a43-0d1f6a2b7c11" } }).path)
  end)

  it("sends nothing for an assistant or a form without a webhook, and says so in the feed", function()
    local before = sink:count()
    for _, body in ipairs({
      { type = "captured_intent.created", data = { assistant_id = "018cd9c8-e317-7079-accd-17be51784256" } },
      { type = "conversation.closed", data = {} },
      { type = "captured_form.created", data = { form_id = "018eb657-5027-7a36-ad61-77e2bd4ec683" } },
    }) do
      local answer = gateway:post("/v1/events", body)
      assert.same({}, answer.json.deliveries)
      local row = gateway:wait_feed("event=" .. answer.json.id, 1)[1]
      assert.equal("unmatched", row.state)
      assert.equal(("webhooks for '%s' exist, but none applies (applies_to)"):format(body.type), row.reason)
    end
    assert.equal(before, sink:count())
  end)

  it("lists the webhooks by their names", function()
    local names = {}
    for _, connector in ipairs(gateway:get("/v1/connectors").json.connectors) do
      names[#names + 1] = connector.name
    end
    assert.same({ "Conversation log", "Leads CRM" }, names)
  end)

  it("does what its README says", function()
    local outputs = example.readme("flowforge", { ports = { SINK_PORT = "9090" } })
    assert.truthy(outputs["build/perilune feed"]:find("captured_form.created", 1, true))
  end)
end)
