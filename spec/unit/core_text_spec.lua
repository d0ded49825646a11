-- SPDX-License-Identifier: MIT

local core = require "perilune.core"
local oracle = require "support.core_oracle"

local text, regex, time = core.text, core.regex, core.time

local function character(c)
  if c < 0x80 then return string.char(c) end
  local bytes, lead = {}, 0xc0
  while c >= (#bytes == 0 and 0x40 or lead == 0xc0 and 0x20 or 0x10) do
    table.insert(bytes, 1, string.char(0x80 + c % 0x40))
    c = math.floor(c / 0x40)
    lead = #bytes == 1 and 0xc0 or #bytes == 2 and 0xe0 or 0xf0
  end
  return string.char(lead + c) .. table.concat(bytes)
end

--- By code point: those that the oracle tells of.
local function every_character()
  local every = {}
  for c = 0, 0x10ffff do
    local is_left_out = c >= 0xd800 and c < 0xe000 or c >= 0x33000 and c < 0xe0000
      or c >= 0xe1000 and c < 0x10ff00
    if not is_left_out then every[c] = character(c) end
  end
  return every
end

local function title_behind_a_letter(char) return text.title("a" .. char):sub(2) end

--- The first code point that is not mapped as wanted, or nil.
local function check_mapping(every, name, changed)
  local run = text[name] or title_behind_a_letter
  for c = 0, 0x10ffff do
    local char = every[c]
    if char and run(char) ~= (changed[char] or char) then return ("U+%04X"):format(c) end
  end
end

local function check_class(every, name, ranges)
  local is, at, first, last = text.is, 0, -1, -1
  for c = 0, 0x10ffff do
    if c > last then
      at = at + 1
      first, last = unpack(ranges[at] or { 0x110000, 0x110000 })
    end
    if every[c] and is(every[c], name) ~= (c >= first) then return ("U+%04X"):format(c) end
  end
end

describe("core.text", function()
  it("knows every character as Python does", function()
    local version
    local every = every_character()
    for _, case in ipairs(oracle.cases("characters")) do
      local what, name, wanted = case[1], case[2][1], case[3]
      if what == "unicode" then version = wanted end
      -- Another Unicode than libunistring's would tell new characters only.
      if version ~= "14.0.0" then return pending("Python has Unicode " .. version) end
      local check = what == "mapping" and check_mapping or what == "class" and check_class
      if check then assert.is_nil(check(every, name, wanted), what .. " " .. name) end
    end
  end)

  it("maps, classifies, measures, cuts and searches as Python's str does", function()
    assert.equal("", oracle.differences("words"))
  end)

  it("counts bytes that are not UTF-8 as characters and passes them on", function()
    local odd = "a\255\192\128é\237\160\128z"
    assert.equal(9, text.length(odd))
    assert.equal(odd, table.concat(text.chars(odd)))
    assert.equal("\128é", text.sub(odd, 4, 5))
    assert.equal("A\255\192\128É\237\160\128Z", text.upper(odd))
    assert.equal("a\239\191\189\239\191\189\239\191\189é", text.repair(text.sub(odd, 1, 5)))
    assert.is_false(text.is("\255", "printable"))
    assert.is_nil(text.find("é", "\195"))
  end)

  it("takes positions outside of the text for its ends", function()
    assert.equal("éa", text.sub("éa", 0, 99))
    assert.equal("", text.sub("éa", 3, 9))
    assert.equal("", text.sub("éa", 2, 1))
    assert.is_nil(text.find("éa", "a", 4))
    assert.is_nil(text.find("éa", "", 4))
    assert.equal(3, text.find("éa", "", 3))
  end)

  it("says that there is no such class", function()
    assert.error_matches(function() text.is("a", "vowel") end, "there is no such class of texts")
  end)
end)

describe("numbers as text", function()
  it("are those of Python", function()
    assert.equal("", oracle.differences("numbers"))
  end)

  it("are inf and nan without a sign of nan", function()
    assert.equal("inf", core.number_text(math.huge))
    assert.equal("-inf", core.number_text(-math.huge))
    assert.equal("nan", core.number_text(0 / 0))
    assert.equal("nan", core.format_double(-(0 / 0), 2, "f"))
    assert.equal("INF", core.format_double(math.huge, 2, "F"))
  end)

  it("have a precision and a letter of printf", function()
    assert.has_error(function() core.format_double(1, 100001, "f") end)
    assert.has_error(function() core.format_double(1, 2, "n") end)
  end)
end)

describe("core.regex", function()
  it("matches and replaces as Python's re does", function()
    assert.equal("", oracle.differences("patterns"))
  end)

  it("names what is wrong with a pattern, and where", function()
    assert.has_error(function() regex.match("a", "é[z-a]") end, "the regular expression 'é[z-a]' "
      .. "is wrong at character 5: range out of order in character class")
    assert.has_error(function() regex.match("a", "a", "q") end,
      "the flags of a regular expression are i, m, s and x, not 'q'")
    assert.has_error(function() regex.replace("a", "a", "\\2") end,
      "invalid group reference 2 in the replacement")
  end)

  it("ends a pattern that runs away", function()
    local message = "the regular expression takes too many steps on this text"
    assert.has_error(function() regex.match(("a"):rep(40) .. "b", "(a+)+$") end, message)
    assert.has_error(function() regex.replace(("a"):rep(200000), "(a|b|ab)*[cd]", "") end, message)
  end)

  it("finds what stands far behind in a long text", function()
    local long = ("é"):rep(100000)
    assert.same({ "xy", "y" }, regex.match(long .. "xy", "x(y)"))
    assert.equal(long .. "_", regex.replace(long .. "xy", "xy$", "_"))
  end)

  it("repairs a text that is not UTF-8", function()
    assert.equal("a\239\191\189c", regex.replace("a\255b", "b", "c"))
  end)

  it("keeps few patterns and still knows all", function()
    for round = 1, 2 do
      for i = 1, 200 do assert.same({ "a" .. i }, regex.match("xa" .. i, "a" .. i .. "$"), round) end
    end
  end)
end)

describe("core.time", function()
  it("writes and reads times as Python does, in any zone", function()
    assert.equal("", oracle.differences("times"))
  end)

  it("knows offsets as zones", function()
    assert.equal("1970-01-01 05:30 +0530 +05:30 UTC+05:30",
      time.format(0, "%F %R %z %:z %Z", "+05:30"))
    assert.equal("1969-12-31 22:00 -0200", time.format(0, "%F %R %z", "-02"))
    assert.equal("00:00 UTC", time.format(0, "%R %Z", "+00:00"))
    assert.equal("1970", time.format(0, "%Y"))
  end)

  it("writes years with four digits, and rounds to microseconds", function()
    assert.equal("0999-12-31", time.format(-30610224000 - 86400, "%Y-%m-%d"))
    assert.equal("23:59:59.750000", time.format(-0.25, "%T.%f"))
    assert.equal("00:00:01.000000", time.format(0.9999999, "%T.%f"))
  end)

  it("reads a leap second where there can be one", function()
    assert.equal(1483228800, time.parse("2016-12-31T23:59:60Z"))
    assert.equal(1483228800, time.parse("2017-01-01T00:59:60+01:00"))
    assert.is_nil((time.parse("2016-12-31T22:59:60Z")))
  end)

  for _, case in ipairs {
    { 0, "a %Q", "UTC", "there is no directive '%Q' of times" },
    { 0, "100%", "UTC", "there is no directive '%' of times" },
    { 1e300, "%Y", "UTC", "the time is outside of the years 1 to 9999" },
    { 0 / 0, "%Y", "UTC", "the time is outside of the years 1 to 9999" },
    { -62135596800, "%Y", "-01:00", "the time is outside of the years 1 to 9999" },
    { 253402300799, "%Y", "+01:00", "the time is outside of the years 1 to 9999" },
  } do
    it("refuses " .. case[2] .. " of " .. case[1] .. " in " .. case[3], function()
      assert.same({ nil, case[4] }, { time.format(case[1], case[2], case[3]) })
    end)
  end

  for _, zone in ipairs { "", "Mars/Olympus", "../etc/passwd", "Europe/../Europe/Berlin", "Europe",
    "/usr/share/zoneinfo/UTC", "zone.tab", "right/UTC", "leapseconds", "+1", "+25:00", "+02:60",
    "+02:00:00", "Europe/Berlin\0", ("A"):rep(100) } do
    it("has no zone '" .. zone:gsub("%z", "\\0") .. "'", function()
      local result, reason = time.format(0, "%F", zone)
      assert.is_nil(result)
      assert.matches("^there is no time zone '", reason)
    end)
  end
end)
