-- SPDX-License-Identifier: MIT

--- What `perilune render` does between its input and the template engine.

local batch = require "perilune.batch"
local json = require("perilune.core").json

local function answer(line, templates)
  return batch.line(batch.new(templates), line)
end

local function error_of(line)
  local decoded = json.decode(answer(line))
  assert.is_false(decoded.ok)
  return decoded.error
end

local function job(fields)
  local made = { name = "a.j2", template = "", context = "{}", context_name = "a.json", mode = "text" }
  for key, value in pairs(fields) do made[key] = value end
  return made
end

describe("a line of a batch", function()
  it("gives the output, with the id behind it as it came", function()
    assert.equal('{"ok":true,"output":"a 1"}', answer '{"template":"a {{ x }}","context":{"x":1}}')
    for _, id in ipairs({ "1", '"a"', "null", '{"b":[true]}', "12345678901234567890", "1.0" }) do
      assert.equal(('{"ok":true,"output":"x","id":%s}'):format(id), answer('{"id":' .. id .. ',"template":"x"}'))
    end
  end)

  it("has members that matter to whoever sent it only", function()
    assert.equal('{"ok":true,"output":"x"}', answer '{"template":"x","comment":"why"}')
  end)

  it("needs no context", function()
    assert.equal('{"ok":true,"output":"[]"}', answer '{"template":"[{{ x }}]"}')
    assert.equal('{"ok":true,"output":"[]"}', answer '{"template":"[{{ x }}]","context":null}')
  end)

  it("says what is wrong with it", function()
    assert.equal("not JSON, column 13: expected a value", error_of '{"template":}')
    assert.equal("not JSON, column 1: expected a value", error_of "")
    assert.equal("expected an object with template and context", error_of "[]")
    assert.equal('"template": expected a text', error_of "{}")
    assert.equal('"context": expected an object', error_of '{"template":"","context":[]}')
    assert.equal('"mode": expected text, json, url, xml, header or form', error_of '{"template":"","mode":"j"}')
    assert.equal('"templates": expected an object of texts', error_of '{"template":"","templates":[]}')
    assert.equal('"templates"/"a": expected a text', error_of '{"template":"","templates":{"a":1}}')
  end)

  it("says where the template is wrong", function()
    local decoded = json.decode(answer '{"template":"a\\n{{ b.c.d }}","context":{"b":{}},"id":1}')
    assert.is_false(decoded.ok)
    assert.equal(2, decoded.line)
    assert.is_truthy(decoded.column > 1)
    assert.equal(1, decoded.id)
    assert.matches("^template:2:%d+: ", decoded.error)
    decoded = json.decode(answer '{"template":"a\\n\\n{% nonsense %}"}')
    assert.equal(3, decoded.line)
  end)

  it("keeps a template by its text and its mode", function()
    local renderer = batch.new()
    local function render(mode, context)
      return json.decode(batch.line(renderer,
        ('{"template":"[{{ x }}]","mode":"%s","context":%s}'):format(mode, context))).output
    end
    assert.equal("[a]", render("text", '{"x":"a"}'))
    assert.equal('["a"]', render("json", '{"x":"a"}'))
    assert.equal("[b]", render("text", '{"x":"b"}'))
    assert.equal('["b"]', render("json", '{"x":"b"}'))
    assert.equal(2, renderer.count)
  end)

  it("keeps so many templates and no more", function()
    local renderer, most = batch.new(), 0
    for i = 1, 2000 do
      batch.line(renderer, ('{"template":"%d"}'):format(i))
      most = math.max(most, renderer.count)
    end
    assert.is_true(most <= 256)
    batch.line(renderer, '{"template":"' .. ("x"):rep(5 * 2 ^ 20) .. '"}')
    batch.line(renderer, '{"template":"small"}')
    assert.equal(1, renderer.count)
  end)

  it("with output that is no text is refused", function()
    assert.equal("the output is not valid UTF-8", error_of '{"template":"{{ \'/w==\'|b64decode }}"}')
  end)
end)

describe("one template", function()
  it("is rendered", function()
    assert.equal("1.5", batch.one(batch.new(), job { template = "{{ x }}", context = '{"x":1.50}' }))
    assert.equal("1.50", batch.one(batch.new(), job { template = "{{ x }}", context = '{"x":1.50}', mode = "json" }))
    assert.equal("x", batch.one(batch.new { part = "x" }, job { template = "{% include 'part' %}" }))
  end)

  it("that fails, or a context that does, is told apart", function()
    local output, message, is_context = batch.one(batch.new(), job { template = "{{ a.b.c }}", context = '{"a":{}}' })
    assert.is_nil(output)
    assert.matches("^a.j2:1:%d+: ", message)
    assert.falsy(is_context)
    output, message, is_context = batch.one(batch.new(), job { context = '{"a":\n}' })
    assert.is_nil(output)
    assert.equal("a.json:2:1: expected a value", message)
    assert.is_true(is_context)
    output, message, is_context = batch.one(batch.new(), job { context = "[]" })
    assert.is_nil(output)
    assert.equal("a.json: expected an object", message)
    assert.is_true(is_context)
  end)
end)
