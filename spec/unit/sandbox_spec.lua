-- SPDX-License-Identifier: MIT

local support = require "unit.support"

--- What a connector's file raises when it runs this line.
local function fault(line, files)
  files = files or {}
  files["connectors/acme.lua"] = "\n" .. line
    .. "\nreturn { webhooks = { { on = 'a', url = 'http://a.example' } } }"
  return support.faults(files)[1]
end

describe("the sandbox", function()
  for _, name in ipairs { "io", "debug", "package", "load", "loadstring", "dofile", "loadfile",
    "getfenv", "setfenv", "getmetatable", "rawset", "collectgarbage", "newproxy", "coroutine",
    "ffi", "jit", "_G", "print", "module" } do
    it("has no " .. name, function()
      assert.matches(("connectors/acme.lua:2: there is no global '%s' here"):format(name),
        fault("local x = " .. name), 1, true)
    end)
  end

  it("has no way to the process or to bytecode", function()
    for _, name in ipairs { "os.execute", "os.exit", "os.getenv", "os.remove", "string.dump" } do
      assert.is_nil(fault(("assert(rawget(%s, '%s') == nil)"):format(name:match("(%w+)%.(%w+)"))))
      assert.matches("connectors/acme.lua:2: there is no " .. name, fault("local x = " .. name), 1, true)
    end
  end)

  it("names the nearest global for one that does not exist", function()
    assert.equal("connectors/acme.lua:2: there is no global 'secrt' here, did you mean 'secret'?",
      fault("local x = secrt"))
  end)

  it("refuses to declare globals, also in a function that nobody calls", function()
    assert.equal("connectors/acme.lua:2: 'x' would be a global; write 'local x'", fault("x = 1"))
    assert.equal("connectors/acme.lua:2: 'y' would be a global; write 'local y'",
      fault("local function f() y = 1 end"))
  end)

  it("gives all files the same libraries, which none can change", function()
    for library, change in pairs {
      string = "string.upper = nil", math = "math.pi = 3", json = "json.null = 1",
    } do
      assert.equal(("connectors/acme.lua:2: '%s' cannot be changed"):format(library), fault(change))
    end
    assert.equal("A", ("a"):upper())
  end)

  it("offers what its contract names", function()
    assert.is_nil(fault("assert(json.encode({ a = json.null }) == '{\"a\":null}')"
      .. " assert(now() > 0 and #uuid() == 36 and os.time() > 0 and math.max(1, 2) == 2)"))
    assert.is_nil(fault("assert(json.encode(json.ordered { {'b', 1}, {'a', json.array {}} })"
      .. " == '{\"b\":1,\"a\":[]}')"))
  end)

  it("has strings and tables that cannot hold a worker", function()
    local core = require "perilune.core"
    assert.matches("position out of bounds", fault("table.insert({}, 2^31, 1)"), 1, true)
    assert.matches("the text would have more than 67108864 bytes", fault("string.rep('x', 1e9)"), 1, true)
    local env = require("perilune.sandbox").new {}
    for _, name in ipairs { "find", "gmatch", "gsub", "match", "rep" } do
      assert.equal(core.string[name], env.string[name])
    end
    for _, name in ipairs { "concat", "insert", "maxn", "remove", "sort" } do
      assert.equal(core.table[name], env.table[name])
    end
  end)

  it("has modules in lib/ only", function()
    for _, name in ipairs { "x", "connectors.acme", "../gateway", "lib/../gateway", "/etc/passwd", "os" } do
      assert.equal(("connectors/acme.lua:2: there is no module '%s': 'lib.name' is the file lib/name.lua"):format(name),
        fault(("require %q"):format(name)))
    end
  end)

  it("runs a module once, for all files that require it", function()
    local body = 'return { base_url = "http://a.example", webhooks = { { on = "t", url = require("lib.path").of "x" } } }'
    local generation = support.load {
      ["connectors/a.lua"] = body, ["connectors/b.lua"] = body,
      ["lib/path.lua"] = 'local part = require "lib.deep.part" return { of = function(n) return part .. n end }',
      ["lib/deep/part.lua"] = "return '/' .. uuid() .. '/'",
    }
    assert.equal(generation.entries[1].url, generation.entries[2].url)
  end)

  it("has the mistakes of modules said, with their lines", function()
    local function faults(text)
      return support.faults { ["connectors/a.lua"] = 'local x = require "lib.x"\nreturn { webhooks = { { id = "a", url = x } } }',
        ["lib/x.lua"] = text }
    end
    for text, message in pairs {
      ["\nlocal a = sting\nreturn '/'"] = "lib/x.lua:2: there is no global 'sting' here, did you mean 'string'?",
      ['local y = require "lib.x" return y'] = "lib/x.lua:1: the module 'lib.x' requires itself",
      ["error('no')"] = "lib/x.lua:1: no",
    } do
      assert.equal(message, faults(text)[2])
    end
    assert.equal("connectors/a.lua:1: there is no module 'lib.y', did you mean 'lib.x'?",
      support.faults { ["connectors/a.lua"] = 'local y = require "lib.y" return y', ["lib/x.lua"] = "return 1" }[1])
  end)

  it("refuses bytecode", function()
    assert.equal(1, #support.faults { ["connectors/acme.lua"] = string.dump(function() end) })
  end)
end)

describe("a plugin", function()
  local CONNECTOR = [[return { authenticator = { type = "sign", key = "abcdef" },
    webhooks = { { on = "t", url = "http://a.example" } } }]]

  it("requires its own files, once", function()
    local perilune = require "perilune"
    local generation = support.connector(CONNECTOR, {
      ["plugins/sign/schema.lua"] = support.schema
        'key = { type = "string", required = true }, name = { type = "string", default = "X-Key" }',
      ["plugins/sign/handler.lua"] = [[
        local h = require "lib.hash"
        assert(h == require "lib.hash")
        return { apply = function(c, r) r:set_header(c.config.name, h.of(c.config.key), c.values.n) end }]],
      ["plugins/sign/lib/hash.lua"] = "return { of = string.reverse }",
    })
    local request = support.request()
    perilune.authenticate(generation, 1, request,
      support.frame(generation, 1, '{"type":"t","data":{"n":5}}'))
    assert.equal("fedcba5", request.sent.headers["x-key"])
  end)

  it("has no other modules", function()
    assert.same({ "plugins/sign/handler.lua:1: plugin 'sign' has no module 'os'" }, support.faults {
      ["plugins/sign/handler.lua"] = 'local x = require "os"' })
  end)

  it("has its schema checked", function()
    assert.same({
      "plugins/sign/schema.lua:1: the field 'key' has the unknown type 'strng', "
        .. "did you mean 'string'?",
    }, support.faults {
      ["plugins/sign/schema.lua"] = support.schema 'key = { type = "strng" }',
      ["plugins/sign/handler.lua"] = "return {}" })
  end)
end)
