-- SPDX-License-Identifier: MIT

local perilune = require "perilune"
local support = require "unit.support"

local function sent(authenticator)
  local generation = support.connector(([[return { authenticator = %s,
    webhooks = { { on = "t", url = "https://a.example" } } }]]):format(authenticator))
  local request = support.request()
  perilune.authenticate(generation, 1, request, {})
  return request.sent
end

-- What goes over the wire is in spec/gateway/outgoing_auth_spec.lua.
describe("the authenticator mtls", function()
  it("shows a certificate, with key and passphrase as secrets", function()
    local it_sent = sent [[{ type = "mtls", certificate = "C", key = "K", passphrase = "P" }]]
    assert.same({ "C", "<secret>", "<secret>" }, it_sent.client_certificate)
    assert.is_nil(it_sent.ca)
  end)

  it("judges the receiver by authorities of its own", function()
    assert.same({ "A" }, sent([[{ type = "mtls", certificate = "C", key = "K", ca = "A" }]]).ca)
  end)

  it("leaves out what is not there", function()
    assert.same({ "C", "nil", "nil" }, sent([[{ type = "mtls", certificate = "C" }]]).client_certificate)
  end)

  it("wants a certificate", function()
    assert.same({ "authenticators/a.lua:1: 'certificate' is missing" },
      support.faults { ["authenticators/a.lua"] = 'return { type = "mtls" }' })
  end)
end)
