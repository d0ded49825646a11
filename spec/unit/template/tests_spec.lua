-- SPDX-License-Identifier: MIT

local oracle = require "unit.template.filters.oracle"

local CONTEXT = [=[{
  "n": 5, "zero": 0, "f": 1.5, "one": 1.0, "big": 123456789012345678901234567890, "s": "abc", "upper": "ABC", "empty": "",
  "none": null, "yes": true, "no": false, "list": [1, "a", null], "dict": {"a": 1}, "nothing": [], "umlaut": "ÄÖ", "digits": "12"
}]=]

local SUBJECTS = { "n", "zero", "f", "one", "-3", "big", "s", "upper", "empty", "none", "yes", "no", "list", "dict", "nothing",
  "umlaut", "digits", "nope", "(1, 2)", "range(3)", "'<b>'|safe", "dict.items()", "'aB'", "'a1'", "'A1'" }

local function each(template)
  local cases = {}
  for _, subject in ipairs(SUBJECTS) do
    cases[#cases + 1] = (template:gsub("%$", function() return "(" .. subject .. ")" end))
  end
  return cases
end

for _, name in ipairs({ "boolean", "callable", "defined", "escaped", "even", "false", "float", "integer", "iterable", "lower",
  "mapping", "none", "number", "odd", "sequence", "string", "true", "undefined", "upper", "filter", "test",
  "divisibleby 2", "divisibleby(0)", "divisibleby 1.5", "sameas none", "sameas true", "sameas 5", "in list", "in s", "in dict",
  "in (5, none)", "in 5", "in nope", "eq 5", "equalto 'abc'", "ne 5", "lt 2", "lessthan 'b'", "le 5", "gt 1", "greaterthan none",
  "ge 1.5", "none(1)" }) do
  describe("is " .. name, function()
    oracle.agrees(it, each("{{ $ is " .. name .. " }}"), CONTEXT)
  end)
end

describe("tests", function()
  oracle.agrees(it, {
    "{{ 3 is odd }}{{ 3 is not odd }}{{ not 3 is odd }}", "{{ [1, 2, 3]|select('<', 3)|list }}", "{{ [1, 2]|select('<=', 1)|list }}",
    "{{ [1, 2]|select('!=', 1)|list }}", "{{ [1, 2]|select('>', 1)|list }}", "{{ [1, 2]|select('>=', 2)|list }}",
    "{{ [1, 2]|select('==', 2)|list }}", "{{ 'upper' is filter }}{{ 'nope' is filter }}{{ 'odd' is test }}{{ '==' is test }}",
    "{{ 5 is filter }}", "{{ none is test }}", "{{ dict is sameas dict }}{{ dict is sameas {'a': 1} }}", "{{ 'a' is sameas 'a' }}",
    "{{ true is sameas 1 }}{{ 1 is sameas true }}{{ 1.0 is sameas 1 }}", "{{ 4 is divisibleby(num=2) }}", "{{ 4 is divisibleby }}",
    "{{ 4 is divisibleby 'x' }}", "{{ 4 is odd(1) }}", "{{ 4 is nope }}", "{{ '%s' is odd }}", "{{ nope is nope }}",
    "{{ list is sameas list }}", "{{ nope is sameas nope }}", "{{ 4 is eq(4) }}{{ 4 is eq 4.0 }}", "{{ [1] is eq [1] }}",
    "{{ range is callable }}{{ joiner() is callable }}{{ cycler(1) is callable }}{{ namespace() is callable }}",
    "{% macro m() %}{% endmacro %}{{ m is callable }}{{ m is iterable }}{{ m is sequence }}{{ m is defined }}",
    "{% for x in [1] %}{{ loop is callable }}{{ loop is iterable }}{{ loop is sequence }}{{ loop is mapping }}{% endfor %}",
    "{{ 5 is eq }}", "{{ 5 is eq -4 }}", "{{ 5 is in }}", "{{ 5 is sameas }}", "{{ nope is eq nope }}{{ nope is ne nope }}",
    "{{ dict.keys is callable }}{{ dict.keys is defined }}{{ 'a'.upper is iterable }}{{ [].append is mapping }}",
    "{{ namespace() is iterable }}{{ namespace() is mapping }}{{ namespace(a=1) is sequence }}",
    "{{ 10 ** 30 is integer }}{{ 10 ** 30 is even }}{{ (10 ** 30 + 1) is odd }}{{ 1e30 is float }}{{ 1e400 is number }}",
  }, CONTEXT)
end)
