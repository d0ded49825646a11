-- SPDX-License-Identifier: MIT

local oracle = require "unit.template.filters.oracle"

local CONTEXT = [=[{
  "html": "<b class=\"x\">a & 'b'</b>", "n": 5, "none": null, "list": ["<", 1], "dict": {"a": "<", "b": null, "c": 1},
  "path": "/a b/ä?x=1&y=~.-_*+'()", "fields": {"q": "a b&c", "ä/": "x=y", "n": null, "l": [1, 2]}, "empty": {},
  "pairs": [["a", "b c"], ["a", "/"]], "bad": {"a b": 1}, "worse": {"x>y": "1"}, "skipped": {"a b": null}
}]=]

describe("escape, forceescape, safe", function()
  oracle.agrees(it, {
    "{{ html|escape }}", "{{ html|e }}", "{{ html|escape|escape }}", "{{ html|e|forceescape }}", "{{ html|forceescape }}",
    "{{ html|safe }}", "{{ html|safe|e }}", "{{ n|e }}", "{{ none|e }}", "{{ list|e }}", "{{ nope|e }}|", "{{ nope|safe }}|",
    "{{ n|safe is escaped }}", "{{ none|forceescape }}", "{{ [html|e] }}", "{{ html|e ~ '<' }}", "{{ (html|e) + '<' }}",
    "{{ '<' + ('>'|e) }}", "{{ ('%s'|e) % '<' }}", "{{ (html|e)|length }}", "{{ html|e == html }}", "{{ ('a'|e) == 'a' }}",
    "{{ ('<'|e)|string is escaped }}", "{{ ('<'|e)|lower is escaped }}", "{{ ('<'|e)|trim is escaped }}",
    "{{ ('<'|e)|center(9) is escaped }}", "{{ ('<'|e)|title is escaped }}", "{{ ('<'|e)|tojson }}",
    "{{ ('<'|e)|replace('&', '') is escaped }}", "{{ ['<'|e]|join is escaped }}", "{{ ('<'|e)|striptags is escaped }}",
    "{{ ('a b'|e)|truncate(3, leeway=0, end='') is escaped }}", "{{ ('a'|e)|indent is escaped }}",
    "{{ ('a'|e)|wordwrap is escaped }}", "{{ ('a'|e)|format is escaped }}", "{{ ('a'|e)|urlencode is escaped }}",
    "{{ ('ab'|e)|reverse is escaped }}", "{{ 1|tojson is escaped }}", "{{ dict|xmlattr is escaped }}",
    "{{ ('a'|e)|upper|lower|capitalize is escaped }}", "{{ 'a'|safe|default('x') is escaped }}",
    "{{ ('a'|e)|batch(1)|first|first is escaped }}",
  }, CONTEXT)
end)

describe("escape with autoescape", function()
  oracle.agrees(it, {
    "{% autoescape true %}{{ html }}{{ html|safe }}{{ list }}{{ none }}{% endautoescape %}",
    "{% autoescape true %}{{ list|join('&') }}{% endautoescape %}",
    "{% autoescape true %}{{ ['<', '<'|safe]|join('&') }}{% endautoescape %}",
    "{% autoescape true %}{{ ['<', '>']|join('&'|safe) }}{% endautoescape %}",
    "{% autoescape true %}{{ [1, '<']|join(1) }}{% endautoescape %}",
    "{% autoescape true %}{{ html|replace('a', '<') }}{% endautoescape %}",
    "{% autoescape true %}{{ html|safe|replace('a', '<') }}{% endautoescape %}",
    "{% autoescape true %}{{ html|replace('a', '<'|safe) }}{% endautoescape %}",
    "{% autoescape true %}{{ html|replace('<'|safe, '[') }}{% endautoescape %}",
    "{% autoescape true %}{{ html|safe|replace('<', '[', 1) }}{% endautoescape %}",
    "{% autoescape true %}{{ html|replace('b', 'c', 1) }}{{ 5|replace(5, 6) }}{% endautoescape %}",
    "{% autoescape true %}<a{{ dict|xmlattr }}>{{ dict|xmlattr(false) }}{% endautoescape %}",
    "{% autoescape true %}{{ dict|tojson }}{{ html|tojson }}{{ html|title }}{{ html|upper }}{% endautoescape %}",
    "{% autoescape true %}{{ html|indent }}{{ html|truncate(6, true, '<', 0) }}{{ html|wordwrap(4) }}{% endautoescape %}",
    "{% autoescape true %}{{ fields|urlencode }}{{ html|striptags }}{{ '%s'|format('<') }}{% endautoescape %}",
    "{% autoescape true %}{{ ('<b>%s</b>'|safe)|format('<') }}{% endautoescape %}",
    "{% autoescape true %}{{ list|map('escape')|join(',') }}{{ list|first }}{{ '<'|list }}{% endautoescape %}",
    "{% autoescape false %}{{ html|safe|replace('a', '<') }}{{ html }}{% endautoescape %}",
  }, CONTEXT)
end)

describe("striptags", function()
  local cases = { "{{ n|striptags }}", "{{ none|striptags }}", "{{ nope|striptags }}|", "{{ list|striptags }}",
    "{{ html|striptags }}", "{{ html|safe|striptags }}", "{{ html|e|striptags }}" }
  for _, text in ipairs({
    "a <!-- x > y --> b", "a<!-- open <b>c</b>", "<p>one\\n\\n two</p>\\t<br/>three", "a < b > c", "a < b", "<<b>>", "<>",
    "&lt;b&gt; &amp;amp; &copy; &copy &copyx &notit; &notin; &#65;&#x41;&#x1F600; &#0; &#xD800; &#x110000;",
    "&#128;&#150;&#x81;&#13;&#1;&#11;&#12;&#xfffe;&#xFDD0;", "&nbsp;x&nbsp;", "&", "&;", "&#;", "&#x;", "&unknown; &amp",
    "&CounterClockwiseContourIntegral;", "&acE; &NotEqualTilde;", "&#65a &#x41g;", "&amp;lt;", "&ampamp;", "&lt&gt",
    "x &\\u00e4; &eacute\\u00e9", "<!-- a --><!---->b", "<!-->c", "&aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa;",
    "<script>alert('x')</script>", "a\\u2003\\u00a0b",
  }) do
    cases[#cases + 1] = "{{ \"" .. text .. "\"|striptags }}"
  end
  oracle.agrees(it, cases, CONTEXT)
end)

describe("xmlattr", function()
  oracle.agrees(it, {
    "{{ dict|xmlattr }}", "{{ dict|xmlattr(false) }}", "{{ dict|xmlattr(autospace=true) }}", "[{{ {}|xmlattr }}]",
    "{{ bad|xmlattr }}", "{{ worse|xmlattr }}", "[{{ skipped|xmlattr }}]", "{{ list|xmlattr }}", "{{ nope|xmlattr }}",
    "{{ none|xmlattr }}", "{{ {'a': nope, 'b': '\"'}|xmlattr }}", "{{ {1: 2}|xmlattr }}", "{{ {'a': '<'|safe}|xmlattr }}",
    "{{ {'a&b': true}|xmlattr }}", "{{ {'a/': 1}|xmlattr }}", "{{ {'a=': 1}|xmlattr }}", "{{ {'a\\n': 1}|xmlattr }}",
    "{{ {'ä\\xa0': 1}|xmlattr }}", "{{ {'': 1}|xmlattr }}",
  }, CONTEXT)
end)

describe("urlencode", function()
  oracle.agrees(it, {
    "{{ path|urlencode }}", "{{ fields|urlencode }}", "{{ pairs|urlencode }}", "{{ n|urlencode }}", "{{ none|urlencode }}",
    "{{ nope|urlencode }}|", "{{ ''|urlencode }}|", "{{ {}|urlencode }}|", "{{ ['ab', 'cd']|urlencode }}",
    "{{ ['abc']|urlencode }}", "{{ [1]|urlencode }}", "{{ [[1]]|urlencode }}", "{{ [(1, 2)]|urlencode }}",
    "{{ fields.items()|urlencode }}", "{{ {'a': true, 1: 2.5}|urlencode }}", "{{ '😀'|urlencode }}", "{{ 'a%2Fb'|urlencode }}",
    "{{ ('<a>'|e)|urlencode }}", "{{ 1.5|urlencode }}", "{{ true|urlencode }}", "{{ {'a/b': 'c/d e~'}|urlencode }}",
    "{{ [[]]|urlencode }}", "{{ '\\x00'|urlencode }}",
  }, CONTEXT)
end)
