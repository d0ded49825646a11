-- SPDX-License-Identifier: MIT

local support = require "unit.support"

support.setenv("PERILUNE_SECRET_CREDENTIALS", "hidden-value")

--- A connector with an authenticator of this text, and what else is in its webhook.
local function connector(authenticator, more)
  return ("return { authenticator = %s,\nwebhooks = { { on = 't', url = 'http://a.example', %s } } }"):format(authenticator, more or "")
end

--- An authenticator whose credentials are of this text.
local function said(text) return ("{ credentials = function(config) return %s end }"):format(text) end

local function faults(authenticator, files)
  files = files or {}
  files["connectors/acme.lua"] = connector(authenticator)
  return support.faults(files)
end

--- The list that C reads of the only webhook, or nil.
local function data_of(authenticator, more)
  return support.connector(connector(authenticator, more)).entries[1].credentials
end

describe("credentials", function()
  it("are set in their order, each on what those before it have made", function()
    local sent = support.authenticated(said [[{
      { header = "X-A", value = { "a", 1, { request = "method" } } },
      { header = "X-B", value = { "<", { header = "x-a" }, ">", secret "CREDENTIALS" } },
      { query = "q", value = { hex = { request = "body" } } },
      { cookie = "c", value = { base64url = "\255\254" } },
      { basic = { "me", { secret "CREDENTIALS" } } },
    }]], { body = "ab" })
    assert.equal("a1POST", sent.headers["x-a"])
    assert.equal("<a1POST><secret>", sent.headers["x-b"])
    assert.same({ "q=6162" }, sent.query)
    assert.equal("c=__4", sent.headers.cookie)
    assert.equal("Basic me:<secret>", sent.headers.authorization)
  end)

  it("are parts of the URL, the time of the attempt, and hashes", function()
    local function value(part, given) return support.authenticated(said('{ { header = "X", value = ' .. part .. ' } }'), given).headers.x end
    local url = { url = "https://a.example/orders/7?b=%20&a#there" }
    assert.equal("/orders/7", value('{ request = "path" }', url))
    assert.equal("b=%20&a", value('{ request = "query" }', url))
    assert.equal("/", value('{ request = "path" }', { url = "https://a.example?a" }))
    assert.equal("", value('{ request = "query" }', { url = "https://a.example" }))
    assert.equal("1700000000", value('{ now = "seconds" }', { now = 1700000000.999 }))
    for _, ms in ipairs { 1700000000000, 1700000000001, 1700000000249, 1700000000501, 1700000000999 } do
      assert.equal(("%d"):format(ms), value('{ now = "milliseconds" }', { now = ms / 1000 }))
    end
    -- RFC 6234 section 8.5 and RFC 4231, test case 2
    assert.equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", value('{ hex = { hash = "sha256", of = { "a", "bc" } } }', {}))
    assert.equal("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
      value('{ hex = { hmac = "sha256", key = "SmVmZQ==", key_form = "base64", of = "what do ya want for nothing?" } }', {}))
  end)

  it("may be made by functions, of ctx and request", function()
    local text = said [[{ { header = "X", value = { function(ctx, request) return ctx.config.a .. request:method() end, "!" } } }]]
    local sent = support.authenticated(text:gsub("{", "{ config = { a = 'of config ' },", 1), {})
    assert.equal("of config POST!", sent.headers.x)
    assert.matches("expected a text, a number or a secret", support.raised(support.authenticated,
      said "{ { header = 'X', value = function() end } }", {}), 1, true)
    assert.matches("connectors/acme.lua:1: oh no", support.raised(support.authenticated,
      said "{ { header = 'X', value = function() error 'oh no' end } }", {}), 1, true)
  end)

  it("are for C where all of them are data, and no hook comes before", function()
    local bearer = '{ type = "bearer", token = "abcd" }'
    assert.equal(1, #data_of(bearer))
    assert.equal(2, #data_of(("{ %s, { type = 'none' }, %s }"):format(bearer, bearer)))
    assert.equal(0, #data_of "nil")
    assert.equal(0, #data_of '{ type = "none" }')
    assert.equal(3, #data_of '{ type = "standard-webhooks", key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" }')
    assert.equal(1, #data_of '{ type = "hmac", key = "k", header = "S", content = "{timestamp}.{path}" }')
    assert.is_nil(data_of '{ type = "hmac", key = "k", header = "S", headers = { ["X-Nonce"] = "{nonce}" } }')
    assert.is_nil(data_of '{ type = "hmac", key = "k", header = "S", content = "{form}" }')
    assert.is_nil(data_of(bearer, "hooks = { { before_send = function() end } }"))
    assert.is_nil(data_of(("{ %s, { apply = function() end } }"):format(bearer)))
    assert.is_nil(data_of(said "{ { header = 'X', value = function() return '' end } }"))
  end)

  it("may be nothing for some configs, which `apply` is for then", function()
    local both = "{ credentials = function() end, apply = function(_, request) request:set_header('X', 'applied') end }"
    assert.equal("applied", support.authenticated(both, {}).headers.x)
    assert.equal("said", support.authenticated(both:gsub("function%(%)", "%0 return { { header = 'X', value = 'said' } }"), {}).headers.x)
    assert.same({ "connectors/acme.lua:1: 'credentials' gives nothing for this config, and there is no 'apply'" },
      faults "{ credentials = function() end }")
  end)

  it("that are wrong are mistakes of the folder, with the plugin's name", function()
    for text, message in pairs {
      ["1"] = "'credentials' wants a list, got a number",
      ["{ 1 }"] = "'credentials[1]' wants a table, got a number",
      ["{ { heder = 'X', value = '' } }"] = "credentials[1].heder: unknown key 'heder', did you mean 'header'?",
      ["{ {} }"] = "'credentials[1]' wants one of basic, cookie, header, query",
      ["{ { header = 'X' } }"] = "credentials[1]: 'value' is missing",
      ["{ { header = 'X', value = 'x', valu = 1 } }"] = "credentials[1].valu: unknown key 'valu', did you mean 'value'?",
      ["{ { header = 'X Y', value = 'x' } }"] = "'credentials[1].header' cannot be the name of a header",
      ["{ { header = 'Content-Length', value = 'x' } }"] = "'credentials[1].header' is a header that the gateway sets itself",
      ["{ { cookie = '=', value = 'x' } }"] = "'credentials[1].cookie' cannot be the name of a cookie",
      ["{ { basic = { 'user' } } }"] = "'credentials[1].basic' wants a list of two, a user and a password",
      ["{ { header = 'X', value = true } }"] =
        "'credentials[1].value' wants a text, a number, a secret, a table or a function, got a boolean",
      ["{ { header = 'X', value = { 'a', { hex = json.null } } } }"] =
        "'credentials[1].value[2].hex' wants a text, a number, a secret, a table or a function, got json.null",
      ["{ { header = 'X', value = { request = 'host' } } }"] =
        "'credentials[1].value.request' must be one of 'method', 'url', 'path', 'query', 'body'",
      ["{ { header = 'X', value = { hash = 'sha0', of = 'x' } } }"] = "'credentials[1].value.hash' is wrong: there is no hash 'sha0'; there are "
        .. "md5, sha1, sha224, sha256, sha384, sha512, sha3_224, sha3_256, sha3_384, sha3_512",
      ["{ { header = 'X', value = { hmac = 'sha1', key = 'k', key_form = 'bas64', of = 'x' } } }"] =
        "'credentials[1].value.key_form' is wrong: there is no form 'bas64' of a key; there are raw, base64, hex, whsec, whsk, whpk, pem",
      ["{ { header = 'X', value = { sign = 'ES1', key = 'k', of = 'x' } } }"] = "'credentials[1].value.sign' is wrong: there is no algorithm 'ES1' for "
        .. "signatures; there are HS256, HS384, HS512, RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA",
      ["error('not with this', 0)"] = "not with this",
    } do
      local files = { ["plugins/p/schema.lua"] = support.schema "",
        ["plugins/p/handler.lua"] = ("return { credentials = function() return %s end }"):format(text) }
      assert.same({ "connectors/acme.lua:1: the plugin 'p': " .. message }, faults("{ type = 'p' }", files))
      assert.same({ "connectors/acme.lua:1: " .. message }, faults(said(text)))
    end
  end)

  it("that lead to themselves are such a mistake", function()
    local text = "(function() local t = {} t.hex = { t } return { { header = 'X', value = t } } end)()"
    local found = faults(said(text))
    assert.equal(1, #found)
    assert.matches("connectors/acme.lua:1: 'credentials%[1%].*' is a part too many, or too deep in others", found[1])
    text = "(function() local t = {} for i = 1, 1001 do t[i] = { now = 'seconds' } end return { { header = 'X', value = t } } end)()"
    assert.same({ "connectors/acme.lua:1: 'credentials[1].value[1001]' is a part too many, or too deep in others" }, faults(said(text)))
  end)
end)
