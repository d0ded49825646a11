-- SPDX-License-Identifier: MIT

local core = require "perilune.core"
local number = require "perilune.template.value.number"
local python = require "spec.unit.template.python"

local DOUBLES = { "0.0", "-0.0", "1.0", "0.1", "0.30000000000000004", "1e15", "1e16", "123456789012345680.0",
  "1e-4", "1e-5", "1.5e-7", "5e-324", "2.2250738585072014e-308", "1.110223e-316", "1.7976931348623157e308",
  "99999999999999.5", "100000000000000.5", "9007199254740993.0", "1e22", "1e23", "-2.675", "3.14159265358979",
  "3.141592653589793", "100.0", "120.5", "inf", "-inf", "nan", "0.5", "1.5", "2.5", "-0.5", "2.675" }
local INTS = { "0", "7", "-7", "15", "25", "-25", "35", "149", "150", "151", "-150", "99999999999999",
  "100000000000000", "999999999999999", "9007199254740991", "9007199254740992", "9007199254740993",
  "-9007199254740993", "12345678901234567890", "-98765432109876543210987654321098765432109876543210",
  "55555555555555555555" }

local FLOAT, INT = {}, {}
for i, text in ipairs(DOUBLES) do FLOAT[i] = ('{"float": "%s"}'):format(text) end
for i, text in ipairs(INTS) do INT[i] = ('{"int": "%s"}'):format(text) end

local function parser(parse, shown)
  return function(text)
    local v = parse(text)
    if v == nil then error(shown(text), 0) end
    return v
  end
end

local OPERATIONS = {
  int = parser(number.parse_int, function() return "invalid" end), repr = number.text,
  float = parser(number.parse_float, function() return "invalid" end),
  abs = number.abs, round = number.round, trunc = number.truncate,
}

local function compare(cases)
  python.compare(OPERATIONS, cases)
end

--- Texts that are a number to Python are one to us, others are not.
local function compare_accepted(operation, texts)
  local cases = {}
  for i, text in ipairs(texts) do
    cases[i] = assert(core.json.encode(core.json.array { operation, text }))
  end
  python.compare(OPERATIONS, cases, { any_words = true })
end

describe("numbers", function()
  it("are written as Python writes them", function()
    compare(python.each({ "repr" }, FLOAT))
    compare(python.each({ "repr" }, INT))
  end)

  it("are written as Python writes them, whatever the double", function()
    math.randomseed(3)
    local cases = {}
    for i = 1, 5000 do
      local n = (math.random() - 0.5) * 10 ^ math.random(-320, 308)
      if i % 3 == 0 then n = math.random(-10 ^ 9, 10 ^ 9) / 10 ^ math.random(0, 9) end
      cases[i] = ('["repr", {"float": "%.17g"}]'):format(n)
    end
    compare(cases)
  end)

  it("keep what a payload has", function()
    for _, text in ipairs { "120.50", "1e3", "12345678901234567890", "1.0", "100000000000000.25" } do
      assert.equal(text, number.text(core.json.decode(text)))
    end
  end)

  it("are ints or floats", function()
    for _, v in ipairs { 1, -2 ^ 53, 0, core.json.number("12345678901234567890") } do
      assert.is_true(number.is_int(v) and not number.is_float(v) and number.is_number(v))
    end
    for _, v in ipairs { 1.5, math.huge, 0 / 0, 1e300, core.json.number("2.0"), number.float(2) } do
      assert.is_true(number.is_float(v) and not number.is_int(v) and number.is_number(v))
    end
    for _, v in ipairs { "1", true, core.json.null, {} } do assert.is_false(number.is_number(v)) end
  end)

  it("lose their sign, are cut and rounded", function()
    compare(python.each({ "abs", "trunc", "round" }, FLOAT))
    compare(python.each({ "abs", "trunc", "round" }, INT))
    compare(python.each({ "abs", "round" }, { "true", "false" }))
  end)

  it("are rounded to places, half to even", function()
    local places = { "0", "1", "2", "-1", "-2", "3", "17", "-5", "-30", "400", "-400", "true" }
    compare(python.pairs({ "round" }, FLOAT, places))
    compare(python.pairs({ "round" }, INT, places))
  end)

  it("are compared exactly", function()
    local big, near = core.json.number("9007199254740993"), 9007199254740992
    assert.equal(1, number.compare(big, near))
    assert.equal(-1, number.compare(near, big))
    assert.equal(1, number.compare(big, number.float(near)))
    assert.equal(0, number.compare(near, number.float(near)))
    assert.is_nil(number.compare(0 / 0, big))
    assert.equal(1, number.compare(math.huge, core.json.number("1" .. ("0"):rep(400))))
    assert.equal(0, number.compare(true, 1))
  end)

  it("are equal as keys when they are equal", function()
    local same = { 1, core.json.number("1.0"), core.json.number("1.00"), core.json.number("1e0") }
    for _, v in ipairs(same) do assert.equal(number.key(1), number.key(v)) end
    assert.equal(number.key(core.json.number("100000000000000000000")), number.key(core.json.number("1e20")))
    assert.equal(number.key(2 ^ 53), number.key(core.json.number("9007199254740992")))
    assert.not_equal(number.key(2 ^ 53), number.key(core.json.number("9007199254740993")))
    assert.not_equal(number.key(math.huge), number.key(-math.huge))
  end)
end)

describe("numbers of payloads beyond what Lua reads", function()
  it("are infinite, or nothing", function()
    for text, expected in pairs { ["1e99999999"] = math.huge, ["-2.5E+99999999"] = -math.huge, ["0.0e99999999"] = 0, ["7e-99999999"] = 0 } do
      local v = core.json.number(text)
      assert.equal(expected, number.to_double(v), text)
      assert.equal(0, number.compare(number.add(v, 0), expected), text)
      assert.equal(number.key(expected), number.key(v), text)
    end
  end)
end)

describe("numbers in texts", function()
  it("are read as int() reads them", function()
    compare_accepted("int", { "5", " 5\n", "+5", "-5", "--5", "", " ", "1_000", "1__0", "_1", "1_", "1.0", "1e3", "0x1f",
      "007", "-0", "12345678901234567890123", "-9007199254740993", "\u{a0}5\u{2003}", "١٢٣", "１２", "𝟚𝟛", "५", "5٣", "abc",
      "5 5", "\28" .. "7", "é", "+", "0b1", "1L", "٣_٤", "²" })
  end)

  it("are read as int() reads them in other bases", function()
    local cases = {}
    for _, text in ipairs { "0x1f", "1F", "0X1f", "0b11", "0b12", "0o17", "017", "z", "-0x_1f", "0x", "1_0", "0", "00", "" } do
      for _, base in ipairs { 0, 2, 8, 10, 16, 36 } do
        cases[#cases + 1] = ('["int", "%s", %d]'):format(text, base)
      end
    end
    python.compare({ int = function(text, base)
      return parser(function() return number.parse_int(text, base) end, function() return "invalid" end)()
    end }, cases, { any_words = true })
  end)

  it("are read as float() reads them", function()
    compare_accepted("float", { "5", "5.", ".5", ".", "", "1e3", "1E+3", "1e", "e3", "1.5e-3", "1_0.0_1", "1_.0", "1._0", "inf",
      "-Infinity", "+NaN", "nan", "infin", "0x10", "1e400", "-1e-400", "1e99999999", "-1E+99999999", "-1e-99999999", "0e99999999", " 2.5\t", "1,5", "--1", "1 2", "١٢.٥", "1.2.3",
      "123456789012345678901234567890", "-0.0", "0.1", "1e16" })
  end)
end)
