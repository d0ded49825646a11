-- SPDX-License-Identifier: MIT
local support = require("spec.support")

describe("/v1/undelivered", function()
  local refusing, gateway

  setup(function()
    refusing = support.sink("--status", "500")
    gateway = support.gateway({
      token = "the-admin-token",
      files = {
        ["gateway.lua"] = [[return { egress = { allow = { "127.0.0.1" } }, tokens = { ingest = "i", admin = "the-admin-token" } }]],
        ["connectors/failing.lua"] = ([[return { base_url = "%s", retry = false,
          webhooks = { { on = "f", url = "/f" } } }]]):format(refusing.url),
        ["connectors/waiting.lua"] = ([[return { base_url = "http://127.0.0.1:%d", retry = { schedule = { 3600 }, jitter = 0 },
          webhooks = { { on = "w", url = "/w" } } }]]):format(support.closed_port()),
      },
    })
    for _, kind in ipairs({ "f", "w", "f", "f" }) do
      assert.equal(202, gateway:post("/v1/events", { type = kind, data = {} }).status)
    end
    gateway:wait_feed("state=failed", 3)
    support.eventually("one was tried", function()
      local row = gateway:feed("state=pending")[1]
      return row and row.outcome == "connect"
    end)
  end)

  teardown(function() support.finish() end)

  it("counts what is pending or failed by connector and reason, the largest first", function()
    local answer = gateway:get("/v1/undelivered")
    assert.equal(200, answer.status)
    local oldest = gateway:feed("state=failed")[3].created
    local failing, waiting = unpack(answer.json.groups)
    assert.equal(2, #answer.json.groups)
    assert.same({ "failing", "failed", "http_status", 500, 3 },
      { failing.connector, failing.state, failing.outcome, failing.status, failing.count })
    assert.equal(oldest, failing.oldest)
    assert.same({ "waiting", "pending", "connect", 1 }, { waiting.connector, waiting.state, waiting.outcome, waiting.count })
    assert.equal(support.json.null, waiting.status)
    assert.equal(gateway:feed("state=pending")[1].due, waiting.next_due)
    assert.same({ 1, 3, oldest }, { answer.json.pending, answer.json.failed, answer.json.oldest })
    assert.is_true(answer.json.oldest_age_seconds < 60)
  end)

  it("can be of one connector, and takes nothing else", function()
    assert.equal("waiting", gateway:get("/v1/undelivered?connector=waiting").json.groups[1].connector)
    local answer = gateway:get("/v1/undelivered?state=failed")
    assert.equal(400, answer.status)
    assert.matches("unknown parameter 'state'; there is connector", answer.json.detail, 1, true)
  end)

  it("is the administrator's", function()
    assert.equal(403, gateway:request("GET", "/v1/undelivered", nil, { Authorization = "Bearer i" }).status)
  end)

  it("is shown by `perilune feed --undelivered`", function()
    local code, output = support.run({ support.binary, "feed", "--url", gateway.url, "--token", "the-admin-token", "--undelivered" })
    assert.equal(0, code)
    local head, first, second = output:match("^([^\n]+)\n([^\n]+)\n([^\n]+)\n$")
    assert.matches("^CONNECTOR +STATE +OUTCOME +STATUS +COUNT +OLDEST +NEXT$", head)
    assert.matches("^failing +failed +http_status +500 +3 ", first)
    assert.matches("^waiting +pending +connect +%- +1 ", second)
    code, output = support.run({ support.binary, "feed", "--url", gateway.url, "--token", "the-admin-token", "--undelivered",
      "--connector", "failing", "--json" })
    assert.equal(0, code)
    assert.equal(3, support.json.decode(output).count)
  end)
end)
