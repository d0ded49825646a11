-- SPDX-License-Identifier: MIT

--- No value gets out of its place: whatever way it takes through a template, a receiver reads the
--- value, and around it what it would read around a harmless one.

local core = require "perilune.core"
local readers = require "support.readers"
local template = require "perilune.template"

-- Every character that ends something somewhere.
local HOSTILE = {
  '"', "'", "\\", "/", "..", "%2e%2e", "//evil.example", "@evil", ":80", "?a=b", "#f", "&a=b", "&amp;",
  "a=b;c", "<x/>", "]]>", "-->", "?>", '","admin":true,"', '" x="1', "*/", "${{x}}", "a b+c", "\195\169\240\159\152\128",
  "%s", "{0}", "\\\"", "\\u0022", "line\nbreak", "tab\there",
}

-- Ways to a place. Each gives what `v` is.
local WAYS = {
  plain = "{{ v }}",
  filters = "{{ v|string|trim('|')|default('x') }}",
  concatenated = "{{ '' ~ v ~ '' }}",
  beside_safe = "{{ '' ~ (''|safe) ~ v }}",
  percent = "{{ '%s'|format(v) }}",
  formatted = "{{ '{}'.format(v) }}",
  joined = "{{ [v, ''|safe]|join }}",
  replaced = "{{ '@'|replace('@', v) }}",
  replaced_in_safe = "{{ ('@'|safe)|replace('@', v) }}",
  decoded = "{{ v|b64encode|b64decode }}",
  matched = "{{ v|regex_replace('^', '') }}",
  macro = "{% macro m(x) %}{{ x }}{% endmacro %}{{ m(v) }}",
  macro_with_default = "{% macro m(x=v) %}{{ x }}{% endmacro %}{{ m() }}",
  macro_in_expression = "{% macro m(x) %}{{ x }}{% endmacro %}{{ m(v) ~ '' }}",
  caller = "{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}{{ v }}{% endcall %}",
  set = "{% set x = v %}{{ x }}",
  set_block = "{% set x %}{{ v }}{% endset %}{{ x }}",
  filter_block = "{% filter string %}{{ v }}{% endfilter %}",
  namespace = "{% set n = namespace(x='') %}{% for i in [v] %}{% set n.x = i %}{% endfor %}{{ n.x }}",
  loop = "{% for i in [v] %}{{ i }}{% endfor %}",
  recursive = "{% for i in [[v]] recursive %}{% if i is string %}{{ i }}{% else %}{{ loop(i) }}"
    .. "{% endif %}{% endfor %}",
  included = "{% include 'part' %}",
  imported = "{% from 'macros' import m %}{{ m(v) }}",
  block = "{% block b %}{{ v }}{% endblock %}",
  autoescape = "{% autoescape true %}{{ v }}{% endautoescape %}",
}

-- Texts that Jinja takes as done. `language`: the one in which they are done here, too.
local CHANGES = {
  { "{{ v|e }}", language = "xml" },
  { "{{ (''|safe) + v }}", language = "xml" },
  { "{{ ('%s'|safe) % v }}", language = "xml" },
  { "{{ ('{}'|safe).format(v) }}", language = "xml" },
  { "{{ ('@'|safe).replace('@', v) }}", language = "xml" },
  { "{{ (''|safe).join([v]) }}", language = "xml" },
  { "{{ v|xml }}", language = "xml" },
  { "{{ v|tojson }}", language = "json" },
  { "{{ (v|tojson)[1:-1]|lower }}", language = "json" },
  { "{{ {'k': v}|querystring }}", language = "query" },
}

local function environment()
  return template.environment({
    templates = { part = "{{ v }}", macros = "{% macro m(x) %}{{ x }}{% endmacro %}" },
  })
end

local function render(text, mode, v)
  local run = assert(template.compile(text, { name = "t", mode = mode, environment = environment() }))
  return run({ v = v })
end

-- A place: the text around it, who reads it, and what that reads for a value.
local PLACES = {
  json_string = { "json", "json", '{"a": "<%s>", "b": 1}',
    function(v) return { a = "<" .. v .. ">", b = 1 } end },
  json_value = { "json", "json", '{"a": %s, "b": 1}', function(v) return { a = v, b = 1 } end },
  json_name = { "json", "json", '{"%s-": [2], "b": 1}', function(v) return { [v .. "-"] = { 2 }, b = 1 } end },
  path = { "url", "url", "https://h.example/a/-%s/b?c=d", function(v)
    return { origin = "https://h.example", segments = { "a", "-" .. v, "b" }, query = { { "c", "d" } } }
  end },
  query = { "url", "url", "https://h.example/a?c=%s&d=e", function(v)
    return { origin = "https://h.example", segments = { "a" }, query = { { "c", v }, { "d", "e" } } }
  end },
  form = { "form", "form", "c=%s&d=e", function(v) return { { "c", v }, { "d", "e" } } end },
  xml_text = { "xml", "xml", "<a>%s<b/></a>", function(v)
    return { "a", {}, v, { { "b", {}, "", {} } } }
  end },
  xml_double = { "xml", "xml", '<a c="%s" d="e"/>', function(v) return { "a", { c = v, d = "e" }, "", {} } end },
  xml_single = { "xml", "xml", "<a c='%s' d='e'/>", function(v) return { "a", { c = v, d = "e" }, "", {} } end },
  xml_cdata = { "xml", "xml", "<a><![CDATA[]]%s]]></a>", function(v) return { "a", {}, "]]" .. v, {} } end },
}

local function in_place(place, way) return (PLACES[place][3]:gsub("%%s", function() return way end)) end

describe("a value stays in its place:", function()
  for place, about in pairs(PLACES) do
    it(place, function()
      local cases, expected, ways = {}, {}, {}
      for way, text in pairs(WAYS) do
        for _, v in ipairs(HOSTILE) do
          local i = #cases + 1
          cases[i] = { kind = about[2], text = render(in_place(place, text), about[1], v) }
          expected[i], ways[i] = about[4](v), way
        end
      end
      for i, answer in ipairs(readers.read(cases)) do
        assert.same(expected[i], answer, ways[i] .. ": " .. cases[i].text)
      end
    end)
  end
end)

-- What is done for one language is a text in the others; JSON inside quotes is refused there.
local LANGUAGE = {
  xml_text = "xml", xml_double = "xml", xml_single = "xml", xml_cdata = "xml", path = "query",
  query = "query", form = "query",
}

describe("a text that is done for another language stays in its place:", function()
  for place, about in pairs(PLACES) do
    it(place, function()
      local cases, expected = {}, {}
      for _, change in ipairs(CHANGES) do
        local language, text = change.language, change[1]
        local is_known = language == (LANGUAGE[place] or "json")
        for _, v in ipairs(is_known and {} or HOSTILE) do
          local printed = render(text, "text", v)
          cases[#cases + 1] = { kind = about[2], text = render(in_place(place, text), about[1], v) }
          expected[#cases] = about[4](printed)
        end
      end
      for i, answer in ipairs(readers.read(cases)) do
        assert.same(expected[i], answer, cases[i].text)
      end
    end)
  end
end)

describe("what is done", function()
  for _, case in ipairs {
    { "json", '{"a": {{ v|tojson }}, "b": {{ "[1]"|safe }}, "c": "{{ (v|tojson)[1:-1] }}"}', '<"',
      '{"a": "\\u003c\\"", "b": [1], "c": "\\u003c\\""}' },
    { "url", "https://{{ 'a:80/b'|safe }}/{{ 'c/d'|safe ~ '' }}/{{ 'c/d'|safe }}?{{ {'e': v}|querystring }}",
      "f&g", "https://a:80/b/c%2Fd/c/d?e=f%26g" },
    { "xml", "<a b='{{ v|e }}'>{{ v|escape }}{{ {'c': v}|xml }}{{ '<d/>'|safe }}</a>", "&",
      "<a b='&amp;'>&amp;<c>&amp;</c><d/></a>" },
    { "form", "{{ {'a': [v, 2]}|querystring }}&b={{ 'c=d'|safe }}", "&", "a=%26&a=2&b=c=d" },
    { "json", "{% macro m() %}{\"a\": {{ v }}}{% endmacro %}[{{ m() }}, \"{{ m() ~ '' }}\"]", "b",
      '[{"a": "b"}, "{\\"a\\": b}"]' },
  } do
    it("goes in as it is: " .. case[2], function()
      assert.equal(case[4], render(case[2], case[1], case[3]))
    end)
  end
end)

describe("a value is refused", function()
  local function refused(mode, text, v, message)
    it(("%s: %s"):format(mode, text), function()
      local ok, raised = pcall(render, text, mode, v)
      assert.is_false(ok)
      local said = type(raised) == "table" and raised.message or raised
      assert.matches("^t:1:%d+: ", said)
      assert.matches(message, said, 1, true)
    end)
  end

  refused("json", '{"a": "\\{{ v }}"}', "x",
    "a value may not stand behind a backslash; a backslash in a string is written \\\\")
  refused("json", '["{{ v|tojson }}"]', ",1,",
    "JSON (of tojson) may not stand inside quotes: take away the quotes, or tojson")
  refused("json", '["{{ (v|tojson)[1:3] }}"]', 'a"',
    "JSON (of tojson) may not stand inside quotes: take away the quotes, or tojson")
  refused("json", "[{{ (v|tojson)[1:-1] }}]", "1,2",
    "a part of what tojson gave is no JSON by itself; mark it with safe if it shall be")
  refused("url", "https://{{ v }}.example/", "evil.example/",
    '"evil.example/" may not stand in the host: only letters, digits, \'-\' and \'.\' may')
  refused("url", "https://{{ v|querystring }}/", { a = "b" },
    '"a=b" may not stand in the host: only letters, digits, \'-\' and \'.\' may')
  refused("header", "a {{ v }}", "\r\nb: c", "a header may not hold line breaks or control characters")
  refused("header", "a {{ v|safe }}", "\0", "a header may not hold line breaks or control characters")
  refused("xml", "<{{ v }}/>", "a b='c'", '" " may not stand in a tag outside of quotes')
  refused("xml", "<a b={{ v }}/>", "c", "the value of an attribute must stand in quotes")
  refused("xml", "<!--{{ v }}-->", "a--b", '"--" may not stand there in a comment')
  refused("xml", "<!--{{ v }}-->", "a-", '"-" may not stand there in a comment')
  refused("xml", "<?a {{ v }}?>", 'b="c"', '"\\"" may not stand there in a processing instruction')
  refused("xml", "<a b='{{ v|xml }}'/>", { c = "d" }, "elements (of xml) may not stand in an attribute")
  refused("xml", "<a>{{ v }}</a>", "\1", "a control character may not stand in XML, not even escaped")
  refused("xml", "<a>{{ v|e }}</a>", "\239\191\191",
    "a control character may not stand in XML, not even escaped")
  for _, mode in ipairs({ "text", "json", "url", "xml", "form", "header" }) do
    refused(mode, "{{ v }}", core.secret_of("abcdef"), "a secret cannot be written ")
  end
end)
