-- SPDX-License-Identifier: MIT

local oracle = require "unit.template.filters.oracle"

local CONTEXT = [=[{
  "n": 42, "f": 42.55, "neg": -7, "half": 2.5, "none": null, "yes": true, "no": false, "list": [1],
  "big": 123456789012345678901234567890, "id": 9007199254740993, "one": 1.0, "huge": 1e300,
  "s": "17", "text": "abc"
}]=]

describe("int", function()
  local cases = {
    "{{ s|int }}", "{{ text|int }}", "{{ text|int(5) }}", "{{ text|int(default=none) }}",
    "{{ text|int('x') }}", "{{ f|int }}", "{{ -1.9|int }}", "{{ yes|int }}", "{{ no|int }}",
    "{{ none|int }}", "{{ none|int(3) }}", "{{ list|int }}", "{{ list|int(9) }}", "{{ nope|int }}",
    "{{ nope|int(1) }}", "{{ big|int }}", "{{ big|int + 1 }}", "{{ id|int }}", "{{ '%s'|format(big)|int }}",
    "{{ huge|int }}", "{{ 'inf'|int }}", "{{ 'nan'|int(4) }}", "{{ '-Infinity'|int(4) }}",
    "{{ (1e308 * 10)|int }}", "{{ {}|int(2) }}", "{{ ('12'|safe)|int }}", "{{ n|int(0, 16) }}",
    "{{ '12'|int(0, 'x') }}", "{{ '12'|int(base=8) }}", "{{ 2.0|int }}", "{{ 1e16|int }}",
  }
  for _, text in ipairs({ "12abc", "1.9", "-1.9", " 42 ", "\\t7\\n", "1_000", "1__0", "_1", "+5", "-5",
    "- 5", "1e3", "1e30", ".5", "5.", "", " ", "0x1f", "0b11", "007", "1e400", "٣", "1,000",
    "123456789012345678901234567890", "-123456789012345678901234567890.7", "0x", "１２", "1\\x00" }) do
    cases[#cases + 1] = ("{{ '%s'|int(77) }}"):format(text)
  end
  for _, case in ipairs({ { "0x1f", 16 }, { "1f", 16 }, { "0x1f", 0 }, { "0b101", 2 }, { "101", 2 },
    { "0o17", 8 }, { "0o17", 0 }, { "017", 0 }, { "17", 0 }, { "z", 36 }, { "z", 37 }, { "1", 1 },
    { "0b2", 2 }, { "-0x1F", 16 }, { "0X_1f", 16 }, { "ffffffffffffffffffff", 16 }, { "1.5", 16 },
    { "9", 8 }, { "1", -1 } }) do
    cases[#cases + 1] = ("{{ '%s'|int(77, %d) }}"):format(case[1], case[2])
  end
  oracle.agrees(it, cases, CONTEXT)
end)

describe("float", function()
  local cases = {
    "{{ n|float }}", "{{ f|float }}", "{{ yes|float }}", "{{ none|float }}", "{{ list|float(1) }}",
    "{{ text|float }}", "{{ text|float(1.5) }}", "{{ text|float(default='x') }}", "{{ nope|float }}",
    "{{ big|float }}", "{{ (10 ** 400)|float }}", "{{ id|float }}", "{{ none|float(none) }}",
    "{{ '3'|float + 1 }}", "{{ n|float / 4 }}", "{{ ('1'|safe)|float }}",
  }
  for _, text in ipairs({ "1.5", " 2 ", "1e3", "-.5", "5.", "inf", "-Infinity", "nan", "1_0.5", "1__0",
    "abc", "", "0x10", "1e400", "-0", "1e-400", "0.1", "123456789012345678901234567890", "1e16", "٣.٥" }) do
    cases[#cases + 1] = ("{{ '%s'|float }}"):format(text)
  end
  oracle.agrees(it, cases, CONTEXT)
end)

describe("abs", function()
  oracle.agrees(it, {
    "{{ neg|abs }}", "{{ n|abs }}", "{{ -2.5|abs }}", "{{ (-big)|abs }}", "{{ yes|abs }}",
    "{{ '1'|abs }}", "{{ none|abs }}", "{{ nope|abs }}", "{{ list|abs }}", "{{ -0.0|abs }}",
    "{{ (-one)|abs }}",
  }, CONTEXT)
end)

describe("round", function()
  local cases = {
    "{{ f|round }}", "{{ f|round(1, 'floor') }}", "{{ f|round(1, 'ceil') }}", "{{ f|round|int }}",
    "{{ n|round }}", "{{ n|round(1) }}", "{{ n|round(-1) }}", "{{ 45|round(-1) }}", "{{ 55|round(-1) }}",
    "{{ -45|round(-1) }}", "{{ n|round(1, 'floor') }}", "{{ n|round(method='ceil') }}",
    "{{ n|round(-1, 'floor') }}", "{{ n|round(-1, 'ceil') }}", "{{ f|round(0, 'other') }}",
    "{{ f|round(none) }}", "{{ 2.5|round(none) }}", "{{ f|round('1') }}", "{{ f|round(1.0) }}",
    "{{ text|round }}", "{{ text|round(0, 'floor') }}", "{{ none|round }}", "{{ none|round(0, 'ceil') }}",
    "{{ nope|round }}", "{{ nope|round(1, 'ceil') }}", "{{ yes|round }}", "{{ yes|round(0, 'floor') }}",
    "{{ big|round }}", "{{ big|round(-5) }}", "{{ big|round(0, 'floor') }}", "{{ huge|round }}",
    "{{ huge|round(2) }}", "{{ (1e308 * 10)|round }}", "{{ (1e308 * 10)|round(0, 'floor') }}",
    "{{ f|round(precision=1, method='common') }}", "{{ f|round(400) }}", "{{ f|round(-400) }}",
    "{{ f|round(true) }}", "{{ [1]|round(0, 'floor') }}", "{{ one|round }}", "{{ f|round(none, 'ceil') }}",
  }
  for _, v in ipairs({ "0.5", "1.5", "2.5", "-0.5", "-1.5", "2.675", "1.005", "0.125", "0.375", "1e-7",
    "1234.5678", "-0.04", "1e22", "5e-324", "0.1", "99.995" }) do
    for _, precision in ipairs({ "0", "1", "2", "3", "-1", "-2" }) do
      cases[#cases + 1] = ("{{ (%s)|round(%s) }}"):format(v, precision)
    end
    cases[#cases + 1] = ("{{ (%s)|round(2, 'floor') }} {{ (%s)|round(2, 'ceil') }}"):format(v, v)
    cases[#cases + 1] = ("{{ (%s)|round(-1, 'floor') }} {{ (%s)|round(0, 'ceil') }}"):format(v, v)
  end
  oracle.agrees(it, cases, CONTEXT)
end)

describe("filesizeformat", function()
  local cases = {
    "{{ text|filesizeformat }}", "{{ none|filesizeformat }}", "{{ nope|filesizeformat }}",
    "{{ '1000'|filesizeformat }}", "{{ ' 1 '|filesizeformat }}", "{{ yes|filesizeformat }}",
    "{{ big|filesizeformat }}", "{{ (10 ** 400)|filesizeformat }}", "{{ 'inf'|filesizeformat }}",
    "{{ 'nan'|filesizeformat }}", "{{ list|filesizeformat }}", "{{ 1024|filesizeformat(binary=true) }}",
    "{{ '-inf'|filesizeformat }}",
  }
  for _, v in ipairs({ "0", "1", "2", "999", "1000", "1023", "1024", "1025", "13000", "4100000",
    "1500000000", "1e12", "1e15", "1e18", "1e21", "1e24", "1e27", "1e30", "999999", "999950", "-5",
    "-5000", "0.5", "1.0", "1.9", "1048575", "1048576" }) do
    cases[#cases + 1] = ("{{ (%s)|filesizeformat }} {{ (%s)|filesizeformat(true) }}"):format(v, v)
  end
  oracle.agrees(it, cases, CONTEXT)
end)
