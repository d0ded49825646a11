-- SPDX-License-Identifier: MIT

--- Expected members are those of Python's urllib.parse.parse_qsl(text, keep_blank_values=True).

local core = require "perilune.core"
local forms = require "perilune.forms"

local function json(text, convert) return core.json.encode(forms.decode(text, convert)) end

describe("a form", function()
  it("is an object of texts in its order", function()
    assert.equal('{"z":"1","a":"2"}', json("z=1&a=2"))
    assert.equal('{"token":"a=b","q":"x y+z"}', json("token=a=b&q=x+y%2Bz"))
    assert.equal('{"é":"€"}', json("%C3%A9=%e2%82%ac"))
    assert.equal("{}", json(""))
  end)

  it("has names without a value, and values without a name", function()
    assert.equal('{"a":"","b":"","":"c"}', json("a&b=&=c"))
    assert.equal('{"a":"1"}', json("&&a=1&"))
  end)

  it("has lists where a name is repeated, wherever it is", function()
    assert.equal('{"a":["1","2","3"],"b":"x"}', json("a=1&b=x&a=2&%61=3"))
  end)

  it("leaves alone what is no escape", function()
    assert.equal('{"a":"%zz%","b":"100%"}', json("a=%zz%&b=100%"))
  end)

  it("is converted from its character set", function()
    assert.equal('{"n":"é€"}', json("n=%E9%80",
      function(text) return core.charset.decode(text, "windows-1252") end))
  end)
end)
