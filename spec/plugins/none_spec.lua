-- SPDX-License-Identifier: MIT

local perilune = require "perilune"
local support = require "unit.support"

describe("the authenticator none", function()
  it("puts nothing on a request", function()
    local generation = support.connector [[return { authenticator = { type = "none" },
      webhooks = { { on = "t", url = "http://a.example" } } }]]
    local request = support.request()
    perilune.authenticate(generation, 1, request, {})
    assert.same({ headers = {}, query = {} }, request.sent)
  end)

  it("takes no configuration", function()
    assert.equal(1, #support.faults { ["authenticators/a.lua"] =
      'return { type = "none", token = "x" }' })
  end)
end)
