-- SPDX-License-Identifier: MIT

--- Templates beyond the limits that Lua has for one function, names that Lua keeps for itself, and
--- what is said at load about places of escaping.

local template = require "perilune.template"

local JSON = { mode = "json" }

local function compile(text, options)
  options = options or {}
  return template.compile(text, { name = "t.j2", mode = options.mode, environment = options.environment })
end

local function render(text, context, options)
  local run, fault = compile(text, options)
  if not run then error(fault.message, 0) end
  return run(context or {})
end

--- What is raised when a text is rendered.
local function raised(text, context, options)
  local ok, message = pcall(render, text, context, options)
  assert.is_false(ok, text)
  return message
end

--- "line:column: message" of a text that must not compile.
local function mistake(text, options)
  local run, fault = compile(text, options)
  assert.is_nil(run, text)
  return ("%d:%d: %s"):format(fault.line, fault.column, fault.message)
end

--- A text `count` times between two others, of which there are as many.
local function nested(count, before, inside, behind)
  return before:rep(count) .. inside .. behind:rep(count)
end

local function numbered(count, form, separator)
  local parts = {}
  for i = 1, count do parts[i] = form:gsub("N", tostring(i)) end
  return table.concat(parts, separator)
end

describe("no limit of Lua's is one of templates:", function()
  local function is_rendered(what, text, context, expected)
    it(what, function() assert.equal(expected, render(text, context)) end)
  end

  is_rendered("chains", "{{ 1" .. ("+1"):rep(2999) .. " }}", nil, "3000")
  is_rendered("chains of names", "{{ x" .. ("+x"):rep(19999) .. " }}", { x = 1 }, "20000")
  is_rendered("joined texts", "{{ x" .. ("~x"):rep(2999) .. " }}", { x = 1 }, ("1"):rep(3000))
  is_rendered("brackets", "{{ " .. nested(500, "(", "x", ")") .. " }}", { x = 1 }, "1")
  is_rendered("sums to the right", "{{ " .. nested(300, "(1+", "x", ")") .. " }}", { x = 1 }, "301")
  is_rendered("alternatives", "{{ " .. nested(400, "(y or ", "x", ")") .. " }}", { x = 1 }, "1")
  is_rendered("mixed alternatives", "{{ " .. nested(300, "(y or x and ", "x", ")") .. " }}", { x = 1 }, "1")
  is_rendered("inline ifs", "{{ " .. ("1 if y else "):rep(500) .. "x }}", { x = 7 }, "7")
  is_rendered("lists", "{{ [" .. ("x,"):rep(5000) .. "]|length }}", { x = 7 }, "5000")
  is_rendered("lists of alternatives", "{{ [" .. ("y or x,"):rep(1000) .. "]|sum }}", { x = 7 }, "7000")
  is_rendered("lists in lists", "{{ " .. nested(300, "[y or ", "x", "]") .. "|length }}", { x = 7 }, "1")
  is_rendered("filters", "{{ x" .. ("|string"):rep(500) .. " }}", { x = 1 }, "1")
  local deep = {}
  deep.a = deep
  is_rendered("attributes", "{{ x" .. (".a"):rep(300) .. " is mapping }}", { x = deep }, "True")
  is_rendered("arguments", "{% macro m(" .. numbered(300, "aN", ",") .. ") %}{{ a300 }}{% endmacro %}{{ m("
    .. numbered(300, "N", ",") .. ") }}", nil, "300")

  local sets, shown = numbered(300, "{% set vN = N %}"), numbered(300, "{{ vN }}")
  local expected = numbered(300, "N")
  is_rendered("variables", sets .. shown, nil, expected)
  is_rendered("variables of a loop", "{% for i in [1] %}" .. sets .. shown .. "{% endfor %}", nil, expected)
  is_rendered("variables of a macro", "{% macro m() %}" .. sets .. shown .. "{% endmacro %}{{ m() }}", nil, expected)

  is_rendered("ifs", nested(200, "{% if x %}", "y", "{% endif %}"), { x = 1 }, "y")
  is_rendered("elifs", "{% if false %}" .. ("{% elif (y or x) == 2 %}no"):rep(300) .. "{% else %}yes{% endif %}",
    { x = 1 }, "yes")
  is_rendered("loops", nested(60, "{% for i in [1] %}", "{{ loop.index }}{{ i }}", "{% endfor %}"), nil, "11")
  is_rendered("loops that are left",
    nested(60, "{% for i in [1, 2] %}", "{{ loop.index }}", "{% if i == 1 %}{% break %}{% endif %}{% endfor %}"), nil, "1")
  is_rendered("macros", nested(60, "{% macro m() %}", "y", "{% endmacro %}{{ m() }}"), nil, "y")
  is_rendered("blocks of text", nested(100, "{% set a %}", "y", "{% endset %}{{ a }}"), nil, "y")

  local long = "{{ x }} text {% if x %}{{ q }}{% endif %}{% if q == 5 %}{% continue %}{% endif %}"
  is_rendered("long bodies", "{% for q in [1, 2] %}" .. long:rep(2000) .. "{% endfor %}", { x = 1 },
    ("1 text 1"):rep(2000) .. ("1 text 2"):rep(2000))
  is_rendered("long templates", ("{{ x }},"):rep(20000), { x = 1 }, ("1,"):rep(20000))

  it("but nesting, which takes Lua's stack: a mistake with its place", function()
    local chains = { "|upper", "()", ".upper()", "[0:]", " if x" }
    for _, part in ipairs(chains) do
      local message = mistake("text\n{{ x" .. part:rep(6000) .. " }}")
      assert.matches("^2:%d+: nested too deeply to be compiled$", message)
    end
    assert.matches("^2:%d+: nested too deeply to be compiled$",
      mistake("\n{{ " .. ("1 if y else "):rep(6000) .. "x }}"))
  end)

  it("and what is still too much is said", function()
    assert.matches("^1:1: the template is too large for Lua", mistake("{{ [" .. ("x,"):rep(100000) .. "] }}"))
  end)
end)

describe("names", function()
  it("may be words of Lua's", function()
    assert.equal("2131945", render("{% set end = 1 %}{% for local in [2] %}{{ local }}{{ end }}"
      .. "{% set function = 3 %}{{ function }}{% endfor %}{% macro repeat(until, then=4) %}{{ end }}{{ until }}"
      .. "{{ then }}{% endmacro %}{{ repeat(until=9) }}{{ nil }}", { ["nil"] = 5 }))
  end)

  it("of the compiler's own are free", function()
    assert.equal("12345", render("{% set out1 = 1 %}{% set l1 = 2 %}{% set ctx = 3 %}{{ out1 }}{{ l1 }}{{ ctx }}"
      .. "{{ rt }}{{ K }}", { rt = 4, K = 5 }))
  end)
end)

describe("a template is refused", function()
  local function is_refused(expected, text, options)
    it(expected, function() assert.equal(expected, mistake(text, options)) end)
  end

  is_refused("1:18: cannot use extend from a non top-level scope", "{% with a=1 %}{% extends 'b' %}{% endwith %}")
  is_refused("2:4: block 'a' defined twice", "{% block a %}{% endblock %}\n{% block a %}{% endblock %}")
  is_refused("1:33: Can't assign to special loop variable in for-loop target",
    "{% for i in [1] %}{{ i }}{% set loop = 1 %}{% endfor %}")
  is_refused("1:15: duplicate argument 'a'", "{% macro m(a, a) %}{% endmacro %}")
  is_refused("1:8: No filter named 'lenght', did you mean 'length'?", "{{ 'a'|lenght }}")
  is_refused("1:9: No test named 'definde', did you mean 'defined'?", "{{ a is definde }}")
  is_refused("1:4: keyword argument repeated: a", "{{ f(a=1, a=2) }}")
  is_refused("1:4: 'break' outside of a loop", "{% break %}")

  it("also for a filter in an 'if', once it gets there", function()
    local text = "{% if x %}{{ 1|nope }}{% endif %}{{ 1|nope if x }}."
    assert.equal(".", render(text))
    assert.matches("^t.j2:1:16: No filter named 'nope'", raised(text, { x = 1 }))
  end)
end)

describe("places of escaping", function()
  local function is_refused(expected, text)
    it("must fit: " .. expected, function() assert.equal(expected, mistake(text, JSON)) end)
  end

  is_refused("1:4: the branches of this 'if' end in different places: one inside a string, one outside of strings",
    '{% if x %}"{% endif %}')
  is_refused("1:4: the body of a 'for' must end where it begins: it begins outside of strings and ends inside a string",
    '{% for x in [1] %}"{% endfor %}')
  is_refused("1:23: 'break' must stand where the loop begins: it begins outside of strings, this is inside a string",
    '{% for x in [1] %}"{% break %}"{% endfor %}')

  it("are those of the branches that go on", function()
    assert.equal('[1,2]', render("[{% for i in [1, 2, 3] %}{{ i }}{% if i == 2 %}{% break %}{% else %},{% endif %}{% endfor %}]",
      nil, JSON))
  end)

  it("decide how a macro writes", function()
    local text = [[{% macro m(v) %}<{{ v }}>{% endmacro %}{"a": "{{ m(x) }}", "b": "{{ m(x)|upper }}", "c": "{{ m(x) if x }}"}]]
    assert.equal([[{"a": "<\">", "b": "<\">", "c": "<\">"}]], render(text, { x = '"' }, JSON))
  end)

  it("decide how a block and what is included are written", function()
    local templates = {
      base = '{"s": "{% block s %}{% endblock %}", "v": {% block v %}{{ x }}{% endblock %}, "i": {% include "part" %}}',
      part = "{{ x }}",
    }
    assert.equal([[{"s": "\"", "v": "\"", "i": "\""}]], render('{% extends "base" %}{% block s %}{{ x }}{% endblock %}',
      { x = '"' }, { mode = "json", environment = template.environment({ templates = templates }) }))
  end)

  it("let a macro stand only where it can", function()
    local text = [[{% macro m() %}a", "b{% endmacro %}["{{ m() }}"]] .. "]"
    assert.equal('["a", "b"]', render(text, nil, JSON))
    assert.matches("^t.j2:1:4: the body of a macro must end where it begins",
      raised('{% macro m() %}"{% endmacro %}{{ m() }}', nil, JSON))
  end)

  it("must be found again behind an included template", function()
    local options = { mode = "json", environment = template.environment({ templates = { part = '"' } }) }
    assert.matches("^t.j2:1:4: the template 'part' does not end in the place where it is included",
      raised("{% include 'part' %}", nil, options))
  end)
end)

describe("an environment that checks names", function()
  local function environment()
    return template.environment({ check_names = true, shown = "templates/",
      templates = { order = "{% include 'order' %}", broken = "\n{{ a b }}", quote = '"' } })
  end

  it("finds at load what is not there", function()
    assert.equal("1:4: there is no template 'ordre', did you mean 'order'?",
      mistake("{% include 'ordre' %}", { environment = environment() }))
    assert.equal("1:4: there is no template 'ordre', did you mean 'order'?",
      mistake("{% import 'ordre' as o %}", { environment = environment() }))
    assert.equal("", render("{% include 'ordre' ignore missing %}", nil, { environment = environment() }))
  end)

  it("finds at load what is wrong there", function()
    assert.matches("^1:4: templates/broken:2:6: ", mistake("{% include 'broken' %}", { environment = environment() }))
    assert.equal("1:4: the template 'quote' does not end in the place where it is included",
      mistake("{% include 'quote' %}", { environment = environment(), mode = "json" }))
  end)

  it("stands templates that use themselves", function()
    assert.is_function(compile("{% include 'order' %}", { environment = environment() }))
  end)
end)
