-- SPDX-License-Identifier: MIT

local perilune = require "perilune"
local support = require "unit.support"

--- What the request carries after `apply`, where the header shows what a token would give.
local function authorization(text)
  local generation = support.connector([[return {
    authenticator = { type = "bearer", token = "unused-here" },
    webhooks = { { on = "t", url = "http://a.example" } } }]])
  local request = support.request()
  local set_header = request.set_header
  function request.set_header(self, name, ...)
    local parts = { ... }
    parts[#parts] = text
    set_header(self, name, unpack(parts))
  end
  perilune.authenticate(generation, 1, request, {})
  return request.sent.headers.authorization
end

describe("the authenticator bearer", function()
  it("puts 'Bearer ' in front of a raw token", function()
    assert.equal("Bearer abc123", authorization("abc123"))
    assert.equal("Bearer Bearerless", authorization("Bearerless"))
  end)

  it("does not put it there twice", function()
    assert.equal("Bearer abc123", authorization("Bearer abc123"))
  end)

  it("passes the token on as a secret", function()
    local generation = support.connector([[return {
      authenticator = { type = "bearer", token = "abc123" },
      webhooks = { { on = "t", url = "http://a.example" } } }]])
    local request = support.request()
    perilune.authenticate(generation, 1, request, {})
    assert.equal("Bearer <secret>", request.sent.headers.authorization)
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
