-- SPDX-License-Identifier: MIT

local oracle = require "unit.template.filters.oracle"

local CONTEXT = [=[{
  "numbers": [0, 1, 2, 3, 4, 5], "words": ["a", "B", "", "c"], "none": null, "n": 5, "empty": [],
  "users": [{"name": "Ann", "active": true, "mail": null, "at": {"x": 1}, "tags": ["q"]},
            {"name": "bob", "active": false, "mail": "b@x", "at": {"x": 2}, "tags": []},
            {"name": "Cy", "mail": ""}],
  "rows": [[1, 2], [3, 4]], "dict": {"a": 1}
}]=]

describe("map", function()
  oracle.agrees(it, {
    "{{ words|map('upper')|list }}", "{{ users|map(attribute='name')|list }}", "{{ users|map(attribute='at.x')|list }}",
    "{{ users|map(attribute='active')|list }}", "{{ users|map(attribute='active', default='?')|list }}",
    "{{ users|map(attribute='tags.0', default='?')|list }}", "{{ users|map(attribute='at.x', default=0)|list }}",
    "{{ rows|map(attribute=1)|list }}", "{{ rows|map(attribute='0')|list }}", "{{ rows|map('sum')|list }}",
    "{{ rows|map('join', '-')|list }}", "{{ rows|map('join', d='-')|list }}", "{{ numbers|map('string')|list }}",
    "{{ words|map('replace', 'a', 'x')|list }}", "{{ words|map('default', 'z', true)|list }}",
    "{{ words|map('default', boolean=true, default_value='y')|list }}", "{{ words|map('nope')|list }}",
    "{{ empty|map('nope')|list }}", "{{ words|map|list }}", "{{ empty|map|list }}", "{{ none|map('upper')|list }}",
    "{{ nope|map('upper')|list }}", "{{ n|map('upper')|list }}", "{{ 0|map('upper')|list }}",
    "{{ 'abc'|map('upper')|list }}", "{{ dict|map('upper')|list }}", "{{ words|map('upper', 1)|list }}",
    "{{ words|map('upper', x=1)|list }}", "{{ users|map(attribute='name', x=1)|list }}",
    "{{ users|map('attr', 'name')|list }}", "{{ words|map(1)|list }}", "{{ rows|map('map', 'string')|map('join')|list }}",
    "{{ numbers|map('round', 1, 'floor')|list }}", "{{ users|map(attribute=none)|list }}",
    "{{ users|map(default='x')|list }}", "{{ users|map('upper', attribute='name')|list }}",
    "{{ ['%s!']|map('format', 1)|list }}", "{{ ['%(a)s!']|map('format', a=1)|list }}",
    "{{ users|map(attribute='mail')|map('default', '-', true)|list }}", "{{ words|map('length')|sum }}",
    "{{ users|map(attribute='nope')|list }}", "{{ users|map(attribute='nope.x')|list }}",
    "{{ users|map(attribute='nope', default=none)|list }}", "{{ rows|map('first')|join(',') }}",
    "{{ [none]|map('string')|first }}", "{{ words|map(nope)|list }}",
  }, CONTEXT)
end)

describe("select and reject", function()
  oracle.agrees(it, {
    "{{ numbers|select('odd')|list }}", "{{ numbers|reject('odd')|list }}", "{{ numbers|select|list }}",
    "{{ numbers|reject|list }}", "{{ numbers|select('divisibleby', 3)|list }}",
    "{{ numbers|select('divisibleby', num=2)|list }}", "{{ numbers|select('lessthan', 3)|list }}",
    "{{ numbers|select('>=', 3)|list }}", "{{ numbers|select('==', 3)|list }}", "{{ numbers|select('in', [1, 9])|list }}",
    "{{ words|select('equalto', 'a')|list }}", "{{ words|select('lower')|list }}", "{{ words|select|list }}",
    "{{ words|select('nope')|list }}", "{{ empty|select('nope')|list }}", "{{ nope|select('odd')|list }}",
    "{{ none|select|list }}", "{{ n|select|list }}", "{{ 'a1'|select('string')|list }}",
    "{{ [nope, 1]|select('defined')|list }}", "{{ numbers|select('odd', 1)|list }}",
    "{{ ['upper', 'nope']|select('filter')|list }}", "{{ ['odd', 'nope']|select('test')|list }}",
    "{{ dict|select('string')|list }}", "{{ numbers|reject('in', (1, 2))|list }}", "{{ numbers|select('odd', x=1)|list }}",
    "{{ [1, none, 'x', []]|select('none')|list }}", "{{ [1, none, 'x', []]|reject|list }}",
  }, CONTEXT)
end)

describe("selectattr and rejectattr", function()
  oracle.agrees(it, {
    "{{ users|selectattr('active')|map(attribute='name')|list }}", "{{ users|rejectattr('active')|map(attribute='name')|list }}",
    "{{ users|selectattr('mail', 'none')|map(attribute='name')|list }}",
    "{{ users|rejectattr('mail', 'none')|map(attribute='name')|list }}",
    "{{ users|selectattr('name', 'equalto', 'bob')|list }}", "{{ users|selectattr('name', 'in', ['Cy'])|list }}",
    "{{ users|selectattr('at.x', '>', 1)|list }}", "{{ users|selectattr('at', 'defined')|map(attribute='name')|list }}",
    "{{ users|selectattr('active', 'undefined')|map(attribute='name')|list }}", "{{ rows|selectattr(0, 'eq', 1)|list }}",
    "{{ rows|selectattr('1', 'gt', 2)|list }}", "{{ users|selectattr|list }}", "{{ empty|selectattr|list }}",
    "{{ users|selectattr('name', 'nope')|list }}", "{{ users|selectattr('tags')|map(attribute='name')|list }}",
    "{{ users|selectattr('active', 'true')|list|length }}", "{{ nope|selectattr('x')|list }}",
    "{{ numbers|selectattr('x')|list }}", "{{ users|rejectattr('name', 'match', 'x')|list }}",
    "{{ users|selectattr('name', 'lower')|map(attribute='name')|list }}",
  }, CONTEXT)
end)
