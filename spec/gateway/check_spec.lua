-- SPDX-License-Identifier: MIT
--- `perilune check` says what `perilune run` would refuse, or start with all the same: certificates, keys, addresses, tokens.
local support = require("spec.support")
local certificates = require("spec.support.certificates")

describe("check, of what gateway.lua sets,", function()
  local pairs_of_keys

  setup(function() pairs_of_keys = certificates.make(support.folder()) end)
  teardown(function() support.finish() end)

  local CONNECTOR = 'return { webhooks = { { id = "w", url = "https://w.example/" } } }'

  --- Exit code, and what is said but for the line of a folder without mistakes; places without the folder.
  local function check(text, ...)
    local folder = support.write(support.folder(), {
      ["gateway.lua"] = ("return {\n%s\n}"):format((text:gsub("PAIRS", pairs_of_keys))),
      ["connectors/shop.lua"] = CONNECTOR,
    })
    local code, output = support.run({ support.binary, "check", folder, ... })
    local said = {}
    for line in output:gmatch("[^\n]+") do
      if line:sub(1, #folder + 1) == folder .. "/" then said[#said + 1] = line:sub(#folder + 2) end
    end
    return code, said, folder
  end

  --- What `run` does with the same folder; the code 0 stands for its being there and listening.
  local function run_code(folder)
    local started = support.start({ support.binary, "run", "--store", support.folder() .. "/s.db", "--log-format", "json", folder })
    support.eventually("it listens or ends", function()
      return not started:is_running() or started:errors():find('"msg":"listening"', 1, true)
    end)
    if not started:is_running() then return started:wait() end
    started:signal("TERM")
    return started:wait()
  end

  local function refused(text, message)
    local code, said, folder = check('listen = "127.0.0.1:0", ' .. text)
    assert.equal(3, code)
    assert.equal(1, #said)
    assert.matches(message, said[1], 1, true)
    assert.equal(3, run_code(folder))
  end

  local function warned(text, message)
    local code, said, folder = check(text)
    assert.equal(0, code)
    assert.equal(1, #said)
    assert.matches("^gateway.lua: warning: ", said[1])
    assert.matches(message, said[1], 1, true)
    assert.equal(3, (check(text, "--strict")))
    return folder
  end

  it("takes a pair that fits", function()
    local code, said, folder = check('listen = "127.0.0.1:0", tls = { certificate = "PAIRS/good.pem", key = "PAIRS/good.key" }')
    assert.same({}, said)
    assert.equal(0, code)
    assert.equal(0, run_code(folder))
  end)

  for text, message in pairs({
    ['tls = { certificate = "nowhere.pem", key = "PAIRS/good.key" }'] = "nowhere.pem: No such file or directory",
    ['tls = { certificate = "PAIRS/good.pem", key = "nowhere.key" }'] = "nowhere.key: No such file or directory",
    ['tls = { certificate = "PAIRS/good.pem", key = "PAIRS/other.key" }'] = "other.key: it is not the key of tls.certificate",
    ['tls = { certificate = "PAIRS/good.key", key = "PAIRS/good.key" }'] = "there is nothing of the kind in it",
    ['tls = { certificate = "PAIRS/good.pem" }'] = "tls.certificate is set without tls.key",
    ['tls = { certificate = "PAIRS/good.pem", key = "PAIRS/good.key", client_ca = "no.pem" }'] = "no.pem: No such file",
    ['egress = { ca_file = "/nowhere/ca.pem" }'] = "egress.ca_file: /nowhere/ca.pem: No such file",
    ['egress = { ca_file = "nowhere.pem" }'] = "/nowhere.pem: No such file",
    ['tokens = { { name = "a", scope = "ingest", token = "t", connectors = { "shpo" } } }'] =
      "gateway.lua:2: there is no connector 'shpo', did you mean 'shop'?",
    ['tokens = { admin = secret "NOT_THERE" }'] = "NOT_THERE",
    ['sources = { a = { source = "nothing" } }'] = "nothing",
  }) do
    it("finds what run refuses: " .. text, function() refused(text, message) end)
  end

  it("finds an address that is none", function()
    for _, address in ipairs({ "8080", "127.0.0.1", "[::1]", "::1:80", "127.0.0.1:80800" }) do
      local code, said, folder = check(("listen = %q"):format(address))
      assert.equal(3, code)
      assert.same({ ("gateway.lua: listen: '%s' is not HOST:PORT or [IPV6]:PORT"):format(address) }, said)
      assert.equal(1, run_code(folder))
    end
  end)

  it("warns of a certificate that has expired, with which run starts", function()
    local folder = warned('listen = "127.0.0.1:0", tls = { certificate = "PAIRS/expired.pem", key = "PAIRS/expired.key" }',
      "expired.pem: it has expired")
    assert.equal(0, run_code(folder))
  end)

  it("warns of an address that others reach without a token, which flags may still bring", function()
    for _, address in ipairs({ "0.0.0.0:0", "*:0", "[::]:0", "192.0.2.1:80" }) do
      warned(("listen = %q"):format(address), "listen: without tokens the gateway listens on loopback only")
    end
    local folder = warned('listen = "127.0.0.1:0", admin = { listen = "0.0.0.0:0" }', "admin.listen: without tokens")
    assert.equal(3, run_code(folder))
    for _, address in ipairs({ "localhost:0", "127.8.8.8:1", "[::1]:0" }) do
      assert.equal(0, (check(("listen = %q"):format(address))))
    end
  end)
end)
