-- SPDX-License-Identifier: MIT

--- What is wrong with sources and ingress, said when the folder loads. What they do is in spec/gateway/sources_spec.lua.

local support = require "spec.unit.support"

local STAMP = {
  ["plugins/stamp/schema.lua"] = support.schema "word = { type = 'string', required = true }",
  ["plugins/stamp/handler.lua"] = "return { receive = function() end }",
}

--- The faults of a gateway.lua, and of a connector.
local function faults(gateway, connector)
  local files = { ["gateway.lua"] = gateway, ["connectors/crm.lua"] = connector }
  for path, text in pairs(STAMP) do files[path] = text end
  return support.faults(files)
end

describe("a source", function()
  for says, case in pairs {
    ["wants a script"] = { "return { sources = {\n a = { verify = function() return true end } } }",
      "gateway.lua:2: 'source' is missing" },
    ["wants a plugin that there is"] = { "return { sources = {\n a = { source = 'stmp' } } }",
      "gateway.lua:2: there is no source plugin 'stmp', did you mean 'stamp'?" },
    ["wants one that receives"] = { "return { sources = {\n a = { source = 'basic' } } }",
      "gateway.lua:2: the plugin 'basic' is no source: it has no receive" },
    ["has its plugin's fields checked"] = { "return { sources = { a = {\n source = { type = 'stamp', wrd = 1 } } } }",
      "gateway.lua:2: unknown key 'wrd', did you mean 'word'?", "gateway.lua:2: 'word' is missing" },
    ["is verified by what verifies"] = {
      "return { sources = { a = {\n verify = { type = 'stamp', word = 'x' },\n source = function() end } } }",
      "gateway.lua:2: the plugin 'stamp' is no verifier: it has no verify" },
    ["has verifiers that are tables and functions"] = {
      "return { sources = { a = {\n verify = { function() end,\n 'stamp' },\n source = function() end } } }",
      "gateway.lua:3: a list of verifiers wants tables and functions" },
    ["does not have none of them"] = {
      "return { sources = { a = {\n verify = {},\n source = function() end } } }",
      "gateway.lua:2: a verifier wants a 'type' (the name of a plugin) or a 'verify'" },
    ["takes GET and POST"] = {
      "return { sources = { a = {\n methods = { 'PUT' }, source = function() end } } }",
      "gateway.lua:2: 'sources.a.methods[1]' must be one of 'GET', 'POST'" },
    ["has a name that can stand in a path"] = { "return { sources = {\n ['a/b'] = { source = function() end } } }",
      "gateway.lua:2: 'a/b' cannot be the name of a source: letters, digits, '.', '_' and '-'" },
    ["is looked through for what ctx and the sandbox do not have"] = {
      "return { sources = { a = { source = function(ctx)\n return ctx.htpp end, verify = function(ctx)\n return ctx.chache end } } }",
      "gateway.lua:2: there is no ctx.htpp, did you mean 'http'?", "gateway.lua:3: there is no ctx.chache, did you mean 'cache'?" },
  } do
    it(says, function()
      local found = faults(case[1])
      assert.same({ unpack(case, 2) }, found)
    end)
  end

  it("of a connector has a name of its own", function()
    assert.same({ "connectors/crm.lua:2: there is a source 'crm' already, at gateway.lua:1" },
      faults("return { sources = { crm = { source = function() end } } }",
        "return {\n ingress = { source = function() end } }"))
  end)

  it("of a connector is checked as well, and stands for its webhooks", function()
    assert.same({}, faults("return {}", "return { ingress = { source = function() end } }"))
    assert.same({ "connectors/crm.lua:1: 'webhooks' is missing" }, faults("return {}", "return {}"))
    assert.same({ "connectors/crm.lua:2: there is no ctx.htpp, did you mean 'http'?" },
      faults("return {}", "return { ingress = { source = function(ctx)\n return ctx.htpp end } }"))
  end)

  it("of a connector that is off is none", function()
    local generation = support.connector "return { enabled = false, ingress = { source = function() end } }"
    assert.same({}, generation.sources)
  end)
end)

describe("the ingress", function()
  it("is a verifier, or several", function()
    assert.same({}, faults "return { ingress = function() return true end }")
    assert.same({ "gateway.lua:1: 'ingress' wants a function or a table, got a string" },
      faults "return { ingress = 'basic' }")
    assert.same({ "gateway.lua:2: there is no verifier plugin 'stmp', did you mean 'stamp'?" },
      faults "return { ingress = { function() end,\n { type = 'stmp' } } }")
  end)
end)
