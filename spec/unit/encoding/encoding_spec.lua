-- SPDX-License-Identifier: MIT

--- Tables as bodies, read by Python's json, urllib, email and xml: what a receiver makes of them.

local core = require "perilune.core"
local readers = require "support.readers"
local support = require "unit.support"

local DATA = [["s":"a\"b\\c&d=e<f>\r\n--x: \u00e9","u":"\u00fc\ud83d\ude00","n":12345678901234567890,
  "f":120.50,"l":["p","q&r",null,3],"o":{"k":[1]},"e":"","z":null,"crlf":"x\r\nContent-Type: y"]]
local EVENT = '{"type":"t","data":{' .. DATA .. "}}"
local S = 'a"b\\c&d=e<f>\r\n--x: \195\169'
local U = "\195\188\240\159\152\128"

local function generation(lines)
  return support.connector("return { webhooks = { { on = 't', url = 'http://h/', " .. lines .. "} } }")
end

local function sent(lines) return support.render(generation(lines), EVENT) end

local function read(kind, lines)
  local request = sent(lines)
  return readers.one(kind, request.body, request.headers["content-type"]), request
end

local function fails(lines) return (support.raised(sent, lines)) end

local function faults(lines)
  return support.faults({
    ["connectors/a.lua"] = "return { webhooks = { { on = 't', url = 'http://h/', " .. lines .. "} } }",
  })
end

describe("a JSON table", function()
  it("keeps types, escapes texts, and takes what is done as it is", function()
    assert.same({ s = S, both = "-" .. S .. "-", l = { "p", "q&r", core.json.null, 3 },
      e = "a&#34;", done = { 1 }, json = S, list = { "a", "b" }, b = true },
      (read("json", [[body = { s = "{{ s }}", both = "-{{ s }}-", l = "{{ l }}", e = "{{ 'a\"'|e }}",
        done = "{{ '[1]'|safe }}", json = "{{ s|tojson }}", list = "{{ ('a', 'b'|safe) }}",
        b = "{{ n > 1 }}" }]])))
    assert.equal('{"f":120.50,"n":12345678901234567890,"u":null}',
      sent([[body = { n = "{{ n }}", f = "{{ f }}", u = "{{ nope }}" }]]).body)
  end)

  it("refuses a safe text that is no JSON", function()
    assert.equal("connectors/acme.lua:1: what safe or tojson gives here must be JSON: expected a value",
      fails [[body = { a = "{{ 'x'|safe }}" }]])
  end)
end)

describe("a form", function()
  it("is read field by field, a list as a field that is repeated", function()
    local fields, request = read("form", [[content_type = "form", body = json.ordered {
      { "s", "{{ s }}" }, { "\195\188&=", "{{ u }}" }, { "l", "{{ l }}" }, { "n", "{{ n }}" },
      { "e", "{{ e }}" }, { "z", "{{ z }}" }, { "nope", "{{ nope }}" }, { "t", "{{ ('x', 'y'|safe) }}" },
      { "m", "{{ 'a b'|safe }}" } }]])
    assert.same({ { "s", S }, { "\195\188&=", U }, { "l", "p" }, { "l", "q&r" }, { "l", "3" },
      { "n", "12345678901234567890" }, { "e", "" }, { "t", "x" }, { "t", "y" }, { "m", "a b" } }, fields)
    assert.equal("application/x-www-form-urlencoded", request.headers["content-type"])
  end)

  it("holds no tables, said at load where that can be known", function()
    assert.same({ "connectors/a.lua:1: the form field 'a' cannot hold a table" },
      faults [[content_type = "form", body = { a = { b = 1 } }]])
    assert.equal("connectors/acme.lua:1: the form field 'a' cannot hold a table",
      fails [[content_type = "form", body = { a = "{{ o }}" }]])
  end)
end)

describe("a multipart body", function()
  it("is read part by part", function()
    local parts = read("multipart", [[content_type = "multipart", body = json.ordered {
      { "s", "{{ s }}" }, { "l", "{{ l }}" }, { "z", "{{ z }}" }, { "safe", "{{ 'x'|safe }}" },
      { "file", { filename = "{{ u }}.csv", content_type = "text/csv", content = "{{ s }}" } },
      { "two", { { filename = "1", content = "a" }, { filename = "2", content = "" } } } }]])
    local null = core.json.null
    local function part(name, content, filename, media)
      return { name = name, content = content, filename = filename or null, type = media or null }
    end
    assert.same({
      part("s", S), part("l", "p"), part("l", "q&r"), part("l", "3"), part("safe", "x"),
      part("file", S, U .. ".csv", "text/csv"), part("two", "a", "1"), part("two", "", "2"),
    }, parts)
  end)

  it("lets no name, filename or type begin a header or a part", function()
    local parts = read("multipart", [[content_type = "multipart", body = {
      ['a"; x="\r\nB: c'] = { filename = "{{ crlf }}\"; name=\"evil\\", content = "{{ s }}" } }]])
    assert.equal(1, #parts)
    assert.equal("a%22; x=%22%0D%0AB: c", parts[1].name)
    assert.equal("x%0D%0AContent-Type: y%22; name=%22evil%5C", parts[1].filename)
    assert.equal(S, parts[1].content)
    assert.equal("connectors/acme.lua:1: a content_type may not hold line breaks or control characters",
      fails [[content_type = "multipart", body = { a = { content_type = "{{ crlf }}", content = "" } }]])
  end)

  it("says what a part lacks, and that a text has no boundary", function()
    assert.equal("connectors/acme.lua:1: the part 'a' has no content",
      fails [[content_type = "multipart", body = { a = { filename = "x" } }]])
    local message = "a text has no boundary: give a table, or a content_type with 'boundary='"
    assert.same({ "connectors/a.lua:1: " .. message }, faults [[content_type = "multipart", body = "x"]])
    assert.equal("connectors/acme.lua:1: " .. message,
      fails [[content_type = "multipart", body = function() return "x" end]])
    assert.equal("--b--",
      sent([[content_type = "multipart/form-data; boundary=b", body = "--b--"]]).body)
  end)
end)

describe("an XML table", function()
  it("is read as the document that it says", function()
    local document = read("xml", [=[content_type = "xml", body = { order = json.ordered {
      { "@id", "{{ n }}" }, { "@s", "{{ 'a\"<&' ~ '\n' }}" }, { "t", "{{ 'x]]><y>&' }}" },
      { "l", "{{ ('p', 'q') }}" }, { "safe", "{{ '<b/>'|safe }}" }, { "nope", "{{ nope }}" } } }]=])
    assert.same({ "order", { id = "12345678901234567890", s = 'a"<&\n' }, "", {
      { "t", {}, "x]]><y>&", {} }, { "l", {}, "p", {} }, { "l", {}, "q", {} }, { "safe", {}, "<b/>", {} },
    } }, document)
  end)

  it("names the place of what XML cannot hold", function()
    assert.matches("connectors/acme.lua:1: .*/a/b",
      fails [[content_type = "xml", body = { a = { b = "{{ '\1' }}" } }]])
  end)
end)

describe("a leaf", function()
  it("that is no data says so with its line", function()
    for _, kind in ipairs({ "json", "form", "multipart", "xml" }) do
      assert.equal("connectors/acme.lua:2: a range is no value for JSON or a script",
        fails(("content_type = %q, body = {\na = \"{{ range(3) }}\" }"):format(kind)))
    end
  end)
end)
