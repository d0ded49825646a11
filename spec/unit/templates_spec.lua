-- SPDX-License-Identifier: MIT

local support = require "unit.support"
local compile = require("perilune.templates").compile

describe("template of scripts", function()
  it("fills a text with names, again and again", function()
    local fill = compile "{{ greeting }} {{ user.name|upper }}{% if n > 1 %} ({{ n }}){% endif %}"
    assert.equal("Dear ADA (2)", fill { greeting = "Dear", user = { name = "Ada" }, n = 2 })
    assert.equal("Dear BOB", fill { greeting = "Dear", user = { name = "Bob" }, n = 1 })
  end)

  it("gives a text without places as it is, and escapes nothing", function()
    assert.equal("a & b", compile "a & b" {})
    assert.equal('<"é">', compile "{{ x }}" { x = '<"é">' })
  end)

  it("compiles a text once, as long as there are not too many others", function()
    local text = "{{ x }} once"
    local made = compile(text)
    assert.equal(made, compile(text))
    for i = 1, 256 do compile("{{ x }} " .. i) end
    assert.not_equal(made, compile(text))
    assert.equal("1 once", made { x = 1 })
  end)

  it("names the place of a mistake, in the script and in the text", function()
    local message = support.raised(compile, "one\n{{ two")
    assert.matches("template:2:%d+: ", message)
    assert.matches("{{ two\n *%^", message)
    assert.matches("template:1:%d+: .*'nofilter'", support.raised(compile, "{{ x|nofilter }}"))
    assert.matches("wants a text", support.raised(compile, 1), 1, true)
    assert.matches("up to 16384 bytes", support.raised(compile, ("x"):rep(16385)), 1, true)
  end)

  it("names the place of an error that comes to light later", function()
    local fill = compile "{{ x.y.z }}"
    assert.matches("template:1:%d+: ", (support.raised(fill, { x = {} })))
  end)

  it("sees the values of an attempt", function()
    local request = support.render(support.connector([[return { webhooks = { {
      on = "t", url = "http://a.example/", headers = { ["X-Order"] = function(ctx)
        return template.compile("{{ event.type }} {{ data.id }} {{ shop }}")(ctx.values)
      end } } } }]]), '{"type": "t", "data": {"id": 17, "shop": "eu"}}')
    assert.equal("t 17 eu", request.headers["x-order"])
  end)

  it("reads no template of the folder, and opens no secret", function()
    assert.matches("there is no template 'a.txt'", (support.raised(compile '{% include "a.txt" %}', {})), 1, true)
    local secret = require("perilune.core").secret_of("the-value-itself")
    local ok, text = pcall(compile "{{ key }}", { key = secret })
    assert.is_nil(text:find("the-value-itself", 1, true), tostring(ok))
  end)
end)
