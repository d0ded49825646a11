-- SPDX-License-Identifier: MIT
local span = require "perilune.util.span"

describe("a predicate of bytes", function()
  it("says whether all bytes of a text are in its set, wherever the odd one stands", function()
    local is_vowels = span.predicate("aeiou")
    for length = 0, 17 do
      local text = ("aeiou"):rep(4):sub(1, length)
      assert.is_true(is_vowels(text))
      for at = 1, length do
        assert.is_false(is_vowels(text:sub(1, at - 1) .. "x" .. text:sub(at + 1)))
      end
    end
  end)

  it("takes every byte as string.find takes it", function()
    for _, set in ipairs({ "%z\1-\127", '^%z\1-\31"\\\127-\255', "%w_", "^%z" }) do
      local predicate = span.predicate(set)
      for i = 0, 255 do
        assert.equal(string.char(i):find("[" .. set .. "]") ~= nil, predicate(string.char(i)))
      end
    end
  end)

  it("knows ASCII", function()
    assert.is_true(span.is_ascii("abc\0\127"))
    assert.is_false(span.is_ascii("abcdé"))
  end)
end)
