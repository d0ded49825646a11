-- SPDX-License-Identifier: MIT

--- Expected texts are what Jinja2's documentation says, and what Jinja2 3.1 prints; only tojson is
--- compact here, as payloads are.

local core = require "perilune.core"
local template = require "perilune.template"

local CONTEXT = core.json.decode [[{
  "a": {"b": [1, 2.5, "x", null, true, 1.0, 12345678901234567890], "c-d": {"e": "deep"}},
  "n": 5, "big": 12345678901234567890, "zero": 0, "s": "say \"hi\"", "empty": "", "null": null,
  "list": [], "object": {}, "yes": true, "umlaut": "äöü", "markup": "<b>'&"}]]

local function render(text, options)
  options = options or {}
  options.name = "t.j2"
  local run, message, line = template.compile(text, options)
  if not run then error(("%s at %d"):format(message, line), 0) end
  return run(CONTEXT)
end

local function mistake(text, options)
  options = options or {}
  options.name = "t.j2"
  local run, message, line = template.compile(text, options)
  assert.is_nil(run)
  return ("%d: %s"):format(line, message)
end

local function raised(text, options)
  local ok, message = pcall(render, text, options)
  assert.is_false(ok)
  return type(message) == "table" and message.message or message
end

local function prints(cases)
  for _, case in ipairs(cases) do
    it(case[1], function() assert.equal(case[2], render(case[1])) end)
  end
end

describe("a template prints", function()
  prints {
    { "plain", "plain" },
    { "one\n", "one" },
    { "one\n\n", "one\n" },
    { "a {{ n }} b", "a 5 b" },
    { "{# {{ not }} #}x", "x" },
    { "  {{- n -}}  x", "5x" },
    { "a  {#- c -#}  b", "ab" },
    { "{{ 'it' 's' }}{{ \"'\" }}{{ '\\'\\n\\x41' }}", "its''\nA" },
    { "{{ '}}' }}", "}}" },
    { "{{ 1 }} {{ -1 }} {{ 1.0 }} {{ 1.5 }} {{ 12345678901234567890 }}",
      "1 -1 1.0 1.5 12345678901234567890" },
    { "{{ true }}{{ False }}{{ none }}{{ null }}", "TrueFalseNoneNone" },
    { "{{ nope }}{{ a.nope }}{{ a.b[99] }}{{ n.nope }}{{ null.nope }}", "" },
    { "{{ a.b[0] }} {{ a.b.1 }} {{ a['b'][2] }} {{ a.b[-2] }} {{ a['c-d'].e }}", "1 2.5 x 1.0 deep" },
    { "{{ a.b }}", "[1, 2.5, 'x', None, True, 1.0, 12345678901234567890]" },
    { "{{ a['c-d'] }}{{ list }}{{ object }}", "{'e': 'deep'}[]{}" },
    { "{{ [s, \"it's\"] }}", "['say \"hi\"', \"it's\"]" },
  }
end)

describe("an expression", function()
  prints {
    { "{{ 1 == 1.0 }}{{ 1 != 2 }}{{ 'a' == 'b' }}{{ null == none }}", "TrueTrueFalseTrue" },
    { "{{ 1 < 2 }}{{ 2 <= 1 }}{{ 2 > 1 }}{{ 1 >= 2 }}{{ 'a' < 'b' }}", "TrueFalseTrueFalseTrue" },
    { "{{ 1 < 2 < 3 }}{{ 3 > 2 > 2 }}", "TrueFalse" },
    { "{{ big == 12345678901234567890 }}{{ big == 12345678901234567891 }}", "TrueFalse" },
    { "{{ big < 12345678901234567891 }}", "True" },
    { "{{ 2.5 in a.b }}{{ 3 in a.b }}{{ 'ay' in s }}{{ 'b' in a }}{{ 2 not in [1, 3] }}",
      "TrueFalseTrueTrueTrue" },
    { "{{ not zero }}{{ not empty }}{{ not list }}{{ not object }}{{ not null }}{{ not nope }}",
      "TrueTrueTrueTrueTrueTrue" },
    { "{{ not n }}{{ not 'x' }}{{ not a }}", "FalseFalseFalse" },
    { "{{ nope or n }}|{{ n and empty }}|{{ zero or empty or 'z' }}", "5||z" },
    { "{{ not n == 5 }}{{ not n == 5 or yes }}{{ false and false or true }}", "FalseTrueTrue" },
    { "{{ 'a' if n > 4 else 'b' }}{{ 'a' if zero else 'b' }}{{ 'a' if zero }}|", "ab|" },
    { "{{ 'a' if zero else 'b' if empty else 'c' }}", "c" },
    { "{{ 'a' ~ 1 ~ none }}", "a1None" },
    { "{{ ('a' ~ 'b')|upper }}{{ 'a' ~ 'b'|upper }}", "ABaB" },
    { "{{ n is defined }}{{ nope is defined }}{{ nope is not defined }}{{ null is none }}",
      "TrueFalseTrueTrue" },
    { "{{ nope is undefined }}{{ s is string }}{{ n is number }}{{ a is mapping }}{{ list is sequence }}",
      "TrueTrueTrueTrueTrue" },
    { "{{ list == [] }}{{ list == object }}{{ [1, [2]] == [1, [2]] }}", "TrueFalseTrue" },
  }
end)

describe("a filter", function()
  prints {
    { "{{ 'aB'|upper }}{{ 'aB'|lower }}[{{ '  a b\n'|trim }}]", "ABab[a b]" },
    { "{{ nope|default('d') }}{{ empty|default('d') }}{{ empty|default('d', true) }}{{ nope|d }}", "dd" },
    { "{{ '3.7'|int }}{{ 3.7|int }}{{ 'x'|int }}{{ 'x'|int(9) }}{{ ' 7 '|int }}{{ true|int }}", "330971" },
    { "{{ '-0012'|int }} {{ big|int }}", "-12 12345678901234567890" },
    { "{{ umlaut|length }}{{ a.b|length }}{{ a|length }}{{ nope|length }}", "3720" },
    { "{{ n|string ~ 1 }}{{ yes|string }}", "51True" },
    { "{{ markup|tojson }}", [["\u003cb\u003e\u0027\u0026"]] },
    { "{{ a.b|tojson }}", '[1,2.5,"x",null,true,1.0,12345678901234567890]' },
    { "{{ markup|safe }}", "<b>'&" },
  }
end)

describe("an error names template and line", function()
  it("for an attribute of what is undefined", function()
    assert.equal("t.j2:1: 'nope' is undefined", raised("{{ nope.x }}"))
    assert.equal("t.j2:3: 'a.nope' is undefined", raised("{{ n }}\n{{ n\n~ a.nope.x }}"))
    assert.equal("t.j2:12: 'a.b[99]' is undefined", raised("\n\n{{ a.b[99].x }}", { line = 10 }))
  end)

  it("for what does not compare", function()
    assert.equal("t.j2:1: '<' compares numbers or strings, not string and number",
      raised("{{ 'a' < 1 }}"))
    assert.equal("t.j2:1: 'in' wants a list, dict or string, got number", raised("{{ 1 in n }}"))
  end)

  it("of its own use, though another place has the same text", function()
    local cache = {}
    local one = template.compile("{{ nope.x }}", { name = "one", line = 1, cache = cache })
    local two = template.compile("{{ nope.x }}", { name = "two", line = 7, cache = cache })
    assert.equal("one:1: 'nope' is undefined", select(2, pcall(one, {})))
    assert.equal("two:7: 'nope' is undefined", select(2, pcall(two, {})))
  end)

  it("at load, for what cannot be read", function()
    for _, case in ipairs {
      { "{{ a", "1: '{{' is not closed with '}}'" },
      { "\n{{ 'a }}", "2: a string behind '{{' is not closed" },
      { "{# a", "1: '{#' is not closed with '#}'" },
      { "{{ }}", "1: expected an expression, got the end of the expression" },
      { "{{ a.b\n c }}", "2: unexpected 'c' behind the expression" },
      { "{{ (a }}", "1: expected ',', got the end of the expression" },
      { "{{ a. }}", "1: expected a name behind '.', got the end of the expression" },
      { "{{ a|lenght }}", "1: unknown filter 'lenght', did you mean 'length'?" },
      { "{{ a is definde }}", "1: unknown test 'definde', did you mean 'defined'?" },
      { "{{ f(1) }}", "1: functions cannot be called in a template" },
      { "x\n{% for a in b %}", "2: tags are not known here: {% for %}" },
      { "{{ a $ b }}", "1: unexpected character '$'" },
    } do
      assert.equal(case[2], mistake(case[1]))
    end
  end)
end)

describe("escaping", function()
  it("knows strings from values in JSON", function()
    assert.equal([[{"a": "say \"hi\"", "\"": "say \"hi\"", "n": 5, "u": null, "b": true}]],
      render([[{"a": {{ s }}, "\"": "{{ s }}", "n": {{ n }}, "u": {{ nope }}, "b": {{ yes }}}]],
        { mode = "json" }))
    assert.equal([==[[[1,2.5,"x",null,true,1.0,12345678901234567890], {"e":"deep"}]]==],
      render("[{{ a.b }}, {{ a['c-d'] }}]", { mode = "json" }))
  end)

  it("leaves alone what tojson and safe gave", function()
    assert.equal([[{"a": "say \"hi\"", "b": x, "c": "say "hi""}]],
      render([[{"a": {{ s|tojson }}, "b": {{ 'x'|safe }}, "c": "{{ s|safe }}"}]], { mode = "json" }))
  end)

  it("percent-encodes in a URL, and guards its host", function()
    assert.equal("http://x.example:5/say%20%22hi%22?q=%C3%A4%C3%B6%C3%BC",
      render("http://{{ 'x.example' }}:{{ n }}/{{ s }}?q={{ umlaut }}", { mode = "url" }))
    assert.matches('t.j2:1: "say \\"hi\\"" may not stand in the host',
      raised("http://{{ s }}/", { mode = "url" }), 1, true)
    assert.equal("/a/x%2F..", render("/a/{{ 'x/..' }}", { mode = "url" }))
    assert.equal("https://h/", render("{{ 'https' }}://{{ 'h' }}/", { mode = "url" }))
    assert.equal("http%3A%2F%2Fevil/x", render("{{ 'http://evil' }}/x", { mode = "url" }))
  end)

  it("refuses line breaks and NUL in a header", function()
    for _, bad in ipairs { "\\r", "\\n", "\\x00" } do
      assert.equal("t.j2:1: a header may not hold line breaks or control characters",
        raised("{{ 'a" .. bad .. "b' }}", { mode = "header" }))
    end
  end)

  it("encodes for forms", function()
    assert.equal("a=say+%22hi%22", render("a={{ s }}", { mode = "form" }))
  end)

  it("keeps secrets out", function()
    local run = template.compile("{{ s }}", { name = "t.j2" })
    local ok, message = pcall(run, { s = core.secret_of("abcdef") })
    assert.is_false(ok)
    assert.equal("t.j2:1: a secret cannot be written in a template", message)
  end)
end)

describe("template.expression", function()
  local function evaluate(text, options)
    options = options or { name = "t" }
    return assert(template.expression(text, options))(CONTEXT)
  end

  it("gives values with their type", function()
    assert.equal(5, evaluate("n"))
    assert.equal("12345678901234567890", tostring(evaluate("a.b[6]")))
    assert.equal(core.json.null, evaluate("null"))
    assert.equal(CONTEXT.a.b, evaluate("a.b"))
    assert.is_nil(evaluate("nope"))
    assert.is_true(evaluate("n > 4"))
  end)

  it("may be lenient about what is undefined", function()
    assert.is_nil(evaluate("nope.x.y", { name = "t", lenient = true }))
    assert.is_false(pcall(evaluate, "nope.x.y"))
  end)
end)

describe("template.single", function()
  it("knows a text that is one expression", function()
    assert.equal(" a.b ", template.single("{{ a.b }}"))
    assert.is_nil(template.single("{{ a }}{{ b }}"))
    assert.is_nil(template.single("x{{ a }}"))
    assert.is_nil(template.single(" {{ a }}"))
    assert.is_nil(template.single("a"))
    assert.is_nil(template.single("{{ a"))
  end)
end)
