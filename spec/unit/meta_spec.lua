-- SPDX-License-Identifier: MIT

local ctx = require "perilune.ctx"
local files = require "meta.files"
local sandbox = require "perilune.sandbox"
local signature = require "meta.signature"
local tables = require "perilune.util.tables"
local writer = require "meta.writer"

local function read(path)
  local file = io.open(path, "rb")
  local text = file and file:read("*a")
  if file then file:close() end
  return text
end

--- Names of the methods in a table of the C source.
local function methods(path, name)
  local list = read(path):match(name .. "%[%] = (%b{})")
  local names = {}
  for method in list:gmatch('{"([%w_]+)",') do names[#names + 1] = method end
  table.sort(names)
  return names
end

-- A difference is to be described in lua/meta/vocabulary.lua; then lua/meta/generate.lua is to be run.
describe("what is said of scripts (lua/meta/vocabulary.lua)", function()
  it("names the globals and members that the sandbox has", function()
    assert.same(sandbox.vocabulary(), writer.globals())
  end)

  it("names what a ctx has", function()
    assert.same(ctx.names(), writer.members("perilune.ctx"))
    for _, library in ipairs { "http", "cache", "log" } do
      assert.same(tables.names(ctx.vocabulary()[library]), writer.members("perilune." .. library))
    end
  end)

  it("names the methods of a request, a response and an inbound request", function()
    assert.same(methods("core/script/bind_request.c", "request_methods"),
      writer.members("perilune.request"))
    local members = methods("core/script/bind_response.c", "response_methods")
    table.insert(members, "body")
    table.insert(members, "status")
    table.sort(members)
    assert.same(members, writer.members("perilune.response"))
    assert.same(methods("core/script/bind_inbound.c", "inbound_methods"),
      writer.members("perilune.inbound"))
  end)
end)

describe("a generated file", function()
  for path, text in pairs(files.all(".")) do
    it(path .. " is what lua/meta/generate.lua writes", function()
      assert.is_true(read(path) == text, path .. " differs: run luajit lua/meta/generate.lua and commit it")
    end)
  end

  it("has the table of fields in the README of each plugin that has some", function()
    for path in pairs(files.all(".")) do
      local name = path:match("^plugins/([^/]+)/README%.md$")
      local fields = name and assert(loadfile(("plugins/%s/schema.lua"):format(name)))().fields
      if fields and next(fields) then
        assert.matches("<!-- generated: fields -->", read(path), 1, true, path)
      end
    end
  end)

  it("has what stands between its marks replaced, also where nothing does yet", function()
    local function filled(between)
      return writer.fill("<!-- generated: a -->\n" .. between .. "<!-- end -->\nand\n<!-- generated: b -->\n<!-- end -->",
        function(name) return "<" .. name .. ">" end)
    end
    local expected = "<!-- generated: a -->\n\n<a>\n\n<!-- end -->\nand\n<!-- generated: b -->\n\n<b>\n\n<!-- end -->"
    for _, between in ipairs { "", "\n", "old\n", "\nold\n\n" } do assert.equal(expected, filled(between)) end
  end)

  it("of definitions is Lua that does nothing", function()
    local env = setmetatable({}, { __index = function(_, name) error("reads " .. name) end })
    local chunk = setfenv(assert(loadfile("lua/meta/perilune.lua")), env)
    chunk()
    for name, value in pairs(env) do
      assert.is_truthy(type(value) == "function" or type(value) == "table", name)
    end
  end)
end)

describe("a signature", function()
  it("is read", function()
    local parsed = signature.parse("f.g(a: string, b?: { x?: 'y', z: fun(n: number, m: any): any }, ...: any): "
      .. "string?, table<string, any>")
    assert.equal("f.g", parsed.name)
    assert.same({ "a", "b", "..." }, { parsed.parameters[1].name, parsed.parameters[2].name,
      parsed.parameters[3].name })
    assert.equal("{ x?: 'y', z: fun(n: number, m: any): any }", parsed.parameters[2].type)
    assert.is_true(parsed.parameters[2].optional)
    assert.is_false(parsed.parameters[1].optional)
    assert.same({ "string?", "table<string, any>" }, parsed.results)
    assert.equal("f.g(a, b, ...)", signature.shown(parsed))
  end)

  it("of what is no function has a type only", function()
    local parsed = signature.parse "json.null: userdata"
    assert.is_nil(parsed.parameters)
    assert.equal("json.null", signature.shown(parsed))
    assert.equal("userdata", signature.type(parsed, "c"))
  end)

  it("as the type of a method has a self", function()
    assert.equal("fun(self: c, name: string, n?: any): string?",
      signature.type(signature.parse "header(name: string, n?: any): string?", "c"))
  end)
end)
