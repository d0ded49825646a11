-- SPDX-License-Identifier: MIT

local core = require "perilune.core"
local json = require "perilune.template.filters.json"
local oracle = require "unit.template.filters.oracle"
local support = require "unit.support"

local CONTEXT = [=[{
  "n": 5, "none": null, "s": "x", "empty": "", "zero": 0, "list": [1, [], {}, "a"], "dict": {"b": 1, "a": [true, null]},
  "big": 123456789012345678901234567890, "f": 1.5, "unicode": "ä€😀\u007f\u2028\u0000\b\f\n\r\t\"\\/<>&'",
  "nested": {"x": {"y": [{"z": 1}, {"z": 2}]}}, "keys": {"b": 1, "B": 2, "aa": 3, "": 4, "ä": 5}
}]=]

describe("default", function()
  oracle.agrees(it, {
    "{{ nope|default('x') }}", "{{ nope|d('x') }}", "{{ nope|default }}|", "{{ n|default('x') }}", "{{ none|default('x') }}",
    "{{ none|default('x', true) }}", "{{ empty|default('x') }}|", "{{ empty|default('x', true) }}", "{{ zero|d(1, true) }}",
    "{{ zero|d(1, false) }}", "{{ nope|default(nope) }}|", "{{ dict.nope|default('x') }}", "{{ dict.a.b.c|default('x') }}",
    "{{ nope|default(default_value='x', boolean=false) }}", "{{ empty|default(boolean=true) }}|", "{{ [nope]|first|d('x') }}",
    "{{ nope|default([]) }}", "{{ false|default('x', 1) }}", "{{ nope|default(none) }}", "{{ n|default }}", "{{ s|d(1, 2, 3) }}",
  }, CONTEXT)
end)

describe("attr and items", function()
  oracle.agrees(it, {
    "{{ dict|attr('a') }}|", "{{ dict|attr('a') is undefined }}", "{{ (dict|attr('keys'))()|list }}", "{{ s|attr('nope') }}|",
    "{{ (s|attr('upper'))() }}", "{{ nope|attr('a') }}", "{{ none|attr('a') }}|", "{{ list|attr('nope') }}|",
    "{{ (list|attr('index'))('a') }}", "{{ list|attr('0') }}|", "{{ n|attr('nope') is undefined }}",
    "{{ dict|items|list }}", "{{ {}|items|list }}", "{{ nope|items|list }}", "{{ none|items|list }}", "{{ list|items|list }}",
    "{{ 'ab'|items|list }}", "{% for k, v in dict|items %}{{ k }}={{ v }};{% endfor %}", "{{ {1: 2}|items|list }}",
  }, CONTEXT)
end)

describe("tojson", function()
  oracle.agrees(it, {
    "{{ n|tojson }}", "{{ none|tojson }}", "{{ s|tojson }}", "{{ true|tojson }}{{ false|tojson }}", "{{ list|tojson }}",
    "{{ dict|tojson }}", "{{ big|tojson }}", "{{ f|tojson }}", "{{ unicode|tojson }}", "{{ nested|tojson }}",
    "{{ nested|tojson(2) }}", "{{ nested|tojson(indent=1) }}", "{{ list|tojson(0) }}", "{{ list|tojson(-1) }}",
    "{{ list|tojson('\t') }}", "{{ list|tojson('') }}", "{{ list|tojson(true) }}", "{{ list|tojson(none) }}",
    "{{ keys|tojson }}", "{{ (1, 2)|tojson }}", "{{ ()|tojson(2) }}", "{{ {1: 2, 3: 4}|tojson }}", "{{ {true: 1}|tojson }}",
    "{{ {none: 1}|tojson }}", "{{ {1.5: 1}|tojson }}", "{{ {1: 1, 'a': 2}|tojson }}", "{{ {(1, 2): 1}|tojson }}",
    "{{ nope|tojson }}", "{{ [nope]|tojson }}", "{{ range(3)|tojson }}", "{{ dict.items()|tojson }}",
    "{{ (1e308 * 10)|tojson }}", "{{ (-1e308 * 10)|tojson }}", "{{ (1e308 * 10 - 1e308 * 10)|tojson }}", "{{ 1e16|tojson }}",
    "{{ 1.0|tojson }}", "{{ 0.1|tojson }}", "{{ -0.0|tojson }}", "{{ ('<b>'|safe)|tojson }}", "{{ []|tojson(2) }}",
    "{{ {}|tojson(2) }}", "{{ [[]]|tojson(2) }}", "{{ {'a': {}}|tojson(2) }}", "{{ dict|tojson|upper }}", "{{ {'<': '>'}|tojson }}",
    "{{ 10 ** 30 }} {{ (10 ** 30)|tojson }}", "{{ list|tojson(1.5) }}", "{{ {2: 'b', 10: 'a'}|tojson }}",
    "{{ {1: 'x', 1.5: 'y', true: 'z'}|tojson }}", "{{ namespace(a=1)|tojson }}",
    "{% set x = [] %}{% do x.append(x) %}{{ x|tojson }}",
  }, CONTEXT)

  it("writes the numbers of a payload as they stand there", function()
    local payload = assert(core.json.decode("[120.50, 1e3, -0.0, 12345678901234567890]"))
    assert.equal("[120.50, 1e3, -0.0, 12345678901234567890]", json.dumps(payload))
  end)

  it("stops at the largest output, also where little grows to much", function()
    local v = core.json.array({ ("x"):rep(1000) })
    for _ = 1, 40 do v = core.json.array({ v, v }) end
    assert.matches("larger than", support.raised(json.dumps, v), 1, true)
  end)
end)
