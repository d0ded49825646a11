-- SPDX-License-Identifier: MIT

local errors = require "perilune.errors"
local lint = require "perilune.lint"
local sandbox = require "perilune.sandbox"
local support = require "unit.support"

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

describe("the linter knows what a ctx has", function()
  --- Faults of the function that a text returns.
  local function script_faults(text, config)
    local found = errors.collector()
    lint.script(assert(loadstring(text, "@a.lua"))(), { ["a.lua"] = true }, found, config)
    local texts = {}
    for i, fault in ipairs(found:sorted()) do texts[i] = fault.line .. ": " .. fault.message end
    return texts
  end

  it("in the function that is called with it", function()
    assert.same({ "1: there is no ctx.dta, did you mean 'data'?" },
      script_faults "return function(ctx, v) return ctx.dta.id, v.dta end")
    assert.same({ "2: there is no ctx.log.trace; ctx.log has debug, error, info, warn" },
      script_faults "return function(c)\nc.log.trace('x') end")
  end)

  it("in functions inside it, and through locals", function()
    assert.same({ "2: there is no ctx.dta, did you mean 'data'?",
      "3: there is no ctx.log.wran, did you mean 'warn'?" }, script_faults [[
return function(ctx) local log, c = ctx.log, ctx
  local f = function() return c.dta end
  return function() return f, log.wran end end]])
  end)

  it("with the fields of the plugin's schema", function()
    local text = "return function(ctx) return ctx.config.tokn, ctx.config.token end"
    assert.same({}, script_faults(text))
    assert.same({ "1: there is no ctx.config.tokn, did you mean 'token'?" },
      script_faults(text, { token = true, type = true }))
  end)

  it("and says nothing where it may be something else", function()
    for _, text in ipairs {
      "return function(ctx, v) return v.dta end",
      "return function() return 1 end",
      "return function(ctx) ctx = { dta = 1 } return ctx.dta end",
      "return function(ctx) ctx = ctx or {} return ctx.dta end",
      "return function(ctx) local f = function(c) return c.dta end return f(ctx) end",
      "return function(ctx) local set = function() ctx = {} end set() return ctx.dta end",
      "return function(...) local ctx = ... return ctx.dta end",
      "return function(ctx) return ctx.data.dta, ctx.values.dta, ctx.event.dta, ctx['log'].info end",
    } do
      assert.same({}, script_faults(text), text)
    end
  end)

  it("leaves functions alone that are not of the folder's files", function()
    local found = errors.collector()
    for _, run in ipairs { print, string.rep, errors.collector, loadstring("return function(c) return c.x end")() } do
      lint.script(run, { ["a.lua"] = true }, found)
    end
    assert.same({}, found.items)
  end)
end)

describe("a load says what a script names and its ctx does not have", function()
  local function found(files) return support.faults(files) end

  it("in every function of a connector", function()
    local text = [[return {
      headers = { A = function(ctx) return ctx.a end },
      params = { p = { function(ctx) return ctx.b end } },
      base_url = function(ctx) return ctx.c end,
      context = { f = { function(ctx) return ctx.none end } },
      authenticator = { apply = function(ctx) return ctx.d end, config = { function(c) return c.no end } },
      webhooks = { {
        id = "x", url = function(ctx) return ctx.e end,
        method = function(ctx) return ctx.f end,
        when = function(ctx) return ctx.g end,
        body = { a = { function(ctx) return ctx.h end } },
        success = function(ctx) return ctx.i end,
        response = { variables = { a = function(ctx) return ctx.j end,
            b = { function(ctx) return ctx.k end } },
          mapper = function(ctx) return ctx.l end },
      } },
    }]]
    local names = {}
    for _, message in ipairs(found { ["connectors/a.lua"] = text }) do
      names[#names + 1] = message:match("connectors/a.lua:%d+: there is no ctx%.(%l)[;,]")
    end
    table.sort(names)
    assert.equal("abcdefghijkl", table.concat(names))
  end)

  it("in files of authenticators and mappers, and in handlers and modules of plugins", function()
    assert.same({
      "authenticators/x.lua:1: there is no ctx.confg, did you mean 'config'?",
      "mappers/m.lua:1: there is no ctx.atempt, did you mean 'attempt'?",
      "mappers/n.lua:1: there is no ctx.log.wran, did you mean 'warn'?",
      "plugins/p/handler.lua:2: there is no ctx.config.ky, did you mean 'key'?",
      "plugins/p/lib.lua:1: there is no ctx.evnt, did you mean 'event'?",
    }, found {
      ["authenticators/x.lua"] = "return { apply = function(ctx) return ctx.confg end }",
      ["mappers/m.lua"] = "return function(ctx) return ctx.atempt end",
      ["mappers/n.lua"] = "return { map = function(ctx) return ctx.log.wran() end }",
      ["plugins/p/schema.lua"] = support.schema "key = { type = 'string' }",
      ["plugins/p/handler.lua"] = "return { filters = { f = function(v) return v.x end },\n"
        .. "apply = function(ctx) return ctx.config.ky, ctx.config.key end, verify = require 'lib' }",
      ["plugins/p/lib.lua"] = "return function(ctx) return ctx.evnt end",
    })
  end)
end)
