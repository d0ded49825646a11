-- SPDX-License-Identifier: MIT

local perilune = require "perilune"
local support = require "unit.support"

-- What goes over the wire is in spec/gateway/outgoing_auth_spec.lua.
describe("the authenticator ntlm", function()
  it("sets user name and password, the password as a secret", function()
    local generation = support.connector([[return {
      authenticator = { type = "ntlm", username = "DOMAIN\\User", password = "Password" },
      webhooks = { { on = "t", url = "http://a.example" } } }]])
    local request = support.request()
    perilune.authenticate(generation, 1, request, {})
    assert.same({ "DOMAIN\\User", "<secret>" }, request.sent.ntlm)
  end)

  it("wants both", function()
    assert.same({
      "authenticators/a.lua:1: 'password' is missing",
      "authenticators/a.lua:1: 'username' is missing",
    }, support.faults { ["authenticators/a.lua"] = 'return { type = "ntlm" }' })
  end)
end)
