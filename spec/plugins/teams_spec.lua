-- SPDX-License-Identifier: MIT

local core = require "perilune.core"
local support = require "unit.support"

local EVENT = '{"type":"order.shipped","data":{"order":{"id":7},"carrier":"DHL"}}'
local URL = '"https://acme.webhook.office.com/x?sig=abc"'

local function connector(messages)
  return support.connector(("return use 'teams' { webhook_url = %s, messages = { %s } }"):format(URL, messages))
end

local function card(generation) return core.json.decode(support.sent(generation, EVENT, 1).body).attachments[1].content end

describe("the preset teams", function()
  it("sends a card of title, text, facts and link", function()
    local generation = connector [[ { on = "order.shipped", title = "Shipped", text = "Order **{{ data.order.id }}**",
      facts = { { title = "Carrier", value = "{{ data.carrier }}" } },
      link = { title = "Track", url = "https://a.example/{{ data.order.id }}" } } ]]
    local sent = support.sent(generation, EVENT, 1)
    assert.equal("POST", sent.method)
    assert.equal("<secret>", sent.url)
    assert.equal("application/json", sent.headers["content-type"])
    assert.same({
      type = "message",
      attachments = { {
        contentType = "application/vnd.microsoft.card.adaptive",
        content = {
          ["$schema"] = "http://adaptivecards.io/schemas/adaptive-card.json", type = "AdaptiveCard", version = "1.4",
          body = {
            { type = "TextBlock", text = "Shipped", size = "Medium", weight = "Bolder", wrap = true },
            { type = "TextBlock", text = "Order **7**", wrap = true },
            { type = "FactSet", facts = { { title = "Carrier", value = "DHL" } } },
          },
          actions = { { type = "Action.OpenUrl", title = "Track", url = "https://a.example/7" } },
        },
      } },
    }, core.json.decode(sent.body))
  end)

  it("sends a card of one's own", function()
    assert.same({ type = "AdaptiveCard", version = "1.5", body = { { type = "TextBlock", text = "7!" } } }, card(connector
      [[ { on = "order.shipped", card = { type = "AdaptiveCard", version = "1.5",
        body = { { type = "TextBlock", text = "{{ data.order.id }}!" } } } } ]]))
  end)

  it("takes the answers of workflows and of incoming webhooks", function()
    local generation = connector [[ { on = "order.shipped", text = "x" } ]]
    local _, frame = support.sent(generation, EVENT, 1)
    assert.is_true(support.mapped(generation, 1, frame, 202, ""))
    assert.is_true(support.mapped(generation, 1, frame, 200, "1"))
    local refusal = "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429"
    local ok, _, message = support.mapped(generation, 1, frame, 200, refusal)
    assert.same({ false, refusal }, { ok, message })
    ok, _, message = support.mapped(generation, 1, frame, 400, "Bad payload received")
    assert.same({ false, "Bad payload received" }, { ok, message })
  end)

  it("wants either parts or a card", function()
    local function faults(message)
      return support.faults { ["connectors/a.lua"] = ("return use 'teams' { webhook_url = %s, messages = { %s } }"):format(URL,
        message) }
    end
    assert.same({ "connectors/a.lua:1: the preset 'teams': message 1 has neither 'text', 'title' nor 'card'" },
      faults "{ on = 'a', facts = {} }")
    assert.same({ "connectors/a.lua:1: the preset 'teams': message 1 has a 'card', so there is no place for its other parts" },
      faults "{ on = 'a', card = {}, text = 'x' }")
  end)
end)
