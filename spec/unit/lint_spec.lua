-- SPDX-License-Identifier: MIT

local errors = require "perilune.errors"
local lint = require "perilune.lint"
local sandbox = require "perilune.sandbox"

--- Faults of a text as "line: message".
local function faults(text)
  local found = errors.collector()
  lint.file(assert(loadstring(text, "@a.lua")), "a.lua", found)
  local texts = {}
  for i, fault in ipairs(found:sorted()) do
    assert.equal("a.lua", fault.file)
    texts[i] = fault.line .. ": " .. fault.message
  end
  return texts
end

local function clean(text) assert.same({}, faults(text), text) end

describe("the linter finds a global that does not exist", function()
  it("with its line and the nearest name", function()
    assert.same({ "2: there is no global 'sting' here, did you mean 'string'?" },
      faults("local x = 1\nlocal y = sting.rep('a', x)"))
  end)

  it("in functions that are never called, however deep they stand", function()
    assert.same({
      "3: there is no global 'scret' here, did you mean 'secret'?",
      "5: there is no global 'jsn' here, did you mean 'json'?",
    }, faults([[
return { a = function()
  return function(x)
    if x then return scret "A" end
    local t = { function()
      return jsn.null
    end }
    return t
  end
end }]]))
  end)

  it("that is assigned to", function()
    assert.same({ "1: 'x' would be a global; write 'local x'",
      "3: 'handle' would be a global; write 'local handle'",
      "5: 'json' would be a global; write 'local json'" },
      faults("x = 1\n\nfunction handle() end\nlocal function f()\njson = nil end"))
  end)

  it("that only Lua outside the sandbox has", function()
    for _, name in ipairs { "_G", "io", "debug", "loadstring", "getmetatable", "coroutine" } do
      local found = faults("return function() return " .. name .. " end")
      assert.equal(1, #found)
      assert.matches(("1: there is no global '%s' here"):format(name), found[1], 1, true)
    end
  end)

  it("and none that does", function()
    for _, name in ipairs(sandbox.names()) do clean("return function() return " .. name .. " end") end
    clean "local print = function() end\nlocal function f(io) print(io) io = 1 return io end\nreturn f"
    clean "local t = {} t.print = 1 t['io'] = t.debug return t"
  end)
end)

describe("the linter finds a member that a library does not have", function()
  local DECOD = "there is no json.decod, did you mean 'decode'?"

  it("where the library is read", function()
    assert.same({ "1: " .. DECOD }, faults "return function(x) return json.decod(x) end")
    assert.same({ "2: there is no os.getenv; os has clock, date, time" }, faults "\nreturn os.getenv")
    assert.same({ "1: there is no string.trim; string has byte, char, find, format, gmatch, gsub, "
      .. "len, lower, match, rep, reverse, sub, upper" }, faults "return string.trim")
  end)

  it("through locals", function()
    assert.same({ "2: " .. DECOD }, faults "local j = json\nreturn j.decod")
    assert.same({ "1: " .. DECOD }, faults "local a = json local b, c = 1, a return c.decod, b")
    assert.same({ "3: " .. DECOD },
      faults "local j = json\nfor i = 1, 3 do\nif j.decod then return i end end")
  end)

  it("through upvalues, also of functions in functions", function()
    assert.same({ "2: " .. DECOD }, faults "local j = json return function()\nreturn j.decod end")
    assert.same({ "3: " .. DECOD }, faults [[
local a, j, b = 1, json, 2
return function() return a, function()
  return b, j.decod end end]])
  end)

  it("in every branch", function()
    assert.same({ "2: " .. DECOD, "4: " .. DECOD, "6: " .. DECOD }, faults [[
return function(x)
  if x then return json.decod(x)
  elseif x == nil then
    return json.decod "a" end
  while x do
    x = json.decod(x) end
end]])
  end)

  it("and says nothing of those that it has", function()
    for library, members in pairs(sandbox.vocabulary()) do
      for member in pairs(type(members) == "table" and members or {}) do
        clean(("local l = %s return l.%s, function() return l.%s, %s.%s end"):format(library, member,
          member, library, member))
      end
    end
  end)

  it("nor where it is not certain what the variable holds", function()
    clean "local j = json j = { decod = 1 } return j.decod"
    clean "local j = json if now() > 1 then j = { decod = 1 } end return j.decod"
    clean "local j if now() > 1 then j = json else j = { decod = 1 } end return j.decod"
    clean "local j = now() > 1 and json or { decod = 1 } return j.decod"
    clean "local j = json local function set() j = { decod = 1 } end set() return j.decod"
    clean "local j = json return function() j = { decod = 1 } return function() return j.decod end end"
    clean "return function(j) if not j then j = json end return j.decod end"
    clean "local j = json for _ = 1, 2 do if j.decod then end j = { decod = 2 } end"
    clean "local j = json local set = function(v) j = v end return set, function() return j.decod end"
    clean "local t = { json = { decod = 1 } } return t.json.decod"
    clean "local json = { decod = 1 } return json.decod, function() return json.decod end"
    clean "local name = 'decod' return json[name]"
    clean "do local j = json end local k = { decod = 1 } return k.decod"
    clean "do local j = json j.encode(1) end local a = now() local b = { decod = a } return b.decod"
    clean "for _, j in ipairs { { decod = 1 } } do local k = j if not k then k = json end return k.decod end"
    clean "local ok, j = pcall(now) local k = { json, j } return k[1].decod, j.decod, ok"
    clean "local function f(...) local a, b = ... return a.decod, b.decod end return f"
    clean "return function(x) while true do local j = x if not j then break end x = json(x).decod end end"
  end)

  it("nor in what a method is called on", function()
    clean "return function(s) return s:trim(), ('x'):trim(), s.decod end"
  end)
end)

describe("the linter finds nothing", function()
  local function check(path, found)
    lint.file(assert(loadfile(path)), path, found)
  end

  it("in the plugins and the examples", function()
    local count, found = 0, errors.collector()
    local list = io.popen("find plugins examples -name '*.lua' -not -path '*/spec/*' "
      .. "-not -name '*_spec.lua'")
    for path in list:lines() do
      count = count + 1
      check(path, found)
    end
    list:close()
    assert.is_true(count > 20)
    assert.same({}, found.items)
  end)
end)
