-- SPDX-License-Identifier: MIT

--- Values of templates on their way into JSON bodies: as a value in a text, and as a table's leaf.

local support = require "unit.support"

local EVENT = '{"id":"e1","type":"t","data":{"x":"<&>","d":{"b":1,"a":[]}}}'

--- What a webhook sends whose body is this expression: in a text, and as a leaf.
local function bodies(expression)
  local function body(of_lua)
    local sent = support.render(support.connector(([[
return {
  base_url = "https://api.example/",
  webhooks = { { on = "t", url = "/", body = %s } },
}]]):format(of_lua)), EVENT)
    return sent.body
  end
  return body(('[==[{"v":{{ %s }}}]==]'):format(expression)),
    body(("{ v = [==[{{ %s }}]==] }"):format(expression))
end

local function both(expected, expression)
  local text, leaf = bodies(expression)
  assert.same(expected, text:gsub("[\n ]", ""))
  assert.same(expected, leaf)
end

describe("a value of a template in a JSON body", function()
  it("is its text when it is Markup, null when it is undefined, a list when it is a tuple", function()
    both('{"v":["<&>",null,[1,2]]}', "[x|safe, missing, (1,2)]")
    both('{"v":{"k":"<&>","n":null,"t":[]}}', "{'k': x|safe, 'n': missing, 't': ()}")
  end)

  it("is a list when it is the keys, values or items of a dict", function()
    both('{"v":["b","a"]}', "d.keys()")
    both('{"v":[[1,[]]]}', "[d.values()]")
    both('{"v":{"k":[["b",1],["a",[]]]}}', "{'k': d.items()}")
  end)

  it("is the context's own table when nothing in it has to change", function()
    both('{"v":{"b":1,"a":[]}}', "d")
  end)

  for expression, kind in pairs {
    ["range(3)"] = "range", ["namespace(a=1)"] = "namespace", ["cycler(1)"] = "cycler",
    ["joiner()"] = "joiner", ["x.upper"] = "method", ["range"] = "function",
  } do
    it("is an error when it is a " .. kind, function()
      for _, whole in ipairs { expression, ("[%s]"):format(expression), ("{'k': %s}"):format(expression) } do
        local message = support.raised(bodies, whole)
        assert.matches(kind, message, 1, true)
        assert.matches("connectors/acme.lua:3", message, 1, true)
      end
    end)
  end
end)
