-- SPDX-License-Identifier: MIT

local perilune = require "perilune"
local support = require "unit.support"

-- What goes over the wire is in spec/gateway/outgoing_auth_spec.lua.
describe("the authenticator digest", function()
  it("sets user name and password, the password as a secret", function()
    local generation = support.connector([[return {
      authenticator = { type = "digest", username = "Mufasa", password = "Circle of Life" },
      webhooks = { { on = "t", url = "http://a.example" } } }]])
    local request = support.request()
    perilune.authenticate(generation, 1, request, {})
    assert.same({ "Mufasa", "<secret>" }, request.sent.digest)
  end)

  it("wants both", function()
    assert.same({
      "authenticators/a.lua:1: 'password' is missing",
      "authenticators/a.lua:1: 'username' is missing",
    }, support.faults { ["authenticators/a.lua"] = 'return { type = "digest" }' })
  end)
end)
