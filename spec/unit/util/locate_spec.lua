-- SPDX-License-Identifier: MIT

local locate = require "perilune.util.locate"

local function line(source, ...)
  return locate.find(locate.read(source), { ... }).line
end

local SOURCE = [==[
-- return { not = "this" }
local helper = function(x)
  if x then return { url = 1 } end
  for i = 1, 2 do while x do repeat x = nil until not x end end
end
local text = [[
return { neither }
]] --[[ nor
this ]]
return {
  name = "a } , \" {", other = 'x',
  ["quoted-key"] = 1, [3] = "three",
  authenticator =
    "x",
  webhooks = {
    { on = "a", url = "/a" };
    {
      on = "b", when = function(c)
        local t = { url = "no", { 1, 2 } }
        if c then return t, function() return c end end
        return { url = "no" }
      end,
      url = "/b", body = { a = { b = 1,
        c = 2 } },
      headers = helper({ x = 1,
        y = 2 }), method = x == 1 and { "no" } or "PUT",
      success = { 200, 201,
        202 }
    },
  },
  last = 1e-3
}
]==]

describe("locate finds the line of", function()
  local cases = {
    { 10 }, { 11, "name" }, { 11, "other" }, { 12, "quoted-key" }, { 12, 3 },
    { 13, "authenticator" }, { 15, "webhooks" }, { 16, "webhooks", 1 }, { 16, "webhooks", 1, "url" },
    { 17, "webhooks", 2 }, { 18, "webhooks", 2, "when" }, { 23, "webhooks", 2, "url" },
    { 23, "webhooks", 2, "body", "a", "b" }, { 24, "webhooks", 2, "body", "a", "c" },
    { 25, "webhooks", 2, "headers" }, { 26, "webhooks", 2, "method" },
    { 28, "webhooks", 2, "success", 3 }, { 31, "last" },
  }
  for _, case in ipairs(cases) do
    it(#case == 1 and "the table" or table.concat(case, ".", 2), function()
      assert.equal(case[1], line(SOURCE, unpack(case, 2)))
    end)
  end

  it("the nearest ancestor of what is not written", function()
    assert.equal(17, line(SOURCE, "webhooks", 2, "nope", "deeper"))
    assert.equal(25, line(SOURCE, "webhooks", 2, "headers", "y"))
    assert.equal(10, line(SOURCE, "nope"))
  end)

  it("a local that is returned", function()
    assert.equal(2, line("local M = {\n a = 1,\n}\nreturn M", "a"))
  end)

  it("a text in long brackets, where its first line is", function()
    local place = locate.read('return {\n  a = [[\nx]],\n  b = [==[y]==],\n  ["c"] = --[[\n]] [[\n\nz]] }')
    assert.equal(3, locate.find(place, { "a" }).value)
    assert.equal(4, locate.find(place, { "b" }).value)
    assert.equal(7, locate.find(place, { "c" }).value)
    assert.equal(5, locate.find(place, { "c" }).line)
  end)

  it("a value, where it begins", function()
    assert.equal(14, locate.find(locate.read(SOURCE), { "authenticator" }).value)
  end)

  it("the return when it gives no constructor, and line 1 without any", function()
    assert.equal(3, line("local x\n\nreturn f()", "a"))
    assert.equal(1, line("\n\n", "a"))
    assert.equal(1, line("return {", "a"))
  end)

  it("keys written in escapes and long brackets", function()
    assert.equal(2, line('return {\n["\\65b"] = 1 }', "Ab"))
    assert.equal(3, line("return {\na = [==[ ]] } \n]==], b = 1 }", "b"))
  end)
end)
