-- SPDX-License-Identifier: MIT

--- The oracle is LuaJIT's own listing, `luajit -bl`, which reads the function and not its dump.

local bc = require "jit.bc"
local bytecode = require "perilune.util.bytecode"

--- The listing's functions, innermost first: their instructions.
local function listed(run)
  local functions = {}
  local out = { flush = function() end, close = function() end }
  function out.write(_, ...)
    for line in table.concat({ ... }):gmatch("[^\n]+") do
      if line:find("^%-%- BYTECODE") then functions[#functions + 1] = {} end
      local op = line:match("^%d%d%d%d [ =][ >] (%u+%d*)")
      if op then -- columns of fixed width
        local instruction = { op = op, a = tonumber(line:sub(16, 18)), rest = line:sub(19) }
        table.insert(functions[#functions], instruction)
      end
    end
  end
  bc.dump(run, out, true)
  return functions
end

--- Prototypes as the listing has them: children before their parents, the last child first.
local function flat(prototype, list)
  for i = 0, #prototype.constants do
    local child = prototype.constants[i]
    if type(child) == "table" then flat(child, list) end
  end
  list[#list + 1] = prototype
  return list
end

local function compare(run)
  local expected, got = listed(run), flat(bytecode.read(run), {})
  assert.equal(#expected, #got)
  local texts = 0
  for i, lines in ipairs(expected) do
    assert.equal(#lines, #got[i].code)
    for position, line in ipairs(lines) do
      local instruction = got[i].code[position]
      assert.equal(line.op, instruction.op)
      if line.a then assert.equal(line.a, instruction.a) end
      local target = line.rest:match("=> (%d+)")
      if target then assert.equal(tonumber(target), instruction.target) end
      local text = line.rest:match('; "(.*)"$')
      local operand = line.op == "TGETS" and instruction.c or instruction.d
      if text and #text < 30 and (line.op == "GGET" or line.op == "TGETS" or line.op == "KSTR") then
        assert.equal(text, (got[i].constants[operand]:gsub("%c", function(c)
          return c == "\n" and "\\n" or c == "\r" and "\\r" or c == "\t" and "\\t" or ("\\%03d"):format(c:byte())
        end)))
        texts = texts + 1
      end
    end
  end
  return texts
end

local function read(text) return bytecode.read(assert(loadstring(text, "=x"))) end

describe("bytecode.read", function()
  it("reads what LuaJIT lists, of every file of the gateway", function()
    local texts = 0
    local files = io.popen("find lua plugins examples -name '*.lua'")
    for path in files:lines() do texts = texts + compare(assert(loadfile(path))) end
    files:close()
    assert.is_true(texts > 1000)
  end)

  it("reads every kind of constant", function()
    compare(assert(loadstring([[
      local t = { 1, 2.5, -1, "a", nil, true, false, x = "y", [1e300] = 5, [3] = { z = 1 } }
      local a, b, c, d = 5LL, 7ULL, 3i, -2^53
      return t, a, b, c, d, 0x7fffffff, 1e-300, "]] .. ("long"):rep(200) .. [["
    ]])))
    assert.same({ "a", "x", "y" }, (function()
      local strings = read("return { 1, 2.5, 'a', nil, true, x = 'y' }").strings
      table.sort(strings)
      return strings
    end)())
  end)

  it("knows the lines, also those of long files", function()
    for _, lines in ipairs { 1, 254, 255, 256, 65534, 65535, 65536, 70000 } do
      local prototype = read(("\n"):rep(lines) .. "return x")
      assert.equal("GGET", prototype.code[1].op)
      assert.equal(lines + 1, prototype.code[1].line)
    end
  end)

  it("knows what a function sees of the one around it", function()
    local outer = read([[
      local fixed, changed = 1, 2
      changed = 3
      return function() return function() return changed, fixed end end]])
    local middle
    for i = 0, #outer.constants do
      if type(outer.constants[i]) == "table" then middle = outer.constants[i] end
    end
    local by_register = {}
    for _, upvalue in pairs(middle.upvalues) do
      assert.is_true(upvalue.is_local)
      by_register[upvalue.index] = upvalue.is_constant
    end
    assert.same({ [0] = true, [1] = false }, by_register)
    for _, upvalue in pairs(middle.constants[0].upvalues) do assert.is_false(upvalue.is_local) end
  end)

  it("gives the name of the file, and reads what is stripped", function()
    local run = assert(loadstring("return x", "@connectors/a.lua"))
    assert.equal("@connectors/a.lua", select(2, bytecode.read(run)))
    local stripped, source = bytecode.read(assert(loadstring(string.dump(run, true))))
    assert.equal("GGET", stripped.code[1].op)
    assert.equal(0, stripped.code[1].line)
    assert.is_string(source)
  end)
end)
