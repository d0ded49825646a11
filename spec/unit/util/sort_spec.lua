-- SPDX-License-Identifier: MIT

--- The stable sort beside Python's, on lists of pairs that are compared by their first numbers.

local sort = require "perilune.util.sort"

local PYTHON = [[/usr/bin/python3 -c '
import random
random.seed(3)
for n in list(range(20)) + [31, 32, 33, 500]:
    items = [(random.randrange(n // 2 + 1), i) for i in range(n)]
    done = sorted(items, key=lambda item: item[0])
    print(" ".join("%d:%d" % item for item in items) + "|" + " ".join("%d:%d" % item for item in done))
']]

local function pairs_of(text)
  local list = {}
  for key, place in text:gmatch("(%d+):(%d+)") do
    list[#list + 1] = { key = tonumber(key), place = place }
  end
  return list
end

local function text_of(list)
  local texts = {}
  for i, item in ipairs(list) do texts[i] = item.key .. ":" .. item.place end
  return table.concat(texts, " ")
end

describe("sort.stable", function()
  it("sorts as Python does, equal items in their order", function()
    local pipe, count = assert(io.popen(PYTHON)), 0
    for line in pipe:lines() do
      local items, sorted = line:match("^(.*)|(.*)$")
      local list = pairs_of(items)
      sort.stable(list, function(a, b) return a.key < b.key end)
      assert.equal(sorted, text_of(list))
      count = count + 1
    end
    pipe:close()
    assert.equal(24, count)
  end)

  it("bears an order that contradicts itself: every item is still there", function()
    local list = { 3, 1, 2, 5, 4, 6, 7 }
    sort.stable(list, function() return true end)
    table.sort(list)
    assert.same({ 1, 2, 3, 4, 5, 6, 7 }, list)
  end)
end)
