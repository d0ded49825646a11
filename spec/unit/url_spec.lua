-- SPDX-License-Identifier: MIT

--- What `url` writes is read by Python's urllib.parse, and the other way around.

local core = require "perilune.core"
local python = require "support.python"
local url = require "perilune.url"

local TEXTS = { "", "a", "a b", "a+b", "ä", "😀", "100%", "a&b=c", "~*-._", "/?#[]@!$'()", "\n\t\0", '"<>\\' }

--- Python's answers to one question about many values.
local function asked(question, values)
  local lines = {}
  for i, v in ipairs(values) do lines[i] = core.json.encode { question, v } end
  return python.ask("spec/support/url_and_time.py", lines)
end

--- All texts as fields, each with another as its name.
local function fields()
  local list = {}
  for i, text in ipairs(TEXTS) do
    list[#list + 1] = { "n" .. TEXTS[#TEXTS + 1 - i], text }
    list[#list + 1] = { "twice", text }
  end
  return list
end

describe("url", function()
  it("writes what Python reads", function()
    assert.same(fields(), asked("read", { url.query(fields()) })[1])
    local encoded = {}
    for i, text in ipairs(TEXTS) do encoded[i] = url.encode(text) end
    assert.same(TEXTS, asked("unquote", encoded))
    assert.same(encoded, asked("quote", TEXTS))
  end)

  it("reads what Python writes", function()
    local _, all = url.parse_query(asked("write", { fields() })[1])
    assert.same(fields(), all)
    for i, text in ipairs(asked("quote", TEXTS)) do assert.equal(TEXTS[i], url.decode(text)) end
  end)

  it("writes fields by name sorted, and joins the parts of a value", function()
    assert.equal("a=1&b=x+y&c=", url.query { c = "", b = { "x", " ", "y" }, a = 1 })
    assert.equal("", url.query {})
  end)

  it("reads the first of a name, and names without a value", function()
    local fields_by_name, all = url.parse_query "a=1&a=2&&b&=x"
    assert.same({ a = "1", b = "", [""] = "x" }, fields_by_name)
    assert.equal(4, #all)
    assert.same({}, (url.parse_query ""))
  end)

  it("keeps secrets closed", function()
    local secret = core.secret_of("a very secret text")
    for _, v in ipairs { url.encode(secret), url.encode_form(secret), url.query { a = secret },
      url.query { { "a", "b", secret } } } do
      assert.is_true(core.is_secret(v))
    end
  end)

  it("refuses what is not encoded", function()
    for _, text in ipairs { "%", "%a", "%zz", "a%2" } do
      local message = "a '%' without two hexadecimal digits behind it"
      assert.same({ nil, message }, { url.decode(text) })
      assert.same({ nil, message }, { url.decode_form(text) })
      assert.same({ nil, message }, { url.parse_query("a=" .. text) })
      assert.same({ nil, message }, { url.parse_query(text .. "=a") })
    end
  end)

  it("refuses what are no fields", function()
    assert.has_error(function() url.query "a=1" end)
    for _, fields_given in ipairs { { "a" }, { { "a" } }, { { 1, 2 } }, { a = true }, { { "a", {} } } } do
      assert.is_false((pcall(url.query, fields_given)))
    end
  end)
end)
