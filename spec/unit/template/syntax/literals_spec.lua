-- SPDX-License-Identifier: MIT

local jinja_parse = require "support.jinja_parse"
local lexer = require "perilune.template.lexer"
local literals = require "perilune.template.syntax.literals"

local NUMBERS = {
  "0", "1", "00", "0_0", "007", "10", "1_000", "1__0", "1_", "_1", "123456789012345678901234567890",
  "0x0", "0x1F", "0X_1f", "0x_", "0x", "0xg", "0x1_", "0xffffffffffffff", "0x1fffffffffffff", "0x20000000000001",
  "0xFFFF_FFFF_FFFF_FFFF_FFFF", "0x0000000000000000000001", "0b0", "0b101", "0B1_0", "0b102", "0b2", "0b",
  "0b1" .. ("01"):rep(50), "0o17", "0O7_7", "0o8", "0o777777777777777777777777", "0xe5", "0b1e5",
  "1.5", "1.50", "0.1", "00.5", "1_0.5_0", "1._5", "1.5_", "1.", ".5", "1.e5", "1e5", "1E5", "1e+5", "1e-5", "1e",
  "1e+", "1_e5", "1e5_0", "1e_5", "1.5e-3", "1_0.5_0e1_0", "1.5.5", "1.5.a", "0e0", "1e400", "1e-400", "1if",
  "a.0", "a.0.1", "a.0.1.2", "a.1e5", "a. 1.5", "a.0x10", "a.1_0", "a[.5]", "1..5", "9007199254740993.0",
}

local STRINGS = {
  [['']], [[""]], [['a"b']], [["a'b"]], [['a\'b']], [["a\"b"]], [['\\']], [['a\\']], [['\\\'']],
  [['\a\b\f\n\r\t\v']], [['\q\-\/\ \9\8\{']], [['\x41\x7f\x80\xff\x00']], [['\x4']], [['\x']], [['\xg1']], [['\x 41']],
  [['\u0041\u00e9\u263A\uffff']], [['\u26']], [['\u']], [['\U0001F600\U0010ffff\U00000041']], [['\U00110000']],
  [['\U0001F60']], [['\U']], [['\0\1\12\101\1012\18\377\400\777']], [['\N']], [['\N{']],
  "'a\\\nb'", "'a\nb'", "'a\r\nb\rc'", "'\\\r\na'", "'\195\169\226\130\172\240\159\152\128'",
  -- Jinja spells a character beyond ASCII out before it reads escapes.
  "'\\\195\169 \\\226\130\172 \\\240\159\152\128 \\\\\195\169'", "'\\x4\195\169'", "'a", "'a\\'", "'a\\", "\"a'",
}

local function scan(text)
  local reader, list = lexer.new(text), {}
  repeat
    list[#list + 1] = reader:next()
  until list[#list].kind == "eof"
  list[#list] = nil
  return list
end

local function compare(literal_texts)
  local cases = {}
  for i, text in ipairs(literal_texts) do cases[i] = { tokens = "{{ " .. text .. " }}" } end
  for i, theirs in ipairs(jinja_parse.ask(cases)) do
    local text = cases[i].tokens
    local ok, ours = pcall(scan, text)
    if theirs.error then
      assert.is_false(ok, ("%q is accepted, in Jinja: %s"):format(text, theirs.error))
    else
      assert.is_true(ok, ("%q is refused: %s"):format(text, tostring(not ok and ours.message)))
      local found = jinja_parse.difference(ours, theirs.tokens)
      assert.is_nil(found, ("%q: %s"):format(text, tostring(found)))
    end
  end
end

describe("literals are Jinja's", function()
  it("when they are numbers", function() compare(NUMBERS) end)

  it("when they are strings", function() compare(STRINGS) end)
end)

describe("an escape", function()
  local function value(text) return select(2, literals.string(text, 1)) end

  it("of two halves is one character, as in JSON", function()
    assert.equal("a\240\159\152\128b", value([['a\ud83d\ude00b']]))
  end)

  -- Jinja takes these, and fails when the text is written as UTF-8.
  it("of half a character is refused", function()
    for _, text in ipairs({ [['\ud83d']], [['\ude00']], [['\ud83d\ud83d']], [['\ud83dx']], [['\ude00\ud83d']] }) do
      local last, message = literals.string(text, 1)
      assert.is_nil(last)
      assert.equal(("'\\%s' is half a character"):format(text:sub(3, 7)), message)
    end
  end)

  it("that is wrong is refused with what it should be", function()
    assert.equal("'\\x' wants 2 hexadecimal digits behind it", value([['\x4']]))
    assert.equal("'\\u' wants 4 hexadecimal digits behind it", value([['\u12g4']]))
    assert.equal("there is no character '\\U00110000'", value([['\U00110000']]))
    assert.equal("'\\N{...}' is not supported, write '\\u' and the code point", value([['\N{BULLET}']]))
  end)
end)
