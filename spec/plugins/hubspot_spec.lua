-- SPDX-License-Identifier: MIT

local core = require "perilune.core"
local support = require "unit.support"

local EVENT = '{"type":"lead","data":{"email":"ada@acme.example","name":"Ada","quote":{"id":"Q-1","total":120.50},"contact":51}}'

local function connector(text) return support.connector("return use 'hubspot' { token = 'pat-na1-x'," .. text .. "}") end

describe("the preset hubspot", function()
  it("makes or changes a contact by its address", function()
    local sent = support.sent(connector [[ contacts = { { on = "lead", email = "{{ data.email }}",
      properties = { firstname = "{{ data.name }}" } } } ]], EVENT, 1)
    assert.equal("POST", sent.method)
    assert.equal("https://api.hubapi.com/crm/v3/objects/contacts/batch/upsert", sent.url)
    assert.equal("Bearer <secret>", sent.headers.authorization)
    assert.same({ inputs = { { idProperty = "email", id = "ada@acme.example",
      properties = { email = "ada@acme.example", firstname = "Ada" } } } }, core.json.decode(sent.body))
  end)

  it("makes a deal or a ticket that belongs to a contact", function()
    local generation = connector [[
      deals = { { on = "deal", contact_id = "{{ data.contact }}", properties = { dealname = "{{ data.quote.id }}", amount = "{{ data.quote.total }}" } } },
      tickets = { { on = "ticket", contact_id = "{{ data.contact }}", properties = { subject = "Help", hs_pipeline_stage = "1" } } } ]]
    local function association(kind)
      return { { to = { id = 51 }, types = { { associationCategory = "HUBSPOT_DEFINED", associationTypeId = kind } } } }
    end
    local deal, ticket = support.sent(generation, EVENT, 1), support.sent(generation, EVENT, 2)
    assert.equal("https://api.hubapi.com/crm/v3/objects/deals", deal.url)
    assert.equal('{"associations":[{"to":{"id":51},"types":[{"associationCategory":"HUBSPOT_DEFINED","associationTypeId":3}]}],'
      .. '"properties":{"amount":120.50,"dealname":"Q-1"}}', deal.body)
    assert.equal("https://api.hubapi.com/crm/v3/objects/tickets", ticket.url)
    assert.same({ associations = association(16), properties = { subject = "Help", hs_pipeline_stage = "1" } },
      core.json.decode(ticket.body))
  end)

  it("makes or changes a deal by a property that is unique", function()
    local sent = support.sent(connector [[ deals = { { on = "deal", unique = { property = "quote_no", value = "{{ data.quote.id }}" },
      properties = { dealname = "x" } } } ]], EVENT, 1)
    assert.equal("https://api.hubapi.com/crm/v3/objects/deals/batch/upsert", sent.url)
    assert.same({ inputs = { { idProperty = "quote_no", id = "Q-1", properties = { quote_no = "Q-1", dealname = "x" } } } },
      core.json.decode(sent.body))
  end)

  it("reads the id, and what HubSpot finds wrong", function()
    local generation = connector [[ contacts = { { on = "lead", email = "{{ data.email }}" } },
      deals = { { on = "deal", properties = { dealname = "x" } } } ]]
    local _, frame = support.sent(generation, EVENT, 1)
    local ok, variables = support.mapped(generation, 1, frame, 200,
      '{"status":"COMPLETE","results":[{"id":"33451","new":true,"properties":{"email":"ada@acme.example"}}]}')
    assert.same({ true, { id = "33451", is_new = true } }, { ok, variables })
    local _, deal = support.sent(generation, EVENT, 2)
    ok, variables = support.mapped(generation, 2, deal, 201, '{"id":"88","properties":{}}')
    assert.same({ true, { id = "88" } }, { ok, variables })

    local message
    ok, _, message = support.mapped(generation, 1, frame, 207, [[{"status":"COMPLETE","results":[],"numErrors":1,"errors":
      [{"status":"error","category":"VALIDATION_ERROR","message":"Email address x is invalid"}]}]])
    assert.same({ false, "Email address x is invalid" }, { ok, message })
    ok, _, message = support.mapped(generation, 2, deal, 400,
      '{"status":"error","message":"Property values were not valid","correlationId":"c","category":"VALIDATION_ERROR"}')
    assert.same({ false, "VALIDATION_ERROR: Property values were not valid" }, { ok, message })
    assert.is_false(support.mapped(generation, 2, deal, 502, "<html>"))
  end)

  it("says what does not go together, and that a connector wants webhooks", function()
    assert.same({ "connectors/a.lua:1: the preset 'hubspot': deals with 'unique' take no 'contact_id': HubSpot associates only "
      .. "what it makes" }, support.faults { ["connectors/a.lua"] = [[return use 'hubspot' { token = 'abcd', deals = { { on = "d",
        contact_id = "1", unique = { property = "a", value = "1" }, properties = {} } } }]] })
    assert.same({ "connectors/a.lua:1: a connector wants at least one webhook" },
      support.faults { ["connectors/a.lua"] = "return use 'hubspot' { token = 'abcd' }" })
  end)
end)
