-- SPDX-License-Identifier: MIT

package.path = "./lua/?.lua;./lua/?/init.lua;./?.lua;" .. package.path
package.cpath = (os.getenv("PERILUNE_BUILD") or "build") .. "/lua/?.so;" .. package.cpath

local core = require "perilune.core"
local format = require "perilune.template.format"
local python_values = require "spec.support.python_values"

local function run(operation, subject, args, kwargs)
  if operation == "%" then return format.percent(subject, args[1]) end
  if operation == "format()" then return format.format_spec(subject, args[1]) end
  if operation == "format_map" then return format.format(subject, nil, args[1]) end
  args.n = #args
  return format.format(subject, args, kwargs)
end

--- Every element as the only one of a JSON list.
local function each(texts)
  local lists = {}
  for i, text in ipairs(texts) do lists[i] = "[" .. text .. "]" end
  return lists
end

local function quoted(texts)
  local all = {}
  for i, text in ipairs(texts) do all[i] = core.json.encode(text) end
  return all
end

local NUMBERS = { "0", "7", "-42", "255", "1234567", "-9007199254740993",
  "123456789012345678901234567890", "true", "0.0", "-0.0", "1.0", "0.5", "2.5", "-3.14159", "100.0",
  "1e16", "1e22", "1.5e-7", "123456.789", "0.0001", "1e300", '{"number": "inf"}',
  '{"number": "-inf"}', '{"number": "nan"}' }
local OTHERS = { '"abc"', '"héllo wörld"', '""', "null", "[1, \"a\"]", '{"a": 1}',
  '{"tuple": [1, 2]}', '{"markup": "<b>"}' }

describe("percent", function()
  it("does with one argument what Python does", function()
    local cases = python_values.cases()
    for _, conversions in ipairs {
      { "%d", "%i", "%u", "%5d|", "%-8d|", "%+d", "% d", "%08d", "%.5d", "%+09.5d", "%-08d|", "%.d" },
      { "%x", "%X", "%o", "%#x", "%#X", "%#o", "%#012x", "%08.3x", "%+x", "%-#10x|" },
      { "%f", "%.0f", "%#.0f", "%.2f", "%10.3f|", "%-10.1f|", "%+.1f", "%010.2f", "%F", "%.30f" },
      { "%e", "%E", "%.0e", "%#.0e", "%.3e", "%12.2e|", "%g", "%G", "%.3g", "%#g", "%#.3g", "%.0g",
        "%.17g", "%010g" },
      { "%s", "%r", "%a", "%5s|", "%-5s|", "%.2s|", "%10.3r|", "%05s|", "%c", "%3c|", "%hd", "%ls" },
    } do
      for _, conversion in ipairs(conversions) do
        cases:add("%", quoted { conversion }, each(NUMBERS))
        cases:add("%", quoted { conversion }, each(OTHERS))
      end
    end
    cases:compare(run)
  end)

  it("takes tuples, mappings and counts from arguments as Python does", function()
    local cases = python_values.cases()
    cases:add("%", quoted { "%s and %s", "%s", "none", "%%", "100%% %s", "%(a)s", "%(a)s %(b)5d|",
      "%(a)s %s", "%*d|", "%-*d|", "%.*f|", "%*.*f|", "%c%c", "%(a b(c))s", "%(x)s %(x)r" }, each {
      '{"tuple": [1, 2]}', '{"tuple": []}', '{"tuple": ["x"]}', '{"tuple": [7, 42]}',
      '{"tuple": [2, 3.14159]}', '{"tuple": [-9, 5]}', '{"tuple": [8, 3, 2.71828]}',
      '{"tuple": [65, "é"]}', '{"tuple": [true, 1]}', '{"tuple": [1, 2, 3]}', "1", '"x"', "[]",
      '{"a": "é", "b": 7}', '{"a b(c)": 1, "x": "q"}', "{}", "null" })
    cases:compare(run)
  end)

  it("says what Python says of a mistake", function()
    local cases = python_values.cases()
    cases:add("%", quoted { "%", "%5", "%y", "é%y", "%(a", "%(a)", "%5%", "%-%", "%(a)%", "%l",
      "%lld", "%*d", "%.*s", "%d", "%x", "%f", "%c", "%99999999999999999999d" },
      each { "1", '"ab"', '{"a": 1}', "[1]", "1.5", "null", '{"tuple": ["5", 42]}' })
    cases:compare(run)
  end)

  it("escapes what it puts into Markup", function()
    local cases = python_values.cases()
    cases:add("%", { '{"markup": "<b>%s</b>"}', '{"markup": "%r|%s"}', '{"markup": "%(a)s"}',
      '{"markup": "%5s|"}' }, each { '"<i>"', '{"markup": "<i>"}', "5",
      '{"a": "<&>"}', '{"tuple": ["\'", "\\""]}', "[\"<\"]" })
    cases:compare(run)
  end)
end)

describe("format_spec", function()
  it("does what Python's format() does", function()
    local cases = python_values.cases()
    local specifications = each(quoted { "", "d", "n", "b", "o", "x", "X", "#x", "#X", "#o",
      "#b", "5", "<8", ">8", "^8", "^9", "=8", "*^9", "é<9", "0<9", "<09", "08", "+", "-", " ", "+d",
      " d", "+08d", "08.2f", ",", "_", "_x", "#_x", "#_b", "010,", "012,", "013,", "011_d", "020_x",
      "#020_x", "=+10,", ",.2f", "_.3f", ".0f", "#.0f", ".1f", ".2f", ".10f", "f", "F", "e", "E",
      ".0e", "#.0e", ".3e", "g", "G", ".0g", ".3g", "#.3g", "#g", "%", ".0%", ".1%", "#.0%", ".3",
      ".0", ".1", ".17", "#", "#.3", "z", "z.0f", "z.1f", "+z.1f", "s", "5s", ".2s", ".2", "<5.1",
      "x<6.2s" })
    cases:add("format()", NUMBERS, specifications)
    cases:add("format()", { "65", "233", "128512", "true", "1.5", "-1" }, each(quoted { "c", "5c", "<5c", "05c" }))
    -- Not Markup, of which Python gives Markup when it changes nothing.
    cases:add("format()", { unpack(OTHERS, 1, #OTHERS - 1) }, specifications)
    cases:compare(run)
  end)

  it("refuses what Python refuses", function()
    local cases = python_values.cases()
    cases:add("format()", { "65", "65.5", '"é"', "true", "null" }, each(quoted { ".", "..2", "5.x",
      ",c", "_c", ",s", ",x", "5,_", "_,", "__", ",,", "ab", "{", "y", "%Y", "+s", " s", "#s", "zs",
      "=5s", "+c", "#c", ".2d", "zd", "99999999999999999999", ".99999999999999999999f" }))
    cases:compare(run)
  end)
end)

describe("format", function()
  it("does with fields what str.format() does", function()
    local cases = python_values.cases()
    cases:add("format", quoted { "{}", "{}{}", "{0}{0}{1}", "{a}", "{0[a]}", "{0[1]}", "{a[0]}",
      "{!r}", "{!s:>5}", "{!a}", "{:>5}", "{0:{1}}", "{:{}}", "{:{w}.{p}}", "{{}}", "{{{0}}}", "a{}b{}c",
      "{0:}", "{[0]}", "{0!r:{1}}", "{a[}]}", "{a[:]}", "{ a}", "{01}", "é{}" }, { "[1, 2]", "[]",
      '["é", 6]', '[[7, 8], ">5"]', '[{"a": 5}, 3]', '["abc", "*^9"]', '[3.14159], {"w": 10, "p": 3}',
      '[], {"a": [1]}', '[1, 2], {"a": "x", " a": 3}', '[], {"a": {"}": 1, ":": 2}}', "[null, true]",
      '[{"tuple": [1, 2]}, 4]' })
    cases:compare(run)
  end)

  it("says what str.format() says of a mistake", function()
    local cases = python_values.cases()
    cases:add("format", quoted { "{", "}", "{{}", "{0}}", "{a", "{0}{}", "{}{0}", "{1}", "{-1}", "{!}",
      "{!z}", "{!r", "{!rx}", "{!r:", "{a!}", "{0.}", "{0[]}", "{0[a]b}", "{0[a]", "{0.b}", "{0[x]}",
      "{0[9]}", "{0{1}}", "{:{:{}}}", "{:{}", "{0:}}", "{0:{{}}}", "{:>{0}}", "{99999999999999999999}",
      "{0[99999999999999999999]}", "{0!r!s}", "{0 }", "{:%Y}" }, { "[1, 2, 3]", "[[1]]", '[{"x": 1}]',
      '["abc"]', "[]" })
    cases:add("format_map", quoted { "{a}", "{a[0]}", "{}", "{0}", "{b}", "x", "{a!r:>9}" },
      { '[{"a": "é"}]', '[{"a": [1]}]', "[{}]" })
    cases:compare(run)
  end)

  it("escapes what it puts into Markup", function()
    local cases = python_values.cases()
    cases:add("format", { '{"markup": "<b>{}</b>"}', '{"markup": "{!r}"}', '{"markup": "{:>5}"}',
      '{"markup": "{!s}"}' }, { '["<i>"]', '[{"markup": "<i>"}]', '[{"a": "<"}]', "[5]" })
    cases:add("format", { '{"markup": "{0[a]}"}' }, { '[{"a": "<"}]' })
    cases:compare(run)
  end)
end)

describe("sizes", function()
  local function refused(...)
    local ok, message = pcall(...)
    assert.is_false(ok)
    assert.matches("output", type(message) == "table" and message.message or message)
  end

  it("are refused before anything is built", function()
    refused(format.percent, "%1000000000d", 1)
    refused(format.percent, "%.1000000000f", 1.5)
    refused(format.percent, "%*s", core.json.tuple { 1000000000, "x" })
    refused(format.format_spec, "x", "1000000000")
    refused(format.format_spec, 1, "01000000000,d")
    refused(format.format_spec, 1.5, ".1000000000f")
    refused(format.format, "{:{}}", { n = 2, 1, 1000000000 })
  end)
end)
