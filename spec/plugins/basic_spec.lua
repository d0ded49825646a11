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

  describe("verifies", function()
    local LOGIN = [[{ type = "basic", username = "Aladdin", password = "open sesame" }]]

    local function given(authorization)
      return { headers = { Authorization = authorization } }
    end

    it("the user of RFC 7617", function()
      assert.same({ user = "Aladdin" }, support.verified(LOGIN, given "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="))
      support.verified(LOGIN, given "bASIC  QWxhZGRpbjpvcGVuIHNlc2FtZQ")
    end)

    it("a password with colons", function()
      support.verified([[{ type = "basic", username = "a", password = "b:c:" }]], given "Basic YTpiOmM6")
    end)

    it("nobody else", function()
      for authorization, message in pairs {
        [false] = "there are no user name and password",
        ["Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ=="] = "there are no user name and password",
        ["Basic"] = "there are no user name and password",
        ["Basic !"] = "there are no user name and password",
        ["Basic QWxhZGRpbg=="] = "there are no user name and password", -- Aladdin
        ["Basic QWxhZGRpbjpvcGVu"] = "is wrong",                         -- Aladdin:open
        ["Basic YWxhZGRpbjpvcGVuIHNlc2FtZQ=="] = "is wrong",             -- aladdin:open sesame
        ["Basic Og=="] = "is wrong",                                     -- :
      } do
        assert.matches(message, support.raised(support.verified, LOGIN, given(authorization or nil)), 1, true)
      end
    end)
  end)

  it("wants both", function()
    assert.same({
      "authenticators/a.lua:1: 'password' is missing",
      "authenticators/a.lua:1: 'username' is missing",
    }, support.faults { ["authenticators/a.lua"] = 'return { type = "basic" }' })
  end)
end)
