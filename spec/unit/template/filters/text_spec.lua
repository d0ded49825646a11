-- SPDX-License-Identifier: MIT

local oracle = require "unit.template.filters.oracle"

local CONTEXT = [=[{
  "s": "Hello wORLD", "empty": "", "umlaut": "äÖü straße ǅ İı", "sigma": "ΑΣ ὈΔΥΣΣΕΎΣ", "n": 42,
  "f": 1.5, "none": null, "yes": true, "list": [1, "a"], "dict": {"a": 1},
  "spaces": " \t\u00a0 x y \u2003\n", "lines": "one\ntwo\n\nthree\r\nfour\u2028five\n",
  "words": "the quick-brown fox_1 (jumps) {over} [the] <lazy> dog\u00a0again\u3000and",
  "long": "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor",
  "emoji": "a😀b😀c", "mixed": "it's o'clock, e-mail 3-4 x--y", "big": 123456789012345678901234567890
}]=]

describe("upper, lower, capitalize, string", function()
  oracle.agrees(it, {
    "{{ s|upper }}", "{{ s|lower }}", "{{ s|capitalize }}", "{{ umlaut|upper }}",
    "{{ umlaut|lower }}", "{{ umlaut|capitalize }}", "{{ sigma|lower }}", "{{ sigma|capitalize }}",
    "{{ none|upper }}", "{{ n|upper }}", "{{ yes|lower }}", "{{ list|upper }}", "{{ nope|upper }}|",
    "{{ dict|capitalize }}", "{{ ''|capitalize }}|", "{{ ('<b>'|safe)|upper }}",
    "{{ ('<'|escape)|upper }}", "{{ ('<'|escape)|capitalize }}", "{{ n|string ~ 1 }}",
    "{{ list|string|length }}", "{{ none|string }}", "{{ nope|string }}|", "{{ 'ß'|upper }}",
    "{{ 'ß'|capitalize }}", "{{ f|string|upper }}", "{{ s|upper(1) }}", "{{ s|upper(x=1) }}",
  }, CONTEXT)
end)

describe("title", function()
  oracle.agrees(it, {
    "{{ s|title }}", "{{ words|title }}", "{{ mixed|title }}", "{{ umlaut|title }}",
    "{{ sigma|title }}", "{{ ''|title }}|", "{{ n|title }}", "{{ none|title }}", "{{ nope|title }}|",
    "{{ spaces|title }}", "{{ 'ßa ßb'|title }}", "{{ 'a-b--c((d'|title }}",
    "{{ 'x\\x1cy\\x85z'|title }}", "{{ ('<b>x</b>'|safe)|title }}", "{{ 'ǆa'|title }}",
    "{{ \"foo's b{ar [baz\"|title }}", "{{ '-'|title }}", "{{ ' a '|title }}",
  }, CONTEXT)
end)

describe("center and trim", function()
  oracle.agrees(it, {
    "[{{ 'ab'|center(7) }}]", "[{{ 'abc'|center(8) }}]", "[{{ 'ab'|center(6) }}]",
    "[{{ 'ab'|center }}]", "[{{ 'ab'|center(1) }}]", "[{{ 'ab'|center(-5) }}]",
    "[{{ 'äö'|center(7) }}]", "[{{ n|center(6) }}]", "[{{ none|center(width=9) }}]",
    "[{{ nope|center(3) }}]", "[{{ 'a'|center(true) }}]", "[{{ 'a'|center('5') }}]",
    "[{{ 'a'|center(5.0) }}]", "[{{ emoji|center(8) }}]", "[{{ ('<'|escape)|center(9) }}]",
    "[{{ spaces|trim }}]", "[{{ ' a '|trim }}]", "[{{ 'xxaxx'|trim('x') }}]",
    "[{{ 'xyaxy'|trim('yx') }}]", "[{{ 'äaä'|trim('ä') }}]", "[{{ n|trim }}]", "[{{ n|trim('4') }}]",
    "[{{ none|trim('Ne') }}]", "[{{ nope|trim }}]", "[{{ ''|trim }}]", "[{{ ' '|trim }}]",
    "[{{ 'a'|trim(none) }}]", "[{{ ' a'|trim('') }}]", "[{{ '\\u3000a\\x1f'|trim }}]",
    "[{{ ('&lt;x&lt;'|safe)|trim('<') }}]", "[{{ 'a'|trim(chars='a') }}]", "[{{ 'a'|trim(1) }}]",
  }, CONTEXT)
end)

describe("replace", function()
  oracle.agrees(it, {
    "{{ s|replace('l', 'L') }}", "{{ s|replace('l', 'L', 1) }}", "{{ s|replace('l', 'L', 0) }}",
    "{{ s|replace('l', 'L', -1) }}", "{{ s|replace('', '-') }}", "{{ ''|replace('', '-') }}",
    "{{ s|replace('', '-', 3) }}", "{{ n|replace(4, 5) }}", "{{ n|replace('4', none) }}",
    "{{ none|replace('N', 'n') }}", "{{ umlaut|replace('ß', 'ss') }}", "{{ emoji|replace('😀', '') }}",
    "{{ s|replace(old='H', new='J') }}", "{{ s|replace('l', 'L', count=2) }}",
    "{{ s|replace('l', nope) }}", "{{ nope|replace('a', 'b') }}|", "{{ s|replace('.', '%1') }}",
    "{{ 'a.b.c'|replace('.', '%1') }}", "{{ ('<b>'|safe)|replace('b', '<') }}",
    "{{ s|replace('l', 'x', 1.5) }}", "{{ s|replace('o', '<'|escape) }}", "{{ ['a']|replace(\"'\", '\"') }}",
    "{{ 'aaa'|replace('aa', 'b') }}", "{{ s|replace('l', 'x', none) }}", "{{ s|replace('l', 'x', '1') }}",
    "{{ s|replace }}", "{{ s|replace('l') }}", "{{ s|replace(new='l') }}",
  }, CONTEXT)
end)

describe("truncate", function()
  oracle.agrees(it, {
    "{{ 'foo bar baz qux'|truncate(9) }}", "{{ 'foo bar baz qux'|truncate(9, True) }}",
    "{{ 'foo bar baz qux'|truncate(11) }}", "{{ 'foo bar baz qux'|truncate(11, False, '...', 0) }}",
    "{{ long|truncate(20) }}", "{{ long|truncate(20, true) }}", "{{ long|truncate(20, true, '') }}",
    "{{ long|truncate(20, end='…') }}", "{{ long|truncate(20, leeway=100) }}", "{{ long|truncate }}",
    "{{ long|truncate(2) }}", "{{ long|truncate(3) }}", "{{ long|truncate(3, true) }}",
    "{{ long|truncate(20, leeway=-1) }}", "{{ long|truncate(length=10, killwords=true, leeway=0) }}",
    "{{ emoji|truncate(4, true, '.', 0) }}", "{{ umlaut|truncate(8, false, '', 0) }}",
    "{{ n|truncate(5) }}", "{{ list|truncate(10) }}", "{{ list|truncate(1, true, '', 0) }}",
    "{{ nope|truncate(5) }}|", "{{ none|truncate(5) }}", "{{ 'abcdefghijkl'|truncate(6) }}",
    "{{ 'abc defghijkl'|truncate(6) }}", "{{ ('a &lt; b &gt; c d e f'|safe)|truncate(10, end='<') }}",
    "{{ '  a b c d e f g'|truncate(4, leeway=0) }}", "{{ 'a  b  c  d  e'|truncate(7, leeway=0) }}",
    "{{ long|truncate(10.5) }}", "{{ long|truncate('10') }}", "{{ long|truncate(20, leeway=none) }}",
    "{{ 'äöü äöü äöü äöü'|truncate(9, leeway=0) }}",
  }, CONTEXT)
end)

describe("wordcount", function()
  oracle.agrees(it, {
    "{{ long|wordcount }}", "{{ words|wordcount }}", "{{ mixed|wordcount }}", "{{ ''|wordcount }}",
    "{{ n|wordcount }}", "{{ none|wordcount }}", "{{ nope|wordcount }}", "{{ umlaut|wordcount }}",
    "{{ 'a_b c.d'|wordcount }}", "{{ list|wordcount }}", "{{ 'e\\u0301t\\u00e9'|wordcount }}",
    "{{ '½ ² ١٢'|wordcount }}", "{{ f|wordcount }}", "{{ '日本語 テキスト'|wordcount }}",
  }, CONTEXT)
end)

describe("indent", function()
  oracle.agrees(it, {
    "{{ lines|indent }}", "{{ lines|indent(2) }}", "{{ lines|indent(2, true) }}",
    "{{ lines|indent(2, true, true) }}", "{{ lines|indent(2, blank=true) }}",
    "{{ lines|indent('> ') }}", "{{ lines|indent(width='> ', first=true, blank=true) }}",
    "[{{ ''|indent }}]", "[{{ ''|indent(first=true) }}]", "[{{ '\n'|indent(2, blank=true) }}]",
    "[{{ 'a\n'|indent(2) }}]", "[{{ 'a\n\n'|indent(2) }}]", "[{{ 'a'|indent(-2, true) }}]",
    "[{{ 'a\nb'|indent(0) }}]", "[{{ 'a\nb'|indent(true) }}]", "{{ n|indent }}", "{{ nope|indent }}",
    "{{ none|indent }}", "{{ list|indent }}", "[{{ 'a\nb'|indent(1.5) }}]",
    "[{{ ('a\n<b>'|safe)|indent('<') }}]", "[{{ 'a\\x0bb\\x1cc\\x85d'|indent(1) }}]",
    "[{{ 'a\\rb\\r\\nc'|indent(1) }}]",
  }, CONTEXT)
end)

describe("format", function()
  oracle.agrees(it, {
    "{{ '%s, %s!'|format('a', 1) }}", "{{ '%(a)s-%(b)03d'|format(a='x', b=7) }}",
    "{{ '%s'|format }}", "{{ 'plain'|format }}", "{{ 'plain'|format(1) }}", "{{ '%d'|format('x') }}",
    "{{ '%(a)s %s'|format(1, a=2) }}", "{{ '%.2f|%5.1f|%-5d|%x'|format(1.005, 2.25, 3, 255) }}",
    "{{ '%s %s'|format(none, true) }}", "{{ '%s'|format(nope) }}|", "{{ '%s'|format([1, 'a']) }}",
    "{{ '%%'|format }}", "{{ '%r'|format('a') }}", "{{ '%s'|format(big) }}", "{{ n|format }}",
    "{{ ('<b>%s</b>'|safe)|format('<') }}", "{{ ('<b>%(x)s</b>'|safe)|format(x='<') }}",
    "{{ '%s'|format((1, 2)) }}", "{{ nope|format }}|",
  }, CONTEXT)
end)

describe("wordwrap", function()
  local cases = {
    "{{ long|wordwrap(20) }}", "{{ long|wordwrap }}", "{{ long|wordwrap(10, true, '|') }}",
    "{{ long|wordwrap(5) }}", "{{ long|wordwrap(5, false) }}", "{{ long|wordwrap(1) }}",
    "{{ long|wordwrap(0) }}", "{{ long|wordwrap(-1) }}", "{{ lines|wordwrap(3) }}",
    "{{ words|wordwrap(12, wrapstring='|') }}", "{{ words|wordwrap(4, wrapstring='|') }}",
    "{{ umlaut|wordwrap(4, wrapstring='|') }}", "{{ ''|wordwrap }}|", "{{ n|wordwrap }}",
    "{{ nope|wordwrap }}", "{{ none|wordwrap }}", "{{ list|wordwrap }}",
    "{{ '   leading and   inner   '|wordwrap(10, wrapstring='|') }}",
    "{{ 'a\\tb\\tc'|wordwrap(3, wrapstring='|') }}", "{{ 'a \\xa0 b'|wordwrap(2, wrapstring='|') }}",
    "{{ ('<a> <b>'|safe)|wordwrap(3) }}", "{{ 'a b'|wordwrap(1, wrapstring='<'|escape) }}",
    "{{ '日本語テキスト'|wordwrap(3, wrapstring='|') }}", "{{ 'abc'|wordwrap(width=2, wrapstring='|') }}",
    "{{ 'aaaa bbbbbbbb'|wordwrap(5, wrapstring='|') }}",
  }
  for _, text in ipairs({
    "Hello there -- you goof-ball, use the -b option!", "e-mail-address well-known x-y 3-4 a1-b2",
    "a--b foo--bar 'quoted'--dash --- end---of", "one-two-three-four five", "----------", "a----------b",
    "-a-b-c-d-e-f-g-h", "word -word- --word", "aa-bb--cc", "ab-c- -d", "äö-üß x", "a_b-c_d e",
    "          ", "-", "--", "x -- y", "foo-\tbar", "super-cali-fragi-listic-expi", "'a'-b \"c\"--d",
  }) do
    for _, width in ipairs({ 1, 2, 3, 4, 6, 9 }) do
      cases[#cases + 1] = ("{{ %q|wordwrap(%d, wrapstring='|') }}"):format(text, width)
    end
    cases[#cases + 1] = ("{{ %q|wordwrap(6, wrapstring='|', break_on_hyphens=false) }}"):format(text)
    cases[#cases + 1] = ("{{ %q|wordwrap(4, false, '|', false) }}"):format(text)
    cases[#cases + 1] = ("{{ %q|wordwrap(4, false, '|') }}"):format(text)
  end
  oracle.agrees(it, cases, CONTEXT)
end)
