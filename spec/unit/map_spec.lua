-- SPDX-License-Identifier: MIT

local core = require "perilune.core"
local perilune = require "perilune"
local support = require "unit.support"

local function map(lines, response, files)
  local generation = support.connector(([[return { webhooks = {
    { on = "t", url = "http://a.example", %s } } }]]):format(lines), files)
  local _, context = support.render(generation, '{"type":"t","data":{"n":7,"id":"data"}}')
  local good, variables, message = perilune.map(generation, 1, response, context)
  return good, variables and core.json.decode(variables), message
end

local function ok(lines, status)
  return (map(lines, support.response(status, "")))
end

describe("success", function()
  it("is any 2xx by default", function()
    for _, status in ipairs { 200, 204, 299 } do assert.is_true(ok("", status)) end
    for _, status in ipairs { 199, 300, 404, 500 } do assert.is_false(ok("", status)) end
  end)

  it("is a list of statuses and ranges", function()
    local rule = 'success = { 200, "409", "300-302", "5xx" }'
    for _, status in ipairs { 200, 409, 300, 302, 500, 599 } do
      assert.is_true(ok(rule, status))
    end
    for _, status in ipairs { 201, 408, 303, 499 } do assert.is_false(ok(rule, status)) end
  end)

  it("is what a function says", function()
    local rule = "success = function(r, c) return r.status == 418 and c.response.ok end"
    assert.is_true((map(rule, support.response(418, '{"ok":true}'))))
    assert.is_false((map(rule, support.response(418, '{"ok":false}'))))
  end)
end)

describe("variables", function()
  local BODY = '{"id":12345678901234567890,"order":{"lines":[{"sku":"a"},{"sku":"b"}]},'
    .. '"state":"new","none":null}'

  it("are read by path with their type, by template as text, by function", function()
    local good, variables, message = map([[response = { variables = {
      id = "response.id", sku = "response.order.lines[1].sku", direct = "state",
      text = "{{ state|upper }} {{ status }}", gone = "response.nope.deeper", null = "none",
      first = "response.order.lines.0.sku", f = function(r, c) return r.status + c.data.n end } }]],
      support.response(201, BODY))
    assert.is_true(good)
    assert.is_nil(message)
    assert.equal("12345678901234567890", tostring(variables.id))
    assert.equal("b", variables.sku)
    assert.equal("a", variables.first)
    assert.equal("new", variables.direct)
    assert.equal("NEW 201", variables.text)
    assert.equal(core.json.null, variables.gone)
    assert.equal(core.json.null, variables.null)
    assert.equal(208, variables.f)
  end)

  it("see the answer before the event, and headers and raw text", function()
    local _, variables = map([[response = { variables = {
      a = "id", d = "data.id", h = "headers['x-id']", r = "{{ raw|length }}", n = "n" } }]],
      support.response(200, '{"id":"answer"}', { ["x-id"] = "5" }))
    assert.same({ a = "answer", d = "data", h = "5", r = "15", n = 7 },
      { a = variables.a, d = variables.d, h = variables.h, r = variables.r, n = variables.n })
  end)

  it("of an answer without a body are null where they would read it, and no mistake", function()
    for _, type in ipairs { "json", "auto" } do
      local good, variables, message = map(([[response = { type = "%s",
        variables = { a = "response.a", s = "status" } }]]):format(type), support.response(204, ""))
      assert.is_true(good)
      assert.is_nil(message)
      assert.same({ a = core.json.null, s = 204 }, variables)
    end
  end)

  it("are read behind a byte order mark", function()
    local _, variables, message = map([[response = { variables = { a = "response.a" } }]],
      support.response(200, "\239\187\191{\"a\":1}"))
    assert.is_nil(message)
    assert.same({ a = 1 }, variables)
  end)

  it("that cannot be had are a message, and success stays", function()
    local good, variables, message = map([[response = { variables = { a = "response.a" } }]],
      support.response(200, "<html>"))
    assert.is_true(good)
    assert.is_nil(variables)
    assert.matches("^the answer is not valid JSON: ", message)
  end)

  it("are read from an answer that is no success, as far as it goes", function()
    local good, variables = map([[response = { variables = { a = "response.error" } }]],
      support.response(422, '{"error":"x"}'))
    assert.is_false(good)
    assert.equal("x", variables.a)
    local _, none, message = map([[response = { variables = { a = "response.error" } }]],
      support.response(502, "<html>"))
    assert.is_nil(none)
    assert.is_nil(message)
  end)

  it("of a text answer see the text", function()
    local _, variables = map(
      [[response = { type = "text", variables = { a = "{{ response|trim }}" } }]],
      support.response(200, " hi "))
    assert.equal("hi", variables.a)
  end)

  it("of an automatic answer see JSON or text", function()
    local rule = [[response = { type = "auto", variables = { a = "response" } }]]
    local _, variables = map(rule, support.response(200, "5"))
    assert.equal(5, variables.a)
    _, variables = map(rule, support.response(200, "hi"))
    assert.equal("hi", variables.a)
  end)

  it("without any are not asked for", function()
    local good, variables, message = map("", support.response(200, "<html>"))
    assert.is_true(good)
    assert.is_nil(variables)
    assert.is_nil(message)
  end)
end)

describe("a mapper", function()
  it("is a function or a file, and adds to the variables", function()
    local _, variables = map([[response = { variables = { a = "response.a" },
      mapper = function(r, c) return { b = c.response.a .. r.status } end }]],
      support.response(200, '{"a":"x"}'))
    assert.equal("x", variables.a)
    assert.equal("x200", variables.b)
    _, variables = map([[response = { mapper = "m" }]], support.response(200, '{"a":"x"}'), {
      ["mappers/m.lua"] = "return { map = function(_, c) return { b = c.a } end }" })
    assert.equal("x", variables.b)
  end)

  it("that fails is a message, and success stays", function()
    local good, _, message = map([[response = { mapper = function() error("boom") end }]],
      support.response(200, "{}"))
    assert.is_true(good)
    assert.equal("mapper: connectors/acme.lua:2: boom", message)
  end)
end)

describe("what cannot be a variable", function()
  local function said(lines, body)
    local good, variables, message = map(lines, support.response(200, body or "{}"))
    assert.is_true(good)
    return message, variables
  end

  it("is null and a message with the place; the others stay", function()
    local message, variables = said [[response = { variables = { a = function() return map end,
      b = function() return "b" end } }]]
    assert.matches("^variable 'a': connectors/acme%.lua:%d: there is no global 'map' here", message)
    assert.equal("b", variables.b)
    message, variables = said [[response = { variables = { a = function() return pairs end,
      b = function() return "b" end } }]]
    assert.equal("variable 'a': connectors/acme.lua:2: a function cannot be written as JSON at \"\"",
      message)
    assert.equal("b", variables.b)
    assert.equal(core.json.null, variables.a)
    message = said([[response = { type = "text", variables = { a = "raw" } }]], "\255")
    assert.matches("connectors/acme.lua:2: a string that is not UTF-8", message, 1, true)
  end)

  it("is what a script raises that is no text, with the place of the webhook", function()
    assert.equal("variable 'a': connectors/acme.lua:2: a script raised a table instead of a message",
      (said [[response = { variables = { a = function() error({}) end } }]]))
  end)

  it("is what a mapper returns that has no names", function()
    assert.equal("mapper: connectors/acme.lua:2: must return a table of variables, not a number",
      (said [[response = { mapper = function() return 5 end }]]))
    local message, variables = said [[response = { mapper = function() return { "x", a = 1 } end }]]
    assert.equal("mapper: connectors/acme.lua:2: a variable must have a name, not a number", message)
    assert.equal(1, variables.a)
  end)
end)
