-- SPDX-License-Identifier: MIT

--- What scripts try to reach: each attack is a line of a connector's file, which says by `assert`
--- what must not be possible, or is refused with a message and its place.

local support = require "unit.support"

local WEBHOOKS = "\nreturn { webhooks = { { on = 'a', url = 'http://a.example' } } }"

local SECRET = "local s = secret 'ESCAPE' "

support.setenv("PERILUNE_SECRET_ESCAPE", "hidden-value")

--- The faults of a connector with this line as its second, and of other files.
local function faults(line, files)
  local all = {}
  for path, text in pairs(files or {}) do all[path] = text end
  all["connectors/acme.lua"] = "\n" .. line .. WEBHOOKS
  return support.faults(all)
end

-- What a script may still do, without a fault.
local HARMLESS = {
  { "no string.dump by the string itself", "assert(not pcall(function() return (''):dump() end))" },
  { "no metatable of strings", "assert(not pcall(function() ('').x = 1 end) and ('').x == nil)" },
  { "no metamethods of strings", "assert(not pcall(function() return ('').__index.y end))" },
  { "no integer keys in a library", "assert(not pcall(table.insert, string, 'left'))" },
  { "no integer keys in a library, by position", "assert(not pcall(table.insert, string, 1, 'left'))" },
  { "no sorting of a library", "assert(not pcall(table.sort, string))" },
  { "no removing from a library", "assert(not pcall(table.remove, string))" },
  { "no other metatable for a library", "assert(not pcall(setmetatable, string, {}))" },
  { "no other metatable for ctx.log", "assert(not pcall(setmetatable, log, {}))" },
  { "no members below a library", "assert(rawget(string, 'format') == nil and next(string) == nil)" },
  { "no metatable of null", "assert(not pcall(setmetatable, json.null, {}))" },
  { "no environment by a function's fields", "assert(not pcall(function() return error.env end))" },
  { "no fields of functions", "assert(not pcall(function() pcall.x = 1 end))" },
  { "no bytecode by string.format", "assert(not ('%q'):format(function() end):find('LJ', 1, true))" },
  { "no cdata by literals", "assert(not pcall(function() return json.encode(5 + 0, {}).ffi.C end))" },
  { "no place of our own Lua in xpcall's handler",
    "local _, m = xpcall(function() local x = nil return x.y end, function(e) return e end) "
      .. "assert(m:find('connectors/acme.lua:2:', 1, true) == 1, m)" },
  { "xpcall gives the results", "local ok, a, b = xpcall(function(...) return ... end, error, 1, nil) "
    .. "assert(ok and a == 1 and b == nil)" },
  { "xpcall gives what the handler gives", "local ok, m = xpcall(error, function(e) return e .. '!' end, 'x', 0) "
    .. "assert(not ok and m == 'x!')" },
  { "xpcall with a handler that fails", "local ok, m = xpcall(error, function() error('mine', 0) end) "
    .. "assert(not ok and m == 'mine')" },
  { "no secret by tostring", SECRET .. "assert(tostring(s) == '***')" },
  { "no secret by string.format", SECRET .. "assert(not ('%s'):format(s):find('hidden'))" },
  { "no secret by ..", SECRET .. "assert(not pcall(function() return 'x' .. s end))" },
  { "no secret by table.concat", SECRET .. "assert(not pcall(table.concat, { s }))" },
  { "no secret by json.encode", SECRET .. "assert(not (json.encode { s } or ''):find('hidden'))" },
  { "no secret as a key of json.encode", SECRET .. "assert(not (json.encode { [s] = 1 } or ''):find('hidden'))" },
  { "no secret in an error", SECRET .. "local _, m = pcall(error, s) assert(not tostring(m):find('hidden'))" },
  { "no secret by indexing", SECRET .. "local ok, v = pcall(function() return s.value end) assert(not ok or v == nil)" },
  { "no secret by string functions", SECRET .. "assert(not pcall(string.sub, s, 1) and not pcall(string.rep, s, 2))" },
  { "no length of a secret", SECRET .. "assert(not pcall(function() return #s end))" },
  { "no order of secrets", SECRET .. "assert(not pcall(function() return s < secret 'ESCAPE' end))" },
  { "no pattern that looks into a secret", SECRET .. "assert(not pcall(string.find, s, 'h') and not pcall(string.gsub, 'x', 'x', s))" },
  { "table.insert as in Lua", "local t = { 'b' } table.insert(t, 1, 'a') table.insert(t, 'd') table.insert(t, 3, 'c') "
    .. "assert(table.concat(t) == 'abcd')" },
  { "table.sort as in Lua", "local t = { 3, 1, 2 } table.sort(t) assert(table.concat(t) == '123') "
    .. "table.sort(t, function(a, b) return a > b end) assert(table.concat(t) == '321')" },
  { "an error of an order keeps its value", "local e = {} local ok, raised = pcall(table.sort, { 2, 1 }, function() error(e) end) "
    .. "assert(not ok and raised == e)" },
}

-- What is refused at once, with the place.
local REFUSED = {
  { "changes a library", "string.format = nil", "'string' cannot be changed" },
  { "adds to a library", "table.pack = function() end", "'table' cannot be changed" },
  { "changes math.pi", "math.pi = 3", "'math' cannot be changed" },
  { "changes json.null", "json.null = 1", "'json' cannot be changed" },
  { "changes log", "log.info = nil", "'log' cannot be changed" },
  { "changes os", "os.time = nil", "'os' cannot be changed" },
  { "changes bit", "bit.band = nil", "'bit' cannot be changed" },
  { "changes a library it holds", "local s = string s.len = nil", "'string' cannot be changed" },
  { "changes a library in a loop", "for _, l in ipairs { string } do l.x = 1 end", "'string' cannot be changed" },
  { "inserts far above", "table.insert({}, 2 ^ 31, 1)", "bad argument #2 to 'insert' (position out of bounds)" },
  { "inserts far below", "table.insert({ 1, 2 }, -2 ^ 31, 1)", "bad argument #2 to 'insert' (position out of bounds)" },
  { "inserts at no number", "table.insert({}, 0 / 0, 1)", "bad argument #2 to 'insert' (position out of bounds)" },
  { "sorts no table", "table.sort(1)", "bad argument #1 to 'sort'" },
  { "concatenates what is missing", "table.concat({}, '', 1, 2 ^ 31 - 1)", "invalid value (nil) at index 1" },
  { "unpacks too much", "unpack({}, 1, 1e7)", "too many results to unpack" },
  { "asks bytes of too much", "(('x'):rep(1e6)):byte(1, -1)", "string slice too long" },
  { "formats too wide", "local s = ('%999d'):format(1)", "invalid" },
  { "declares a global", "leak = 1", "'leak' would be a global" },
  { "declares a global in a function", "(function() leak = 1 end)()", "'leak' would be a global" },
  { "requires a file", "require 'x'", "there is no module 'x'" },
}

local SCHEMA = "return { api = 1, summary = 'x', fields = {} }"

-- Names of modules by which a plugin may hope to leave its folder.
local MODULES = {
  "../other.handler", "..other", "/etc/passwd", "//etc/passwd", "...other.handler", "other/handler",
  "../../connectors/acme", "perilune.core", "perilune", "ffi", "jit", "string.buffer", "table.new",
  "handler\0", "./../other/handler",
}

describe("a script that tries to get out", function()
  for _, case in ipairs(HARMLESS) do
    it("finds " .. case[1], function() assert.same({}, faults(case[2])) end)
  end

  for _, case in ipairs(REFUSED) do
    it("is told when it " .. case[1], function()
      local found = faults(case[2])
      assert.matches("connectors/acme.lua:2: ", found[1] or "no fault", 1, true)
      assert.matches(case[3], found[1], 1, true)
    end)
  end

  for _, module in ipairs(MODULES) do
    it(("gets no module %q"):format(module), function()
      local found = support.faults {
        ["connectors/acme.lua"] = WEBHOOKS,
        ["plugins/other/handler.lua"] = "return {}",
        ["plugins/other/schema.lua"] = SCHEMA, ["plugins/evil/schema.lua"] = SCHEMA,
        ["plugins/evil/handler.lua"] = ("require(%q)\nreturn {}"):format(module),
      }
      assert.equal(1, #found)
      assert.matches("^plugins/evil/handler.lua:1: plugin 'evil' has no module", found[1])
    end)
  end

  it("leaves nothing for the next file in what all share", function()
    assert.same({}, faults("pcall(table.insert, string, 'left') pcall(table.insert, log, 'left')", {
      ["connectors/zebra.lua"] = "assert(rawget(string, 1) == nil and rawget(log, 1) == nil)" .. WEBHOOKS,
    }))
  end)
end)
