-- SPDX-License-Identifier: MIT

package.path = "./lua/?.lua;./lua/?/init.lua;./?.lua;" .. package.path
package.cpath = (os.getenv("PERILUNE_BUILD") or "build") .. "/lua/?.so;" .. package.cpath

local core = require "perilune.core"
local methods = require "perilune.template.methods"
local python_values = require "spec.support.python_values"
local signature = require "perilune.template.signature"
local value = require "perilune.template.value"

local function call(subject, name, args, kwargs)
  local method = methods.find(subject, name)
  if not method then
    error(("'%s' object has no attribute '%s'"):format(value.type_name(subject), name), 0)
  end
  args.n = #args
  if method.is_variadic then return method.run(subject, args, kwargs) end
  local bound, message = signature.bind(method, args, kwargs)
  if not bound then error(message, 0) end
  return method.run(subject, unpack(bound, 1, bound.n))
end

local function run(name, subject, args, kwargs)
  return call(subject, name, args, kwargs)
end

local TEXTS = { '""', '"abc"', '"  Hello, World  "', '"ÀÉÎ straße Ωσς"', '"a,b,,c"', '"+12"', '"-7"',
  '"\\ta\\tbc\\n\\td"', '"日本語"', '"😀x😀"', '"aaaa"', '"\\u00a0x\\u2003y\\u3000"', '"ab12"', '"١٢"',
  '"Hello World"', '"ǆx it\'s"', '"a\\r\\nb\\rc\\nd\\u2028e\\u0085"' }
local MARKUPS = { '{"markup": "<b>a</b>,<i>é</i>"}', '{"markup": ""}', '{"markup": " x y "}' }

local function compare(fill)
  local cases = python_values.cases()
  fill(cases)
  cases:compare(run)
end

describe("methods of str", function()
  it("change case and tell kinds of characters as Python's do", function()
    compare(function(cases)
      for _, name in ipairs { "capitalize", "casefold", "lower", "swapcase", "title", "upper",
        "isalnum", "isalpha", "isascii", "isdecimal", "isdigit", "isidentifier", "islower", "isnumeric",
        "isprintable", "isspace", "istitle", "isupper" } do
        cases:add(name, TEXTS)
        cases:add(name, MARKUPS)
        cases:add(name, { '"x"' }, { "[1]", '[], {"a": 1}' })
      end
    end)
  end)

  it("pad by characters", function()
    compare(function(cases)
      for _, name in ipairs { "center", "ljust", "rjust" } do
        cases:add(name, TEXTS, { "[0]", "[-5]", "[6]", "[7]", '[20, "*"]', '[21, "é"]', "[true]" })
        cases:add(name, MARKUPS, { "[30]", '[31, "<"]' })
        cases:add(name, { '"x"' }, { "[]", '["5"]', "[1.5]", '[5, "ab"]', "[5, 1]", '[5, ""]',
          "[1, 2, 3]", "[null]" })
      end
      cases:add("zfill", TEXTS, { "[0]", "[5]", "[20]" })
      cases:add("zfill", MARKUPS, { "[20]" })
      cases:add("zfill", { '"x"' }, { "[]", '["a"]' })
      cases:add("expandtabs", TEXTS, { "[]", "[4]", "[1]", "[0]", "[-1]", '[], {"tabsize": 3}' })
      cases:add("expandtabs", { '"é\\té\\r\\t"', '"\\t\\t"', '"a\\n\\n\\tb"' }, { "[]", "[5]", '["a"]' })
    end)
  end)

  it("search as Python's do", function()
    local parts = { '[""]', '["a"]', '["aa"]', '["l"]', '["o W"]', '["Ω"]', '["x"]', '["語"]',
      '["a", 1]', '["a", -2]', '["a", 1, 3]', '["", 3]', '["", 99]', '["", 2, 1]', '["a", null, null]',
      '["", -1]', '["x", 1, -1]', "[1]", "[]", '["a", "b"]', '["a", 1.5]', "[null]" }
    compare(function(cases)
      for _, name in ipairs { "find", "rfind", "index", "rindex", "count" } do
        cases:add(name, TEXTS, { unpack(parts, 1, 17) })
        cases:add(name, { '"abcabc"' }, { unpack(parts, 18, 18) })
        cases:add(name, { '"abcabc"' }, { unpack(parts, 20) })
        cases:add(name, MARKUPS, { '["<"]', '[{"markup": "<"}]' })
      end
      for _, name in ipairs { "startswith", "endswith" } do
        cases:add(name, TEXTS, { unpack(parts, 1, 17) })
        cases:add(name, TEXTS, { '[{"tuple": ["x", "a", "c"]}]', '[{"tuple": []}]' })
        cases:add(name, { '"abcabc"' }, { unpack(parts, 20) })
        cases:add(name, { '"abc"' }, { "[1]", '[["a"]]', '[{"tuple": ["x", 1]}]', '[{"tuple": [""]}, 4]' })
      end
      for _, name in ipairs { "removeprefix", "removesuffix" } do
        cases:add(name, TEXTS, { '[""]', '["a"]', '["c"]', '["😀"]', "[1]", "[]" })
        cases:add(name, MARKUPS, { '["<b>"]' })
      end
    end)
  end)

  it("replace as Python's do", function()
    compare(function(cases)
      cases:add("replace", TEXTS, { '["a", "b"]', '["a", ""]', '["", "-"]', '["aa", "b"]',
        '["l", "é", 1]', '["", "-", 2]', '["a", "b", 0]', '["a", "b", -1]', '["a", "b", 99]',
        '["", "-", 99]', '["語", "go"]', '["%", "."]', '[".", "%1"]' })
      cases:add("replace", { '"abc"' }, { '["a"]', '["a", 1]', '[1, "a"]', '["a", "b", "c"]',
        '["a", "b", null]', '["a", "b"], {"count": 1}' })
      cases:add("replace", MARKUPS, { '["a", "<"]', '["<", "."]', '["a", {"markup": "<"}]' })
    end)
  end)

  it("strip and split as Python's do", function()
    compare(function(cases)
      for _, name in ipairs { "strip", "lstrip", "rstrip" } do
        cases:add(name, TEXTS, { "[]", "[null]", '[""]', '["a"]', '["a ,"]', '["😀語é"]', "[1]", '["a", "b"]' })
        cases:add(name, MARKUPS, { "[]", '["<"]' })
      end
      for _, name in ipairs { "split", "rsplit" } do
        cases:add(name, TEXTS, { "[]", "[null]", "[null, 0]", "[null, 1]", "[null, -1]", '[","]',
          '[",", 0]', '[",", 1]', '[",", 2]', '["a"]', '["aa"]', '["l", 1]', '["語"]',
          '[], {"sep": ",", "maxsplit": 1}', '[","], {"maxsplit": 1}', '[], {"maxsplit": 1}' })
        cases:add(name, { '"  a b   c  "', '"\\u3000a\\u3000b "', '"\\na\\u001fb"' }, { "[]",
          "[null, 0]", "[null, 1]", "[null, 2]", "[null, 3]", '[" "]', '[" ", 2]', "[null, 1e2]" })
        cases:add(name, { '"a"' }, { '[""]', "[1]", '[null, "x"]', '["a", null]' })
        cases:add(name, MARKUPS, { "[]", '[","]', '["<", 1]' })
      end
      cases:add("splitlines", TEXTS, { "[]", "[true]", "[0]", '[], {"keepends": true}' })
      cases:add("splitlines", { '"\\n"', '"a\\n\\nb"', '"\\r\\n\\r"', '"a\\u001cb\\u000bc\\u000c"' },
        { "[]", "[true]", '["x"]', "[null]" })
      cases:add("splitlines", MARKUPS, { "[]" })
      for _, name in ipairs { "partition", "rpartition" } do
        cases:add(name, TEXTS, { '["a"]', '[","]', '["aa"]', '["l"]', '["zz"]', '["語"]' })
        cases:add(name, { '"a"' }, { '[""]', "[1]", "[]" })
        cases:add(name, MARKUPS, { '[","]', '["<"]' })
      end
    end)
  end)

  it("join and format as Python's do", function()
    compare(function(cases)
      cases:add("join", TEXTS, { '[["a", "b", "é"]]', "[[]]", '["xyz"]', '[{"tuple": ["a"]}]',
        '[{"k": 1, "l": 2}]', '[[{"markup": "<"}, "<"]]' })
      cases:add("join", { '","' }, { "[1]", "[[1]]", '[["a", null]]', "[]", '["a", "b"]', "[null]" })
      cases:add("join", MARKUPS, { '[["<", {"markup": "<"}, 5, null]]', "[[]]", '["<>"]' })
      cases:add("format", { '"{} {x!r}"' }, { '[1], {"x": "é"}' })
      cases:add("format_map", { '"{x}"', '{"markup": "{x}<"}' }, { '[{"x": "<"}]' })
      cases:add("format_map", { '"{x}"' }, { "[]", "[{}]" })
    end)
  end)

  it("take tags and references out of Markup, and leave a str", function()
    compare(function(cases)
      for _, name in ipairs { "striptags", "unescape" } do
        cases:add(name, MARKUPS)
        cases:add(name, { '{"markup": "&lt;b&gt; <i>x</i>\\n <!-- <p> -->y &copy"}', '{"markup": "<a"}' })
        cases:add(name, { '"<b>x</b>"' })
      end
    end)
  end)

  it("refuse more than the output may hold before building it", function()
    for _, case in ipairs {
      { "center", 1000000000 }, { "zfill", 1000000000 }, { "ljust", 1000000000, "é" },
    } do
      local ok, message = pcall(call, "x", case[1], { case[2], case[3] }, nil)
      assert.is_false(ok)
      assert.matches("output", tostring(message))
    end
    assert.is_false((pcall(call, ("a"):rep(1e5), "replace", { "a", ("b"):rep(1e5) })))
    assert.is_false((pcall(call, ("\t"):rep(1e5), "expandtabs", { 1e6 })))
  end)
end)

describe("methods of list and tuple", function()
  local LISTS = { "[]", "[1]", "[3, 1, 2, 1]", '["b", "a", "c"]', "[1, true, 1.0, false]",
    "[[1], [2], [1]]", '[null, "a", 1]', "[2.5, 1, 3]" }

  it("do what Python's do, to the list as well", function()
    compare(function(cases)
      cases:add("append", LISTS, { "[1]", "[[2]]", "[null]", "[]", "[1, 2]", '[], {"x": 1}' })
      cases:add("extend", LISTS, { "[[1, 2]]", '["ab"]', '[{"k": 1}]', "[1]", "[]" })
      cases:add("insert", LISTS, { "[0, 9]", "[-1, 9]", "[99, 9]", "[-99, 9]", "[2, 9]", '["a", 1]', "[1]" })
      cases:add("pop", LISTS, { "[]", "[0]", "[-1]", "[1]", "[-2]", "[9]", '["a"]', "[1, 2]" })
      cases:add("remove", LISTS, { "[1]", '["a"]', "[[2]]", "[9]", "[]" })
      cases:add("count", LISTS, { "[1]", "[true]", '["a"]', "[[1]]", "[]" })
      cases:add("index", LISTS, { "[1]", "[1, 1]", "[1, -1]", "[1, 0, 2]", '["a"]', "[[2]]", "[1, -99]",
        '[1, "a"]', "[1, null]", "[]" })
      for _, name in ipairs { "clear", "copy", "reverse" } do cases:add(name, LISTS, { "[]", "[1]" }) end
      cases:add("sort", LISTS, { "[]", '[], {"reverse": true}', '[], {"reverse": 0}' })
      cases:add("sort", { "[5, 2, 8, 1, 9, 3, 7, 4, 6]", '["é", "e", "E", "z"]', "[1, 1.0, true, 0]" },
        { "[]", '[], {"reverse": true}' })
      cases:add("count", { '{"tuple": [1, 2, 1]}' }, { "[1]", "[3]", "[]" })
      cases:add("index", { '{"tuple": [1, 2, 1]}' }, { "[1]", "[3]", "[1, 1]", "[]", "[1, 2, 3, 4]" })
    end)
  end)
end)

describe("methods of dict", function()
  local DICTS = { "{}", '{"a": 1}', '{"b": 1, "a": null, "c": [1]}' }

  it("do what Python's do, to the dict as well", function()
    compare(function(cases)
      for _, name in ipairs { "clear", "copy", "items", "keys", "values", "popitem" } do
        cases:add(name, DICTS, { "[]", "[1]" })
      end
      cases:add("get", DICTS, { '["a"]', '["z"]', '["z", 5]', "[1]", "[]", "[1, 2, 3]", "[[]]",
        '[], {"default": 1}' })
      cases:add("pop", DICTS, { '["a"]', '["z"]', '["z", 5]', '["z", null]', "[]", "[1, 2, 3]" })
      cases:add("setdefault", DICTS, { '["a"]', '["z"]', '["z", 5]', "[1, 2]", "[]", "[[]]" })
      cases:add("update", DICTS, { '[{"z": 1, "a": 2}]', '[[["x", 1], ["a", 5]]]', '[["ab"]]',
        '[], {"k": 1}', '[{"a": 9}], {"k": 1}', "[]", "[1]", "[[1]]", "[[[1]]]", "[1, 2]", "[null]" })
    end)
  end)

  it("keep the order of keys that come and go", function()
    local dict = assert(core.json.decode('{"b": 1, "a": 2}'))
    call(dict, "update", { n = 0 }, core.json.object { z = 3 })
    call(dict, "pop", { "b" })
    call(dict, "setdefault", { "b", 4 })
    assert.equal("{'a': 2, 'z': 3, 'b': 4}", value.repr(dict))
    assert.equal("dict_keys(['a', 'z', 'b'])", value.repr(call(dict, "keys", {})))
  end)
end)

describe("methods of numbers", function()
  it("do what Python's do", function()
    compare(function(cases)
      cases:add("bit_length", { "0", "1", "-255", "1180591620717411303424" }, { "[]", "[1]" })
      cases:add("bit_length", { "true", "false" })
      cases:add("is_integer", { "1.5", "2.0", "-0.0", "1e300", '{"number": "inf"}', '{"number": "nan"}' },
        { "[]", "[1]" })
    end)
  end)
end)
