-- SPDX-License-Identifier: MIT

local core = require "perilune.core"
local python = require "spec.unit.template.python"
local value = require "perilune.template.value"

local function or_undefined(look_up)
  return function(v, key)
    local found = look_up(v, key)
    if found == nil then return value.UNDEFINED end
    return found
  end
end

local function items(v)
  local sequence, count = value.sequence(v)
  local list = {}
  for i = 1, count do list[i] = sequence[i] end
  return value.list(list)
end

local OPERATIONS = {
  item = or_undefined(value.item), attribute = or_undefined(value.attribute), missing = value.missing,
  slice = value.slice, list = items, len = value.length, bool = value.truthy,
  ["same key"] = function(a, b) return value.key(a) == value.key(b) end,
}

local SEQUENCES = { '""', '"abcde"', '"héllo wörld"', '"日本😀"', "[]", '[1, "a", null, true]', '{"tuple": [1]}',
  '{"tuple": []}', '{"tuple": ["a", 2, 3, 4, 5]}', '{"markup": "<b>é</b>"}', '{"range": [0, 10, 1]}',
  '{"range": [10, -5, -3]}', '{"range": [0, 0, 1]}', '{"range": [1, 10, 4]}' }
local DICTS = { '{"dict": []}', '{"dict": [["a", 1], ["b", {"dict": [["c", null]]}], ["é", 2]]}',
  '{"dict": [[1, "one"], [2.5, "x"], [null, "none"], [true, "yes"], [{"tuple": [1, "a"]}, "t"], [{"int": "12345678901234567890"}, "big"]]}',
  '{"dict": [["z", 1], ["a", 2], ["m", 3], [0, 4]]}' }
local OTHERS = { "null", "true", "5", '{"float": "2.5"}', '{"int": "12345678901234567890"}',
  '{"view": ["keys", {"dict": [["a", 1], ["b", 2]]}]}', '{"view": ["items", {"dict": [["a", 1]]}]}',
  '{"view": ["values", {"dict": []}]}', '{"undefined": "x"}', "0", "false", '{"float": "0.0"}', '{"float": "-0.0"}' }
local KEYS = { "0", "1", "-1", "3", "-4", "9", "-10", "100", "-100", "true", "false", "null", '"a"', '"é"', '"1"', '"b"', "[1]",
  '{"float": "1.0"}', '{"float": "0.5"}', '{"float": "2.5"}', '{"int": "12345678901234567890"}', '{"tuple": [1, "a"]}',
  '{"tuple": [{"float": "1.0"}, "a"]}', '{"tuple": [[1]]}', '{"markup": "a"}', '{"dict": []}', '{"undefined": "k"}' }

local function all(...)
  local joined = {}
  for _, list in ipairs { ... } do
    for _, v in ipairs(list) do joined[#joined + 1] = v end
  end
  return joined
end

local function compare(cases)
  python.compare(OPERATIONS, cases)
end

describe("items", function()
  it("are found as Jinja finds them", function()
    compare(python.pairs({ "item" }, all(SEQUENCES, DICTS, OTHERS), KEYS))
  end)

  it("are methods when no key has the name", function()
    local method = value.item("abc", "upper")
    assert.equal("method", value.kind(method))
    assert.equal("abc", method.subject)
    assert.equal("upper", method.name)
    assert.equal("method", value.kind(value.item(value.list { 1 }, value.markup "append")))
    assert.is_nil(value.item("abc", "nothing"))
  end)

  it("of undefined are an error", function()
    assert.has_error(function() value.item(nil, "a") end, "an undefined value has no items")
    assert.has_error(function() value.item(value.UNDEFINED, 1, "'x' is undefined") end, "'x' is undefined")
  end)

  it("are found in plain tables of scripts", function()
    assert.equal("a", value.item({ "a", "b" }, 0))
    assert.equal("b", value.item({ "a", "b" }, -1))
    assert.equal(1, value.item({ a = 1 }, "a"))
    assert.is_nil(value.item({ a = 1 }, 0))
  end)

  it("can be false", function()
    local list = value.list { false, core.json.null }
    assert.is_false(value.item(list, 0))
    assert.is_false(value.item(list, -2))
    assert.is_false(value.item(core.json.decode '{"a": false}', "a"))
    assert.equal(core.json.null, value.item(list, 1))
  end)
end)

describe("attributes", function()
  it("are the keys of dicts, also where a method has the name", function()
    local dict = core.json.decode '{"a": 1, "items": [2], "false": false}'
    assert.equal(1, value.attribute(dict, "a"))
    assert.equal("list", value.kind(value.attribute(dict, "items")))
    assert.is_false(value.attribute(dict, "false"))
    assert.equal("method", value.kind(value.attribute(dict, "keys")))
    assert.is_nil(value.attribute(dict, "b"))
  end)

  it("that no value has are undefined", function()
    compare(python.pairs({ "attribute" }, all(SEQUENCES, OTHERS), { '"nothing"', '"é"' }))
  end)

  it("of undefined are an error", function()
    assert.has_error(function() value.attribute(nil, "a") end, "an undefined value has no attribute 'a'")
    assert.has_error(function() value.attribute(value.UNDEFINED, "a", "'x' is undefined") end, "'x' is undefined")
  end)

  it("of objects are what their class gives, then methods", function()
    local Class = value.class { kind = "loop", attribute = function(v, name) return name == "index" and v.at or nil end }
    local object = setmetatable({ at = 3 }, Class)
    assert.equal(3, value.attribute(object, "index"))
    assert.equal(3, value.item(object, "index"))
    assert.is_nil(value.attribute(object, "at"))
  end)

  it("do not show how a value is made", function()
    local range = python.decode(core.json.decode '{"range": [0, 3, 1]}')
    for _, v in ipairs { value.markup "x", range, value.method("a", {}, "upper"), value.UNDEFINED } do
      for _, name in ipairs { "text", "start", "subject", "kind", "__index", "callable" } do
        if v ~= range or name ~= "start" then
          local ok, found = pcall(value.attribute, v, name)
          assert.is_true(not ok or found == nil, name)
        end
      end
    end
  end)

  it("that are missing are named as Jinja does", function()
    compare(python.pairs({ "missing" }, { '"abc"', "5", "null", "[1]", '{"dict": []}', '{"tuple": []}' },
      { '"nothing"', "7", "null", '{"float": "1.5"}' }))
  end)
end)

describe("slices", function()
  it("are Python's", function()
    local cases = {}
    local bounds = { "null", "0", "1", "2", "-1", "-3", "4", "100", "-100", "true" }
    for _, v in ipairs(SEQUENCES) do
      for _, start in ipairs(bounds) do
        for _, stop in ipairs(bounds) do
          for _, step in ipairs { "null", "1", "2", "-1", "-2", "100" } do
            cases[#cases + 1] = ('["slice", %s, %s, %s, %s]'):format(v, start, stop, step)
          end
        end
      end
    end
    compare(cases)
  end)

  it("agree with Python on random bounds", function()
    math.randomseed(11)
    local cases = {}
    for i = 1, 3000 do
      local step = math.random(-5, 5)
      cases[i] = ('["slice", %s, %d, %d, %d]'):format(SEQUENCES[math.random(#SEQUENCES)],
        math.random(-14, 14), math.random(-14, 14), step)
    end
    compare(cases)
  end)

  it("take ends of any size, and nothing but ints", function()
    compare { '["slice", "abc", {"int": "-12345678901234567890"}, {"int": "12345678901234567890"}, null]',
      '["slice", "abc", "a", null, null]', '["slice", "abc", {"float": "1.0"}, null, null]', '["slice", [1], null, null, 0]' }
  end)

  it("of what has no order are errors", function()
    local cases = {}
    for i, v in ipairs { "null", "5", "true", '{"dict": []}', '{"undefined": "x"}', '{"view": ["keys", {"dict": []}]}' } do
      cases[i] = ('["slice", %s, 1, 2, null]'):format(v)
    end
    compare(cases)
  end)

  it("copy lists", function()
    local list = value.list { 1, 2 }
    local copy = value.slice(list)
    assert.is_false(rawequal(list, copy))
    assert.equal("array", getmetatable(copy))
  end)
end)

describe("sequences", function()
  it("are what Python iterates over", function()
    compare(python.each({ "list" }, all(SEQUENCES, DICTS, OTHERS)))
  end)

  it("have Python's length and truth", function()
    compare(python.each({ "len", "bool" }, all(SEQUENCES, DICTS, OTHERS)))
  end)

  it("are plain tables of scripts, too", function()
    assert.equal("['b', 'a']", value.repr(items { "b", "a" }))
    assert.equal("['a', 'b']", value.repr(items { b = 1, a = 2 }))
    assert.equal(2, value.length { b = 1, a = 2 })
    assert.is_false(value.truthy {})
  end)

  it("can come from the class of an object", function()
    local object = setmetatable({}, value.class { kind = "loop", sequence = function() return { 4, 5 }, 2 end, length = function() return 2 end })
    assert.equal("[4, 5]", value.repr(items(object)))
    assert.is_true(value.is_iterable(object))
    assert.equal(2, value.length(object))
    assert.is_true(value.truthy(object))
    assert.is_false(value.is_iterable(setmetatable({}, value.class { kind = "macro" })))
    assert.is_true(value.truthy(setmetatable({}, value.class { kind = "macro" })))
  end)

  it("do not become larger than templates may be", function()
    local range = python.decode(core.json.decode '{"range": [0, 10000000000, 1]}')
    assert.error_matches(function() value.sequence(range) end, "limits.template_loops")
    assert.equal(10000000000, value.length(range))
  end)
end)

describe("keys of dicts", function()
  it("are one when Python finds them equal", function()
    local keys = all(KEYS, { "2.5", '"\\u0000n1"', '{"int": "9007199254740993"}', '{"float": "9007199254740992"}', '{"float": "12345678901234567168"}',
      '{"int": "12345678901234567168"}', '{"float": "inf"}', '{"tuple": ["1", "a"]}', '{"tuple": [1, {"markup": "a"}]}', '{"tuple": []}' })
    compare(python.pairs({ "same key" }, keys))
  end)
end)
