-- SPDX-License-Identifier: MIT

--- What happens while a template is rendered: limits, calls, places of errors. What is printed is
--- compared with Jinja elsewhere; here is what Jinja has not, or says otherwise.

local core = require "perilune.core"
local signature = require "perilune.template.signature"
local template = require "perilune.template"
local value = require "perilune.template.value"

local function environment(templates, functions)
  return template.environment({ templates = templates, functions = functions, shown = "templates/" })
end

local function render(text, context, env)
  local run, fault = template.compile(text, { name = "t.j2", environment = env })
  if not run then error(fault.message, 0) end
  return run(context or {})
end

--- The first line of what is raised.
local function raised(text, context, env)
  local ok, message = pcall(render, text, context, env)
  assert.is_false(ok, text)
  return (type(message) == "table" and message.message or message):match("^[^\n]*")
end

describe("no template runs away:", function()
  local limits = core.limits

  local function is_stopped(what, setting, text, templates)
    it(what, function()
      local message = raised(text, {}, environment(templates))
      assert.matches("limits." .. setting, message, 1, true)
      assert.matches(tostring(limits[setting]), message, 1, true)
    end)
  end

  is_stopped("loops in loops", "template_loops",
    "{% for i in range(1000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}")
  is_stopped("output", "template_output", "{% for i in range(100000) %}{{ 'x' * 1000000 }}{% endfor %}")
  is_stopped("texts that double", "template_output",
    "{% set n = namespace(s='x') %}{% for i in range(100) %}{% set n.s = n.s ~ n.s %}{% endfor %}")
  is_stopped("output of macros", "template_output",
    "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% else %}{{ 'x' * 1000000 }}{% endif %}{% endmacro %}{{ m(9) }}")
  is_stopped("macros", "template_depth", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}")
  is_stopped("callers", "template_depth",
    "{% macro m() %}{{ caller }}{% call m() %}{% endcall %}{% endmacro %}{{ m() }}")
  is_stopped("blocks", "template_depth", "{% block a %}{{ self.a() }}{% endblock %}")
  is_stopped("recursive loops", "template_depth", "{% for i in [1] recursive %}{{ loop([1]) }}{% endfor %}")
  is_stopped("calls that double", "template_loops",
    "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(100) }}")
  is_stopped("includes that double", "template_loops",
    "{% set n = 60 %}{% include 'a' %}", { a = "{% if n %}{% set n = n - 1 %}{% include 'a' %}{% include 'a' %}{% endif %}" })
  is_stopped("a list that grows for ever", "template_loops",
    "{% set l = [1] %}{% for x in l %}{% do l.append(x) %}{% endfor %}")
  is_stopped("includes", "template_depth", "{% include 'a' %}", { a = "{% include 'a' %}" })
  is_stopped("imports", "template_depth", "{% import 'a' as a %}", { a = "{% import 'a' as a %}" })
  is_stopped("extends", "template_depth", "{% extends 'a' %}", { a = "{% extends 'a' %}" })

  it("and the next rendering has all its limits", function()
    local run = template.compile("{% for i in range(600000) %}{% endfor %}x", { name = "t.j2" })
    assert.equal("x", run({}))
    assert.equal("x", run({}))
  end)

  it("also with as many variables as there can be", function()
    local sets = {}
    for i = 1, 90 do sets[i] = ("{%% set v%d = n %%}"):format(i) end
    local text = "{% macro m(n) %}" .. table.concat(sets) .. "{% if n %}{{ m(n - 1) }}{% endif %}{{ v90 }}.{% endmacro %}"
    assert.equal("0.1.2.", render(text .. "{{ m(2) }}"))
    assert.matches("limits.template_depth", raised(text .. "{{ m(1000) }}"), 1, true)
  end)
end)

describe("an error names", function()
  local function says(expected, text, context, env)
    it(expected, function() assert.equal(expected, raised(text, context, env)) end)
  end

  says("t.j2:1:4: 'nope' is undefined", "{{ nope() }}")
  says("t.j2:1:9: 'nope' is undefined", "{{ nope.x }}")
  says("t.j2:3:5: 'dict object' has no attribute 'b'", "{{ a }}\n{{ a\n .b.c }}", { a = core.json.object({}) })
  says("t.j2:1:8: 'dict object' has no attribute 'b'", "{{ a.b.c() }}", { a = core.json.object({}) })
  says("t.j2:1:6: 'dict object' has no attribute 'b'", "{{ a.b() }}", { a = core.json.object({}) })
  says("t.j2:1:4: 'int' object is not callable", "{{ a() }}", { a = 5 })
  says("t.j2:1:20: 'int' object is not iterable", "{{ 1 }}{% for x in a %}{% endfor %}", { a = 5 })
  says("t.j2:1:4: not enough values to unpack (expected 2, got 1)", "{% set a, b = [1] %}")
  says("t.j2:1:4: too many values to unpack (expected 2)", "{% set a, b = 'xyz' %}")
  says("t.j2:1:4: cannot assign attribute on non-namespace object", "{% set a.b = 1 %}", { a = core.json.object({}) })
  says("t.j2:1:41: macro 'm' takes no keyword argument 'b'", "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(b=1) }}")
  says("t.j2:1:41: macro 'm' takes not more than 1 argument(s)", "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}")
  says("t.j2:1:4: there is no template 'prat', did you mean 'part'?", "{% include 'prat' %}", nil,
    environment({ part = "" }))
  says("templates/part:2:6: 'x' is undefined", "{% include 'part' %}", nil, environment({ part = "\n{{ x.y }}" }))
  says("templates/macros:1:22: 'x' is undefined", "{% from 'macros' import m %}{{ m() }}", nil,
    environment({ macros = "{% macro m(x) %}{{ x.y }}{% endmacro %}" }))
  says("templates/broken:1:4: expected an expression, got '}}'", "{% if true %}{% include 'broken' %}{% endif %}", nil,
    environment({ broken = "{{ }}" }))

  it("the line of the template and, with a caret, the column", function()
    local _, message = pcall(render, "äöü\n\tä {{ nope.x }} ü\n")
    assert.equal("t.j2:2:12: 'nope' is undefined\n     ä {{ nope.x }} ü\n               ^", message)
  end)

  it("of a long line only what is around", function()
    local _, message = pcall(render, ("x"):rep(500) .. "{{ nope.x }}" .. ("y"):rep(500))
    local _, line, caret = message:match("^([^\n]*)\n([^\n]*)\n([^\n]*)$")
    assert.equal(4 + 101, #line)
    assert.equal("x }}", line:sub(#caret, #caret + 3))
  end)

  it("the same classes as what is raised", function()
    local env = environment({}, { f = signature.variadic(function() core.fail("url", "no such host") end) })
    local run = template.compile("\n{{ f() }}", { name = "t.j2", environment = env })
    local ok, raised_table = pcall(run, {})
    assert.is_false(ok)
    assert.equal("url", raised_table.class)
    assert.matches("^t.j2:2:4: .*no such host", raised_table.message)
  end)
end)

describe("a call", function()
  local env = environment({}, {
    shout = signature.define({ "text", "times" }, function(text, times) return text:upper():rep(times or 1) end),
    acme = { price = signature.variadic(function(args, kwargs) return args[1] + (kwargs and kwargs.tax or 0) end) },
  })

  it("reaches functions and those of plugins", function()
    assert.equal("AA 5 7", render("{{ shout('a', times=2) }} {{ acme.price(5) }} {{ acme.price(5, tax=2) }}", {}, env))
  end)

  it("passes over a value of the context that cannot be called", function()
    assert.equal("A", render("{{ shout('a') }}", { shout = 5 }, env))
    assert.equal("5", render("{{ shout }}", { shout = 5 }, env))
    assert.equal("'int' object is not callable", raised("{% set shout = 5 %}{{ shout('a') }}", {}, env):match(": (.*)$"))
  end)

  it("takes no function of the host", function()
    assert.matches("'function' object is not callable", raised("{{ f() }}", { f = print }))
    assert.equal("'dict object' has no attribute 'rep'", raised("{{ x.rep.y }}", { x = core.json.object({}) }):match("%d: (.*)$"))
  end)

  it("says what a function takes", function()
    assert.matches("there is no argument 'tims': it takes text, times", raised("{{ shout('a', tims=2) }}", {}, env), 1, true)
    assert.matches("3 arguments are too many", raised("{{ shout(1, 2, 3) }}", {}, env), 1, true)
  end)
end)

describe("a rendering", function()
  it("leaves the context as it was", function()
    local context = core.json.decode('{"a": 1}')
    assert.equal("21", render("{% set a = 2 %}{{ a }}{% include 'part' %}", context, environment({ part = "{% set a = 1 %}{{ a }}" })))
    assert.equal('{"a":1}', core.json.encode(context))
  end)

  it("imports a template once", function()
    local count = 0
    local env = environment({ m = "{% set x = tick() %}{% macro f() %}{% endmacro %}" }, {
      tick = signature.define({}, function() count = count + 1 return count end),
    })
    local run = template.compile("{% import 'm' as a %}{% import 'm' as b %}{{ a.x }}{{ b.x }}",
      { name = "t.j2", environment = env })
    assert.equal("11", run({}))
    assert.equal("22", run({}))
  end)

  it("may happen inside of another one", function()
    local inner = template.compile("{% for i in [1, 2] %}<{{ i }}>{% endfor %}", { name = "inner" })
    local env = environment({}, { nested = signature.define({}, function() return inner({}) end) })
    assert.equal("a<1><2>b<1><2>c", render("a{{ nested() }}b{% for i in [1] %}{{ nested() }}{% endfor %}c", {}, env))
  end)

  it("escapes HTML where a template asks for it, and macros are done there", function()
    assert.equal("<|&lt;&lt;|<", render("{% macro m() %}{{ '<' }}{% endmacro %}{{ m() }}|"
      .. "{% autoescape true %}{% macro n() %}{{ '<' }}{% endmacro %}{{ n() }}{{ '<' }}{% endautoescape %}|{{ '<' }}"))
    assert.equal("&lt;<", render("{% autoescape x %}{{ '<' }}{% endautoescape %}{% autoescape y %}{{ '<' }}{% endautoescape %}",
      { x = true }))
  end)

  it("gives a secret away nowhere", function()
    local context = { s = core.secret_of("abcdef"), l = value.list({ core.secret_of("abcdef") }) }
    for _, text in ipairs { "{{ s }}", "{{ l }}", "{{ s ~ '' }}", "{{ s|upper }}", "{{ l|join }}", "{{ s|tojson }}" } do
      assert.matches("secret", raised(text, context))
      assert.not_matches("abcdef", raised(text, context))
    end
  end)
end)
