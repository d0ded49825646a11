-- SPDX-License-Identifier: MIT

--- What C writes by an outline is what the template writes, byte for byte; where it is not sure, it gives
--- up. The templates themselves are compared with Jinja elsewhere.

local context = require "perilune.context"
local core = require "perilune.core"
local document = require "perilune.document"
local jinja = require "spec.support.jinja"
local random_source = require "unit.template.outline_random"
local template = require "perilune.template"

local MODES = { "text", "json", "xml", "url", "form", "header" }

--- Names stand in the document itself.
local function as_they_stand(chain) return chain, true end

local function outline_of(text, mode, resolve)
  local render = assert(template.compile(text, { name = "t.j2", mode = mode }))
  return template.outline(render, resolve or as_they_stand)
end

--- What C writes; nil and why it gives up.
local function written(text, mode, json, resolve)
  local operations = assert(outline_of(text, mode, resolve), "no outline: " .. text)
  return core.outline(operations):write(json)
end

describe("an outline", function()
  local JSON = [[ {"order": {"id": 7, "name": "M\u00fcller \"x\"", "paid": true, "note": null, "total": 120.50,
    "lines": [ {"sku": "a\/b", "n": 1}, {"sku": "<c>", "n": 2} ], "none": [ ], "o": {"k" : [ 1, "\u0041" ]}} } ]]

  local function writes(expected, text, mode)
    it("writes " .. text, function() assert.equal(expected, written(text, mode or "text", JSON)) end)
  end

  writes('No 7: Müller "x", True, None, 120.50',
    "No {{ order.id }}: {{ order.name }}, {{ order.paid }}, {{ order.note }}, {{ order.total }}")
  writes([[{"a": "Müller \"x\"", "b": true, "c": null, "d": {"k":[1,"A"]}, "e": "Müller \"x\" 7"}]],
    '{"a": {{ order.name }}, "b": {{ order.paid }}, "c": {{ order.missing }}, "d": {{ order.o }}, '
      .. '"e": "{{ order.name }} {{ order.id }}"}', "json")
  writes('[1,  2]', "[1, /* {{ order.id }} */ 2]", "json")
  writes("1/2 a/b, 2/2 <c>.", "{% for l in order.lines %}{{ loop.index }}/{{ loop.length }} {{ l.sku }}"
    .. "{% if loop.last %}.{% else %}, {% endif %}{% endfor %}")
  writes("nothing", "{% for l in order.none %}{{ l }}{% else %}nothing{% endfor %}")
  writes("nothing", "{% for l in order.missing %}{{ l }}{% else %}nothing{% endfor %}")
  writes("[0.1][1.0][0.1][1.0]", "{% for l in order.lines %}{% for l in order.lines -%}"
    .. "[{{ loop.index0 }}.{{ loop.revindex0 }}]{% endfor %}{% endfor %}", "text")
  writes("b", "{% if order.note %}a{% elif order.id == 7 and not order.none %}b{% else %}c{% endif %}")
  writes("<c>", "{{ order.lines[1].sku }}")
  writes("-|x|7", "{{ order.missing|default('-') }}|{{ order.note or 'x' }}|{{ order.id|default('-', true) }}")
  writes("/a%2Fb?n=M%C3%BCller%20%22x%22", "/{{ order.lines[0].sku }}?n={{ order.name }}", "url")
  writes("https://7/True", "https://{{ order.id }}/{{ order.paid }}", "url")
  writes("n=M%C3%BCller+%22x%22", "n={{ order.name }}", "form")
  writes("<a b='Müller &quot;x&quot;'>&lt;c&gt;</a>", "<a b='{{ order.name }}'>{{ order.lines[1].sku }}</a>", "xml")
  writes([["\u003cc\u003e" 120.50]], "{{ order.lines[1].sku|tojson }} {{ order.total|tojson }}", "json")
  writes("True|yes|2", "{{ order.id > 6 }}|{{ 'yes' if order.total in [1, 120.5] else 'no' }}|"
    .. "{% for l in order.lines if l.n == 2 %}{{ l.n }}{% endfor %}")
  writes("2/0/10/1 many", "{{ order.lines|length }}/{{ order.missing|count }}/{{ order.name|length }}/{{ order.o|length }}"
    .. "{% if order.lines|length > 1 and not order.none|length %} many{% endif %}")
  writes([[{"k": [1, "A"]} [{"n": 1, "sku": "a/b"}, {"n": 2, "sku": "\u003cc\u003e"}] [] true]],
    "{{ order.o|tojson }} {{ order.lines|tojson }} {{ order.none|tojson }} {{ order.paid|tojson }}")
  writes('MÜLLER "X" müller "x" <c> TRUE none A/B', "{{ order.name|upper }} {{ order.name|lower }} {{ order.lines[1].sku|capitalize }} "
    .. "{{ order.paid|upper }} {{ order.note|lower }}{{ order.missing|upper }} {{ order.lines[0].sku|upper }}")
  writes([["MÜLLER \"X\"" "MÜLLER \"X\"" "M\u00fcller \"x\"" yes]],
    "{{ order.name|upper }} \"{{ order.name|upper }}\" {{ order.name|capitalize|tojson }}"
      .. "{% if order.paid|lower == 'true' %} yes{% endif %}", "json")
  writes("7 a/b x, 7 <c> x, ", "{% set o = order %}{% set t = 'x' %}{% set lines = o.lines %}"
    .. "{% for l in lines %}{{ o.id }} {{ l.sku }} {{ t }}, {% endfor %}")

  local function gives_up(why, text, mode, json)
    it("gives up on " .. text, function()
      local result, reason = written(text, mode or "text", json or JSON)
      assert.is_nil(result)
      assert.equal(why, reason)
    end)
  end

  gives_up("missing", "x{{ order.missing.x }}")
  gives_up("missing", "{{ order.items }}") -- a method
  gives_up("missing", "{{ order.id.x }}")
  gives_up("missing", "{{ order.lines.sku }}")
  gives_up("not plain", "{{ order.lines }}")
  gives_up("not plain", '"{{ order.o }}"', "json")
  gives_up("not plain", "{% for c in order.name %}{{ c }}{% endfor %}")
  gives_up("not plain", "{% for c in order.note %}{{ c }}{% endfor %}")
  gives_up("not plain", "{% if order.name > 5 %}x{% endif %}")
  gives_up("not plain", "https://{{ order.name }}/", "url")
  gives_up("not plain", "{{ a }}", "header", '{"a": "x\\ny"}')
  gives_up("not plain", "<a>{{ a }}</a>", "xml", '{"a": "\\u0001"}')
  gives_up("missing", "{% set o = order.missing.x %}x")
  gives_up("missing", "{% set o = order.missing %}{{ o.x }}")
  gives_up("not plain", "{{ order.id|length }}")
  gives_up("not plain", "{{ order.o|upper }}")
  gives_up("not plain", "{{ a|tojson }}", "json", '{"a": {"\\u0061": 1}}')
  gives_up("no document", "{{ a }}", "text", '{"a": 1, "a": 2}')

  it("gives up where a limit is reached", function()
    local function outcome(text, json) return select(2, written(text, "text", json)) end
    local thousand = "[" .. ("1,"):rep(999) .. "1]"
    assert.equal("limit", outcome("{% for x in a %}{% for y in a %}{% endfor %}{% endfor %}", ('{"a": %s}'):format(thousand)))
    local size = math.floor(core.limits.template_output / 8)
    local large = ('{"a": "%s", "b": [1,1,1,1,1,1,1,1,1,1]}'):format(("x"):rep(size))
    assert.equal(size, #written("{{ a }}", "text", large))
    assert.equal("limit", outcome("{% for x in b %}{{ a }}{% endfor %}", large))
  end)

  local NONE = {
    "{{ a|title }}", "{{ a.b() }}", "{{ a|upper|lower }}", "{{ a|length|upper }}", "{{ range(3) }}", "{{ x }}{% set x = 1 %}", "{% if a %}{% set x = 1 %}{% endif %}",
    "{% for y in a %}{{ x }}{% endfor %}{% set x = b %}", "{% for y in a %}{% set x = y %}{% endfor %}", "{% set x, y = a %}", "{% include 'x' %}", "{{ a + 1 }}", "{{ [a] }}",
    "{% macro m() %}{% endmacro %}", "{% for k, v in a %}{% endfor %}", "{% for x in a recursive %}{% endfor %}", "{{ range }}",
    "{{ a[b] }}", "{{ a[-1] }}", "{% for x in a %}{{ loop.previtem }}{% endfor %}", "{% for x in a %}{% break %}{% endfor %}",
    "{{ a.b|default(c.d) }}", "{{ a is string }}", "{{ self }}", "{% for x in a %}{{ loop }}{% endfor %}", "{{ a < b }}",
    "{% for x in a if x %}{{ loop.index }}{% endfor %}", "{{ a in b }}", "{{ a in [] }}", "{{ a[1:2] }}", "{{ a | safe }}",
  }

  it("is not made where a template does more", function()
    for _, text in ipairs(NONE) do assert.is_nil(outline_of(text, "text"), text) end
  end)

  it("is not made where a filter or test is somebody else's", function()
    local signature = require "perilune.template.signature"
    local mine = signature.define({}, function() return true end)
    local environment = template.environment({ filters = { default = mine, tojson = mine, upper = mine }, tests = { none = mine } })
    for _, text in ipairs { "{{ a|default('x') }}", "{{ a|upper }}", "{{ a|tojson }}", "{{ a is none }}" } do
      local render = template.compile(text, { name = "t.j2", environment = environment })
      assert.is_nil(template.outline(render, as_they_stand), text)
      assert.is_table(outline_of(text), text)
    end
  end)

  it("has what is known when it is made, written as the place asks for it", function()
    local function resolve(chain)
      local known = { ["shop.name"] = 'a"<b>', ["shop.n"] = 2.5, ["shop.on"] = false }
      if known[chain] ~= nil then return nil, known[chain] end
      return chain:find("^order") and chain or nil
    end
    assert.equal('["a\\"<b>", "a\\"<b>", 2.5, false]',
      written('["{{ shop.name }}", {{ shop.name }}, {{ shop.n }}, {{ shop.on }}]', "json", "{}", resolve))
    assert.equal("a\"&lt;b&gt;y", written(
      "{{ shop.name }}{% if shop.on %}x{% elif shop.n == 2.5 and order.a == shop.n %}y{% endif %}", "xml",
      '{"order": {"a": 2.5}}', resolve))
    assert.is_nil(outline_of("{{ now }}", "text", resolve))
    assert.is_nil(outline_of("{{ shop.name }}", "header", function() return nil, "a\nb" end))
  end)

  it("leads to a name alone only where nobody else could have it", function()
    local function resolve(chain) return "data." .. chain end
    assert.equal("1", written("{{ a }}", "text", '{"data": {"a": 1}}', resolve))
    assert.same({ nil, "missing" }, { written("{{ a }}", "text", '{"data": {}}', resolve) })
    assert.equal("", written("{{ a }}", "text", '{}'))
  end)
end)

describe("an outline of a value", function()
  local function value_of(run, json, undefined)
    return core.outline(assert(template.outline_of_value(run, as_they_stand, undefined))):write(json)
  end

  local function expression(text) return assert(template.expression(text, { name = "t" })) end

  it("is JSON", function()
    assert.equal('"a\\"b"', value_of(expression("x"), [[{"x": "\u0061\"b"}]]))
    assert.equal("[1,2]", value_of(expression("x.y"), '{"x": {"y": [1 , 2]}}'))
    assert.equal('"1-2"', value_of(expression("x ~ '-' ~ y"), '{"x": 1, "y": 2}'))
    assert.equal("null", value_of(expression("x"), '{"x": null}'))
  end)

  it("of a text has its quotes", function()
    local text = assert(template.compile('a "{{ x }}" é{{ y }}', { name = "t" }))
    assert.equal([["a \"<\n>\" éTrue"]], value_of(text, [[{"x": "<\n>", "y": true}]]))
    assert.is_nil(template.outline_of_value(assert(template.compile("\255{{ x }}", { name = "t" })), as_they_stand))
  end)

  it("is null where it is undefined only if that is wanted", function()
    assert.same({ nil, "missing" }, { value_of(expression("x.y"), '{"x": {}}') })
    assert.equal("null", value_of(expression("x.y"), '{"x": {}}', "null"))
    assert.same({ nil, "missing" }, { value_of(expression("x.y"), '{}', "null") })
  end)

  it("is not made of functions", function()
    assert.is_nil(template.outline_of_value(function() end, as_they_stand))
    assert.is_nil(template.outline(expression("x"), as_they_stand))
  end)
end)

-- -- templates and their outlines, many of them

--- Compares both ways; whether C wrote something, and whether there was an outline.
local function compare(name, render, operations, values, json)
  if not operations then return false, false end
  local text, reason = core.outline(operations):write(json)
  if not text then
    assert.not_equal("no document", reason, name)
    return false, true
  end
  local ok, expected = pcall(render, values)
  assert(ok, ("%s\n%s\nC writes %s, Lua raises %s"):format(name, json, text, tostring(expected)))
  if text ~= expected then
    error(("%s\n%s\n--- C\n%s\n--- Lua\n%s"):format(name, json, text, tostring(expected)))
  end
  return true, true
end

local function tally() return { all = 0, outlined = 0, written = 0 } end

local function count(t, is_written, is_outlined)
  t.all = t.all + 1
  t.outlined = t.outlined + (is_outlined and 1 or 0)
  t.written = t.written + (is_written and 1 or 0)
end

--- That is enough: a test of which nothing comes to both ways proves nothing.
local function must_reach(t, outlined, done)
  local text = ("%d templates, %d outlines, %d written"):format(t.all, t.outlined, t.written)
  assert.is_true(t.outlined >= outlined * t.all and t.written >= done * t.outlined, text)
end

describe("outline and template write the same", function()
  it("of all cases of the language", function()
    local t = tally()
    for _, path in ipairs(jinja.files()) do
      for _, case in ipairs(jinja.cases(path)) do
        for _, mode in ipairs { "text", "json", "xml" } do
          local render = template.compile(case.template, { name = "t.j2", mode = mode,
            environment = template.environment({ templates = case.templates }) })
          local values = render and core.json.decode(case.context)
          if values then
            count(t, compare(case.name .. " " .. mode .. "\n" .. case.template, render,
              template.outline(render, as_they_stand), values, case.context))
          end
        end
      end
    end
    must_reach(t, 0.05, 0.5)
  end)

  it("and so does Jinja", function()
    local t, cases, texts = tally(), {}, {}
    for _, path in ipairs(jinja.files()) do
      for _, case in ipairs(jinja.cases(path)) do
        -- Python reads numbers as doubles, and prints these: 1e100 is 1e+100 then.
        local is_same = not case.output and not case.context:find("%d[eE]")
        local render = is_same and template.compile(case.template, { name = "t.j2" })
        local operations = render and template.outline(render, as_they_stand)
        local text = operations and core.outline(operations):write(case.context)
        count(t, text, operations)
        if text then cases[#cases + 1], texts[#texts + 1] = case, text end
      end
    end
    must_reach(t, 0.1, 0.5)
    for i, answer in ipairs(jinja.answers(cases)) do
      assert.same({ ok = true, output = texts[i] }, answer, cases[i].name .. "\n" .. cases[i].template)
    end
  end)

  for _, mode in ipairs(MODES) do
    it("of random templates of mode " .. mode, function()
      math.randomseed(#mode * 1000 + mode:byte())
      local t = tally()
      for _ = 1, 600 do
        local text, json = random_source.template(mode), random_source.document()
        local render = template.compile(text, { name = "t.j2", mode = mode })
        if render then
          count(t, compare(mode .. ": " .. text, render, template.outline(render, as_they_stand),
            core.json.decode(json), json))
        end
      end
      must_reach(t, 0.3, 0.2)
    end)
  end

  local function event_path(chain)
    return chain:find("^data%f[.%z]") and chain or "data." .. chain, true
  end

  it("is not made of a very long text", function()
    local text = ("x"):rep(32768 - #"{{ n }}")
    assert.is_table(template.outline(template.compile(text .. "{{ n }}", { name = "t" }), event_path))
    assert.is_nil(template.outline(template.compile(text .. "y{{ n }}", { name = "t" }), event_path))
  end)

  --- An event's context, where chains are read from the document.
  local function event_values(json)
    local entry = { context = {}, event_paths = {} }
    return context.new(entry, document.new(core.json.open(json)), { attempt = 1, now = 0 })
  end

  it("of random values of an event", function()
    math.randomseed(5)
    local t = tally()
    for _ = 1, 1000 do
      local text = random_source.expression()
      local json = '{"data":' .. random_source.document() .. "}"
      local run = assert(template.expression(text, { name = "t" }))
      local render = function(values)
        local result = run(values)
        if require("perilune.template.value").is_done(result, "json") then return result.text end
        return assert(require("perilune.encoding.json").write(result))
      end
      count(t, compare(text, render, template.outline_of_value(run, event_path, "null"), event_values(json), json))
    end
    must_reach(t, 0.4, 0.3)
  end)
end)
