-- SPDX-License-Identifier: MIT

local core = require "perilune.core"
local python = require "spec.unit.template.python"
local value = require "perilune.template.value"

local NUMBERS = { "0", "1", "-1", "2", "7", "-7", "1000003", "true", "false",
  '{"int": "4503599627370497"}', '{"int": "-4503599627370497"}', '{"int": "9007199254740991"}',
  '{"int": "9007199254740992"}', '{"int": "-9007199254740993"}', '{"int": "123456789012345678901234567890"}',
  '{"float": "0.0"}', '{"float": "-0.0"}', '{"float": "1.0"}', '{"float": "-2.5"}', '{"float": "0.1"}',
  '{"float": "3.0"}', '{"float": "1e16"}', '{"float": "1e300"}', '{"float": "-1e-300"}',
  '{"float": "9007199254740992"}', '{"float": "inf"}', '{"float": "-inf"}', '{"float": "nan"}' }
local SMALL = { "0", "1", "-1", "2", "-3", "10", "true", '{"float": "0.0"}', '{"float": "-2.0"}',
  '{"float": "0.5"}', '{"float": "-0.5"}', '{"float": "1.1"}', '{"int": "12345678901234567890"}', "70" }
local HUGE = "1" .. ("0"):rep(400)
local OTHERS = { '""', '"ab"', '"é"', "null", "[]", '[1, "a"]', '{"tuple": []}', '{"tuple": [1, null]}',
  '{"dict": []}', '{"dict": [["a", 1]]}', '{"markup": "<b>"}', '{"range": [0, 3, 1]}',
  '{"view": ["keys", {"dict": [["a", 1]]}]}', '{"undefined": "x"}' }
local SEQUENCES = { '"ab"', "[1]", '{"tuple": [1]}', '{"dict": [["a", 1]]}', "null", '{"range": [0, 3, 1]}' }
local FEW_NUMBERS = { "0", "3", "-1", "true", '{"float": "1.5"}', '{"float": "2.0"}' }

local OPERATIONS = {
  ["+"] = value.add, ["-"] = value.sub, ["*"] = value.mul, ["/"] = value.div,
  ["//"] = value.floordiv, ["%"] = value.mod, ["**"] = value.pow,
  neg = value.neg, pos = value.pos, ["~"] = value.concat, ["markup ~"] = value.concat_markup,
}

local ALL = { "+", "-", "*", "/", "//", "%", "**" }
local EXACT = { "+", "-", "*", "/", "//", "%" }

local function compare(...)
  for _, cases in ipairs { ... } do python.compare(OPERATIONS, cases) end
end

--- Digits of an integer of up to `longest` digits, from the generator.
local function random_int(longest)
  local digits = { tostring(math.random(9)) }
  for i = 2, math.random(longest) do digits[i] = tostring(math.random(0, 9)) end
  return ('{"int": "%s%s"}'):format(math.random(2) == 1 and "-" or "", table.concat(digits))
end

local function random_number()
  local choice = math.random(6)
  if choice == 1 then return tostring(math.random(-20, 20)) end
  if choice == 2 then return random_int(17) end
  if choice == 3 then return random_int(60) end
  if choice == 4 then return ('{"float": "%d.0"}'):format(math.random(-1000, 1000)) end
  if choice == 5 then return ('{"float": "%.17g"}'):format((math.random() - 0.5) * 10 ^ math.random(-20, 20)) end
  return ('{"float": "%d.%d"}'):format(math.random(-50, 50), math.random(0, 99))
end

describe("arithmetic", function()
  it("computes with ints of any length, floats and bools", function()
    compare(python.pairs(EXACT, NUMBERS), python.each({ "neg", "pos" }, NUMBERS))
  end)

  it("raises numbers to powers", function()
    compare(python.pairs({ "**" }, SMALL, { "0", "1", "-1", "5", "100", "-2", "true", '{"float": "2.0"}',
      '{"float": "-1.0"}', '{"float": "1e3"}', '{"float": "0.0"}', '{"float": "inf"}', '{"float": "nan"}' }))
    compare(python.pairs({ "**" }, { "2", "0", '{"float": "0.5"}', '{"float": "1.1"}', "9" },
      { '{"float": "0.5"}', '{"float": "-0.5"}', '{"float": "1.1"}' }))
  end)

  it("keeps to what a float can hold", function()
    compare(python.pairs(EXACT, { ('{"int": "%s"}'):format(HUGE), ('{"int": "-%s7"}'):format(HUGE) },
      { "3", '{"float": "2.5"}', '{"float": "inf"}', '{"int": "123456789012345678901"}' }))
    compare({ '["/", 1, {"int": "' .. HUGE .. '"}]', '["/", {"int": "' .. HUGE .. '"}, {"int": "' .. HUGE .. '3"}]' })
  end)

  it("agrees with Python on random numbers", function()
    math.randomseed(20)
    local cases = {}
    for i = 1, 6000 do
      cases[i] = ('["%s", %s, %s]'):format(EXACT[math.random(#EXACT)], random_number(), random_number())
    end
    compare(cases)
  end)

  it("says that a power would be complex or too large", function()
    assert.error_matches(function() value.pow(-8, 0.5) end, "complex")
    assert.error(function() value.pow(7, 10 ^ 9) end)
    assert.error(function() value.pow(python.decode(core.json.decode('{"int": "123456789012345678901"}')), 10 ^ 6) end)
  end)
end)

describe("operators", function()
  it("join and repeat texts, lists and tuples", function()
    -- For Markup times anything but an int Python's words change with the order.
    compare(python.pairs({ "+" }, OTHERS), python.pairs({ "*" }, SEQUENCES),
      python.pairs({ "+" }, OTHERS, FEW_NUMBERS), python.pairs({ "*" }, SEQUENCES, FEW_NUMBERS),
      python.pairs({ "*" }, OTHERS, { "0", "3", "-1", "true" }),
      python.pairs({ "+" }, FEW_NUMBERS, OTHERS), python.pairs({ "*" }, FEW_NUMBERS, SEQUENCES),
      python.pairs({ "*" }, { "0", "3", "-1", "true" }, OTHERS))
  end)

  it("refuse other operands in Python's words", function()
    local refused = { "null", '"a"', "[1]", '{"dict": []}', '{"undefined": "x"}', '{"range": [0, 2, 1]}' }
    compare(python.pairs({ "-", "/", "//", "**" }, refused), python.pairs(ALL, FEW_NUMBERS, refused),
      python.pairs({ "-", "/", "//", "**" }, refused, FEW_NUMBERS),
      python.each({ "neg", "pos" }, OTHERS))
  end)

  it("format texts with %", function()
    compare(python.pairs({ "%" }, { '"%s"', '"a"', '{"markup": "%s!"}' },
      { "1", '"<"', '{"tuple": [1]}', '{"tuple": [1, 2]}', "[1]" }))
  end)

  it("join the texts of all kinds with ~", function()
    compare(python.pairs({ "~", "markup ~" }, OTHERS), { '["~", 1, {"float": "2.0"}, null, true, "x"]',
      '["markup ~", "<", 1, {"markup": "<b>"}, null, ">"]', '["markup ~", "<", ">"]' })
  end)

  it("name the side that is undefined", function()
    assert.has_error(function() value.add(nil, 1) end, "the left operand of '+' is undefined")
    assert.has_error(function() value.mul(2, nil) end, "the right operand of '*' is undefined")
    assert.has_error(function() value.add("a", value.UNDEFINED) end, "the right operand of '+' is undefined")
    assert.has_error(function() value.neg(nil) end, "the operand of '-' is undefined")
  end)

  it("make nothing larger than templates may", function()
    local limit = core.limits.template_output
    for _, run in ipairs {
      function() return value.mul("ab", limit) end,
      function() return value.mul({ 1, 2 }, limit) end,
      function() return value.mul("a", value.pow(10, 30)) end,
      function() return value.add(("a"):rep(limit), "b") end,
      function() return value.concat(("a"):rep(limit), "b") end,
    } do
      assert.error_matches(run, "limits.template_output")
    end
  end)

  it("refuse secrets", function()
    local secret = core.secret_of("s3cr3t-value")
    for _, name in ipairs(ALL) do
      for _, other in ipairs { 1, "a", value.list() } do
        assert.error(function() OPERATIONS[name](secret, other) end)
        assert.error(function() OPERATIONS[name](other, secret) end)
      end
    end
    assert.has_error(function() value.concat("a", secret) end, "a secret cannot be written in a template")
  end)
end)
