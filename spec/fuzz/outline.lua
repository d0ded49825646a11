-- SPDX-License-Identifier: MIT

--- What fuzz_outline.c runs an input through: templates of all writers, loops and tests, in which every name
--- is one letter, and their outlines.

local core = require "perilune.core"
local template = require "perilune.template"

local TEXTS = {
  { "text", "{{ a }}|{{ b.c }}|{{ a.b.c }}|{{ b[0] }}|{{ b[1].a|default('-') }}|{{ c or 'none' }}|{{ a|tojson }}" },
  { "text", "{% for x in a %}{{ loop.index }}/{{ loop.length }}:{{ x }}{{ x.a }},{% else %}-{% endfor %}" },
  { "text", "{% for x in b %}{% for y in x.a %}{{ y }}{{ loop.last }}{{ x.b }};{% endfor %}{% endfor %}" },
  { "text", "{{ a > 1 }}{{ a >= 1.5 }}{{ a == 2 }}{{ a == 'x' }}{{ a == true }}{{ a is none }}{{ not a }}{{ b in ['', 1, 'y'] }}" },
  { "json", '{"a": {{ a }}, "b": "{{ a }}{{ b.c }}", /* {{ c }} */ "c": [{% for x in c %}{{ x }}{% if not loop.last %},{% endif %}'
    .. '{% endfor %}], "d": {{ b|tojson }}, "e": {{ a ~ "-" ~ b }}}' },
  { "xml", "<a b='{{ a }}' c=\"{{ b.c }}\">{{ a }}{{ c[0] }}</a>" },
  { "url", "https://{{ a }}/{{ a }}/{{ b.c }}?x={{ c }}" },
  { "form", "a={{ a }}&b={{ b.c }}" },
  { "header", "x {{ a }}; {{ b.c }}" },
  { "json", "[{{ a|tojson }}, {{ b|length }}, {{ a|count > 2 }}]" },
  { "json", "[{{ a|upper }}, \"{{ b|lower }}\", {{ a|capitalize|tojson }}, {{ b|upper == 'B' }}]" },
  { "text", "{% set x = b.c %}{% set y = x.a %}{{ x }}{{ y }}{{ y or a|length }}" },
}

local function as_they_stand(chain) return chain, true end

local renders, outlines = {}, {}

for i, text in ipairs(TEXTS) do
  renders[i] = assert(template.compile(text[2], { name = "text", mode = text[1] }))
  outlines[i] = assert(template.outline(renders[i], as_they_stand))
end

--- The text that a template renders of a document; nil where it fails.
---@param choice integer
---@param text string
local function render(choice, text)
  local ok, result = pcall(renders[choice], (core.json.decode(text)))
  return ok and result or nil
end

return outlines, render
