-- SPDX-License-Identifier: MIT

local core = require "perilune.core"
local support = require "unit.support"

local EVENT = '{"type":"escalated","data":{"topic":"Returns","text":"I want \\"out\\"","email":"ada@acme.example","ticket":35436}}'

local function connector(text)
  return support.connector("return use 'zendesk' { subdomain = 'acme', email = 'bot@acme.example', api_token = 'tok-1'," .. text .. "}")
end

describe("the preset zendesk", function()
  it("makes a ticket, once for all attempts at a delivery", function()
    local sent = support.sent(connector [[ tickets = { { on = "escalated", subject = "{{ data.topic }}", comment = "{{ data.text }}",
      requester = { email = "{{ data.email }}", name = "Ada" }, tags = { "bot", "{{ data.topic|lower }}" }, priority = "high",
      external_id = "c-{{ data.ticket }}", public = false, fields = { custom_fields = { { id = 1, value = "{{ data.topic }}" } } } } } ]],
      EVENT, 1)
    assert.equal("POST", sent.method)
    assert.equal("https://acme.zendesk.com/api/v2/tickets.json", sent.url)
    assert.equal("Basic bot@acme.example/token:<secret>", sent.headers.authorization)
    assert.equal(support.ID, sent.headers["idempotency-key"])
    assert.same({ ticket = {
      subject = "Returns", comment = { body = 'I want "out"', public = false }, priority = "high", tags = { "bot", "returns" },
      requester = { email = "ada@acme.example", name = "Ada" }, external_id = "c-35436",
      custom_fields = { { id = 1, value = "Returns" } },
    } }, core.json.decode(sent.body))
  end)

  it("adds a comment to a ticket that is there", function()
    local sent = support.sent(connector [[ comments = { { on = "note", ticket_id = "{{ data.ticket }}", comment = "{{ data.text }}",
      public = false, status = "pending" } } ]], EVENT, 1)
    assert.equal("PUT", sent.method)
    assert.equal("https://acme.zendesk.com/api/v2/tickets/35436.json", sent.url)
    assert.is_nil(sent.headers["idempotency-key"])
    assert.same({ ticket = { comment = { body = 'I want "out"', public = false }, status = "pending" } },
      core.json.decode(sent.body))
  end)

  it("takes an OAuth token instead, and one of both", function()
    local generation = support.connector [[return use 'zendesk' { subdomain = 'acme', oauth_token = 'oauth-1',
      tickets = { { on = "escalated", comment = "x" } } }]]
    assert.equal("Bearer <secret>", support.sent(generation, EVENT, 1).headers.authorization)
    local function faults(text)
      return support.faults { ["connectors/a.lua"] = "return use 'zendesk' { subdomain = 'acme', tickets = { { on = 'a', comment = 'x' } },"
        .. text .. "}" }
    end
    assert.same({ "connectors/a.lua:1: the preset 'zendesk': give either 'email' and 'api_token' or 'oauth_token'" }, faults "")
    assert.same({ "connectors/a.lua:1: the preset 'zendesk': 'email' and 'api_token' go together" }, faults "email = 'a@b.example'")
  end)

  it("reads the ticket's id, and what Zendesk finds wrong", function()
    local generation = connector [[ tickets = { { on = "escalated", comment = "x" } } ]]
    local _, frame = support.sent(generation, EVENT, 1)
    local ok, variables = support.mapped(generation, 1, frame, 201, '{"ticket":{"id":35437,"status":"new"},"audit":{}}')
    assert.same({ true, { id = 35437, status = "new" } }, { ok, variables })
    local message
    ok, _, message = support.mapped(generation, 1, frame, 422, [[{"error":"RecordInvalid","description":"Record validation errors",
      "details":{"requester":[{"description":"Requester: Email: x is not properly formatted","error":"BlankValue"}]}}]])
    assert.same({ false, "RecordInvalid: Record validation errors; requester: Requester: Email: x is not properly formatted" },
      { ok, message })
    ok, _, message = support.mapped(generation, 1, frame, 404, '{"error":{"title":"No help desk at acme","message":"There is none"}}')
    assert.same({ false, "No help desk at acme: There is none" }, { ok, message })
    ok, _, message = support.mapped(generation, 1, frame, 401, '{"error":"Couldn\'t authenticate you"}')
    assert.same({ false, "Couldn't authenticate you" }, { ok, message })
  end)
end)
