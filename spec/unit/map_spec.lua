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
  it("of a function may come with what is wrong", function()
    local rule = [[success = function(c) return c.values.response.ok, c.values.response.error end]]
    for _, more in ipairs { "", ", response = { variables = { error = 'error' } }" } do
      local good, _, message = map(rule .. more, support.response(200, '{"ok":false,"error":"not_in_channel"}'))
      assert.same({ false, "not_in_channel" }, { good, message })
      good, _, message = map(rule .. more, support.response(200, '{"ok":true,"error":"none"}'))
      assert.same({ true }, { good, message })
    end
  end)

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
    local rule = "success = function(c, r) return r.status == 418 and c.values.response.ok end"
    assert.is_true((map(rule, support.response(418, '{"ok":true}'))))
    assert.is_false((map(rule, support.response(418, '{"ok":false}'))))
  end)
end)

describe("variables", function()
  local BODY = '{"id":12345678901234567890,"order":{"lines":[{"sku":"a"},{"sku":"b"}]},'
    .. '"state":"new","none":null,"status":"shipped"}'

  it("take what an answer has besides its body, and not what an event calls so", function()
    local generation = support.connector [[return { webhooks = { { on = "t", url = "http://a.example",
      response = { variables = { to = "headers.location", code = "status.code" } } } } }]]
    local _, frame = support.render(generation,
      '{"type":"t","data":{"headers":{"location":"/event"},"status":{"code":1}}}')
    local response = support.response(200, "{}", { location = "/answer" })
    local _, variables, message = perilune.map(generation, 1, response, frame)
    assert.equal('{"code":null,"to":"/answer"}', variables)
    assert.equal("variable 'code': not found in the answer", message)
  end)

  it("are read by path with their type, by template as text, by function", function()
    local good, variables, message = map([[response = { variables = {
      id = "response.id", sku = "response.order.lines[1].sku", direct = "state", null = "none",
      text = "{{ state|upper }} {{ status }}", lines = "response.order.lines",
      first = "response.order.lines.0.sku", f = function(c, r) return r.status + c.data.n end } }]],
      support.response(201, BODY))
    assert.is_true(good)
    assert.is_nil(message)
    assert.equal("12345678901234567890", tostring(variables.id))
    assert.equal("b", variables.sku)
    assert.equal("a", variables.first)
    assert.equal("new", variables.direct)
    assert.equal("NEW 201", variables.text)
    assert.same({ { sku = "a" }, { sku = "b" } }, variables.lines)
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

  it("see our own names before those of the body", function()
    local _, variables = map([[response = { variables = { s = "status", b = "response.status" } }]],
      support.response(201, BODY))
    assert.same({ s = 201, b = "shipped" }, variables)
  end)

  it("find headers in any case", function()
    local _, variables, message = map([[response = { variables = { a = "headers['X-Id']",
      b = "headers.etag", c = "headers['ETAG']", d = "'X-ID' in headers", e = "headers|length",
      f = function(c) return c.values.headers["X-id"] end, g = "headers" } }]],
      support.response(200, "{}", { ["x-id"] = "5", etag = "e" }))
    assert.is_nil(message)
    assert.same({ a = "5", b = "e", c = "e", d = true, e = 2, f = "5",
      g = { ["x-id"] = "5", etag = "e" } }, variables)
  end)

  it("are read behind a byte order mark", function()
    local _, variables, message = map([[response = { variables = { a = "response.a" } }]],
      support.response(200, "\239\187\191{\"a\":1}"))
    assert.is_nil(message)
    assert.same({ a = 1 }, variables)
  end)

  it("have names in UTF-8", function()
    assert.same({ "connectors/acme.lua:2: the name of a variable must be UTF-8" }, support.faults {
      ["connectors/acme.lua"] = 'return { webhooks = { { on = "t", url = "http://a.example", response = { variables = {\n'
        .. '["\\255"] = "response.id" } } } } }' })
  end)

  it("without any are not asked for", function()
    local good, variables, message = map("", support.response(200, "<html>"))
    assert.is_true(good)
    assert.is_nil(variables)
    assert.is_nil(message)
  end)
end)

describe("variables that the answer does not have", function()
  local RULE = [[response = { variables = { a = "response.a", b = "response.b.c", s = "status",
    n = "response.n" } }]]

  it("are null, each with a warning; null itself is found", function()
    local good, variables, message = map(RULE, support.response(200, '{"n":null}'))
    assert.is_true(good)
    assert.same({ a = core.json.null, b = core.json.null, n = core.json.null, s = 200 }, variables)
    assert.equal("variable 'a': not found in the answer; variable 'b': not found in the answer",
      message)
  end)

  it("are null without a word where nothing was to be expected: no body, or no success", function()
    for _, response in ipairs { support.response(204, ""), support.response(502, "<html>") } do
      local _, variables, message = map(RULE, response)
      assert.is_nil(message)
      assert.same({ a = core.json.null, b = core.json.null, n = core.json.null,
        s = response.status }, variables)
    end
  end)

  it("are null in an answer that cannot be parsed, and the others are read", function()
    local good, variables, message = map(RULE, support.response(200, "<html>"))
    assert.is_true(good)
    assert.same({ a = core.json.null, b = core.json.null, n = core.json.null, s = 200 }, variables)
    assert.matches("^the answer is not valid JSON: .* %(line 1, column 1%); "
      .. "variable 'a': not found in the answer; variable 'b': not found in the answer; "
      .. "variable 'n': not found in the answer$", message)
  end)

  it("are read from an answer that is no success, as far as it goes", function()
    local good, variables = map([[response = { variables = { a = "response.error" } }]],
      support.response(422, '{"error":"x"}'))
    assert.is_false(good)
    assert.equal("x", variables.a)
  end)

  it("have their default, and then it is no warning", function()
    local _, variables, message = map([[response = { variables = {
      a = { "response.a", default = "none" }, b = { "response.b", default = { 1, 2 } },
      c = { "response.c", default = false }, d = { "response.d", default = "x" },
      e = { function() return nil end, default = 5 } } }]],
      support.response(200, '{"d":"own","c":true}'))
    assert.is_nil(message)
    assert.same({ a = "none", b = { 1, 2 }, c = true, d = "own", e = 5 }, variables)
  end)

  it("have their default where they fail, too, and that is a warning", function()
    local _, variables, message = map([[response = { variables = {
      a = { function() error("boom", 0) end, default = 5 } } }]], support.response(200, "{}"))
    assert.same({ a = 5 }, variables)
    assert.equal("variable 'a': boom", message)
  end)

  it("are an error where they are required, of a success", function()
    local rule = [[response = { variables = { a = "response.a",
      id = { "response.id", required = true }, no = { "response.no", required = true } } }]]
    assert.equal("connectors/acme.lua:2: variable 'id' is required: not found in the answer; "
      .. "variable 'a': not found in the answer; variable 'no': not found in the answer",
      support.raised(map, rule, support.response(200, '{}')))
    assert.equal("connectors/acme.lua:2: variable 'id' is required: not found in the answer; "
      .. "variable 'no': not found in the answer",
      support.raised(map, rule, support.response(204, '')))
    local good, variables = map(rule, support.response(404, '{"a":1}'))
    assert.is_false(good)
    assert.same({ a = 1, id = core.json.null, no = core.json.null }, variables)
    good, variables = map(rule, support.response(200, '{"a":1,"id":null,"no":0}'))
    assert.is_true(good)
    assert.same({ a = 1, id = core.json.null, no = 0 }, variables)
  end)
end)

describe("an answer that functions read", function()
  local FUNCTIONS = 'response = { type = %q, variables = { a = function(c) return c.values.response end, '
    .. 'b = { "response.b", default = 1 }, c = { function(c, r) return #r.body end } } }'

  local function read(kind, body, headers)
    return map(FUNCTIONS:format(kind), support.response(200, body, headers))
  end

  it("is the same to expressions beside them", function()
    for _, kind in ipairs { "json", "auto" } do
      local good, variables, message = read(kind, '{"b":2}')
      assert.same({ true, nil }, { good, message })
      assert.same({ a = { b = 2 }, b = 2, c = 7 }, variables)
    end
  end)

  it("may be null, false or behind a byte order mark", function()
    for body, given in pairs { null = core.json.null, ["false"] = false, ["\239\187\191[]"] = {} } do
      local _, variables, message = read("json", body)
      assert.same({ a = given, b = 1, c = #body }, variables)
      assert.is_nil(message)
    end
  end)

  it("is said to be no JSON with its place, as others are", function()
    local good, variables, message = read("json", '{"b":2,\n}')
    assert.is_true(good)
    assert.same({ a = core.json.null, b = 1, c = 9 }, variables)
    assert.truthy(message:find("the answer is not valid JSON: ", 1, true))
    assert.truthy(message:find("(line 2, column 1)", 1, true))
  end)
end)

describe("an answer that is not JSON", function()
  it("in XML is read by path; [0] finds the first of many and the only one", function()
    local rule = [[response = { type = "xml", variables = { id = "response.order['@id']|int",
      sku = "response.order.lines.line[0].sku", count = "order.lines.line|length" } }]]
    local _, variables, message = map(rule, support.response(200, "<order id='7'><lines>"
      .. "<line><sku>a</sku></line><line><sku>b</sku></line></lines></order>"))
    assert.is_nil(message)
    assert.same({ id = 7, sku = "a", count = 2 }, variables)
    _, variables, message = map(rule, support.response(200,
      "<order id='7'><lines><line><sku>a</sku></line></lines></order>"))
    assert.is_nil(message)
    assert.equal("a", variables.sku)
  end)

  it("in XML has lists where they are declared", function()
    local _, variables = map([[response = { type = "auto", lists = { "line" }, variables = {
      skus = "order.line|map(attribute='sku')|list", all = "order" } }]],
      support.response(200, "<order><line><sku>a</sku></line></order>",
        { ["content-type"] = "text/xml" }))
    assert.same({ skus = { "a" }, all = { line = { { sku = "a" } } } }, variables)
  end)

  it("as a form is an object", function()
    local _, variables = map([[response = { type = "form", variables = { t = "access_token",
      s = "response.scope[1]" } }]], support.response(200, "access_token=x%2By&scope=a&scope=b"))
    assert.same({ t = "x+y", s = "b" }, variables)
  end)

  it("as text is the text, in UTF-8", function()
    local _, variables = map(
      [[response = { type = "text", variables = { a = "{{ response|trim }}", b = "response" } }]],
      support.response(200, " caf\233 ", { ["content-type"] = "text/plain; charset=iso-8859-1" }))
    assert.same({ a = "café", b = " café " }, variables)
  end)

  it("says which type was tried when it is none of it", function()
    local _, variables, message = map(
      [[response = { type = "auto", variables = { s = "status" } }]],
      support.response(200, "<a>", { ["content-type"] = "application/xml" }))
    assert.same({ s = 200 }, variables)
    assert.equal("the answer is not valid XML: no element found (line 1, column 4)", message)
  end)
end)

describe("what a webhook says about its answer", function()
  local function faults(lines)
    return support.faults { ["connectors/acme.lua"] = ([[return { webhooks = {
    { on = "t", url = "http://a.example", %s } } }]]):format(lines) }
  end

  it("is checked, with the place", function()
    assert.same({ "connectors/acme.lua:2: 'webhooks[1].response.type' must be one of 'json', "
      .. "'xml', 'form', 'text', 'auto'" }, faults [[response = { type = "yaml" }]])
    assert.same({ "connectors/acme.lua:2: 'lists' is for the types 'xml' and 'auto', not 'json'" },
      faults [[response = { lists = { "a" } }]])
    assert.same({ "connectors/acme.lua:2: 'prefixes' is for the types 'xml' and 'auto', not 'form'" },
      faults [[response = { type = "form", prefixes = true }]])
  end)

  it("has variables that are one thing, and options that are known", function()
    local variable = "connectors/acme.lua:2: 'webhooks[1].response.variables.a"
    local function variable_faults(v) return faults("response = { variables = { a = " .. v .. " } }") end
    assert.same({ variable .. "' wants a string, a function or a table, got a number" },
      variable_faults "5")
    assert.same({ variable .. "' wants a string or a function as its first value" },
      variable_faults "{ required = true }")
    assert.same({ variable .. "[1]' wants a string or a function, got a number" },
      variable_faults "{ 5 }")
    assert.same({ "connectors/acme.lua:2: unknown key 'requird', did you mean 'required'?" },
      variable_faults '{ "response.a", requird = true }')
    assert.same({ "connectors/acme.lua:2: a value without a key; known keys are default, required" },
      variable_faults '{ "response.a", "response.b" }')
    assert.same({ variable .. "' is required, so its default is of no use" },
      variable_faults '{ "response.a", required = true, default = 1 }')
    assert.same({ variable .. ".default' cannot be a default: a function cannot be written as JSON" },
      variable_faults '{ "response.a", default = function() end }')
    assert.equal(1, #variable_faults '"response..a"')
  end)
end)

describe("a mapper", function()
  it("is a function or a file, and adds to the variables", function()
    local _, variables = map([[response = { variables = { a = "response.a" },
      mapper = function(c, r) return { b = c.values.response.a .. r.status } end }]],
      support.response(200, '{"a":"x"}'))
    assert.equal("x", variables.a)
    assert.equal("x200", variables.b)
    _, variables = map([[response = { mapper = "m" }]], support.response(200, '{"a":"x"}'), {
      ["mappers/m.lua"] = "return { map = function(c) return { b = c.values.a } end }" })
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
    local message, variables = said [[response = { variables = { a = function() return ("x").y.z end,
      b = function() return "b" end } }]]
    assert.matches("^variable 'a': connectors/acme%.lua:2: attempt to index field 'y'", message)
    assert.equal("b", variables.b)
    message, variables = said [[response = { variables = { a = function() return pairs end,
      b = function() return "b" end } }]]
    assert.equal("variable 'a': connectors/acme.lua:2: a function is no value for JSON or a script",
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

  it("does not hide what else is wrong: all of it is said", function()
    local message, variables = said [[response = { variables = {
      a = function() error("first", 0) end, b = "response.b", c = function() error("third", 0) end },
      mapper = function() return { d = pairs, e = 1 } end }]]
    assert.equal("variable 'a': first; variable 'b': not found in the answer; variable 'c': third; "
      .. "variable 'd': connectors/acme.lua:2: a function is no value for JSON or a script", message)
    assert.equal(1, variables.e)
  end)
end)
