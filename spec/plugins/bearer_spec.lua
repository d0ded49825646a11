-- SPDX-License-Identifier: MIT

local support = require "unit.support"

--- What the request carries, with the part of it that is secret as <secret>.
local function authorization(token)
  return support.authenticated(('{ type = "bearer", token = %q }'):format(token), {}).headers.authorization
end

describe("the authenticator bearer", function()
  it("puts 'Bearer ' in front of a raw token", function()
    assert.equal("Bearer <secret>", authorization("abc123"))
    assert.equal("Bearer <secret>", authorization("Bearerless"))
  end)

  it("does not put it there twice", function()
    assert.equal("<secret>", authorization("Bearer abc123"))
    assert.equal("<secret>", authorization("bearer abc123"))
  end)

  it("verifies a token, given with its 'Bearer ' or without", function()
    for _, token in ipairs { "abc123", "Bearer abc123" } do
      local text = ('{ type = "bearer", token = %q }'):format(token)
      support.verified(text, { headers = { Authorization = "Bearer abc123" } })
      support.verified(text, { headers = { authorization = "bearer abc123" } })
      for header, message in pairs { [false] = "there is no token", abc123 = "there is no token",
        ["Basic abc123"] = "there is no token", ["Bearer "] = "there is no token", ["Bearer abc12"] = "is wrong",
        ["Bearer abc1234"] = "is wrong", ["Bearer ABC123"] = "is wrong", ["Bearer abc123 x"] = "there is no token" } do
        assert.matches(message, support.raised(support.verified, text,
          { headers = { Authorization = header or nil } }), 1, true)
      end
    end
  end)

  it("wants a token", function()
    assert.same({ "authenticators/a.lua:1: 'token' is missing" },
      support.faults { ["authenticators/a.lua"] = 'return { type = "bearer" }' })
  end)
end)
