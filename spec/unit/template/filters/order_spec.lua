-- SPDX-License-Identifier: MIT

local oracle = require "unit.template.filters.oracle"

local CONTEXT = [=[{
  "list": [3, 1, 2, 1], "empty": [], "words": ["b", "A", "a", "B", "c", "Ä", "ä"], "none": null, "n": 5,
  "dict": {"b": 2, "A": 1, "a": 3, "C": 0}, "mixed": [1, "a"], "floats": [2.5, -1, 2, 1e3, true],
  "users": [{"name": "Ann", "age": 30, "city": "Rome", "at": {"x": 2}},
            {"name": "bob", "age": 25, "city": "oslo", "at": {"x": 1}},
            {"name": "Cy", "age": 30, "city": "rome", "at": {"x": 3}},
            {"name": "dee", "age": 25, "at": {"x": 1}}],
  "whole": [{"city": "Rome", "n": 1}, {"city": "oslo", "n": 2}, {"city": "rome", "n": 3}],
  "pairs": [["a", 2], ["b", 1], ["a", 1]], "bigs": [9007199254740993, 9007199254740992, 1e16],
  "values": {"x": "b", "y": "A", "z": "a"}, "nulls": [null, null], "texts": "hello",
  "scores": {"a": 1, "b": "x"}, "keys": {"1": 1}
}]=]

describe("sort", function()
  oracle.agrees(it, {
    "{{ list|sort }}", "{{ list|sort(true) }}", "{{ list|sort(reverse=true) }}", "{{ words|sort }}",
    "{{ words|sort(case_sensitive=true) }}", "{{ words|sort(true, true) }}", "{{ words|sort(reverse=true) }}",
    "{{ empty|sort }}", "{{ mixed|sort }}", "{{ none|sort }}", "{{ nope|sort }}", "{{ n|sort }}",
    "{{ floats|sort }}", "{{ texts|sort }}", "{{ dict|sort }}", "{{ nulls|sort }}", "{{ [1]|sort }}",
    "{{ [none]|sort }}", "{{ [none, 1]|sort }}", "{{ pairs|sort }}", "{{ pairs|sort(attribute=1) }}",
    "{{ pairs|sort(attribute='0,1') }}", "{{ pairs|sort(attribute='1,0') }}",
    "{{ users|sort(attribute='name')|map(attribute='name')|list }}",
    "{{ users|sort(attribute='age')|map(attribute='name')|list }}",
    "{{ users|sort(attribute='age', reverse=true)|map(attribute='name')|list }}",
    "{{ users|sort(attribute='age,name')|map(attribute='name')|list }}",
    "{{ users|sort(attribute='age,at.x', reverse=true)|map(attribute='name')|list }}",
    "{{ users|sort(attribute='at.x')|map(attribute='name')|list }}",
    "{{ users|sort(attribute='city')|map(attribute='name')|list }}",
    "{{ users|sort(attribute='nope')|list|length }}", "{{ users|sort }}", "{{ bigs|sort }}",
    "{{ [[2, 'b'], [1, 'z'], [2, 'a']]|sort }}", "{{ [(1, 2), (1,)]|sort }}", "{{ [{}, {}]|sort }}",
    "{{ [{}, {'a': 1}]|sort }}", "{{ range(5)|sort(reverse=true) }}", "{{ ['ß', 'ss', 'SS']|sort }}",
    "{{ ['b'|safe, 'a']|sort }}", "{{ [nope, nope]|sort|length }}", "{{ [nope, 1]|sort }}",
    "{{ range(100)|reverse|sort(attribute=none)|join(',') }}", "{{ whole|sort(attribute='city,n') }}",
    "{{ ['a10', 'a9', 'a1']|sort }}", "{{ [true, false, 2, 0]|sort }}", "{{ [1, [1]]|sort }}",
  }, CONTEXT)
end)

describe("sort of many items", function()
  local cases = {}
  -- A fixed sequence that repeats values, so that stability shows.
  local state = 7
  local function below(limit)
    state = (state * 1103515245 + 12345) % 2147483648
    return math.floor(state / 65536) % limit
  end
  for count = 2, 70, 4 do
    local items = {}
    for i = 1, count do items[i] = ("{'k': %d, 'i': %d}"):format(below(9), i) end
    cases[#cases + 1] = "{{ [" .. table.concat(items, ", ") .. "]|sort(attribute='k')|map(attribute='i')|join(' ') }}"
    cases[#cases + 1] = "{{ [" .. table.concat(items, ", ")
      .. "]|sort(reverse=true, attribute='k')|map(attribute='i')|join(' ') }}"
  end
  oracle.agrees(it, cases, CONTEXT)
end)

describe("dictsort", function()
  oracle.agrees(it, {
    "{{ dict|dictsort }}", "{{ dict|dictsort(true) }}", "{{ dict|dictsort(false, 'value') }}",
    "{{ dict|dictsort(reverse=true) }}", "{{ dict|dictsort(by='value', reverse=true) }}",
    "{{ dict|dictsort(by='other') }}", "{{ values|dictsort(by='value') }}",
    "{{ values|dictsort(true, 'value') }}", "{{ {}|dictsort }}", "{{ list|dictsort }}", "{{ nope|dictsort }}",
    "{{ none|dictsort }}", "{{ scores|dictsort(by='value') }}", "{{ {2: 'a', 1: 'b'}|dictsort }}",
    "{{ {2: 'a', 'x': 'b'}|dictsort }}", "{% for k, v in dict|dictsort %}{{ k }}={{ v }} {% endfor %}",
    "{{ {1: 'a', true: 'b', 0.5: 'c'}|dictsort }}",
  }, CONTEXT)
end)

describe("groupby", function()
  oracle.agrees(it, {
    "{{ whole|groupby('city') }}", "{{ whole|groupby('city', case_sensitive=true) }}",
    "{% for city, items in whole|groupby('city') %}{{ city }}:{{ items|map(attribute='n')|join(',') }};{% endfor %}",
    "{% for g in whole|groupby('city') %}{{ g.grouper }}={{ g.list|length }},{{ g[0] }};{% endfor %}",
    "{{ users|groupby('city') }}", "{{ users|groupby('city', default='NY')|map('first')|list }}",
    "{{ users|groupby('age')|map(attribute='grouper')|list }}", "{{ users|groupby('age')|map(attribute=0)|list }}",
    "{{ users|groupby('at.x')|map('first')|list }}", "{{ pairs|groupby(0)|list }}", "{{ pairs|groupby('1') }}",
    "{{ empty|groupby('x') }}", "{{ nope|groupby('x') }}", "{{ none|groupby('x') }}", "{{ list|groupby('x') }}",
    "{{ users|groupby }}", "{{ (whole|groupby('city'))[0]|length }}", "{{ (whole|groupby('city'))[0] is sequence }}",
    "{{ users|groupby('city', none, true) }}", "{{ whole|groupby(attribute='city')|length }}",
    "{{ (whole|groupby('city'))[0].nope }}|", "{{ (whole|groupby('city'))|first|tojson }}",
  }, CONTEXT)
end)

describe("unique", function()
  oracle.agrees(it, {
    "{{ list|unique|list }}", "{{ words|unique|list }}", "{{ words|unique(true)|list }}",
    "{{ ['foo', 'bar', 'foobar', 'FooBar']|unique|list }}", "{{ users|unique(attribute='age')|map(attribute='name')|list }}",
    "{{ users|unique(attribute='city')|map(attribute='name')|list }}", "{{ [1, 1.0, true, '1']|unique|list }}",
    "{{ [[1], [1]]|unique|list }}", "{{ [(1, 2), (1, 2), (2, 1)]|unique|list }}", "{{ [{}]|unique|list }}",
    "{{ empty|unique|list }}", "{{ nope|unique|list }}", "{{ none|unique|list }}", "{{ 'hElLo'|unique|join }}",
    "{{ [none, none, 0, false]|unique|list }}", "{{ bigs|unique|list }}", "{{ [nope, nope]|unique|list }}",
    "{{ ['a'|safe, 'a']|unique|list }}", "{{ dict|unique|list }}", "{{ [0.5, 0.5, 1e300]|unique|list }}",
  }, CONTEXT)
end)

describe("min and max", function()
  oracle.agrees(it, {
    "{{ list|min }} {{ list|max }}", "{{ words|min }} {{ words|max }}", "{{ words|min(true) }} {{ words|max(true) }}",
    "{{ empty|min }}|{{ empty|max }}", "{{ empty|min is undefined }}", "{{ users|min(attribute='age') }}",
    "{{ users|max(attribute='age') }}", "{{ (users|max(attribute='at.x')).name }}", "{{ mixed|min }}",
    "{{ mixed|max }}", "{{ none|min }}", "{{ nope|max }}|", "{{ texts|min }}{{ texts|max }}", "{{ dict|min }}",
    "{{ [none]|min }}", "{{ nulls|max }}", "{{ bigs|min }} {{ bigs|max }}", "{{ floats|min }} {{ floats|max }}",
    "{{ [1, 1.0, true]|min }} {{ [1, 1.0, true]|max }}", "{{ ['b', 'B']|min }} {{ ['b', 'B']|max }}",
    "{{ pairs|min }} {{ pairs|max }}", "{{ pairs|max(attribute=1) }}", "{{ users|min(attribute='city') }}",
    "{{ n|min }}", "{{ range(3)|max }}",
  }, CONTEXT)
end)
