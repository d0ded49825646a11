-- SPDX-License-Identifier: MIT

local core = require "perilune.core"
local perilune = require "perilune"
local support = require "spec.unit.support"

local folder = assert(io.popen("mktemp -d")):read("*l")

local function keep(name, text)
  local f = assert(io.open(folder .. "/" .. name, "wb"))
  f:write(text)
  f:close()
end

local function load(files, options)
  local generation, faults = perilune.load(support.files(files), options or { root = "gate/" })
  local said = {}
  for i, fault in ipairs(faults or {}) do
    said[i] = ("%s:%d: %s"):format(fault.file, fault.line, fault.message:match("^[^\n]*"))
  end
  return generation, said
end

local function asking_for(name)
  return ('return {\nauthenticator = { type = "bearer", token = secret "%s" },\n'
    .. 'webhooks = { { on = "a", url = "http://a.example" } } }'):format(name)
end

describe("the folder of secrets", function()
  teardown(function()
    core.secrets_dir("")
    os.execute("rm -r " .. folder)
  end)

  it("is named by gateway.lua, for itself and for all that loads behind it", function()
    keep("UNIT_ADMIN", "the admin's token")
    keep("unit_token", "a token\n")
    local generation, said = load {
      ["gateway.lua"] = ('return { tokens = { admin = secret "UNIT_ADMIN" },\nsecrets = { dir = "%s" } }')
        :format(folder),
      ["connectors/acme.lua"] = asking_for "UNIT_TOKEN",
    }
    assert.same({}, said)
    local token = generation.settings["tokens.admin"][1]
    assert.is_true(core.is_secret(token))
    -- The key of an HMAC is one of the few places that open a secret.
    assert.equal(core.hmac("sha256", "the admin's token", "x"), core.hmac("sha256", token, "x"))
  end)

  it("of the command line and environment wins", function()
    keep("UNIT_OTHER", "some other token")
    local files = {
      ["gateway.lua"] = 'return { secrets = { dir = "/nonexistent" } }',
      ["connectors/acme.lua"] = asking_for "UNIT_OTHER",
    }
    local _, said = load(files)
    assert.equal(1, #said)
    assert.matches("/nonexistent", said[1], 1, true)
    _, said = load(files, { root = "gate/", secrets_dir = folder })
    assert.same({}, said)
  end)

  it("is relative to the gateway folder", function()
    local _, said = load {
      ["gateway.lua"] = 'return { secrets = { dir = "keys" } }',
      ["connectors/acme.lua"] = asking_for "UNIT_RELATIVE",
    }
    assert.same({ 'gate/connectors/acme.lua:2: the secret "UNIT_RELATIVE" is not set: there is neither '
      .. "PERILUNE_SECRET_UNIT_RELATIVE nor PERILUNE_SECRET_UNIT_RELATIVE_FILE in the environment, "
      .. 'and no file "UNIT_RELATIVE" in the folder gate/keys (in lower or upper case neither)' }, said)
  end)

  it("may lack what gateway.lua asks for, which is a mistake with its line", function()
    local _, said = load {
      ["gateway.lua"] = 'return {\n tokens = {\n  admin = secret "UNIT_NOWHERE" } }',
    }
    assert.equal(1, #said)
    assert.matches('^gate/gateway.lua:3: the secret "UNIT_NOWHERE" is not set', said[1])
  end)

  it("has no names that lead elsewhere", function()
    local _, said = load { ["connectors/acme.lua"] = asking_for "../passwd" }
    assert.equal(1, #said)
    assert.matches('^gate/connectors/acme.lua:2: "../passwd" cannot be the name of a secret', said[1])
  end)
end)

describe("a handle of a secret", function()
  local VALUE = "open sesame"
  local secret = core.secret_of(VALUE)

  it("prints as three stars", function()
    assert.equal("***", tostring(secret))
    assert.equal("<***>", ("<%s>"):format(secret))
  end)

  it("does not join, and says what does", function()
    for _, join in ipairs {
      function() return "Bearer " .. secret end, function() return secret .. "x" end,
      function() return secret .. secret end,
    } do
      local ok, message = pcall(join)
      assert.is_false(ok)
      assert.matches('pass it as a part of its own, as in request:set_header("Authorization", "Bearer ", secret)',
        message, 1, true)
    end
    assert.error(function() return table.concat { "a", secret } end)
  end)

  it("compares with nothing, not even another handle of the same value", function()
    assert.is_false(secret == VALUE)
    assert.is_false(secret == core.secret_of(VALUE))
    for _, ask in ipairs {
      function() return secret < core.secret_of(VALUE) end, function() return secret <= VALUE end,
      function() return #secret end, function() return secret + 1 end, function() return secret.bytes end,
      function() secret.bytes = 1 end, function() return secret() end, function() return -secret end,
      function() return string.len(secret) end, function() return string.byte(secret) end,
      function() return ("x"):rep(1, secret) end, function() return ("x"):gsub("x", secret) end,
    } do
      local ok, message = pcall(ask)
      assert.is_true(not ok or message == nil)
      assert.is_nil(tostring(message):find("sesame", 1, true))
    end
    assert.is_nil(tonumber(secret))
    assert.is_false(getmetatable(secret))
  end)

  it("does not become JSON, and the place is named", function()
    local text, message = core.json.encode { order = { key = secret } }
    assert.is_nil(text)
    assert.equal('a secret cannot be written as JSON at "/order/key"', message)
  end)

  it("holds a value of some size only", function()
    assert.error(function() core.secret_of(("x"):rep(65537)) end)
    assert.error(function() core.secret_kept(("x"):rep(65537)) end)
    assert.is_true(core.is_secret(core.secret_of(("x"):rep(65536))))
  end)
end)
