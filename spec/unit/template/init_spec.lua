-- SPDX-License-Identifier: MIT

--- What the rest of the gateway calls: compiled texts and expressions, faults, and which place of a
--- template wrote a byte.

local core = require "perilune.core"
local template = require "perilune.template"

local function compile(text, options)
  options = options or {}
  options.name = "t.j2"
  return template.compile(text, options)
end

describe("template.compile", function()
  it("gives a function of a context", function()
    assert.equal("Dear Ada", compile("Dear {{ name }}")({ name = "Ada" }))
    assert.equal("", compile("")({}))
  end)

  it("gives a fault with its place in the file", function()
    local run, fault = compile("a\n b {{ 'x }}")
    assert.is_nil(run)
    assert.same({ 2, 7 }, { fault.line, fault.column })
    assert.equal("\n     b {{ 'x }}\n          ^", fault.excerpt)
  end)

  it("takes the text to begin anywhere in the file", function()
    local options = { line = 10, column = 21 }
    local _, fault = compile("{{ 1|nope }}", options)
    assert.same({ 10, 26 }, { fault.line, fault.column })
    _, fault = compile("\n{{ 1|nope }}", options)
    assert.same({ 11, 6 }, { fault.line, fault.column })
    local _, message = pcall(compile("{{ nope.x }}", options), {})
    assert.equal("t.j2:10:29: 'nope' is undefined\n    {{ nope.x }}\n            ^", message)
  end)

  it("shares code, not places, of a text that is there twice", function()
    local environment = template.environment()
    local one = template.compile("{{ nope.x }}", { name = "one", environment = environment })
    local two = template.compile("{{ nope.x }}", { name = "two", line = 7, environment = environment })
    assert.matches("^one:1:9: 'nope' is undefined", select(2, pcall(one, {})))
    assert.matches("^two:7:9: 'nope' is undefined", select(2, pcall(two, {})))
    assert.equal(1, environment.count)
  end)

  it("escapes as the mode says", function()
    local context = { v = 'a/"\n' }
    assert.equal('a/"\n', compile("{{ v }}")(context))
    assert.equal([["a/\"\n"]], compile("{{ v }}", { mode = "json" })(context))
    assert.equal("/a%2F%22%0A", compile("/{{ v }}", { mode = "url" })(context))
    assert.equal("a%2F%22%0A", compile("{{ v }}", { mode = "form" })(context))
    assert.equal("&lt;", compile("{{ v }}", { mode = "xml" })({ v = "<" }))
    assert.is_false(pcall(compile("{{ v }}", { mode = "header" }), context))
  end)

  it("knows what an environment adds", function()
    local signature = require "perilune.template.signature"
    local environment = template.environment({
      filters = { ["acme.twice"] = signature.define({}, function(v) return v .. v end) },
      tests = { ["acme.short"] = signature.define({}, function(v) return #v < 3 end) },
    })
    local run = compile("{{ v|acme.twice|upper }}{{ v is acme.short }}", { environment = environment })
    assert.equal("AATrue", run({ v = "a" }))
  end)

  it("finds templates by a function, too", function()
    local environment = template.environment({ templates = function(name)
      return name == "part" and "{{ x }}" or nil
    end })
    assert.equal("5", compile("{% include 'part' %}", { environment = environment })({ x = 5 }))
    assert.matches("there is no template 'none'",
      select(2, pcall(compile("{% include 'none' %}", { environment = environment }), {})))
  end)
end)

describe("template.expression", function()
  local CONTEXT = core.json.decode '{"a": {"b": [1, 12345678901234567890]}, "n": 5, "null": null}'

  local function evaluate(text, options)
    options = options or {}
    options.name = "t"
    return assert(template.expression(text, options))(CONTEXT)
  end

  it("gives values with their type", function()
    assert.equal(6, evaluate("n + 1"))
    assert.equal("12345678901234567890", tostring(evaluate("a.b[1]")))
    assert.equal(core.json.null, evaluate("null"))
    assert.equal(CONTEXT.a.b, evaluate("a.b"))
    assert.is_nil(evaluate("nope"))
    assert.is_true(evaluate("n > 4 and a is mapping"))
    assert.equal("x", evaluate("'x' if n else y.z"))
  end)

  it("may be lenient about what is undefined", function()
    assert.is_nil(evaluate("nope.x.y[1]", { lenient = true }))
    assert.is_false(pcall(evaluate, "nope.x.y"))
  end)

  it("says where it fails", function()
    local _, fault = template.expression("1 +", { name = "t", line = 3, column = 10 })
    assert.same({ 3, 13 }, { fault.line, fault.column })
    local run = template.expression("n + nope", { name = "t", line = 3, column = 10 })
    assert.matches("^t:3:12: ", select(2, pcall(run, CONTEXT)))
  end)
end)

describe("template.single", function()
  it("knows a text that is one expression", function()
    local text, line, column = template.single("{{ a.b }}")
    assert.same({ "a.b", 1, 4 }, { text:match("^%s*(.-)%s*$"), line, column })
    for _, other in ipairs { "{{ a }}{{ b }}", "x{{ a }}", " {{ a }}", "a", "{{ a", "{# a #}" } do
      assert.is_nil(template.single(other))
    end
  end)
end)

describe("template.is_static", function()
  it("knows a text without tags", function()
    assert.is_true(template.is_static("a { % }"))
    for _, text in ipairs { "{{ a }}", "{% if a %}", "{# a" } do
      assert.is_false(template.is_static(text))
    end
  end)
end)

describe("template.located", function()
  local TEXT = '{"a": 1,\n {% for i in [1, 2] %}"b": {{ i }},\n{{ x|safe }}{% endfor %}{% block z %}zz{% endblock %}\n}'

  --- Where the first `needle` of the output comes from.
  local function place_of(needle, options)
    local run = assert(compile(TEXT, options))
    local context = { x = "oops" }
    local at = assert(run(context):find(needle, 1, true))
    return (template.located(run, context, at - 1, "here"):match("^([%d:t.j]+): here"))
  end

  it("says which place of the template wrote a byte", function()
    local options = { mode = "json" }
    assert.equal("t.j2:1:1", place_of("{", options))
    assert.equal("t.j2:1:2", place_of('"a"', options))
    assert.equal("t.j2:2:23", place_of('"b"', options))
    assert.equal("t.j2:2:31", place_of('1,\noops', options))
    assert.equal("t.j2:3:6", place_of("oops", options))
    assert.equal("t.j2:3:28", place_of("zz", options))
    assert.equal("t.j2:4:1", place_of("}", options))
  end)

  it("also in a text that begins further down", function()
    assert.equal("t.j2:13:6", place_of("oops", { mode = "json", line = 11, column = 5 }))
    assert.equal("t.j2:11:6", place_of('"a"', { mode = "json", line = 11, column = 5 }))
  end)
end)
