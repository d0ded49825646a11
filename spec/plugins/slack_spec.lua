-- SPDX-License-Identifier: MIT

local core = require "perilune.core"
local support = require "unit.support"

local EVENT = '{"type":"order.shipped","data":{"order":{"id":7},"customer":"<!channel> & \\"co\\"","thread":"171.5"}}'

local function connector(text) return support.connector("return use 'slack' {" .. text .. "}") end

--- What Slack makes of the connector's first message.
local function answered(generation, status, body)
  local _, frame = support.sent(generation, EVENT, 1)
  return support.mapped(generation, 1, frame, status, body)
end

describe("the preset slack with a token", function()
  local generation

  before_each(function()
    generation = connector [[ token = "xoxb-1", channel = "C1", messages = {
      { on = "order.shipped", text = "Order {{ data.order.id }}: {{ data.customer|slack.escape }}" },
      { on = "order.failed", channel = "{{ data.customer }}", thread_ts = "{{ data.thread }}", text = "Failed",
        blocks = { { type = "section", text = { type = "mrkdwn", text = "*{{ data.order.id }}*" } } } },
    } ]]
  end)

  it("posts by chat.postMessage", function()
    local sent = support.sent(generation, EVENT, 1)
    assert.equal("POST", sent.method)
    assert.equal("https://slack.com/api/chat.postMessage", sent.url)
    assert.equal("application/json; charset=utf-8", sent.headers["content-type"])
    assert.equal("Bearer <secret>", sent.headers.authorization)
    assert.same({ channel = "C1", text = 'Order 7: &lt;!channel&gt; &amp; "co"' }, core.json.decode(sent.body))
  end)

  it("sends blocks to a channel of the message's own, into a thread", function()
    assert.same({
      channel = '<!channel> & "co"', text = "Failed", thread_ts = "171.5",
      blocks = { { type = "section", text = { type = "mrkdwn", text = "*7*" } } },
    }, core.json.decode(support.sent(generation, EVENT, 2).body))
  end)

  it("has webhooks by their triggers", function()
    assert.same({ ["order.shipped"] = 1, ["order.failed"] = 2 }, support.by_id(generation).acme)
  end)

  it("reads what names the message", function()
    local ok, variables = answered(generation, 200, '{"ok":true,"channel":"C1","ts":"1503435956.000247","message":{}}')
    assert.is_true(ok)
    assert.same({ channel = "C1", ts = "1503435956.000247" }, variables)
  end)

  it("fails where Slack says 200 and no", function()
    local ok, _, message = answered(generation, 200, '{"ok":false,"error":"channel_not_found"}')
    assert.is_false(ok)
    assert.equal("channel_not_found", message)
    ok, _, message = answered(generation, 200, '{"ok":false,"error":"missing_scope","needed":"chat:write","provided":"x"}')
    assert.is_false(ok)
    assert.equal("missing_scope (needed: chat:write)", message)
  end)

  it("fails on what is no answer of Slack's", function()
    assert.is_false(answered(generation, 200, "<html>"))
    assert.is_false(answered(generation, 503, '{"ok":true}'))
    assert.is_false(answered(generation, 429, '{"ok":false,"error":"ratelimited"}'))
  end)
end)

describe("the preset slack with a webhook", function()
  local generation

  before_each(function()
    generation = connector [[ webhook_url = "https://hooks.slack.com/services/T/B/X",
      messages = { { on = "order.shipped", text = "{{ data.customer }}" } } ]]
  end)

  it("posts to its URL, which is a secret", function()
    local sent = support.sent(generation, EVENT, 1)
    assert.equal("<secret>", sent.url)
    assert.same({ text = '<!channel> & "co"' }, core.json.decode(sent.body))
    assert.is_nil(sent.headers.authorization)
  end)

  it("takes a status, and Slack's word for what is wrong", function()
    assert.is_true(answered(generation, 200, "ok"))
    local ok, variables, message = answered(generation, 404, "no_service")
    assert.same({ false, nil, "no_service" }, { ok, variables, message })
  end)
end)

describe("the preset slack", function()
  local function faults(text)
    return support.faults { ["connectors/a.lua"] = "return use 'slack' {\n" .. text .. " }" }
  end

  it("wants one of token and webhook", function()
    local message = { "connectors/a.lua:1: the preset 'slack': give either 'token' or 'webhook_url'" }
    assert.same(message, faults "messages = { { on = 'a', text = 'x' } }")
    assert.same(message, faults "token = 'abcd', webhook_url = 'https://a.example', messages = { { on = 'a', text = 'x' } }")
  end)

  it("says what a message lacks, or has too much", function()
    assert.same({ "connectors/a.lua:1: the preset 'slack': message 1 has no channel, and the connector has none for all" },
      faults "token = 'abcd', messages = { { on = 'a', text = 'x' } }")
    assert.same({ "connectors/a.lua:1: the preset 'slack': message 2 has neither 'text' nor 'blocks'" },
      faults "token = 'abcd', channel = 'C', messages = { { on = 'a', text = 'x' }, { on = 'b' } }")
    assert.same({ "connectors/a.lua:1: the preset 'slack': message 1 has 'thread_ts', which an incoming webhook does not take" },
      faults "webhook_url = 'https://a.example', messages = { { on = 'a', text = 'x', thread_ts = '1' } }")
    assert.same({ "connectors/a.lua:2: 'messages' must not be empty" }, faults "token = 'abcd', messages = {}")
  end)

  it("says the line of a template that is wrong", function()
    assert.matches("^connectors/a.lua:4:", faults("token = 'abcd', channel = 'C', messages = { { on = 'a',\n\ntext = '{{' } }")[1])
    assert.matches("^connectors/a.lua:3:", faults("token = 'abcd', channel = 'C', messages = { { on = 'a', text = '',\n"
      .. "blocks = { { text = '{{' } } } }")[1])
  end)

  it("takes further keys of a webhook, and functions for templates", function()
    local generation = connector [[ token = "abcd", channel = "C", messages = { { id = "one", webhook = { timeout = 3 },
      text = function(ctx, values) return ("%s/%d"):format(values.data.order.id, ctx.attempt) end } } ]]
    assert.equal(3, generation.policies[1].timeout)
    assert.equal("7/1", core.json.decode(support.sent(generation, EVENT, 1).body).text)
  end)
end)
