-- SPDX-License-Identifier: MIT

local core = require "perilune.core"
local schema = require "perilune.schema"

local function check(spec, value)
  local said = {}
  local result = schema.check(spec, value, function(path, message)
    said[#said + 1] = table.concat(path, "/") .. ": " .. message
  end)
  table.sort(said)
  return result, said
end

local function record(fields) return { type = "record", fields = fields } end

describe("the schema", function()
  it("accepts what fits, fills defaults in, and leaves the original alone", function()
    local given = { a = "x", list = { 1, 2 } }
    local result, said = check(record {
      a = { type = "string" }, b = { type = "integer", default = 5 },
      list = { type = "list", of = { type = "number" } },
    }, given)
    assert.same({}, said)
    assert.same({ a = "x", b = 5, list = { 1, 2 } }, result)
    assert.same({ a = "x", list = { 1, 2 } }, given)
  end)

  it("says all that is wrong, and drops it", function()
    local result, said = check(record {
      a = { type = "string", required = true }, n = { type = "number", min = 1 },
      list = { type = "list", of = { type = "integer" } }, map = { type = "map", of = { type = "boolean" } },
    }, { n = 0, list = { 1, "2" }, map = { x = 1 }, lst = 1 })
    assert.same({
      ": 'a' is missing",
      "list/2: 'list[2]' wants a whole number, got a string",
      "lst: unknown key 'lst', did you mean 'list'?",
      "map/x: 'map.x' wants true or false, got a number",
      "n: 'n' must be at least 1",
    }, said)
    assert.same({ list = { 1 }, map = {} }, result)
  end)

  it("names the keys that there are when none is near", function()
    local _, said = check(record { alpha = { type = "any" }, beta = { type = "any" } }, { zzzzzz = 1 })
    assert.same({ "zzzzzz: unknown key 'zzzzzz'; known keys are alpha, beta" }, said)
  end)

  it("names all alternatives", function()
    local spec = { one_of = { { type = "string" }, { type = "literal", value = false },
      { type = "list", of = { type = "any" } } } }
    local _, said = check(spec, 5)
    assert.same({ ": the file wants a string, false or a list, got a number" }, said)
    assert.equal(false, (check(spec, false)))
    assert.same({ 1 }, (check(spec, { 1 })))
  end)

  it("knows lists from tables", function()
    local _, said = check(record { l = { type = "list", of = { type = "any" } } }, { l = { a = 1 } })
    assert.same({ "l: 'l' wants a list, got a table" }, said)
    _, said = check(record { l = { type = "list", of = { type = "any" }, filled = true } }, { l = {} })
    assert.same({ "l: 'l' must not be empty" }, said)
  end)

  it("refuses NaN where a number has a range", function()
    local _, said = check({ type = "number", min = 0, max = 1 }, 0 / 0)
    assert.equal(1, #said)
  end)

  it("makes secrets of texts, and takes handles", function()
    local spec = record { token = { type = "string", secret = true } }
    local handle = core.secret_of("abcdef")
    assert.equal(handle, check(spec, { token = handle }).token)
    local made = check(spec, { token = "abcdef" }).token
    assert.is_true(core.is_secret(made))
    assert.equal("***", tostring(made))
  end)

  it("does not take a secret where none belongs", function()
    local _, said = check(record { a = { type = "string" } }, { a = core.secret_of("abcdef") })
    assert.same({ "a: 'a' wants a string, got a secret" }, said)
  end)
end)
