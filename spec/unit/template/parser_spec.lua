-- SPDX-License-Identifier: MIT

local jinja_parse = require "support.jinja_parse"
local parser = require "perilune.template.parser"

local EXPRESSIONS = [[
a|1|'a'|true|True|TRUE|false|False|none|None|NONE|'a' "b" 'c'|if|in|and|or|not|is|else|for|end|local
a.b.c|a.true|a.if.end|a['b']|a[0]|a.0|a.0.1|a[-1]|a[b][c].d|a.'b'|a.|a..b|a . b|a [ 0 ]|a ( 1 )
a[1:2]|a[:]|a[::]|a[::2]|a[1:]|a[:1]|a[1:2:3]|a[1:2:3:4]|a[]|a[1,2]|a[1,]|a[1:2,3]|a[:,:]|a[,]|a[b:c if d else e]
f()|f(1)|f(1,)|f(,)|f(1, b=2)|f(b=2, 1)|f(*a)|f(**a)|f(*a, **b)|f(**a, *b)|f(*a, *b)|f(*a, 1)|f(*a, b=1)
f(b=1, *a)|f(**a, b=1)|f(**a, **b)|f(a=1, **b)|f(1, *a, b=2, **c)|f(a b)|f(a)(b)|f(a).b(c)[d]|f(a=1, a=2)
f(if=1)|f(a if b else c)|f(a==1)|f(1=2)|f(a.b=2)|f(a, b|super()|self.a()|loop.index0
()|(a)|(a,)|(a, b)|(a, b,)|(,)|(a b)|((a))|((a,),)|a, b|a,|a, b,|,a|a,,b|, |a b|a;|(|)|(a
[]|[a]|[a,]|[a, b]|[,]|[a b]|[a, b|{}|{a: 1}|{'a': 1,}|{a: 1, 'b': [2]}|{a}|{a: }|{: 1}|{a: 1 b: 2}|{1: 2 if 3 else 4}|{**a}|[*a]
a + b - c|a * b / c // d % e|a + b * c|a * b + c|a ** b ** c|-a ** b|a ** -b|2 * 3 ** 4|a - -b|a +|+ + a|* a
-a|- - a|+a|-+-a|-a.b[0](1)|-(a)|-|--|a + not b|a == not b|a ~ not b|-not a
not a|not not a|not a == b|not a in b|not a and not b|not a or b|not|not in x|a not b|a not in|not a not in b
a and not b or c|a or b and c|(a or b) and c|a and|and a|a or or b|and and and|a and not not b and c
a < b|a < b < c|a == b != c >= d <= e > f|a in b|a not in b|a not in b not in c|a in b in c|a < b + 1 == c|a <> b|a === b
a ~ b|a ~ b ~ c|(a ~ b) ~ c|a ~ (b ~ c)|a ~ b + c ~ d|a + b ~ c * d|a * b ~ c|a ~|~ a
a if b|a if b else c|a if b else c if d else e|a if b if c|a if b if c else d|a if b else c if d|(a if b) if c else d
a or b if c and d else e|a if not b else c|a if|if a|a else b|a if b else|a if b else c else d|a if b else c if d else e if f|[a if b, c if d else e]
a = b|a := b|a:b|lambda x: x|x for y in z|a.b.|a ? b : c|a && b|a->b|@a|a!
]]

-- With bars of their own.
local FILTERED = {
  "a|f", "a|f|g|h", "a|f()", "a|f(1, b=2, *c)", "a|f.g", "a|f.g.h(1)", "a | f", "a\n|f", "a|f(1)|g", "a|f(1)(2)",
  "a|f(1).x", "a|f[0]", "a|", "a|1", "a|f|", "|a", "a||b", "a|'f'", "a|f.", "a|f.1", "a|f + b", "a + b|f", "(a + b)|f",
  "a.b|f", "-1|abs", "-a|f", "-(a)|f", "not a|f", "a ** b|f", "a|f if b|g else c|h", "a|f in b|g", "a|f ~ b|g",
  "a is b", "a is not b", "a is b(1)", "a is b()", "a is b 1", "a is b 1.5", "a is b 'x' 'y'", "a is b c",
  "a is b c.d[0](1)", "a is b [1]", "a is b {}", "a is b -1", "a is b +1", "a is b(1)(2)", "a is b and c", "a is b or c",
  "a is b if c else d", "a is b else c", "a if b is c else d", "a is b is c", "a is b is not c", "a is b(1) is c",
  "a is not b is c", "a is b is", "a is divisibleby 3", "a is not divisibleby 3 and b", "a is b.c", "a is b.c 1",
  "a is in [1]", "a is in(b)", "a is not in b", "a is b not", "a is b not c", "a is b in c", "a is b 1 + 2", "a is",
  "a is not", "a is 1", "a is 'b'", "a is none", "a is not none", "a is true", "a is b == c", "a is b < c", "2 ** a is b",
  "a is not not b", "a == b is c", "not a is b", "-a is b", "a|f is g", "a is g|f", "a is g(1)|f", "a is b|c is d",
  "a is b.c.d(1)", "a is b if", "a is defined and b is not defined or c", "a is b none", "a is b true",
}

-- One a line.
local STATEMENTS = [[
{% for x in y %}{{ x }}{% else %}n{% endfor %}
{% for a, b in y %}{% endfor %}
{% for (a, b), c in y if a recursive %}{% endfor %}
{% for (a, b) in y.items() %}{% endfor %}
{% for a, in y %}{% endfor %}
{% for in y %}{% endfor %}
{% for () in y %}{% endfor %}
{% for a.b in y %}{% endfor %}
{% for a[0] in y %}{% endfor %}
{% for 1 in y %}{% endfor %}
{% for true in y %}{% endfor %}
{% for [a] in y %}{% endfor %}
{% for x in 1, 2 %}{% endfor %}
{% for x in 1, recursive %}{% endfor %}
{% for x in y recursive %}{{ loop(x) }}{% endfor %}
{% for x in y recursive if x %}{% endfor %}
{% for x in a if b else c %}{% endfor %}
{% for x in (a if b else c) if x %}{% endfor %}
{% for x in y if x is defined recursive %}{% endfor %}
{% for x in y: %}{% endfor %}
{% for x y %}{% endfor %}
{% for x in %}{% endfor %}
{% for x in y %}
{% for x in y %}{% else %}
{% for x in y %}{% else %}{% else %}{% endfor %}
{% for x in y %}{% if x %}{% endfor %}
{% for x in y %}{% endif %}
{% for x in y %}{% endfor x %}
{% for x in y %}{% break %}{% continue %}{% endfor %}
{% for x in y %}{% for x in x %}{% else %}{% endfor %}{% else %}{% endfor %}
{% endfor %}
{% else %}
{% if a %}1{% elif b %}2{% elif c, d %}3{% else %}4{% endif %}
{% if a: %}{% elif b: %}{% else: %}{% endif %}
{% if a %}{% if b %}{% else %}{% endif %}{% elif c %}{% endif %}
{% if a if b %}{% endif %}
{% if a, %}{% endif %}
{% if %}{% endif %}
{% if a %}{% else %}{% elif b %}{% endif %}
{% if a %}{% else if b %}{% endif %}
{% if a %}{% elseif b %}{% endif %}
{% if not a %}{% endif %}
{% if a = b %}{% endif %}
{% set x = 1 %}
{% set x, y = 1, 2 %}
{% set (x, y) = z %}
{% set x, (y, z) = z %}
{% set ns.a = 1 %}
{% set ns.a = 1, 2 %}
{% set ns.a.b = 1 %}
{% set ns.a, b = 1 %}
{% set a, ns.b = 1 %}
{% set ns['a'] = 1 %}
{% set x = 1 if a else 2 %}
{% set x = 1, %}
{% set x = %}
{% set = 1 %}
{% set 1 = 2 %}
{% set 'a' = 2 %}
{% set true = 2 %}
{% set x.true = 2 %}
{% set (x) = 1 %}
{% set (x.y) = 1 %}
{% set x() = 1 %}
{% set x|f = 1 %}
{% set x += 1 %}
{% set x y %}
{% set a = b = 1 %}
{% set a = 1, b = 2 %}
{% set %}
{% set x %}a{{ b }}{% endset %}
{% set x, y %}a{% endset %}
{% set ns.a %}a{% endset %}
{% set x | upper %}a{% endset %}
{% set x | upper | replace('a', 'b') %}a{% endset %}
{% set x: %}a{% endset %}
{% set x | %}a{% endset %}
{% set x %}
{% with %}{{ a }}{% endwith %}
{% with a=1 %}{% endwith %}
{% with a=1, b=a, c=f(a, b) %}{% endwith %}
{% with (a, b) = c %}{% endwith %}
{% with a, b = c %}{% endwith %}
{% with a=1, %}{% endwith %}
{% with a %}{% endwith %}
{% with a.b = 1 %}{% endwith %}
{% with a = 1
{% autoescape true %}{{ a }}{% endautoescape %}
{% autoescape a if b else c %}{% endautoescape %}
{% autoescape %}{% endautoescape %}
{% block a %}x{% endblock %}
{% block a %}x{% endblock a %}
{% block a %}x{% endblock b %}
{% block a %}{% block b %}{% endblock b %}{% endblock a %}
{% block a scoped %}x{% endblock %}
{% block a required %} {# c #} {% endblock %}
{% block a scoped required %}{% endblock %}
{% block a required scoped %}{% endblock %}
{% block a required %}x{% endblock %}
{% block a required %}{{ x }}{% endblock %}
{% block a required %}{% if a %}{% endif %}{% endblock %}
{% block a required %}{% raw %} {% endraw %}{% endblock %}
{% block a-b %}{% endblock %}
{% block %}{% endblock %}
{% block 'a' %}{% endblock %}
{% block scoped %}{% endblock %}
{% block a: %}{% endblock %}
{% extends 'a' %}
{% extends a if b else 'c' %}
{% extends %}
{% extends 'a', 'b' %}
{% include 'a' %}
{% include a ~ '.html' %}
{% include ['a', b] ignore missing %}
{% include 'a' ignore missing with context %}
{% include 'a' ignore missing without context %}
{% include 'a' without context %}
{% include 'a' with context ignore missing %}
{% include a with %}
{% include a ignore %}
{% include a, b %}
{% include %}
{% import 'a' as b %}
{% import 'a' as b with context %}
{% import 'a' as b without context %}
{% import 'a' %}
{% import 'a' as %}
{% import 'a' as none %}
{% import 'a' as b.c %}
{% import 'a' as b, c %}
{% from 'a' import b %}
{% from 'a' import b as c, d %}
{% from 'a' import b, c with context %}
{% from 'a' import b as c without context %}
{% from 'a' import b, with context %}
{% from 'a' import with context %}
{% from 'a' import with %}
{% from 'a' import with, context %}
{% from 'a' import b as with context %}
{% from 'a' import b, %}
{% from 'a' import %}
{% from 'a' import _b %}
{% from 'a' import b as _c %}
{% from 'a' import b c %}
{% from 'a' import true %}
{% from 'a' import b.c %}
{% from 'a' %}
{% macro f() %}{% endmacro %}
{% macro f(a, b=1, c=[a]) %}{{ a }}{% endmacro %}
{% macro f(a=1, b) %}{% endmacro %}
{% macro f(a,) %}{% endmacro %}
{% macro f %}{% endmacro %}
{% macro f() %}{% endmacro f %}
{% macro f(*a) %}{% endmacro %}
{% macro f(a.b) %}{% endmacro %}
{% macro f(none) %}{% endmacro %}
{% macro true() %}{% endmacro %}
{% macro a.b() %}{% endmacro %}
{% macro f(a b) %}{% endmacro %}
{% call f() %}x{% endcall %}
{% call(a, b=1) f(1)(2) %}x{% endcall %}
{% call() a.b(c) %}{{ d }}{% endcall %}
{% call f %}{% endcall %}
{% call f()|upper %}{% endcall %}
{% call f() if a %}{% endcall %}
{% call (f)() %}{% endcall %}
{% call %}{% endcall %}
{% filter upper %}a{{ b }}{% endfilter %}
{% filter upper|replace('a', 'b')|c.d(1) %}a{% endfilter %}
{% filter %}{% endfilter %}
{% filter 'a' %}{% endfilter %}
{% filter |upper %}{% endfilter %}
{% filter upper + 1 %}{% endfilter %}
{% print a %}
{% print a, b|c %}
{% print %}
{% print a, %}
{% do a.append(1) %}
{% do a, b %}
{% do %}
{% break %}
{% continue %}
{% break x %}
{% foo %}
{% if a %}{% foo %}{% endif %}
{% %}
{% 1 %}
{% 'a' %}
{% if
{{ }}
{{
a{{ b }}c{{ d }}{% if e %}{{ f }}g{% endif %}h{{ i }}
a {#- b -#} c {{- d }} {% raw %}{{ e }}{% endraw %} f
{{ a }} {% set b = 1 %} {{ b }}
]]

local function lines(text)
  local list = {}
  for line in text:gmatch("[^\n]+") do list[#list + 1] = line end
  return list
end

local function expressions()
  local list = {}
  for text in EXPRESSIONS:gmatch("[^|\n]+") do list[#list + 1] = text end
  for _, text in ipairs(FILTERED) do list[#list + 1] = text end
  return list
end

--- Words, white space, delimiters and operators.
local function pieces_of(text)
  local pieces, at = {}, 1
  while at <= #text do
    local piece = text:match("^[%w_]+", at) or text:match("^%s+", at) or text:match("^[{%%#}-]+", at)
      or text:sub(at, at)
    pieces[#pieces + 1] = piece
    at = at + #piece
  end
  return pieces
end

--- The text with a piece left out, doubled, or put in another place; the same ones in every run.
local function spoilt(text, random)
  local pieces = pieces_of(text)
  if #pieces == 0 then return text end
  local i, j = random(#pieces), random(#pieces)
  local what = random(3)
  if what == 1 then
    table.remove(pieces, i)
  elseif what == 2 then
    table.insert(pieces, j, pieces[i])
  else
    pieces[i], pieces[j] = pieces[j], pieces[i]
  end
  return table.concat(pieces)
end

--- Numbers from 1 to n, the same ones in every run.
local function sequence(seed)
  return function(n)
    seed = (seed * 1103515245 + 12345) % 2147483648
    return math.floor(seed / 65536) % n + 1
  end
end

local function parse(case)
  if case.template then return parser.template(case.template) end
  return parser.expression(case.expression)
end

local function compare(cases)
  for i, theirs in ipairs(jinja_parse.ask(cases)) do
    local text = cases[i].template or cases[i].expression
    local ok, ours = pcall(parse, cases[i])
    if theirs.error then
      assert.is_false(ok, ("%q is accepted, in Jinja: %s"):format(text, theirs.error))
      assert.is_string(ours.message, ("%q: %s"):format(text, tostring(ours)))
    else
      assert.is_true(ok, ("%q is refused: %s"):format(text, tostring(not ok and ours.message or ours)))
      local found = jinja_parse.difference(ours, theirs.tree)
      assert.is_nil(found, ("%q: %s"):format(text, tostring(found)))
    end
  end
end

local function as_cases(texts, kind, template)
  local cases = {}
  for i, text in ipairs(texts) do
    cases[i] = { [kind] = template and template:gsub("_", function() return text end) or text }
  end
  return cases
end

describe("the tree of an expression is Jinja's", function()
  it("by itself", function() compare(as_cases(expressions(), "expression")) end)

  for _, place in ipairs({
    "{{ _ }}", "{% if _ %}{% endif %}", "{% for x in _ %}{% endfor %}", "{% set x = _ %}", "{% with x = _ %}{% endwith %}",
    "{% include _ %}", "{{ f(_) }}", "{{ [_, (_)] }}", "{{ a[_] }}", "{{ _|f }}", "{{ a and _ }}", "{{ 2 * _ }}",
  }) do
    it("in " .. place, function() compare(as_cases(expressions(), "template", place)) end)
  end
end)

describe("the tree of a template is Jinja's", function()
  it("with each statement", function() compare(as_cases(lines(STATEMENTS), "template")) end)

  it("with statements in statements", function()
    local list, random, inner = {}, sequence(1), lines(STATEMENTS)
    for i, text in ipairs(inner) do
      list[i] = "{% block b %}" .. text .. "\n{% if a %}" .. inner[random(#inner)] .. "{% endif %}{% endblock %}"
    end
    compare(as_cases(list, "template"))
  end)

  it("where a piece is missing, doubled or astray", function()
    local list, random = {}, sequence(3)
    for _ = 1, 8 do
      for _, text in ipairs(lines(STATEMENTS)) do list[#list + 1] = spoilt(text, random) end
      for _, text in ipairs(expressions()) do
        list[#list + 1] = "{{ " .. spoilt(spoilt(text, random), random) .. " }}"
      end
    end
    compare(as_cases(list, "template"))
  end)
end)

--- "Kind line:column" of all nodes, those of a statement before what is in it.
local function places(text)
  local found = {}
  local function walk(node)
    if type(node) ~= "table" then return end
    if node.kind then found[#found + 1] = ("%s %d:%d"):format(node.kind, node.line, node.column) end
    local keys = {}
    for key in pairs(node) do keys[#keys + 1] = key end
    table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
    for _, key in ipairs(keys) do walk(node[key]) end
  end
  walk(parser.template(text))
  -- The template's own place is no news.
  return table.concat(found, ", ", 2)
end

describe("a node stands where its own token stands", function()
  it("when it is an operand", function()
    assert.equal("Output 1:1, Filter 1:8, Const 1:10, Getattr 1:6, Name 1:4", places("{{ a.b|f(1) }}"))
    assert.equal("Output 1:1, Getitem 1:7, Slice 1:8, Const 1:8, Const 1:10, Getitem 1:6, Const 1:6, Name 1:4",
      places("{{ a.0[1:2] }}"))
    assert.equal("Output 1:1, Tuple 1:5, Name 1:5, List 1:8, Name 1:9, Dict 1:12, Name 1:13, Const 1:16",
      places("{{ (a, [b, {c: 'd'}]) }}"))
    -- A call is found by what is called.
    assert.equal("Output 1:1, Call 1:6, Name 1:8, Name 1:14, Getattr 1:6, Name 1:4", places("{{ a.b(cc, d=e) }}"))
  end)

  it("when it is an operator", function()
    assert.equal("Output 1:1, Add 1:6, Name 1:4, Mul 1:10, Name 1:8, Name 1:12", places("{{ a + b * c }}"))
    assert.equal("Output 1:1, Not 1:4, Compare 1:10, Name 1:8, Name 1:13, Name 1:18", places("{{ not a == b in c }}"))
    assert.equal("Output 1:1, Not 1:7, Test 1:14, Name 1:16, Neg 1:4, Name 1:5", places("{{ -a is not b(c) }}"))
    assert.equal("Output 1:1, CondExpr 1:6, Name 1:4, Name 1:16, Name 1:9", places("{{ a if b else c }}"))
    assert.equal("Output 1:1, Concat 1:6, Name 1:4, Name 1:8, Name 1:12", places("{{ a ~ b ~ c }}"))
  end)

  it("when it is a statement, in lines and code points", function()
    assert.equal("Output 1:1, TemplateData 1:1, For 1:7, Output 1:20, TemplateData 1:20, Name 2:5, TemplateData 2:9, "
      .. "Output 3:11, TemplateData 3:11, Name 1:16, Name 1:11",
      places("\195\169 {%- for x in y %}\n {{ x }}\n{% else %}\nn{% endfor %}"))
    assert.equal("If 1:4, If 1:14, Name 1:19, Name 1:7", places("{% if a %}{% elif b %}{% endif %}"))
    assert.equal("AssignBlock 1:4, Output 1:16, TemplateData 1:16, Filter 1:12, Filter 1:10, Name 1:8",
      places("{% set x|f|g %}\n{% endset %}"))
    assert.equal("Assign 1:4, Const 1:14, NSRef 1:8", places("{% set n.a = 1 %}"))
    assert.equal("Macro 1:4, Name 1:12, Name 1:15, Const 1:17", places("{% macro m(a, b=1) %}{% endmacro %}"))
    assert.equal("CallBlock 1:4, Name 1:9, Call 1:12, Name 1:12", places("{% call(x) m() %}{% endcall %}"))
  end)
end)

local function fault(text, parse_text)
  local ok, raised = pcall(parse_text or parser.template, text)
  assert(not ok, "it raised nothing")
  return ("%d:%d: %s"):format(raised.line, raised.column, raised.message)
end

describe("a mistake is named with its place", function()
  it("where a tag is not known", function()
    assert.equal("2:4: unknown tag 'fro', did you mean 'for'?", fault("a\n{% fro x in y %}"))
    assert.equal("1:4: unknown tag 'elseif', did you mean 'elif'?", fault("{% elseif a %}"))
    assert.equal("1:4: unknown tag 'enfor', did you mean 'endfor'?", fault("{% enfor %}"))
    assert.equal("1:4: expected the name of a tag, got '%}'", fault("{% %}"))
    assert.matches("^1:4: unknown tag 'debug'; known are autoescape, block, break,", fault("{% debug %}"))
    assert.equal("1:8: expected '%}' or '-%}' right behind 'raw'", fault("{% raw a %}{% endraw %}"))
  end)

  it("where a tag is not closed", function()
    assert.equal("3:1: the 'for' of line 2 is not closed: expected 'endfor' or 'else'", fault("\n{% for x in y %}a\n"
      .. "\n"))
    assert.equal("1:28: the 'for' of line 1 is not closed: expected 'endfor'", fault("{% for x in y %}{% else %}a"))
    assert.equal("1:24: the 'if' of line 1 is not closed: expected 'elif' or 'else' or 'endif'",
      fault("{% if a %}{% elif b %}a"))
  end)

  it("where a tag ends another one than the innermost", function()
    assert.equal("2:4: unexpected 'endfor': the 'if' of line 1 is open, expected 'elif' or 'else' or 'endif'",
      fault("{% for x in y %}{% if x %}\n{% endfor %}"))
    assert.equal("1:4: unexpected 'endif': no tag is open that it belongs to", fault("{% endif %}"))
    assert.equal("1:24: unexpected 'else': the 'with' of line 1 is open, expected 'endwith'",
      fault("{% if a %}{% with %}{% else %}"))
    assert.equal("1:33: expected 'endblock' or 'endblock a', got 'b'", fault("{% block a %}{{ x }}{% endblock b %}"))
  end)

  it("where the template ends in a tag", function()
    assert.equal("1:5: expected '}}', got the end of the template, where '{{' of line 1 is not closed", fault("{{ a"))
    assert.equal("2:3: expected ',' or ']', got the end of the template, where '[' of line 1 is not closed",
      fault("{{ [a,\n b"))
  end)

  it("where something else was expected", function()
    assert.equal("1:8: expected an expression, got '}}'", fault("{{ a + }}"))
    assert.equal("1:6: expected '}}', got 'b'", fault("{{ a b }}"))
    assert.equal("1:6: expected '}}', got a string", fault("{{ a 'b' }}"))
    assert.equal("1:10: expected ',' or ')', got 'b'", fault("{{ f(a=1 b) }}"))
    assert.equal("1:9: expected '=', '|' or '%}', got '+'", fault("{% set x+ = 1 %}"))
    assert.equal("1:10: expected 'in', got 'of'", fault("{% for x of y %}"))
    assert.equal("1:6: expected the name of a filter, got a string", fault("{{ a|'f' }}"))
  end)

  it("where a target cannot be assigned to", function()
    assert.equal("1:14: only a name, or a tuple of names, can be assigned to", fault("{% for (a, b.c) in d %}"))
    assert.equal("1:10: 'true' is a constant and cannot be assigned to", fault("{% macro true() %}"))
  end)

  it("where arguments and parameters are in no order", function()
    assert.equal("1:11: this argument cannot stand behind the ones in front of it", fault("{{ f(a=1, b) }}"))
    assert.equal("1:17: a parameter without default cannot stand behind one that has one",
      fault("{% macro m(a=1, b) %}{% endmacro %}"))
  end)

  it("where statements have rules of their own", function()
    assert.equal("1:11: the name of a block may not hold '-': write '_'", fault("{% block a-b %}"))
    assert.equal("1:23: the required block 'a' may hold only comments and white space",
      fault("{% block a required %}x{% endblock %}"))
    assert.equal("1:4: expected a call behind 'call', as in {% call name() %}", fault("{% call a %}{% endcall %}"))
    assert.equal("1:18: names that begin with an underscore cannot be imported", fault("{% from a import _b %}"))
    assert.equal("1:11: tests cannot follow one another: write 'a is b and a is c'", fault("{{ a is b is c }}"))
  end)

  it("and it is the first one", function()
    assert.equal("1:8: expected an expression, got '}}'", fault("{{ a + }}{{ 'b }}{{ & }}"))
  end)
end)

describe("depth and length", function()
  local function is_read(text) return (assert(parser.template(text))) end

  it("of chains have no limit", function()
    for _, text in ipairs({
      ("a + "):rep(5000) .. "a", ("a ~ "):rep(5000) .. "a", ("a and "):rep(5000) .. "a", ("a < "):rep(5000) .. "a",
      ("not "):rep(5000) .. "a", ("- "):rep(5000) .. "a", "a" .. (".b"):rep(5000), "a" .. ("[0]"):rep(5000),
      "a" .. ("(0)"):rep(5000), "a" .. ("|f"):rep(5000), ("a if b else "):rep(5000) .. "c", "a" .. (" if b"):rep(5000),
      "[" .. ("a, "):rep(5000) .. "]", ("'a' "):rep(5000),
    }) do
      is_read("{{ " .. text .. " }}")
    end
    is_read("{% if a %}" .. ("{% elif b %}"):rep(5000) .. "{% endif %}")
    is_read(("{{ a }}{% set b = 1 %}"):rep(5000))
  end)

  local BRACKETS = {
    { "(", ")" }, { "[", "]" }, { "{a: ", "}" }, { "f(", ")" }, { "f(x=", ")" }, { "a[", "]" }, { "a[b:", "]" },
    { "a|f(", ")" }, { "a is f(", ")" }, { "a is f [", "]" }, { "a if b else (", ")" },
  }

  it("of brackets and tags may be 500", function()
    for _, pair in ipairs(BRACKETS) do
      is_read("{{ " .. pair[1]:rep(500) .. "a" .. pair[2]:rep(500) .. " }}")
    end
    is_read(("{% for a in b %}"):rep(500) .. ("{% endfor %}"):rep(500))
    is_read(("{% if a %}{% else %}"):rep(500) .. ("{% endif %}"):rep(500))
  end)

  it("of more is a mistake like any other", function()
    for _, pair in ipairs(BRACKETS) do
      local text = "{{ " .. pair[1]:rep(5000) .. "a" .. pair[2]:rep(5000) .. " }}"
      assert.matches("^1:%d+: nested too deeply: more than 1000 levels$", fault(text))
    end
    -- Eight operators, each weaker than the next, take eight times as much.
    assert.matches("nested too deeply", fault("{{ " .. ("1 or 2 and not 3 < 4 + 5 ~ 6 * 7 ** ("):rep(5000)))
    assert.matches("nested too deeply", fault(("{% if a %}"):rep(5000)))
  end)
end)

describe("an expression", function()
  it("may span lines, and is all of the text", function()
    assert.equal("Add", parser.expression(" a +\n b\n").kind)
    assert.equal("2:3: unexpected 'c' behind the expression", fault("a +\nb c", parser.expression))
    assert.equal("1:1: expected an expression, got the end of the expression", fault("", parser.expression))
    assert.equal("1:3: unexpected '}': no bracket is open", fault("a }} b", parser.expression))
  end)
end)

describe("a text that is one expression", function()
  it("gives its source and where that begins", function()
    assert.same({ "a.b|f", 1, 4 }, { parser.single("{{ a.b|f }}") })
    assert.same({ "a", 1, 3 }, { parser.single("{{a}}\n") })
    assert.same({ "{'}}': 1}", 3, 2 }, { parser.single("  \n{{-\n {'}}': 1}-}}  ") })
    assert.same({ "a", 3, 1 }, { parser.single("{# a #}{{ \n\na }}{# b #}") })
  end)

  it("is none with anything else, and none with a mistake", function()
    for _, text in ipairs({
      "", "a", " {{ a }}", "{{ a }} ", "{{ a }}{{ b }}", "{{ a }}{% set b = 1 %}", "{% set b = 1 %}", "{{ a", "{{ }}",
      "{{ 'a }}", "{{ a) }}", "{% raw %}{{ a }}{% endraw %}", "{{ a }}\n\n",
    }) do
      assert.is_nil(parser.single(text), text)
    end
  end)
end)
