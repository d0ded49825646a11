-- SPDX-License-Identifier: MIT

local core = require "perilune.core"
local support = require "unit.support"

local EVENT = '{"type":"shipped","data":{"order":{"id":"A/1 2","total":120.50},"name":"Lovelace"}}'

local function connector(text)
  return support.connector("return use 'salesforce' { instance = 'https://acme.my.salesforce.com', "
    .. "authenticator = { type = 'bearer', token = '00Dx-tok' }," .. text .. "}")
end

local UPSERT = [[ upserts = { { on = "shipped", object = "Order__c",
  external_id = { field = "Order_Id__c", value = "{{ data.order.id }}" },
  fields = { Status__c = "shipped", Total__c = "{{ data.order.total }}" } } } ]]

describe("the preset salesforce", function()
  it("makes or changes a record by an external id, whose value is encoded", function()
    local sent = support.sent(connector(UPSERT), EVENT, 1)
    assert.equal("PATCH", sent.method)
    assert.equal("https://acme.my.salesforce.com/services/data/v62.0/sobjects/Order__c/Order_Id__c/A%2F1%202", sent.url)
    assert.equal("Bearer <secret>", sent.headers.authorization)
    assert.equal('{"Status__c":"shipped","Total__c":120.50}', sent.body)
  end)

  it("makes a record", function()
    local sent = support.sent(connector [[ api_version = "58.0", creates = { { on = "lead", object = "Lead",
      fields = { LastName = "{{ data.name }}", Company = "Acme" } } } ]], EVENT, 1)
    assert.equal("POST", sent.method)
    assert.equal("https://acme.my.salesforce.com/services/data/v58.0/sobjects/Lead", sent.url)
    assert.same({ LastName = "Lovelace", Company = "Acme" }, core.json.decode(sent.body))
  end)

  it("has its token by the client credentials of a connected app", function()
    local generation = support.connector([[return use 'salesforce' { instance = 'https://acme.my.salesforce.com/',
      client_id = "3MVG9", client_secret = "shh-1",]] .. UPSERT .. "}")
    local step = generation.entries[1].authenticator.steps[1]
    assert.equal("oauth2", step.name)
    assert.equal("https://acme.my.salesforce.com/services/oauth2/token", step.config.token_url)
    assert.equal("client_credentials", step.config.grant)
    assert.is_true(core.is_secret(step.config.client_secret))
    assert.same({ "connectors/a.lua:1: the preset 'salesforce': 'client_id' and 'client_secret' go together" },
      support.faults { ["connectors/a.lua"] = "return use 'salesforce' { instance = 'https://a.example', client_id = 'abcd'," .. UPSERT .. "}" })
  end)

  it("reads the id, where there is one", function()
    local generation = connector(UPSERT)
    local _, frame = support.sent(generation, EVENT, 1)
    local ok, variables = support.mapped(generation, 1, frame, 201,
      '{"id":"00190000001pPvHAAU","errors":[],"success":true,"created":true}')
    assert.same({ true, { id = "00190000001pPvHAAU", created = true } }, { ok, variables })
    local message
    ok, variables, message = support.mapped(generation, 1, frame, 204, "")
    assert.same({ true, { id = "", created = false } }, { ok, variables })
    assert.is_nil(message)
  end)

  it("says what Salesforce finds wrong", function()
    local generation = connector(UPSERT)
    local _, frame = support.sent(generation, EVENT, 1)
    local ok, _, message = support.mapped(generation, 1, frame, 400, [[[{"message":"Required fields are missing: [LastName]",
      "errorCode":"REQUIRED_FIELD_MISSING","fields":["LastName"]}] ]])
    assert.same({ false, "REQUIRED_FIELD_MISSING: Required fields are missing: [LastName]" }, { ok, message })
    ok, _, message = support.mapped(generation, 1, frame, 300, '["/services/data/v62.0/sobjects/Order__c/001"]')
    assert.same({ false, "several records have this external id" }, { ok, message })
    ok, _, message = support.mapped(generation, 1, frame, 401, '[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]')
    assert.same({ false, "INVALID_SESSION_ID: Session expired or invalid" }, { ok, message })
    assert.is_false(support.mapped(generation, 1, frame, 503, "<html>"))
  end)
end)
