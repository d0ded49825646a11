-- SPDX-License-Identifier: MIT

local core = require "perilune.core"
local document = require "perilune.document"
local support = require "unit.support"

local TEXT = [[ { "type" : "t", "data": {"order": {"id": 7, "lines": [ {"sku": "a\/b"}, {"n": 1.50} ],
  "paid": false, "note": null}, "name": "M\u00fcller \"x\"", "total": 12345678901234567890, "none": [ ]} } ]]

local function opened() return document.new(core.json.open(TEXT)) end

--- Value and answer of reading a path: as JSON.
local function read(read_from, path)
  local value = read_from:read(path)
  return value ~= nil and core.json.encode(value) or nil
end

local PATHS = {
  ["type"] = '"t"', ["data.order.id"] = "7", ["data.order.paid"] = "false", ["data.order.note"] = "null",
  ["data.name"] = '"Müller \\"x\\""', ["data.total"] = "12345678901234567890", ["data.none"] = "[]",
  ["data.order.lines"] = '[{"sku":"a/b"},{"n":1.50}]',
}

describe("a document", function()
  it("gives single values, and no others are decoded", function()
    local event = support.event(TEXT)
    local doc = document.new(event)
    for path, expected in pairs(PATHS) do assert.equal(expected, read(doc, path), path) end
    for _, path in ipairs { "x", "data.x", "data.order.id.x", "data.order.lines.sku" } do
      assert.same({ nil, true }, { opened():read(path) }, path)
    end
    assert.equal(0, event.decoded)
    doc:value()
    doc:value()
    assert.equal(1, event.decoded)
  end)

  it("gives them as JSON, as decoding and encoding them does", function()
    for path, expected in pairs(PATHS) do assert.equal(expected, opened():json(path), path) end
    assert.is_nil(opened():json("data.x"))
  end)

  it("gives the same table each time, and what is written in it stays", function()
    local doc = opened()
    local lines = doc:read("data.order.lines")
    assert.equal(lines, doc:read("data.order.lines"))
    lines[3] = "more"
    assert.equal(7, doc:read("data.order.id"))
    assert.is_nil(doc:json("data.order.lines"))
    assert.same({ nil, nil }, { doc:read("data.order") })
    assert.is_nil(doc:json("data"))
    assert.is_nil(doc:read("data.order.lines.x"))
    assert.equal(lines, doc:value().data.order.lines)
    assert.equal('{"id":7,"lines":[{"sku":"a/b"},{"n":1.50},"more"],"paid":false,"note":null}',
      core.json.encode(doc:value().data.order))
  end)

  it("cannot say any more once it was given as a whole", function()
    local doc = opened()
    doc:value().type = "other"
    assert.is_nil(doc:read("type"))
    assert.is_nil(doc:json("data.order"))
    assert.equal("x", document.of("x"):value())
    assert.is_nil(document.of({ a = 1 }):read("a"))
  end)

  it("that is no JSON, or has a name twice, says where", function()
    local none, fault = core.json.open('{"a":}')
    assert.is_nil(none)
    assert.equal(6, fault.column)
    none, fault = core.json.open('{"a":1,\n"a":2}')
    assert.is_nil(none)
    assert.equal('the name "a" is there twice', fault.message)
    assert.equal(2, fault.line)
    assert.equal("[1]", core.json.open('{"\\u0061":[1],"b":2}'):json("a"))
  end)
end)

describe("what templates see of an event", function()
  local function rendered(body, data)
    local sent = support.render(support.connector(([[return { context = { region = "eu" }, webhooks = { {
      on = "t", url = "http://a.example", body = %s } } }]]):format(body)), '{"type":"t","data":' .. data .. "}")
    return sent.body
  end

  it("is the same however it is asked for", function()
    local data = '{"order":{"id":7,"lines":[{"n":1},{"n":2}]},"region":"us","n":1.0}'
    assert.equal('7 7 7 eu 1.0|1|2', rendered([==["{% set sep = '|' %}{{ data.order.id }} {{ order.id }} ]==]
      .. [==[{{ event.data.order.id }} {{ region }} {{ n }}{% for l in order.lines %}{{ sep }}{{ l.n }}{% endfor %}",
      content_type = "text/plain"]==], data))
  end)

  it("is written into JSON as it stands there", function()
    local data = '{"n":1.50,"text":"a\\/\\u00fc\\"","none":null,"yes":true,"list":[ 1, {"b": 2} ],"small":0.0001}'
    assert.equal('[1.50,"a/ü\\"",null,true,[1,{"b":2}],0.0001,null]', rendered([==["[{{ data.n }},{{ data.text }},]==]
      .. [==[{{ data.none }},{{ data.yes }},{{ data.list }},{{ data.small }},{{ data.missing }}]"]==], data))
  end)

  it("has what a template has written in it", function()
    assert.equal("3 3 3", rendered([==["{% set x = data.order.lines.append(3) %}{{ order.lines|length }} ]==]
      .. [==[{{ data.order.lines|length }} {{ event.data.order.lines[2] }}", content_type = "text/plain"]==],
      '{"order":{"lines":[1,2]}}'))
  end)

  it("has what a function has set before", function()
    local sent = support.render(support.connector [[return { webhooks = { { on = "t", url = function(ctx)
      ctx.values.order = { id = 8 }
      ctx.data.name = "changed"
      return "http://a.example" end, body = "{{ order.id }} {{ data.order.id }} {{ data.name }}",
      content_type = "text/plain" } } }]], '{"type":"t","data":{"order":{"id":7},"name":"x"}}')
    assert.equal("8 7 changed", sent.body)
  end)
end)
