-- SPDX-License-Identifier: MIT

local core = require "perilune.core"
local html = require "perilune.template.html"

local PYTHON = [=[
import html, json
from html.entities import html5

texts = ["&" + name for name in html5] + ["&" + name + "x" for name in html5]
texts += [f"&#{code}" for code in list(range(0x180)) + [0xd7ff, 0xd800, 0xdfff, 0xe000, 0xfdcf, 0xfdd0, 0xfdef, 0xfdf0]]
texts += [f"&#x{plane:x}{low};" for plane in range(0x12) for low in ("0000", "fffd", "fffe", "ffff")]
texts += ["&#x1F600", "&#X41;", "&#99999999999999999999;", "&#-1;", "&# 65;", "a&b&&c", "&amp;lt;", "&;&", "\u00e4&auml\u00e4"]
print(json.dumps([[text, html.unescape(text)] for text in texts]))
]=]

describe("html.unescape", function()
  it("knows every reference that Python knows, and what is none", function()
    local path = os.tmpname()
    local file = assert(io.open(path, "wb"))
    file:write(PYTHON)
    file:close()
    local process = assert(io.popen("/usr/bin/python3 " .. path))
    local pairs_of = assert(core.json.decode(process:read("*a")))
    process:close()
    os.remove(path)
    assert.is_true(#pairs_of > 4800)
    for _, pair in ipairs(pairs_of) do assert.equal(pair[2], html.unescape(pair[1]), pair[1]) end
  end)
end)

describe("html.strip_tags", function()
  it("takes no longer for tags that never end", function()
    local text = ("<"):rep(1000000)
    local started = os.clock()
    assert.equal(text, html.strip_tags(text))
    assert.is_true(os.clock() - started < 5)
  end)
end)
