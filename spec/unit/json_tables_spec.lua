-- SPDX-License-Identifier: MIT

--- Tables as scripts make them, by constructors and key by key, as JSON: beside what Python's json makes of the same values.

local json = require("perilune.core").json
local python = require "spec.support.python"

local ROUNDS = 1500
local KEYS = { "id", "name", "a", "b", "ab", "Z", "", "total", "k\n", "\"", "\195\169", "\240\159\152\128", "line items", "\127", "zz" }
local STRINGS = { "", "x", "plain text of some length, more than a word", "Zo\195\171", "tab\t and \"quotes\" \\ \1\31", "\195\169", "12345678",
  "1234567\"", "12345678901234567", "\226\130\172 uro", "\240\159\152\128" }
local NUMBERS = { 0, 1, -1, 9, 10, 99, 100, 12345, -678901, 9007199254740991, 0.5, -0.25, 19.99, 184.95, 0.05, 0.001, -100.5, 1e15, 123456789.123456,
  0.1 + 0.2, 1e-7, 1e22 }

local state = 20261128
local function random(count)
  state = (state * 16807) % 2147483647
  return state % count + 1
end

local function hex(text)
  return (text:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

local value

local function scalar()
  local kind = random(8)
  if kind <= 4 then
    local text = STRINGS[random(#STRINGS)]
    return text, "s" .. hex(text)
  elseif kind <= 7 then
    local number = NUMBERS[random(#NUMBERS)]
    return number, ("n%.17g"):format(number)
  end
  local is = random(2) == 1
  return is, "b" .. tostring(is)
end

local function array(depth)
  local list, words = {}, {}
  for i = 1, random(4) do list[i], words[i] = value(depth + 1) end
  if #list == 2 and random(2) == 1 then list = { [2] = list[2], [1] = list[1] } end -- in the hash part
  return list, ("[%d %s"):format(#list, table.concat(words, " "))
end

--- What was said of the members of an object, as one text.
local function told(words, order)
  local list, count = {}, 0
  for key, word in pairs(words) do
    count = count + 1
    list[count] = "s" .. hex(key) .. " " .. word
  end
  return ("{%d %s %s"):format(count, order or "0", table.concat(list, " "))
end

local function key_of(size)
  return size > 10 and KEYS[random(#KEYS)] .. random(size) or KEYS[random(#KEYS)]
end

--- Key by key; some go again, and some come back.
local function change(t, words, depth, size)
  for _ = 1, size do
    local key = key_of(size)
    if random(4) == 1 then
      t[key], words[key] = nil, nil
    else
      t[key], words[key] = value(depth + 1)
    end
  end
end

local CONSTRUCTORS = {
  function(x) return { id = x, name = "n", a = { b = x, ab = x } }, function(w) return "{3 0 s6964 " .. w .. " s6e616d65 s6e s61 {2 0 s62 " .. w .. " s6162 " .. w end end,
  function(x) return { total = x, [""] = x, Z = x, zz = x }, function(w) return "{4 0 s746f74616c " .. w .. " s " .. w .. " s5a " .. w .. " s7a7a " .. w end end,
}

local function constructed(depth)
  local x, word = value(depth + 1)
  local t, tell = CONSTRUCTORS[random(#CONSTRUCTORS)](x)
  return t, tell(word)
end

local DOCUMENTS = {
  { '{"name":1,"id":2,"ab":3}', { name = "n1", id = "n2", ab = "n3" }, "3 s6e616d65 s6964 s6162" },
  { '{"ab":1,"id":2,"name":3}', { ab = "n1", id = "n2", name = "n3" }, "3 s6162 s6964 s6e616d65" },
  { '{"zz":1,"a":2}', { zz = "n1", a = "n2" }, "2 s7a7a s61" },
  { "{}", {}, "0" },
}

local function decoded(depth)
  local document = DOCUMENTS[random(#DOCUMENTS)]
  local t, words = json.decode(document[1]), {}
  for key, word in pairs(document[2]) do words[key] = word end
  if random(2) == 1 then change(t, words, depth, random(4)) end
  return t, told(words, document[3])
end

function value(depth)
  local kind = depth < 4 and random(12) or 12
  if kind <= 3 then return constructed(depth) end
  if kind <= 5 then return decoded(depth) end
  if kind == 6 then return array(depth) end
  if kind > 8 then return scalar() end
  local t, words = {}, {}
  change(t, words, depth, random(12) == 1 and 40 or random(8))
  if next(t) == nil then return constructed(4) end
  return t, told(words)
end

describe("a table as JSON", function()
  it("is what Python's json makes of it", function()
    local values, lines = {}, {}
    for i = 1, ROUNDS do values[i], lines[i] = value(0) end
    local answers = python.lines("spec/support/json_tables.py", lines, 3)
    for i, v in ipairs(values) do
      assert.equal(answers[3 * i - 2], json.encode(v))
      assert.equal(json.decode(answers[3 * i - 1]), json.encode(v, { indent = 2 }))
      assert.equal(answers[3 * i], json.encode(v, { sorted = true }))
      assert.equal(answers[3 * i - 2], json.encode(v))
    end
  end)
end)
