-- SPDX-License-Identifier: MIT

local support = require "unit.support"

local HASH = ("0123456789abcdef"):rep(4)

local function faults(tokens)
  return support.faults({ ["gateway.lua"] = "return { tokens = {\n" .. tokens .. "\n} }" })
end

describe("tokens with names", function()
  it("stand beside the short form", function()
    local generation = support.load({ ["gateway.lua"] = ([[return { tokens = {
      admin = "a",
      { name = "shop", scope = "ingest", connectors = { "x", "y" }, sha256 = "%s" },
      { name = "ci", scope = "admin", token = "secret-word" },
    } }]]):format(HASH) })
    assert.same({ "a" }, generation.settings["tokens.admin"])
    assert.same({
      "name=shop scope=ingest connectors=x|y sha256=" .. HASH,
      "name=ci scope=admin token=secret-word",
    }, generation.settings["tokens.named"])
  end)

  it("are checked, with their line", function()
    for text, fault in pairs {
      ['{ scope = "ingest", token = "t" }'] = "gateway.lua:2: .*'name'",
      ['{ name = "a b", scope = "ingest", token = "t" }'] = "gateway.lua:2: 'tokens%[1%].name' .*letters",
      ['{ name = "a", scope = "root", token = "t" }'] = "gateway.lua:2: .*scope",
      ['{ name = "a", token = "t" }'] = "gateway.lua:2: .*scope",
      ['{ name = "a", scope = "ingest" }'] = "gateway.lua:2: .*either 'sha256' or 'token'",
      [('{ name = "a", scope = "ingest", token = "t", sha256 = "%s" }'):format(HASH)] =
        "gateway.lua:2: .*either 'sha256' or 'token'",
      ['{ name = "a", scope = "ingest", sha256 = "abc" }'] = "gateway.lua:2: .*64 hexadecimal",
      ['{ name = "a", scope = "ingest", token = "t", connectors = {} }'] = "gateway.lua:2: .*connectors",
      ['{ name = "a", scope = "ingest", token = "t", connecters = { "x" } }'] = "gateway.lua:2: .*connecters",
      ['"t"'] = "gateway.lua:2: ",
    } do
      local found = faults(text)
      assert.equal(1, #found, text)
      assert.matches(fault, found[1])
    end
  end)
end)
