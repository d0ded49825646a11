-- SPDX-License-Identifier: MIT

local nearest = require "perilune.util.nearest"

describe("nearest", function()
  local KNOWN = { "body", "headers", "method", "on", "url" }

  it("finds what differs by a letter, a swap, or the case", function()
    assert.equal("method", nearest.find("methd", KNOWN))
    assert.equal("method", nearest.find("mehtod", KNOWN))
    assert.equal("url", nearest.find("URL", KNOWN))
    assert.equal("headers", nearest.find("header", KNOWN))
  end)

  it("finds nothing far away", function()
    assert.is_nil(nearest.find("timeout", KNOWN))
    assert.is_nil(nearest.find("zz", KNOWN))
    assert.is_nil(nearest.find("", KNOWN))
  end)

  it("takes the nearest of several", function()
    assert.equal("field_update", nearest.find("field_updat", { "field_updates", "field_update" }))
  end)
end)
