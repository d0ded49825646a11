-- SPDX-License-Identifier: MIT

local core = require "perilune.core"
local openssl = require "spec.support.openssl"
local process = require "spec.support.process"
local support = require "unit.support"

-- The vectors of the reference libraries (v1) and of Svix (v1a).
local ID, TIME, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", '{"test": 2432232314}'
local KEY, V1 = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
local PRIVATE = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=="
local PUBLIC = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="
local V1A = "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=="
local OTHER = "whsec_" .. core.base64.encode(("k"):rep(24))

local function configured(text) return ('{ type = "standard-webhooks", %s }'):format(text) end

local function sent(text, headers)
  return support.authenticated(configured(text), { body = BODY,
    headers = headers or { ["webhook-id"] = ID, ["webhook-timestamp"] = TIME } }).headers
end

local function verified(text, change)
  local given = { body = BODY, now = tonumber(TIME), headers = {
    ["webhook-id"] = ID, ["webhook-timestamp"] = TIME, ["webhook-signature"] = V1 } }
  for name, value in pairs(change or {}) do
    if name == "now" or name == "body" then given[name] = value else given.headers[name] = value or nil end
  end
  return support.verified(configured(text), given)
end

local function refused(message, text, change)
  assert.matches(message, support.raised(verified, text, change), 1, true)
end

local KEYS = ('key = %q'):format(KEY)

describe("the authenticator standard-webhooks", function()
  teardown(function() process.clean() end)

  it("signs with a shared key as the vector of the reference libraries says", function()
    local headers = sent(KEYS)
    assert.equal(V1, headers["webhook-signature"])
    assert.equal(ID, headers["webhook-id"])
    assert.equal(TIME, headers["webhook-timestamp"])
    assert.equal(V1, sent(('key = %q'):format(KEY:sub(7)))["webhook-signature"]) -- without whsec_
  end)

  it("signs with a key of Ed25519 as Svix's vector says", function()
    assert.equal(V1A, sent(('private_key = %q'):format(PRIVATE))["webhook-signature"])
  end)

  it("sends the signatures of all keys while they are rotated", function()
    local headers = sent(("key = { %q, %q }, private_key = { %q }"):format(OTHER, KEY, PRIVATE))
    local first, rest = headers["webhook-signature"]:match("^(%S+) (.*)$")
    assert.equal(V1 .. " " .. V1A, rest)
    assert.matches("^v1,[%w+/]+=$", first)
  end)

  it("has other names for the headers of Svix", function()
    local headers = sent(KEYS .. ', headers = "svix"')
    assert.same({ ID, TIME, V1 }, { headers["svix-id"], headers["svix-timestamp"], headers["svix-signature"] })
    assert.is_nil(headers["webhook-signature"])
  end)

  it("signs nothing without a key, an id or a timestamp, or with a key of another kind", function()
    for text, message in pairs {
      [('public_key = %q'):format(PUBLIC)] = "there is neither a key nor a private_key to sign with",
      [('key = %q'):format(PRIVATE)] = 'the key begins with whsk_; its form is "whsk"',
      ['key = "not base64!"'] = "the key is not base64",
    } do
      assert.matches(message, support.raised(sent, text), 1, true)
    end
    for message, headers in pairs {
      ["the request has no header 'webhook-id', which credentials are made of"] = {},
      ["the request has no header 'webhook-timestamp', which credentials are made of"] = { ["webhook-id"] = ID },
      ["the header 'webhook-id' must be without '.', since credentials are made of it"] =
        { ["webhook-id"] = "a.b", ["webhook-timestamp"] = TIME },
      ["the header 'webhook-timestamp' must be without '.', since credentials are made of it"] =
        { ["webhook-id"] = ID, ["webhook-timestamp"] = "1.5" },
    } do
      assert.equal(message, (support.raised(sent, KEYS, headers)))
    end
  end)

  it("has keys that are none, or no key, as a mistake of the folder", function()
    for text, message in pairs {
      ['private_key = "whsk_AA=="'] = "standard-webhooks: private_key: the key has 1 bytes; expected 32 or 64",
      ['public_key = { "whpk_AA==" }'] = "standard-webhooks: public_key: the key has 1 bytes; expected 32",
      ["tolerance = 60"] = "standard-webhooks: one of key, private_key and public_key must be there",
    } do
      assert.same({ "connectors/acme.lua:2: " .. message }, support.faults { ["connectors/acme.lua"] =
        ("return { webhooks = { { on = 't', url = 'http://a.example' } },\nauthenticator = %s }"):format(configured(text)) })
    end
  end)

  it("verifies, and says which message it was", function()
    assert.same({ id = ID, timestamp = tonumber(TIME) }, verified(KEYS))
    verified(('key = { %q, %q }'):format(OTHER, KEY))
    verified(KEYS, { ["webhook-signature"] = "v1,bm8= v2,x " .. V1A .. " " .. V1 })
    verified(KEYS, { ["webhook-signature"] = V1:gsub("=$", "") })
    verified(('public_key = %q'):format(PUBLIC), { ["webhook-signature"] = V1 .. " " .. V1A })
    verified(("%s, public_key = %q"):format(KEYS, PUBLIC))
  end)

  it("verifies with what openssl has signed", function()
    local pair = openssl.pair("-algorithm ED25519")
    local public = core.base64.decode((pair.public:gsub("%-%-[^\n]*", ""):gsub("%s", ""))):sub(-32)
    local signature = pair:sign(("%s.%s.%s"):format(ID, TIME, BODY), "")
    verified(('public_key = "whpk_%s"'):format(core.base64.encode(public)),
      { ["webhook-signature"] = "v1a," .. core.base64.encode(signature) })
  end)

  it("refuses what is not genuine", function()
    local not_genuine = "standard-webhooks: the signature is not genuine"
    refused(not_genuine, KEYS, { body = BODY .. " " })
    refused(not_genuine, KEYS, { ["webhook-id"] = ID .. "x" })
    refused(not_genuine, KEYS, { ["webhook-timestamp"] = "1614265331" })
    refused(not_genuine, ('key = %q'):format(OTHER))
    refused(not_genuine, ('public_key = %q'):format(PUBLIC)) -- a v1 is no v1a
    for _, signature in ipairs { "", "v1,", "v1", V1:sub(4), "v1a" .. V1:sub(3), V1:sub(1, -5), "v1,{}", V1A } do
      refused(not_genuine, KEYS, { ["webhook-signature"] = signature })
    end
    for _, name in ipairs { "webhook-id", "webhook-timestamp", "webhook-signature" } do
      refused(("there is no header '%s'"):format(name), KEYS, { [name] = false })
    end
    refused("there is neither a key nor a public_key", ('private_key = %q'):format(PRIVATE))
  end)

  it("refuses what is older or newer than five minutes", function()
    local time = tonumber(TIME)
    verified(KEYS, { now = time + 300 })
    verified(KEYS, { now = time - 300 })
    refused("the timestamp is off by 301 seconds", KEYS, { now = time + 301 })
    refused("the timestamp is off by 301 seconds", KEYS, { now = time - 301 })
    verified(KEYS .. ", tolerance = 600", { now = time + 600 })
    for _, text in ipairs { "", "soon", "1614265330.0", "-1", "0x60379e32", "1e9" } do
      refused("the timestamp is none", KEYS, { ["webhook-timestamp"] = text })
    end
  end)
end)
