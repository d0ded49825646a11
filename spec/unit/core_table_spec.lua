-- SPDX-License-Identifier: MIT

local core = require "perilune.core"
local ours = core.table

local function list_of(count, seed)
  local list, state = {}, seed
  for i = 1, count do
    state = (state * 16807) % 2147483647
    list[i] = state % 1000
  end
  return list
end

local function copy_of(list) return { unpack(list, 1, table.maxn(list)) } end

--- What a function of both libraries does to copies of a list, and gives.
local function both(name, list, ...)
  local theirs, mine = copy_of(list), copy_of(list)
  local wanted, got = { table[name](theirs, ...) }, { ours[name](mine, ...) }
  assert.same(wanted, got)
  assert.same(theirs, mine)
end

describe("core.table", function()
  it("inserts and removes as LuaJIT does", function()
    for count = 0, 5 do
      local list = list_of(count, 7)
      both("insert", list, "x")
      both("remove", list)
      for at = 1, count do
        both("insert", list, at, "x")
        both("remove", list, at)
      end
      both("insert", list, count + 1, "x")
    end
    both("insert", { 1, 2 }, 1.9, "x")
  end)

  it("keeps positions within the list", function()
    local message = "position out of bounds"
    for _, at in ipairs { 2 ^ 31, -2 ^ 31, 0, -1, 5, 2 ^ 53, -math.huge, math.huge, 0 / 0 } do
      assert.error_matches(function() ours.insert({ 1, 2, 3 }, at, 1) end, message, 1, true)
      assert.error_matches(function() ours.remove({ 1, 2, 3 }, at) end, message, 1, true)
    end
    assert.error_matches(function() ours.insert({}, 2 ^ 31, 1) end, message, 1, true)
    assert.error_matches(function() ours.insert({}) end, "wrong number of arguments to 'insert'", 1, true)
    assert.is_nil(ours.remove({}, 0))
    assert.is_nil(ours.remove({ 1 }, 2))
  end)

  it("concatenates as LuaJIT does", function()
    both("concat", {})
    both("concat", { "a", 1, 2.5, "b" })
    both("concat", { "a", 1, "b" }, ", ")
    both("concat", { "a", "b", "c" }, 0, 2, 3)
    both("concat", { "a", "b", "c" }, "-", 3, 2)
    both("concat", { ("x"):rep(9000), ("y"):rep(20000) }, ("z"):rep(10000))
    for _, list in ipairs { { "a", {} }, { "a", nil, "b" }, { true } } do
      local _, wanted = pcall(table.concat, list, ",", 1, 3)
      local _, got = pcall(ours.concat, list, ",", 1, 3)
      assert.equal(wanted, got)
    end
  end)

  it("makes no text beyond a limit", function()
    local list, long = {}, ("x"):rep(1e6)
    for i = 1, 100 do list[i] = long end
    local message = "the text would have more than 67108864 bytes"
    assert.error_matches(function() ours.concat(list) end, message, 1, true)
    for i = 1, 100 do list[i] = "" end
    assert.error_matches(function() ours.concat(list, long) end, message, 1, true)
    assert.error_matches(function() ours.concat({}, "", 1, 2 ^ 40) end, "position out of bounds", 1, true)
  end)

  it("knows the largest number among the keys", function()
    both("maxn", {})
    both("maxn", { 1, 2, 3 })
    assert.equal(2.5, ours.maxn { 1, 2, [2.5] = 1, x = 1 })
  end)

  it("sorts", function()
    for _, count in ipairs { 0, 1, 2, 3, 7, 8, 9, 100, 1000 } do
      both("sort", list_of(count, count + 1))
      both("sort", list_of(count, count + 1), function(a, b) return a > b end)
    end
    both("sort", { "b", "a", "", "B", "ab" })
  end)

  it("sorts stably", function()
    local list = {}
    for i = 1, 300 do list[i] = { key = i * 7 % 5, at = i } end
    ours.sort(list, function(a, b) return a.key < b.key end)
    for i = 2, 300 do
      local a, b = list[i - 1], list[i]
      assert.is_true(a.key < b.key or a.key == b.key and a.at < b.at)
    end
  end)

  it("asks a comparator n log n times at most, whatever the order", function()
    for _, make in ipairs { function(i) return i end, function(i) return -i end, function() return 0 end,
      function(i) return i % 2 end, function(i) return i < 512 and i or 1024 - i end } do
      local list, asked = {}, 0
      for i = 1, 1024 do list[i] = make(i) end
      ours.sort(list, function(a, b)
        asked = asked + 1
        return a < b
      end)
      assert.is_true(asked <= 1024 * 10)
    end
  end)

  it("keeps every item with a comparator that contradicts itself", function()
    for _, answer in ipairs { function() return true end, function() return false end,
      function(a, b) return (a * 7 + b * 13) % 3 == 0 end } do
      local list = list_of(200, 3)
      local wanted = copy_of(list)
      ours.sort(list, answer)
      table.sort(wanted)
      table.sort(list)
      assert.same(wanted, list)
    end
  end)

  it("leaves the list as it was when a comparator raises", function()
    local list, asked = list_of(50, 9), 0
    local wanted = copy_of(list)
    assert.has_error(function()
      ours.sort(list, function(a, b)
        asked = asked + 1
        if asked == 100 then error("enough", 0) end
        return a < b
      end)
    end, "enough")
    assert.same(wanted, list)
  end)

  it("bears a comparator that changes the list", function()
    local list = list_of(50, 9)
    local wanted = copy_of(list)
    ours.sort(list, function(a, b)
      for i = 1, 60 do list[i] = nil end
      return a < b
    end)
    table.sort(wanted)
    assert.same(wanted, list)
  end)

  it("raises for what cannot be compared", function()
    assert.error_matches(function() ours.sort { 3, "a", 2 } end, "attempt to compare", 1, true)
    assert.error_matches(function() ours.sort({ 1, 2 }, 5) end, "function expected", 1, true)
  end)

  it("changes no table whose metatable is hidden as false", function()
    local frozen = setmetatable({ 2, 1 }, { __metatable = false })
    local message = "this table cannot be changed"
    assert.error_matches(function() ours.insert(frozen, 3) end, message, 1, true)
    assert.error_matches(function() ours.remove(frozen) end, message, 1, true)
    assert.error_matches(function() ours.sort(frozen) end, message, 1, true)
    assert.equal("21", ours.concat(frozen))
    local array = core.json.array { 1 }
    ours.insert(array, 2)
    assert.equal("[1,2]", core.json.encode(array))
  end)
end)
