-- SPDX-License-Identifier: MIT

--- `|list` follows where Jinja2 gives a generator, which prints as its address.

local oracle = require "unit.template.filters.oracle"

local CONTEXT = [=[{
  "list": [3, 1, 2], "empty": [], "s": "aäb😀", "dict": {"b": 2, "a": 1}, "n": 5, "none": null,
  "mixed": [1, "a", null, true, 2.5, [1], {"k": "v"}], "nothing": {},
  "users": [{"name": "Ann", "age": 30, "tags": ["x", "y"], "at": {"city": "Rome"}},
            {"name": "bob", "age": 25, "tags": [], "at": {"city": "oslo"}},
            {"name": "Cy", "age": 30, "at": {}}],
  "pairs": [["a", 1], ["b", 2]]
}]=]

local HOLDERS = { "list", "empty", "s", "dict", "n", "none", "mixed", "nothing", "nope", "(1, 2)", "range(4)",
  "''", "true", "'<b>'|safe", "dict.items()", "dict.keys()", "dict.values()", "1.5" }

local function each(...)
  local cases = {}
  for _, form in ipairs({ ... }) do
    for _, holder in ipairs(HOLDERS) do
      cases[#cases + 1] = (form:gsub("%$", function() return "(" .. holder .. ")" end))
    end
  end
  return cases
end

describe("first, last, length, list, reverse of every kind", function()
  oracle.agrees(it, each("{{ $|first }}", "{{ $|length }}{{ $|count }}", "{{ $|list }}",
    "{{ $|reverse|list }}", "{{ $|first is undefined }}"), CONTEXT)
  oracle.agrees(it, each("{{ $|last }}"), CONTEXT)
  oracle.agrees(it, {
    "{{ s|reverse }}", "{{ ('&lt;'|safe)|reverse }}", "{{ ('&lt;'|safe)|reverse is escaped }}",
    "{{ ('&lt;'|safe)|first is escaped }}", "{{ list|list|length }}", "{{ [nope]|first is undefined }}",
    "{{ [nope, nope]|list }}",
  }, CONTEXT)
end)

describe("join", function()
  oracle.agrees(it, each("{{ $|join(', ') }}", "{{ $|join }}"), CONTEXT)
  oracle.agrees(it, {
    "{{ list|join(1) }}", "{{ list|join(none) }}", "{{ list|join(nope) }}", "{{ list|join(d='-') }}",
    "{{ users|join(', ', attribute='name') }}", "{{ users|join(', ', 'at.city') }}",
    "{{ users|join('|', attribute='tags.0') }}", "{{ pairs|join(',', attribute=0) }}",
    "{{ pairs|join(',', attribute='1') }}", "{{ users|join(',', attribute='nope') }}",
    "{{ users|join(',', attribute='nope.x') }}", "{{ ['<', '>'|escape]|join('&') }}",
    "{{ ['<', '>'|safe]|join('&'|safe) }}", "{{ [nope, 1]|join('-') }}", "{{ users|join(',', none) }}",
    "{{ list|join(',', 'a', 1) }}", "{{ list|join(x=1) }}",
  }, CONTEXT)
end)

describe("sum", function()
  oracle.agrees(it, each("{{ $|sum }}"), CONTEXT)
  oracle.agrees(it, {
    "{{ list|sum(start=10) }}", "{{ users|sum(attribute='age') }}", "{{ users|sum('age', 0.5) }}",
    "{{ [0.1, 0.2, 0.3]|sum }}", "{{ [1, 2.5]|sum }}", "{{ ['a']|sum }}", "{{ ['a']|sum(start='') }}",
    "{{ [[1], [2]]|sum(start=[]) }}", "{{ [true, true]|sum }}", "{{ empty|sum(start=none) }}",
    "{{ [9007199254740993, 1]|sum }}", "{{ users|sum(attribute='nope') }}", "{{ pairs|sum(attribute=1) }}",
    "{{ [1e308, 1e308]|sum }}", "{{ [none]|sum }}", "{{ empty|sum('a') }}",
  }, CONTEXT)
end)

describe("batch and slice", function()
  local cases = each("{{ $|batch(2)|list }}", "{{ $|slice(2)|list }}", "{{ $|slice(3, 'x')|list }}",
    "{{ $|batch(3, 'x')|list }}")
  for count = 0, 7 do
    for size = -1, 4 do
      cases[#cases + 1] = ("{{ range(%d)|batch(%d)|list }} {{ range(%d)|batch(%d, 'x')|list }}"):format(
        count, size, count, size)
      cases[#cases + 1] = ("{{ range(%d)|slice(%d)|list }}"):format(count, size)
      cases[#cases + 1] = ("{{ range(%d)|slice(%d, 'x')|list }}"):format(count, size)
    end
  end
  oracle.agrees(it, cases, CONTEXT)
  oracle.agrees(it, {
    "{{ list|batch(2, none)|list }}", "{{ list|slice(2, fill_with=0)|list }}", "{{ list|batch('2')|list }}",
    "{{ list|slice('2')|list }}", "{{ list|slice|list }}", "{{ list|batch|list }}",
    "{{ list|slice(true)|list }}", "{{ list|slice(1.5)|list }}", "{{ list|batch(linecount=2)|list }}",
    "{{ list|slice(slices=2)|list }}",
  }, CONTEXT)
end)
