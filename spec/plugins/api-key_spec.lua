-- SPDX-License-Identifier: MIT

local perilune = require "perilune"
local support = require "unit.support"

local function sent(authenticator)
  local generation = support.connector(([[return { authenticator = %s,
    webhooks = { { on = "t", url = "http://a.example" } } }]]):format(authenticator))
  local request = support.request()
  perilune.authenticate(generation, 1, request, {})
  return request.sent
end

describe("the authenticator api-key", function()
  it("puts the key into a header", function()
    assert.same({ ["x-api-key"] = "<secret>" }, sent([[{ type = "api-key", key = "k" }]]).headers)
    assert.same({ ["x-shop-token"] = "<secret>" },
      sent([[{ type = "api-key", key = "k", name = "X-Shop-Token" }]]).headers)
  end)

  it("puts a prefix before it", function()
    assert.same({ authorization = "Token <secret>" },
      sent([[{ type = "api-key", key = "k", name = "Authorization", prefix = "Token " }]]).headers)
  end)

  it("puts it into the query", function()
    local it_sent = sent [[{ type = "api-key", key = "k", ["in"] = "query", name = "api_key" }]]
    assert.same({ "api_key=<secret>" }, it_sent.query)
    assert.same({}, it_sent.headers)
  end)

  it("puts it into a cookie", function()
    assert.same({ cookie = "session=v1.<secret>" },
      sent([[{ type = "api-key", key = "k", ["in"] = "cookie", name = "session", prefix = "v1." }]]).headers)
  end)

  it("wants a key, and one of three places", function()
    assert.same({
      "authenticators/a.lua:1: 'in' must be one of 'header', 'query', 'cookie'",
      "authenticators/a.lua:1: 'key' is missing",
    }, support.faults { ["authenticators/a.lua"] = 'return { type = "api-key", ["in"] = "body" }' })
  end)
end)
