-- SPDX-License-Identifier: MIT

local core = require "perilune.core"
local python = require "spec.unit.template.python"
local signature = require "perilune.template.signature"
local value = require "perilune.template.value"

local VALUES = { "null", "true", "false", "0", "1", "-5", '{"float": "1.0"}', '{"float": "2.5"}', '{"float": "1e16"}',
  '{"float": "nan"}', '{"float": "inf"}', '{"int": "12345678901234567890"}', '{"int": "9007199254740993"}',
  '{"float": "9007199254740992.0"}', '{"int": "9007199254740992"}', '""', '"a"', '"ab"', '"b"', '"é"', '"😀"', '"1"',
  '{"markup": "a"}', '{"markup": "<i>"}', "[]", "[1]", "[true]", '[1, "a"]', "[1, 2]", '{"tuple": []}', '{"tuple": [1]}',
  '{"tuple": [1, "a"]}', '{"tuple": [{"float": "1.0"}, {"markup": "a"}]}', '{"dict": []}', '{"dict": [["a", 1]]}', '{"dict": [["a", true]]}',
  '{"dict": [["a", 1], ["b", [null]]]}', '{"dict": [["b", [null]], ["a", 1]]}', '{"dict": [[1, "x"]]}', '{"dict": [[true, "x"]]}',
  '{"range": [0, 3, 1]}', '{"range": [0, 0, 1]}', '{"range": [5, 2, 1]}', '{"range": [0, 3, 2]}', '{"range": [0, 4, 2]}', '{"undefined": "x"}' }
local VIEWS = { '{"view": ["keys", {"dict": [["a", 1], ["b", 2]]}]}', '{"view": ["keys", {"dict": [["b", 1], ["a", 2]]}]}',
  '{"view": ["values", {"dict": [["a", 1], ["b", 2]]}]}', '{"view": ["items", {"dict": [["a", 1], ["b", 2]]}]}', '{"view": ["keys", {"dict": []}]}' }
local TEXTS = { "it's", 'say "hi"', [[both ' and "]], "back\\slash", "tab\tline\nreturn\r", "\0\1\31\127", "é ñ ß 日本 😀", "\u{80}\u{9f}\u{a0}\u{ad}",
  "\u{200b}\u{2028}\u{feff}\u{e000}\u{fffe}", "\u{e0001}\u{10ffff}\u{1f600}", "\u{378}\u{301}e\u{301}", "\u{3000}\u{2003}", "''", "{{ }}" }

local OPERATIONS = {
  ["=="] = value.equal, ["in"] = function(item, container) return value.contains(container, item) end,
  str = value.text, repr = value.repr, bool = value.truthy, escape = value.escape,
  circular = function(kind)
    local inner = value.list { 1 }
    if kind == "list" then
      inner[2] = value.tuple { inner }
    else
      inner = core.json.decode '{"a": 1}'
      local keys = core.json.listed(inner)
      keys[2] = "b"
      inner.b = value.tuple { inner }
    end
    return value.repr(inner)
  end,
}
for _, operator in ipairs { "<", "<=", ">", ">=" } do
  OPERATIONS[operator] = function(a, b) return value.compare(a, b, operator) end
end

local function all(...)
  local joined = {}
  for _, list in ipairs { ... } do
    for _, v in ipairs(list) do joined[#joined + 1] = v end
  end
  return joined
end

local function compare(...)
  for _, cases in ipairs { ... } do python.compare(OPERATIONS, cases) end
end

local function as_json(texts)
  local list = {}
  for i, text in ipairs(texts) do list[i] = assert(core.json.encode(text)) end
  return list
end

local SECRET = core.secret_of("s3cr3t-value")

describe("the text of a value", function()
  it("is what str() and repr() give", function()
    compare(python.each({ "str", "repr", "bool" }, all(VALUES, VIEWS)))
  end)

  it("quotes and escapes as repr() does", function()
    local wrapped = {}
    for i, text in ipairs(as_json(TEXTS)) do
      wrapped[i] = ('{"tuple": [%s, {"markup": %s}, {"dict": [[%s, [%s]]]}]}'):format(text, text, text, text)
    end
    compare(python.each({ "str", "repr", "escape" }, as_json(TEXTS)), python.each({ "repr" }, wrapped))
  end)

  it("quotes every kind of character as repr() does", function()
    local texts = {}
    for point = 1, 0x2fff, 7 do texts[#texts + 1] = ('"\\u%04x x"'):format(point) end
    compare(python.each({ "repr" }, texts))
  end)

  it("is escaped for HTML unless it is Markup", function()
    compare(python.each({ "escape" }, all(VALUES, { [["<a href='x'>&amp;\"</a>"]] })))
  end)

  it("ends where a container contains itself", function()
    compare { '["circular", "list"]', '["circular", "dict"]' }
  end)

  it("keeps the numbers of a payload as they are written", function()
    local json = '{"a":120.50,"b":[1e3,-0,1.0],"c":12345678901234567890}'
    assert.equal("{'a': 120.50, 'b': [1e3, -0, 1.0], 'c': 12345678901234567890}", value.text(core.json.decode(json)))
  end)

  it("is that of plain tables of scripts, too", function()
    assert.equal("['x', 1]", value.text { "x", 1 })
    assert.equal("{'a': {}, 'b': 1}", value.text { b = 1, a = {} })
  end)

  it("is bounded, however often a part is there", function()
    local v = value.list { "abcdefgh" }
    for _ = 1, 40 do v = value.list { v, v } end
    assert.error_matches(function() value.text(v) end, "limits.template_output")
  end)

  it("is not written where nesting has no end", function()
    local v = value.list()
    for _ = 1, 5000 do v = value.list { v } end
    assert.has_error(function() value.text(v) end, "the value is nested too deeply to be written")
  end)

  it("is refused for what has none", function()
    assert.has_error(function() value.text(SECRET) end, "a secret cannot be written in a template")
    assert.has_error(function() value.text(value.list { SECRET }) end, "a secret cannot be written in a template")
    assert.error_matches(function() value.text(value.attribute("a", "upper")) end, "is the call, %(%), missing")
    assert.error_matches(function() value.text(print) end, "a function cannot be written")
    assert.error_matches(function() value.text(io.stdout) end, "userdata cannot be written")
  end)

  it("is what the class of an object says", function()
    local object = setmetatable({}, value.class { kind = "macro", text = function() return "<Macro 'm'>" end })
    assert.equal("<Macro 'm'>", value.text(object))
    assert.equal("[<Macro 'm'>]", value.text(value.list { object }))
    local other = setmetatable({}, value.class { kind = "loop" })
    assert.has_error(function() value.text(other) end, "a loop cannot be written in a template")
  end)
end)

describe("equality", function()
  it("is Python's", function()
    compare(python.pairs({ "==" }, VALUES), python.pairs({ "==" }, VIEWS))
  end)

  it("holds between plain tables and those of payloads", function()
    assert.is_true(value.equal({ 1, 2 }, core.json.decode "[1,2]"))
    assert.is_true(value.equal({ a = { 1 } }, core.json.decode '{"a":[1.0]}'))
    assert.is_false(value.equal({ a = 1 }, core.json.decode '{"a":1,"b":2}'))
  end)

  it("ends in an error where containers contain themselves", function()
    local a, b = value.list(), value.list()
    a[1], b[1] = b, a
    assert.is_true(value.equal(a, a))
    assert.has_error(function() value.equal(a, b) end, "the values are nested too deeply to be compared")
    assert.has_error(function() value.compare(a, b, "<") end, "the values are nested too deeply to be compared")
    a, b = value.list(), value.list()
    for _ = 1, 60 do a, b = value.list { a, a }, value.list { b, b } end
    assert.has_error(function() value.equal(a, b) end, "the values are too large to be compared")
    local tuple = value.tuple()
    for _ = 1, 5000 do tuple = value.tuple { tuple } end
    assert.has_error(function() value.key(tuple) end, "a tuple is nested too deeply to be a key")
  end)

  it("of objects is identity", function()
    local Class = value.class { kind = "namespace" }
    local a, b = setmetatable({}, Class), setmetatable({}, Class)
    assert.is_true(value.equal(a, a))
    assert.is_false(value.equal(a, b))
  end)

  it("is not to be asked of secrets", function()
    for _, other in ipairs { "s3cr3t-value", SECRET, 1, value.list { 1 }, core.json.null } do
      assert.has_error(function() value.equal(SECRET, other) end, "a secret cannot be compared in a template")
      assert.has_error(function() value.equal(other, SECRET) end, "a secret cannot be compared in a template")
    end
  end)
end)

describe("order", function()
  it("is Python's", function()
    compare(python.pairs({ "<", "<=", ">", ">=" }, VALUES))
  end)

  it("names the side that is undefined", function()
    assert.has_error(function() value.compare(nil, 1, "<") end, "the left operand of '<' is undefined")
    assert.has_error(function() value.compare("a", value.UNDEFINED, ">=") end, "the right operand of '>=' is undefined")
  end)

  it("is that of the texts of lists", function()
    local lists = { '["a", 2]', '["a", 10]', '["a"]', '["b", null]', '["a", null]', '[["a"], 1]', '[["a", "b"]]' }
    compare(python.pairs({ "<", ">=" }, lists))
  end)
end)

describe("membership", function()
  it("is Python's", function()
    compare(python.pairs({ "in" }, VALUES, all(VALUES, VIEWS)), python.pairs({ "in" }, { '"a"', '"z"', '{"tuple": ["a", 1]}' }, VIEWS))
  end)

  it("in ranges is computed", function()
    compare(python.pairs({ "in" }, { "0", "9", "10", "-1", "3", "true", '{"float": "3.0"}', '{"float": "2.5"}', '"3"', '{"int": "12345678901234567890"}',
      '{"float": "inf"}', '{"float": "nan"}' }, { '{"range": [0, 10, 3]}', '{"range": [10, 0, -1]}', '{"range": [-5, 5, 2]}' }))
    assert.is_false(value.contains(python.decode(core.json.decode '{"range": [0, 1000000000000, 2]}'), 77777777777))
  end)
end)

describe("kinds", function()
  it("have the names of Python's types", function()
    local names = { [1] = "int", [1.5] = "float", [true] = "bool", [""] = "str", [value.null] = "NoneType", [value.markup ""] = "Markup",
      [value.list()] = "list", [value.tuple()] = "tuple", [core.json.object()] = "dict", [value.UNDEFINED] = "Undefined",
      [core.json.number "2.0"] = "float", [core.json.number "12345678901234567890"] = "int", [{ 1 }] = "list", [{ a = 1 }] = "dict" }
    for v, name in pairs(names) do assert.equal(name, value.type_name(v)) end
    assert.equal("Undefined", value.type_name(nil))
  end)

  it("tell callables and host values from data", function()
    assert.equal("function", value.kind(print))
    assert.equal("function", value.kind(signature.define({}, print)))
    assert.equal("userdata", value.kind(io.stdout))
    assert.equal("userdata", value.kind(setmetatable({}, {})))
    assert.equal("secret", value.kind(SECRET))
  end)

  it("call lists what has items by index", function()
    for _, v in ipairs { value.list(), value.tuple(), { 1 } } do assert.is_true(value.is_list(v)) end
    for _, v in ipairs { {}, "a", core.json.object(), value.markup "a" } do assert.is_false(value.is_list(v)) end
  end)
end)

describe("export", function()
  local function exported(v) return core.json.encode(value.export(v)) end

  it("leaves what is JSON already the same table", function()
    local document = core.json.decode '{"z":[1.0,{"a":null,"é":[]}],"a":12345678901234567890,"e":{}}'
    assert.is_true(rawequal(document, value.export(document)))
  end)

  it("makes JSON of what only templates know", function()
    local dict = python.decode(core.json.decode '{"dict": [["m", {"markup": "<b>"}], [1, {"tuple": [1, {"undefined": "x"}]}], [null, {"view": ["keys", {"dict": [["k", 1]]}]}], [false, 2]]}')
    assert.equal('{"m":"<b>","1":[1,null],"null":["k"],"false":2}', exported(dict))
    assert.equal("null", exported(value.UNDEFINED))
    assert.equal("[]", exported(value.tuple()))
  end)

  it("does not change what it exports", function()
    local inner = value.markup "x"
    local list = value.list { inner }
    assert.equal('["x"]', exported(list))
    assert.is_true(rawequal(inner, list[1]))
  end)

  it("refuses what is no data", function()
    assert.error_matches(function() value.export(print) end, "a function is no value")
    assert.error_matches(function() value.export(value.list { value.method("a", {}, "upper") }) end, "a method is no value")
    local list = value.list()
    list[1] = list
    assert.error_matches(function() value.export(list) end, "contains itself")
  end)
end)
