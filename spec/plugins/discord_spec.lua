-- SPDX-License-Identifier: MIT

local core = require "perilune.core"
local support = require "unit.support"

local EVENT = '{"type":"order.shipped","data":{"order":{"id":7},"note":"@everyone","thread":"12345678901234567890"}}'

local function connector(text)
  return support.connector("return use 'discord' { webhook_url = 'https://discord.com/api/webhooks/1/tok'," .. text .. "}")
end

describe("the preset discord", function()
  it("executes the webhook, waits for the message, and calls nobody", function()
    local generation = connector [[ username = "Orders", messages = { { on = "order.shipped", content = "{{ data.note }}" } } ]]
    local sent = support.sent(generation, EVENT, 1)
    assert.equal("POST", sent.method)
    assert.equal("<secret>", sent.url)
    assert.same({ "wait=true" }, sent.query)
    assert.equal('{"allowed_mentions":{"parse":[]},"content":"@everyone","username":"Orders"}', sent.body)
  end)

  it("sends embeds into a thread, under a name of the message's own, and calls whom it may", function()
    local generation = connector [[ username = "Orders", mentions = { "users" }, messages = { { on = "order.shipped",
      embeds = { { title = "Order {{ data.order.id }}", color = 15158332 } }, username = "Alarm", avatar_url = "https://a.example/a.png",
      thread_id = "{{ data.thread }}" } } ]]
    local sent = support.sent(generation, EVENT, 1)
    assert.same({ "thread_id=12345678901234567890", "wait=true" }, sent.query)
    assert.same({
      embeds = { { title = "Order 7", color = 15158332 } }, username = "Alarm", avatar_url = "https://a.example/a.png",
      allowed_mentions = { parse = { "users" } },
    }, core.json.decode(sent.body))
  end)

  it("reads the message's id, and what Discord finds wrong", function()
    local generation = connector [[ messages = { { on = "order.shipped", content = "x" } } ]]
    local _, frame = support.sent(generation, EVENT, 1)
    local ok, variables = support.mapped(generation, 1, frame, 200, '{"id":"1092","channel_id":"55","content":"x"}')
    assert.same({ true, { id = "1092", channel_id = "55" } }, { ok, variables })

    local message
    ok, _, message = support.mapped(generation, 1, frame, 400, [[{"code": 50035, "message": "Invalid Form Body", "errors":
      {"content": {"_errors": [{"code": "BASE_TYPE_MAX_LENGTH", "message": "Must be 2000 or fewer in length."}]}}}]])
    assert.same({ false, "Invalid Form Body (50035): content: Must be 2000 or fewer in length." }, { ok, message })
    ok, _, message = support.mapped(generation, 1, frame, 429, '{"message":"You are being rate limited.","retry_after":0.3}')
    assert.same({ false, "You are being rate limited." }, { ok, message })
    assert.is_false(support.mapped(generation, 1, frame, 502, "<html>"))
  end)

  it("wants content or embeds", function()
    assert.same({ "connectors/a.lua:1: the preset 'discord': message 1 has neither 'content' nor 'embeds'" },
      support.faults { ["connectors/a.lua"] = "return use 'discord' { webhook_url = 'https://a.example', messages = { { on = 'a' } } }" })
    assert.same({ "connectors/a.lua:1: 'mentions[1]' must be one of 'everyone', 'roles', 'users'" },
      support.faults { ["connectors/a.lua"] = "return use 'discord' { webhook_url = 'https://a.example', mentions = { 'all' }, "
        .. "messages = { { on = 'a', content = 'x' } } }" })
  end)
end)
