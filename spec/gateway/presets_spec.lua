-- SPDX-License-Identifier: MIT
--- Presets against receivers that answer as the services do, and URLs that are credentials.
local support = require("spec.support")

local function gateway(files, env)
  files["gateway.lua"] = support.gateway_lua
  return support.gateway({ files = files, env = env })
end

--- The delivery that an event has caused, once it is over.
local function delivery(gw, event)
  local posted = gw:post("/v1/events", event)
  assert.equal(202, posted.status, posted.body)
  local id = posted.json.deliveries[1].id
  return support.eventually("the delivery is over", function()
    local answer = gw:request("GET", "/v1/deliveries/" .. id)
    return answer.json.state ~= "pending" and answer.json
  end)
end

describe("the preset slack", function()
  teardown(function() support.finish() end)

  local CONNECTOR = [[return use "slack" {
    base_url = "%s/api", token = secret "SLACK", channel = "C1",
    messages = { { on = "shipped", text = "Order {{ data.id }}: {{ data.who|slack.escape }}" } },
  }]]
  local EVENT = { type = "shipped", data = { id = 7, who = "<@U1>" } }

  it("posts a message and knows its ts", function()
    local slack = support.sink("--body", '{"ok":true,"channel":"C1","ts":"1503435956.000247"}')
    local gw = gateway({ ["connectors/team.lua"] = CONNECTOR:format(slack.url) }, { PERILUNE_SECRET_SLACK = "xoxb-123-abc" })
    local done = delivery(gw, EVENT)
    assert.equal("delivered", done.state)
    assert.same({ channel = "C1", ts = "1503435956.000247" }, done.attempts[1].variables)
    local request = slack:wait(1)[1]
    assert.equal("/api/chat.postMessage", request.path)
    assert.equal("Bearer xoxb-123-abc", request.headers.authorization)
    assert.equal("application/json; charset=utf-8", request.headers["content-type"])
    assert.same({ channel = "C1", text = "Order 7: &lt;@U1&gt;" }, request.json)
  end)

  it("takes a refusal that comes with 200 as one, and asks once", function()
    local slack = support.sink("--body", '{"ok":false,"error":"channel_not_found"}')
    local gw = gateway({ ["connectors/team.lua"] = CONNECTOR:format(slack.url) }, { PERILUNE_SECRET_SLACK = "xoxb-123-abc" })
    local done = delivery(gw, EVENT)
    assert.equal("failed", done.state)
    assert.equal(1, #done.attempts)
    assert.equal("http_status", done.attempts[1].outcome)
    assert.equal("status 200 is not a success; channel_not_found", done.attempts[1].error)
  end)
end)

describe("the preset discord", function()
  teardown(function() support.finish() end)

  it("sends to a URL that is shown nowhere", function()
    local discord = support.sink("--body", '{"id":"1092","channel_id":"55"}')
    local url = discord.url .. "/api/webhooks/1098/tok-of_the-webhook"
    local gw = gateway({ ["connectors/team.lua"] = [[return use "discord" {
      webhook_url = secret "DISCORD", messages = { { on = "shipped", content = "Order {{ data.id }}" } } }]] },
      { PERILUNE_SECRET_DISCORD = url })
    local done = delivery(gw, { type = "shipped", data = { id = 7 } })
    assert.equal("delivered", done.state)
    assert.same({ id = "1092", channel_id = "55" }, done.attempts[1].variables)
    assert.equal("***?wait=true", done.attempts[1].request.url)
    local request = discord:wait(1)[1]
    assert.equal("/api/webhooks/1098/tok-of_the-webhook", request.path)
    assert.equal("wait=true", request.query)
    assert.equal("Order 7", request.json.content)

    local connectors = gw:request("GET", "/v1/connectors")
    assert.equal("***", gw:request("GET", "/v1/connectors/team").json.webhooks[1].url)
    local tried = gw:post("/v1/connectors/team/webhooks/shipped/try", { dry_run = true, event = { data = { id = 7 } } })
    assert.equal("***?wait=true", tried.json.request.url)
    local feed = gw:request("GET", "/v1/deliveries")
    local shown = connectors.body .. tried.body .. feed.body .. gw.process:errors() .. support.read(gw.store)
    assert.is_nil(shown:find("tok-of_the-webhook", 1, true))
  end)
end)

describe("a URL that is a secret", function()
  teardown(function() support.finish() end)

  it("is the base of others, and loses its fragment", function()
    local sink = support.sink()
    local gw = gateway({ ["connectors/a.lua"] = [[return { base_url = secret "BASE", params = { a = "1" }, webhooks = {
      { id = "behind", url = "/x/{{ data.id }}?b=2#f" }, { id = "empty", url = "//{{ data.id }}" }, { id = "query", url = "?c=3" },
      { id = "whole", url = secret "WHOLE" } } }]] },
      { PERILUNE_SECRET_BASE = sink.url .. "/T0/B0-key/", PERILUNE_SECRET_WHOLE = sink.url .. "/whole?sig=k%20ey#f" })
    local targets = {}
    for i, webhook in ipairs({ "behind", "empty", "query", "whole" }) do
      assert.equal(200, gw:post("/v1/calls/a/" .. webhook, '{"data":{"id":"7/8"}}').status)
      local request = sink:wait(i)[i]
      targets[i] = request.path .. "?" .. request.query
    end
    assert.same({ "/T0/B0-key/x/7%2F8?b=2&a=1", "/T0/B0-key//7%2F8?a=1", "/T0/B0-key?c=3&a=1", "/whole?sig=k%20ey&a=1" },
      targets)
  end)

  it("that has become none fails the attempt, and is not shown", function()
    local folder = support.folder()
    support.write(folder, { ["secrets/WHOLE"] = "http://127.0.0.1:1/first", ["gateway.lua"] =
      'return { secrets = { dir = "secrets" }, egress = { allow = { "127.0.0.1" } } }',
      ["connectors/a.lua"] = 'return { webhooks = { { id = "w", url = secret "WHOLE", retry = false } } }' })
    local gw = support.gateway({ folder = folder })
    support.write(folder, { ["secrets/WHOLE"] = "ftp://elsewhere/second-value" })
    local answer = support.eventually("the new value is in use", function()
      local got = gw:post("/v1/calls/a/w", "{}")
      return got.body:find("cannot be used as a URL", 1, true) and got
    end)
    assert.equal(502, answer.status)
    assert.equal("urn:perilune:url", answer.json.type)
    assert.is_nil(answer.body:find("second-value", 1, true))
  end)
end)

describe("the README of a preset", function()
  for _, name in ipairs({ "discord", "hubspot", "salesforce", "slack", "teams", "zendesk" }) do
    it(name .. " has an example without a mistake", function()
      local example = support.read(("plugins/%s/README.md"):format(name)):match("```lua\n(.-)```")
      local folder = support.write(support.folder(), { ["gateway.lua"] = "return {}", ["connectors/a.lua"] = example })
      local command = { "env" }
      for secret in example:gmatch('secret "([%w_]+)"') do
        command[#command + 1] = ("PERILUNE_SECRET_%s=https://a.example/value"):format(secret)
      end
      for _, argument in ipairs({ support.binary, "check", folder }) do command[#command + 1] = argument end
      local code, output = support.run(command)
      assert.equal(0, code, output)
    end)
  end
end)
