-- SPDX-License-Identifier: MIT

--- What plugins add to templates.

local support = require "unit.support"

support.setenv("PERILUNE_SECRET_EXTENSION", "sesame")

local HANDLER = [[
local calls = require "calls"
return {
  filters = {
    slug = function(text) return (text:lower():gsub("%W+", "-")) end,
    seen = function(...) return json.encode({ n = select("#", ...), arguments = json.array { ... } }) end,
    kinds = function(v) return json.is_array(v) and "list" or type(v) end,
    null = function() return json.null end,
    nothing = function() end,
    broken = function(v) error("no luck with " .. v) end,
    odd = function() error({}) end,
    leak = function() return secret "EXTENSION" end,
    code = function() return function() end end,
  },
  tests = { prime = function(n) return n == 7 end, zero = function() return 0 end },
  functions = { price = function(sku, options) return calls.price(sku, options) end },
}]]

local FILES = {
  ["plugins/acme/schema.lua"] = support.schema "",
  ["plugins/acme/handler.lua"] = HANDLER,
  ["plugins/acme/calls.lua"] =
    "return { price = function(sku, o) return sku .. ' ' .. (o and o.currency or 'EUR') end }",
}

local function files(template)
  local all = { ["templates/t.json.j2"] = template }
  for path, text in pairs(FILES) do all[path] = text end
  return all
end

local function render(template)
  local generation = support.connector(
    "return { webhooks = { { on = 't', url = 'http://h/', body = file 't.json.j2' } } }", files(template))
  return support.render(generation, '{"type":"t","data":{"v":"Ab c!","l":[1,2.50],"n":7}}').body
end

local function prints(expected, template) assert.equal(expected, render(template)) end

describe("a plugin's", function()
  it("filters, tests and functions are there under its name", function()
    prints('["ab-c-",true,false,"x EUR","x USD"]', "[{{ v|acme.slug }},{{ n is acme.prime }},"
      .. "{{ n is not acme.prime }},{{ acme.price('x') }},{{ acme.price('x', currency='USD') }}]")
  end)

  it("functions get plain values, named arguments as a table behind the others", function()
    prints([=[["{\"arguments\":[\"Ab c!\",1,[1,2.50],\"s\",{\"k\":true}],\"n\":5}"]]=],
      "[{{ v|acme.seen(1, l, 's'|safe, k=true) }}]")
    prints('["list","list","table","nil"]',
      "[{{ l|acme.kinds }},{{ (1,)|acme.kinds }},{{ {'a': 1}|acme.kinds }},{{ nope|acme.kinds }}]")
  end)

  it("results are values like others: escaped, null, undefined; tests by Python's truth", function()
    prints([=[["\"", "null", null, "", null, false]]=],
      [=[["{{ '\\"'|acme.slug|replace('-', '"') }}", "{{ acme.price('null')[:4] }}", {{ v|acme.null }}, "{{ v|acme.nothing }}", {{ v|acme.nothing }}, {{ 1 is acme.zero }}]]=])
  end)

  it("errors have the place of the template and of the plugin", function()
    local function fails(template) return (support.raised(render, template)) end
    local place = "templates/t.json.j2:2:6: "
    assert.matches(place .. "plugins/acme/handler.lua:9: no luck with Ab c!\n", fails "[\n{{ v|acme.broken }}]",
      1, true)
    assert.matches(place .. "a script raised a table instead of a message\n", fails "[\n{{ v|acme.odd }}]", 1, true)
    assert.matches(place .. "'acme.leak' gave a secret, which a template cannot use\n", fails "[\n{{ v|acme.leak }}]",
      1, true)
    assert.matches(place .. "'acme.code' gave a function, which a template cannot use\n",
      fails "[\n{{ v|acme.code }}]", 1, true)
  end)

  it("names are known when the folder is loaded", function()
    assert.same({ "templates/t.json.j2:1:6: No filter named 'acme.slgu', did you mean 'acme.slug'?" },
      support.faults(files "{{ v|acme.slgu }}"))
  end)

  it("offers that are none are faults of its handler", function()
    for text, message in pairs {
      ["filters = 5"] = "'filters' must be a table of functions, not a number",
      ["tests = { ['a b'] = tostring }"] =
        "'tests' must have names of letters, digits and '_' with functions; 'a b' is a function",
      ["functions = { x = {} }"] =
        "'functions' must have names of letters, digits and '_' with functions; 'x' is a table",
    } do
      assert.same({ "plugins/bad/handler.lua:0: " .. message },
        support.faults({ ["plugins/bad/schema.lua"] = support.schema "",
          ["plugins/bad/handler.lua"] = "return { " .. text .. " }" }))
    end
  end)
end)
