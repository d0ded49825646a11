-- SPDX-License-Identifier: MIT

local jinja_parse = require "support.jinja_parse"
local lexer = require "perilune.template.lexer"

local function tokens(text)
  local reader, list = lexer.new(text), {}
  while true do
    local token = reader:next()
    if token.kind == "eof" then return list end
    list[#list + 1] = token
  end
end

local function fault(text)
  local ok, raised = pcall(tokens, text)
  assert(not ok, "it raised nothing")
  return ("%d:%d: %s"):format(raised.line, raised.column, raised.message)
end

-- White space control, at every delimiter.
local STRIPPED = {
  "", "a", "a\n", "a\n\n", "\n", "a\r\n", "a\r\nb\rc\n\rd",
  " a {{ b }} c ", " a {{- b }} c ", " a {{ b -}} c ", " a {{- b -}} c ", "a \n\t{{-b-}}\n\n c",
  " a {{+ b }} c ", " a {{+b }} c ", " {{-1}} ", " {{--1}} ", " {{- -1 }} ", " {{ 1 - -}} ",
  " {% a %} \n b", " {%- a %} \n b", " {% a -%} \n b", " {%- a -%} \n b", " {%+ a +%} \n b",
  " {%+a-%} \n b", " {%-a+%} \n b", " {%- a- %} b",
  " {# a #} \n b", " {#- a #} \n b", " {# a -#} \n b", " {#- a -#} \n b", " {#+ a +#} \n b",
  " {##} ", " {#-#} ", " {#--#} ", " {#+#} ", " {#-+#} ", "a {#- b #} {{ c }} {# d -#} e",
  "a {# {{ b }} {% c %} {# #} d", "a{#\n\n#}\n{{ b }}", "{#\n-#}\n\n{{ a }}",
  "{% raw %} {{ a }} {% endraw %} b", " {%- raw -%} {{ a }} {%- endraw -%} b",
  " {%+ raw %} {{ a }} {%+ endraw +%} b", "{%raw%}{%endraw%}", "{%  raw  %}a{%  endraw  %}",
  "{% raw %}{% if a %}{# b #}{% raw %}{% endraw %}", "{% raw %}{% endra %}{% endraw %}",
  "{%\nraw\n%}\na{%-\nendraw\n-%}\n\n{{ b }}", "{% raw -%}  {%- endraw %}", "{% raw %}", "{#", "{#-",
  "{% rawx %}", "{% raw x %}", "{% raw +%}x",
  "a\n\n {%- b %}\n{{ c }}", "a {{- b -}}\n\n{{- c }}\n{{ d }}",
  -- White space as Python sees it, beyond ASCII.
  "\194\160a\226\128\168 {{- b -}} \227\128\128\225\154\128\226\128\131c",
  "a\194\133{%- b -%}\226\129\159\28\29\30\31c", "a\226\128\139{{- b -}}\226\128\139c",
  "{{\194\160a\227\128\128}}", "{{ a\226\128\137+\226\128\175b }}", "\11\12 {{- a -}} \11\12b",
}

-- What ends a tag, and what does not.
local ENDS = {
  "{{ {'a': {'b': 1}} }}", "{{ {'a': {'b': 1}}}}", "{{{}}}", "{{[{}]}}", "{{ (a}}) }}",
  "{{ '}}' }}", "{% '%}' %}", "{{ \"'}}\" }}", "{{ '\\'}}' }}", "{{ a %} }}", "{{ a }", "{{ a } }}",
  "{% a }} %}", "{% (a %}) %}", "{{ a -}} b", "{{ (a -}} b", "{{ a - }}", "{{ a) }}", "{{ (a] }}",
  "{{ [(a]) }}", "{{", "{{ a", "{{ (a", "{%", "{% a", "{{ 'a", "{{ \"a'", "{{ a ? b }}", "{{ !a }}",
  "{{ a }} }}", "a } b %} c #} d", "{ { a } }", "{ % a % }", "{", "{a}", "{{ {", "{{ a +}} ",
}

local NAMES = {
  "a", "_", "__a1_b", "A9", "if", "end", "true", "None", "\195\169t\195\169", "\229\144\141\229\137\141",
  "a\194\178", "\194\178", "a\226\128\147b", "\217\163", "a\204\129", "\204\129a", "a\194\183", "\206\169_1",
  "\240\157\146\156", "\240\159\152\128", "a\194\160b", "$a", "@", "`a`", "a#", "1a", "1_a",
}

local OPERATORS = "+ - * / // % ** ~ ( ) [ ] { } == != < <= > >= = . : | , ;"

--- Every operator beside every other: the longest ones win.
local function operator_pairs()
  local cases = {}
  for first in OPERATORS:gmatch("%S+") do
    for second in OPERATORS:gmatch("%S+") do cases[#cases + 1] = "{% a" .. first .. second end
  end
  return cases
end

local function wrapped(texts, before, behind)
  local cases = {}
  for i, text in ipairs(texts) do cases[i] = before .. text .. behind end
  return cases
end

local function compare(texts)
  local cases = {}
  for i, text in ipairs(texts) do cases[i] = { tokens = text } end
  for i, theirs in ipairs(jinja_parse.ask(cases)) do
    local ok, ours = pcall(tokens, texts[i])
    if theirs.error then
      assert.is_false(ok, ("%q is accepted, in Jinja: %s"):format(texts[i], theirs.error))
    else
      assert.is_true(ok, ("%q is refused: %s"):format(texts[i], tostring(not ok and ours.message)))
      local found = jinja_parse.difference(ours, theirs.tokens)
      assert.is_nil(found, ("%q: %s"):format(texts[i], tostring(found)))
    end
  end
end

describe("the tokens of a template are Jinja's", function()
  it("where white space is stripped, in comments and in raw blocks", function() compare(STRIPPED) end)

  it("where tags end", function() compare(ENDS) end)

  it("in names", function() compare(wrapped(NAMES, "{{ ", " }}")) end)

  it("in operators", function() compare(operator_pairs()) end)
end)

describe("a token", function()
  it("has the line and the column of its first character, in code points", function()
    local places = {}
    for _, token in ipairs(tokens("\195\169\n\240\159\152\128\227\128\128{{- '\195\169' +\n b }}{#\n#}\r\nc\rd{% if")) do
      places[#places + 1] = ("%s %d:%d"):format(token.kind, token.line, token.column)
    end
    assert.same({
      "data 1:1", "{{ 2:3", "string 2:7", "+ 2:11", "name 3:2", "}} 3:4", "data 4:3", "{% 6:2", "name 6:5",
    }, places)
  end)

  it("ends with the white space that it strips", function()
    local list = tokens("{{ a -}}  b")
    assert.same({ 1, 3, 4, 5, 6, 11, 11, 12 },
      { list[1].at, list[1].behind, list[2].at, list[2].behind, list[3].at, list[3].behind, list[4].at, list[4].behind })
  end)

  it("of the end says what is open", function()
    local reader = lexer.new("\n{{ f(a, [b")
    repeat local token = reader:next() until token.kind == "eof"
    assert.equal("'[' of line 2", reader:next().value)
  end)
end)

describe("a mistake is named with its place", function()
  it("where something is not closed", function()
    assert.equal("2:1: the comment is not closed: expected '#}'", fault("a\n{# b"))
    assert.equal("1:3: 'raw' is not closed: expected '{% endraw %}'", fault("a {% raw %}\n{{ b }}"))
    assert.equal("1:6: the string is not closed: expected another \"", fault('{{ a "b }}\n'))
  end)

  it("where brackets do not fit", function()
    assert.equal("3:1: unexpected ']': expected ')' for the '(' of line 2", fault("{{ [\n(a,\n] }}"))
    assert.equal("1:6: unexpected '}': no bracket is open", fault("{{ a } }}"))
  end)

  it("where a character has no meaning", function()
    assert.equal("1:6: unexpected character '&', write 'and'", fault("{{ a && b }}"))
    assert.equal("1:4: unexpected character '!', write 'not'", fault("{{ !a }}"))
    assert.equal("1:4: '\226\130\172' is not a name: it holds a character that no name may have", fault("{{ \226\130\172 }}"))
  end)
end)

describe("reading takes time in proportion to the text", function()
  -- What takes 20 ms takes minutes when each step looks at all the rest again.
  local function seconds(text)
    local from = os.clock()
    pcall(tokens, text)
    return os.clock() - from
  end

  for name, text in pairs({
    ["one long line of output"] = ("{{ \195\169 }}"):rep(20000),
    ["white space"] = "a" .. (" \n"):rep(200000) .. "{{- b -}}" .. (" \n"):rep(200000) .. "c",
    ["white space that nothing strips"] = ((" "):rep(1000) .. "a"):rep(500) .. "{{- b }}",
    ["braces"] = ("{ "):rep(200000),
    ["escapes"] = "{{ '" .. ("\\n"):rep(100000) .. "' }}",
    ["tags in a raw block"] = "{% raw %}" .. ("{%  endra "):rep(40000) .. "{% endraw %}",
  }) do
    it("of " .. name, function() assert.is_true(seconds(text) < 3) end)
  end
end)
