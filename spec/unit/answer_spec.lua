-- SPDX-License-Identifier: MIT

local answer = require "perilune.answer"
local core = require "perilune.core"
local support = require "unit.support"

--- A body read as a type: as JSON, and the warnings.
local function read(kind, body, content_type, rule)
  rule = rule or {}
  rule.type = kind
  local response = support.response(200, body, { ["content-type"] = content_type })
  local parsed, warning = answer.parse(response, rule)
  return parsed and core.json.encode(parsed:value()), warning or ""
end

describe("an answer", function()
  it("is read as its type says, whatever its Content-Type", function()
    assert.equal('{"a":[]}', read("json", '{"a":[]}', "text/html"))
    assert.equal('{"a":"1"}', read("xml", "<a>1</a>", "text/plain"))
    assert.equal('{"a":"1"}', read("form", "a=1", "application/json"))
    assert.equal('"{}"', read("text", "{}", "application/json"))
  end)

  it("of the type auto is what Content-Type says", function()
    for content_type, expected in pairs {
      ["application/json"] = '{"a":1}', ["Application/Problem+JSON; charset=utf-8"] = '{"a":1}',
      ["text/json"] = '{"a":1}', ["text/plain"] = '"{\\"a\\":1}"', ["text/html"] = '"{\\"a\\":1}"',
      ["application/octet-stream"] = '"{\\"a\\":1}"',
    } do
      assert.equal(expected, read("auto", '{"a":1}', content_type), content_type)
    end
    for _, content_type in ipairs { "application/xml", "text/xml;charset=utf-8",
      "application/soap+xml; action=\"x\"" } do
      assert.equal('{"a":"1"}', read("auto", "<a>1</a>", content_type), content_type)
    end
    assert.equal('{"a":"1"}', read("auto", "a=1", "application/x-www-form-urlencoded"))
  end)

  it("of the type auto without a Content-Type is JSON if it is JSON", function()
    assert.equal("5", read("auto", "5"))
    assert.equal('"hi"', read("auto", "hi"))
    assert.equal('"<a/>"', read("auto", "<a/>"))
  end)

  it("without a body is nothing, and no mistake; as text it is empty", function()
    for _, kind in ipairs { "json", "xml", "form", "auto" } do
      local parsed, warnings = read(kind, "", "application/json")
      assert.is_nil(parsed)
      assert.equal("", warnings)
    end
    assert.equal('""', read("text", ""))
  end)

  it("that is not what it should be is a warning that says what and where", function()
    local parsed, warnings = read("json", "<html>")
    assert.is_nil(parsed)
    assert.matches("^the answer is not valid JSON: .* %(line 1, column 1%)$", warnings)
    parsed, warnings = read("xml", "<a>\n<b>")
    assert.is_nil(parsed)
    assert.equal("the answer is not valid XML: no element found (line 2, column 4)", warnings)
    parsed, warnings = read("auto", "{", "application/json")
    assert.is_nil(parsed)
    assert.matches("^the answer is not valid JSON: ", warnings)
  end)

  it("passes over a byte order mark", function()
    assert.equal('{"a":1}', read("json", '\239\187\191{"a":1}'))
    assert.equal('{"a":""}', read("xml", "\239\187\191<a/>"))
  end)

  it("is converted from the character set that it names", function()
    assert.equal('"é"', read("text", "\233", "text/plain; charset=ISO-8859-1"))
    assert.equal('"é"', read("auto", "\0\233", 'text/plain;charset="utf-16be"'))
    assert.equal('{"a":"é"}', read("form", "a=%E9", "x/y; charset=latin1"))
    assert.equal('{"a":"€"}', read("xml", "<a>\128</a>", "text/xml; charset=windows-1252"))
    assert.equal('{"a":"é"}', read("auto",
      '<?xml version="1.0" encoding="iso-8859-1"?><a>\233</a>', "text/xml"))
  end)

  it("in a character set that is not known is read as it is, with a warning", function()
    local parsed, warnings = read("text", "x", "text/plain; charset=koi8-r")
    assert.equal('"x"', parsed)
    assert.equal("the answer's character set 'koi8-r' is not known, it is read as it is", warnings)
    parsed, warnings = read("json", "[1]", "application/json; charset=koi8-r")
    assert.equal("[1]", parsed)
    assert.equal("", warnings)
  end)

  it("in XML has the lists and prefixes that the webhook wants", function()
    assert.equal('{"p:a":{"@xmlns:p":"u","b":["1"]}}', read("auto",
      '<p:a xmlns:p="u"><b>1</b></p:a>', "text/xml", { lists = { "b" }, prefixes = true }))
  end)
end)
