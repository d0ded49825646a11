-- SPDX-License-Identifier: MIT

local perilune = require "perilune"
local support = require "unit.support"

describe("the authenticator basic", function()
  it("sends user name and password", function()
    local generation = support.connector([[return { authenticator = "login",
      webhooks = { { on = "t", url = "http://a.example" } } }]], {
      ["authenticators/login.lua"] =
        'return { type = "basic", username = "Aladdin", password = "open sesame" }' })
    local request = support.request()
    perilune.authenticate(generation, 1, request, {})
    assert.equal("Basic Aladdin:<secret>", request.sent.headers.authorization)
  end)

  it("wants both", function()
    assert.same({
      "authenticators/a.lua:1: 'password' is missing",
      "authenticators/a.lua:1: 'username' is missing",
    }, support.faults { ["authenticators/a.lua"] = 'return { type = "basic" }' })
  end)
end)
