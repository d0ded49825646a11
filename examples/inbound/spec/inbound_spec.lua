-- SPDX-License-Identifier: MIT
local example = require("spec.support.example")
local openssl = require("spec.support.openssl")
local support = require("spec.support")

-- The key and the signature of "Hello, World!" that GitHub's documentation has for those who test a receiver
-- ("Validating webhook deliveries", "Testing the webhook payload validation").
local HUB_KEY = "It's a Secret to Everybody"
local HUB_BODY = "Hello, World!"
local HUB_SIGNATURE = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"

local function payload(name)
  return support.read(("examples/inbound/payloads/%s.json"):format(name))
end

describe("inbound", function()
  local sink, gateway

  setup(function()
    sink = support.sink()
    gateway = support.gateway { folder = "examples/inbound", env = {
      PERILUNE_VAR_SINK_PORT = tostring(sink.port),
      PERILUNE_SECRET_INGEST_TOKEN = "in", PERILUNE_SECRET_ADMIN_TOKEN = "adm",
      PERILUNE_SECRET_GITHUB_WEBHOOK = HUB_KEY,
      PERILUNE_SECRET_PAYMENTS_WEBHOOK = "new-key", PERILUNE_SECRET_PAYMENTS_WEBHOOK_OLD = "old-key",
    } }
  end)

  teardown(support.finish)

  local function github(kind, body, headers)
    local all = {
      ["X-GitHub-Event"] = kind, ["X-GitHub-Delivery"] = "72d3162e-cc78-11e3-81ab-" .. kind,
      ["Content-Type"] = "application/json",
      ["X-Hub-Signature-256"] = "sha256=" .. openssl.hmac("sha256", HUB_KEY, body),
    }
    for name, value in pairs(headers or {}) do all[name] = value end
    return gateway:request("POST", "/v1/sources/github", body, all)
  end

  --- The header, signed with each of the keys.
  local function stripe_signature(body, at, ...)
    local elements = { "t=" .. at }
    for _, key in ipairs { ... } do
      elements[#elements + 1] = "v1=" .. openssl.hmac("sha256", key, at .. "." .. body)
    end
    return table.concat(elements, ",")
  end

  local function stripe(body, signature)
    return gateway:request("POST", "/v1/sources/payments", body, { ["Stripe-Signature"] = signature })
  end

  local function told(text)
    return support.eventually("the chat is told: " .. text, function()
      for _, request in ipairs(sink:requests()) do
        if request.json.text == text then return true end
      end
    end)
  end

  describe("from GitHub", function()
    it("is a push, told in the chat", function()
      local answer = github("push", payload "push")
      assert.equal(202, answer.status)
      assert.equal("github-72d3162e-cc78-11e3-81ab-push", answer.json.id)
      told "jo pushed 2 to main: Less fuel"
    end)

    it("is the same when it is sent again", function()
      local answer = github("push", payload "push")
      assert.equal(200, answer.status)
      assert.is_true(answer.json.duplicate)
    end)

    it("may be a form, which is signed as it is", function()
      local body = "payload=" .. payload("issue"):gsub("[^%w]", function(c) return ("%%%02X"):format(c:byte()) end)
      local answer = github("issues", body, { ["Content-Type"] = "application/x-www-form-urlencoded" })
      assert.equal(202, answer.status)
      told "#17 It orbits the wrong way (opened by mei)"
    end)

    it("is nothing when it is a ping, another branch or another action", function()
      local branch = payload("push"):gsub("refs/heads/main", "refs/heads/spike")
      local action = payload("issue"):gsub("opened", "labeled", 1)
      for kind, body in pairs { ping = '{"zen":"Keep it logically awesome."}', push = branch, issues = action } do
        local answer = github(kind, body)
        assert.equal(200, answer.status, kind)
        assert.same({ events = {} }, answer.json)
      end
    end)

    it("is verified as its documentation says", function()
      assert.equal(200, github("ping", HUB_BODY, { ["X-Hub-Signature-256"] = HUB_SIGNATURE }).status)
      assert.equal(401, github("ping", HUB_BODY .. "!", { ["X-Hub-Signature-256"] = HUB_SIGNATURE }).status)
      assert.equal(401, github("ping", HUB_BODY, { ["X-Hub-Signature-256"] = HUB_SIGNATURE:sub(8) }).status)
      assert.equal(401, gateway:request("POST", "/v1/sources/github", HUB_BODY, { ["X-GitHub-Event"] = "ping" }).status)
    end)

    it("is the script's failure when it is no JSON", function()
      assert.equal(500, github("push", "{").status)
      assert.matches("plugins/github/handler.lua:%d+: the payload is not JSON", gateway.process:errors())
    end)
  end)

  describe("from Stripe", function()
    local body = payload "payment"

    it("is a payment, told in the chat", function()
      local answer = stripe(body, stripe_signature(body, os.time(), "new-key"))
      assert.equal(202, answer.status)
      assert.equal("evt_1MqqbKLt4dXK03v5qaIbiNCC", answer.json.id)
      told "1299.50 EUR were paid: pi_1DpdYh2eZvKYlo2CYIynhU32"
      local found = gateway:request("GET", "/v1/deliveries/" .. answer.json.deliveries[1].id, nil,
        { Authorization = "Bearer adm" })
      assert.equal("2023-03-29T04:27:08Z", found.json.event.time) -- `date -u -d @1680064028`
      assert.equal("payments", found.json.event.source)
    end)

    it("is verified with either key, also when both have signed", function()
      for _, keys in ipairs { { "old-key" }, { "old-key", "new-key" }, { "other", "new-key" } } do
        assert.equal(200, stripe(body, stripe_signature(body, os.time(), unpack(keys))).status)
      end
      assert.equal(401, stripe(body, stripe_signature(body, os.time(), "other")).status)
    end)

    it("is refused when it is old, or its time is another", function()
      local at = os.time() - 3600
      assert.equal(401, stripe(body, stripe_signature(body, at, "new-key")).status)
      assert.equal(401, stripe(body, (stripe_signature(body, at, "new-key"):gsub("t=%d+", "t=" .. os.time()))).status)
    end)

    it("is nothing when nobody asked for it", function()
      local other = body:gsub("payment_intent.succeeded", "payment_intent.created")
      assert.same({ events = {} }, stripe(other, stripe_signature(other, os.time(), "new-key")).json)
    end)
  end)

  it("shows none of its keys", function()
    local log = gateway.process:errors()
    for _, key in ipairs { HUB_KEY, "new-key", "old-key" } do assert.is_nil(log:find(key, 1, true)) end
  end)

  it("has commands in its README that do what they say", function()
    local outputs, feed = example.readme("inbound", { ports = { SINK_PORT = "9090" } }), nil
    for line, output in pairs(outputs) do
      if line:find("perilune feed", 1, true) then feed = output end
    end
    assert.matches("chat +payment%.succeeded", feed)
    assert.matches("chat +code%.pushed", feed)
  end)

  it("is a folder without mistakes and warnings", function()
    local code, lines = example.check("examples/inbound", { PERILUNE_SECRET_INGEST_TOKEN = "a",
      PERILUNE_SECRET_ADMIN_TOKEN = "b", PERILUNE_SECRET_GITHUB_WEBHOOK = "c", PERILUNE_SECRET_PAYMENTS_WEBHOOK = "d",
      PERILUNE_SECRET_PAYMENTS_WEBHOOK_OLD = "e" })
    assert.equal(0, code)
    assert.equal(1, #lines, table.concat(lines, "\n"))
  end)
end)
