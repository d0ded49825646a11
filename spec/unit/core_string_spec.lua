-- SPDX-License-Identifier: MIT

--- The oracle is LuaJIT's own string library, on which this runs: what a text, a pattern and the
--- rest give there, core.string gives, results or message.

local core = require "perilune.core"
local ours = core.string

--- A generator of its own, so that a failure comes back with the number that it names.
local function random_of(seed)
  local state = seed
  return function(n)
    state = (state * 16807) % 2147483647
    return state % n + 1
  end
end

local TEXTS = { "a", "b", "ab", "aab", "()", "(a)", "[a]", " ", "  ", "-", "%", "^", "$", ".", "1", "12",
  "A", "_", "\n", "\0", "\127", "\200", "\255", "x=y", "," }
local ITEMS = { "a", "b", ".", "%a", "%d", "%s", "%w", "%A", "%p", "%z", "%%", "%-", "%g", "%x", "%c",
  "%l", "%u", "[ab]", "[^a]", "[a-z]", "[^a-y]", "[%w_]", "[%a-z]", "[]]", "[^]]", "[-a]", "[a-]",
  "[%]]", "[%z-\5]", "[\200-\255]", "1", "=", "-", "]", "\255" }
local QUANTIFIERS = { "", "", "", "", "*", "+", "-", "?" }
local SPECIALS = { "(", ")", "()", "%1", "%2", "%b()", "%bab", "%baa", "%f[a]", "%f[^a]", "%f[%w]", "$", "^" }
local BROKEN = { "%", "[", "[^", "[a", "%f", "%fa", "%b", "%bx", "%0", "%9", "(((", ")" }
local REPLACEMENTS = { "", "<%0>", "%1", "%2", "x%%y", "%a", "%", "long enough to be seen " }

local function text_of(random)
  local parts = {}
  for i = 1, random(9) - 1 do parts[i] = TEXTS[random(#TEXTS)] end
  return table.concat(parts)
end

local function closed(random, depth)
  local parts = {}
  for i = 1, random(4) do
    if depth < 3 and random(5) == 1 then
      parts[i] = "(" .. closed(random, depth + 1) .. ")"
    elseif random(6) == 1 then
      parts[i] = SPECIALS[random(#SPECIALS)]
    else
      parts[i] = ITEMS[random(#ITEMS)] .. QUANTIFIERS[random(#QUANTIFIERS)]
    end
  end
  return table.concat(parts)
end

local function pattern_of(random)
  local pattern = closed(random, 1)
  if random(6) == 1 then pattern = "^" .. pattern end
  if random(8) == 1 then pattern = pattern .. "$" end
  if random(20) == 1 then pattern = pattern .. BROKEN[random(#BROKEN)] end
  return pattern
end

local function shown(...)
  local parts = {}
  for i = 1, select("#", ...) do parts[i] = ("%s %q"):format(type((select(i, ...))), tostring((select(i, ...)))) end
  return table.concat(parts, "; ")
end

local function result_of(run, ...)
  return shown(pcall(run, ...))
end

local function all_of(library)
  return function(text, pattern)
    local all = {}
    for a, b, c in library.gmatch(text, pattern) do all[#all + 1] = shown(a, b, c) end
    return table.concat(all, "\n")
  end
end

local function noted(library)
  return function(text, pattern)
    local calls = {}
    local made, count = library.gsub(text, pattern, function(...)
      calls[#calls + 1] = shown(...)
      if #calls % 2 == 0 then return ... end
    end)
    return made, count, table.concat(calls, "\n")
  end
end

local function compare(seed)
  local random = random_of(seed)
  local text, pattern = text_of(random), pattern_of(random)
  local function check(what, own, mine, ...)
    local wanted, got = result_of(own, text, pattern, ...), result_of(mine, text, pattern, ...)
    if wanted ~= got then
      error(("%d: %s(%q, %q): wanted %s, got %s"):format(seed, what, text, pattern, wanted, got), 0)
    end
  end
  local init = random(14) - 7
  check("find", string.find, ours.find, init)
  check("plain find", string.find, ours.find, init, true)
  check("match", string.match, ours.match, init)
  check("gmatch", all_of(string), all_of(ours))
  local replacement = REPLACEMENTS[random(#REPLACEMENTS)]
  check("gsub by " .. replacement, string.gsub, ours.gsub, replacement)
  check("gsub of some", string.gsub, ours.gsub, replacement, random(4) - 1)
  check("gsub by a table", string.gsub, ours.gsub, { a = "<a>", ab = 5, ["1"] = false, [1] = "first" })
  check("gsub by a function", noted(string), noted(ours))
end

describe("core.string", function()
  it("does with any pattern what LuaJIT does", function()
    for seed = 1, 20000 do compare(seed) end
  end)

  it("takes arguments as LuaJIT does", function()
    local wrong = { {}, { nil, "a" }, { "a" }, { "a", {} }, { "a", "b", {} }, { "a", "b", true }, { 12, 1 },
      { 121, "2", 3 }, { "a", "a", "b", {} }, { "a", "", "-" }, { "a", "a", { a = {} } },
      { "a", "a", "%2" }, { "a", "(a", "x" }, { "abc", "", 0 / 0 }, { "abc", "b", 1.9 } }
    for _, name in ipairs { "find", "match", "gmatch", "gsub", "rep" } do
      for i, arguments in ipairs(wrong) do
        local wanted = result_of(string[name], unpack(arguments, 1, 4))
        local got = result_of(ours[name], unpack(arguments, 1, 4))
        wanted, got = wanted:gsub("function: .*", ""), got:gsub("function: .*", "")
        assert.equal(wanted, got, name .. " " .. i)
      end
    end
  end)

  it("finds plain texts among many that begin alike", function()
    local text = ("ab"):rep(100) .. "ac" .. ("ab"):rep(100)
    assert.same({ 201, 202 }, { ours.find(text, "ac", 1, true) })
    assert.is_nil(ours.find(text, "ad", 1, true))
    assert.is_nil(ours.find(text, "ac", 203))
    assert.same({ 4, 3 }, { ours.find("abc", "", 10) })
  end)

  it("is as deep as LuaJIT is", function()
    for _, count in ipairs { 198, 199, 200, 201 } do
      local pattern = ("a?"):rep(count)
      assert.equal(result_of(string.find, ("a"):rep(300), pattern), result_of(ours.find, ("a"):rep(300), pattern))
    end
  end)

  it("takes a NUL in a pattern for a character", function()
    assert.same({ 2, 3 }, { ours.find("a\0b", "\0.") })
    assert.same({ 2, 2 }, { ours.find("a\0b", "[\0]") })
  end)

  it("makes long texts", function()
    local long = ("x y "):rep(5000)
    assert.equal(string.gsub(long, "%s", "%0%0"), (ours.gsub(long, "%s", "%0%0")))
    local by_function = ours.gsub(long, "x", function() return ("z"):rep(100) end)
    assert.equal((string.gsub(long, "x", ("z"):rep(100))), by_function)
    assert.equal(long, (ours.gsub(long, "q", "")))
  end)

  it("may be used within itself", function()
    assert.equal("<<b>>-<<c>>", (ours.gsub("b-c", "%a", function(c)
      return (ours.gsub(ours.gsub(c, ".", "<%0>"), ".+", function(t) return "<" .. t .. ">" end))
    end)))
    assert.has_error(function() ours.gsub("abc", "b", function() error("no", 0) end) end, "no")
  end)

  it("repeats as LuaJIT does", function()
    for _, arguments in ipairs { { "ab", 3 }, { "ab", 3, "," }, { "ab", 0 }, { "ab", -5, "x" }, { "", 5, "-" },
      { "", 1000, "" }, { 12, 2 }, { "ab", 2.7 } } do
      assert.equal(string.rep(unpack(arguments)), ours.rep(unpack(arguments)))
    end
    assert.equal("", ours.rep("", 1e300))
  end)

  it("makes no text beyond a limit", function()
    local message = "the text would have more than 67108864 bytes"
    assert.error_matches(function() ours.rep("x", 1e9) end, message, 1, true)
    assert.error_matches(function() ours.rep("x", 1e300) end, message, 1, true)
    assert.error_matches(function() ours.rep("", 1e9, "xx") end, message, 1, true)
    local long = ("x"):rep(1e6)
    assert.error_matches(function() ours.gsub(("a"):rep(100), "a", long) end, message, 1, true)
    assert.error_matches(function() ours.gsub(("a"):rep(100), "a", function() return long end) end, message, 1, true)
  end)
end)
