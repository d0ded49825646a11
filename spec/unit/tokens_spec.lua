-- SPDX-License-Identifier: MIT

local support = require "unit.support"

local HASH = ("0123456789abcdef"):rep(4)

local CONNECTOR = [[return { webhooks = { { id = "w", url = "https://w.example/" } } }]]

local function faults(tokens)
  return support.faults({
    ["gateway.lua"] = "return { tokens = {\n" .. tokens .. "\n} }",
    ["connectors/shop.lua"] = CONNECTOR,
    ["connectors/rest.lua"] = CONNECTOR:gsub("{", "{ enabled = false,", 1),
    ["connectors/odd.lua"] = "return 5",
  })
end

describe("tokens with names", function()
  it("stand beside the short form", function()
    local generation = support.load({
      ["gateway.lua"] = ([[return { tokens = {
        admin = "a",
        { name = "shop", scope = "ingest", connectors = { "x", "y" }, sha256 = "%s" },
        { name = "ci", scope = "admin", token = "secret-word" },
      } }]]):format(HASH),
      ["connectors/x.lua"] = CONNECTOR, ["connectors/y.lua"] = CONNECTOR,
    })
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
      ['{ name = "a", scope = "ingest", token = "t", connectors = { "shop", "shpo" } }'] =
        "gateway.lua:2: .*there is no connector 'shpo'.*did you mean 'shop'",
      ['{ name = "a", scope = "ingest", token = "t", connectors = { "rest" } }'] =
        "gateway.lua:2: .*the connector 'rest' is not enabled",
    } do
      local found = faults(text)
      assert.equal(2, #found, text)
      assert.matches("odd.lua", found[1])
      assert.matches(fault, found[2])
    end
  end)

  it("may name a connector that has a mistake itself", function()
    local found = faults('{ name = "a", scope = "ingest", token = "t", connectors = { "odd" } }')
    assert.equal(1, #found)
    assert.matches("odd.lua", found[1])
  end)
end)
