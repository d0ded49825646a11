-- SPDX-License-Identifier: MIT

local core = require "perilune.core"
local openssl = require "spec.support.openssl"
local process = require "spec.support.process"
local python = require "spec.support.python"
local support = require "unit.support"

local base64, hex, json = core.base64, core.hex, core.json

local SHARED = "a key that both sides know, of no less than sixty-four bytes, as RFC 7518 asks"
local NOW = 1700000000

local PAIRS = {
  RS = "-algorithm RSA -pkeyopt rsa_keygen_bits:2048", EdDSA = "-algorithm ED25519",
  ES256 = "-algorithm EC -pkeyopt ec_paramgen_curve:P-256", ES384 = "-algorithm EC -pkeyopt ec_paramgen_curve:P-384",
  ES512 = "-algorithm EC -pkeyopt ec_paramgen_curve:P-521",
}
local ALGORITHMS = { "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384",
  "ES512", "EdDSA" }

local made = {}

--- Private and public key of an algorithm; of shared ones the same text twice.
local function pair_of(algorithm)
  if algorithm:find("^HS") then return { private = SHARED, public = SHARED } end
  local kind = algorithm:find("^[RP]S") and "RS" or algorithm
  made[kind] = made[kind] or openssl.pair(PAIRS[kind])
  return made[kind]
end

local function ask(case)
  return python.ask("spec/support/jwt_oracle.py", { assert(json.encode(case)) })[1]
end

local function config(algorithm, key, more)
  return ("{ type = 'jwt', algorithm = %q, key = %q, %s }"):format(algorithm, key, more or "")
end

--- The token of a request, which is given to it as a secret.
local function sent_token(text, given)
  local token
  local concealed = core.secret_of
  core.secret_of = function(value) -- the sandbox asks for it when it conceals
    token = value
    return concealed(value)
  end
  local ok, result = pcall(support.authenticated, text, given or {})
  core.secret_of = concealed
  if not ok then error(result, 0) end
  return token, result
end

local function unsigned_parts(token)
  local header, claims = token:match("^([^.]+)%.([^.]+)%.")
  return assert(json.decode(base64.url_decode(header))), assert(json.decode(base64.url_decode(claims)))
end

local function bearing(token, more)
  local given = { headers = { Authorization = "Bearer " .. token }, now = NOW }
  for name, value in pairs(more or {}) do given[name] = value end
  return given
end

local function refused(message, text, given)
  assert.matches(message, support.raised(support.verified, text, given), 1, true)
end

describe("the authenticator jwt", function()
  teardown(function() process.clean() end)

  for _, algorithm in ipairs(ALGORITHMS) do
    it("makes tokens in " .. algorithm .. " that PyJWT takes, and takes PyJWT's", function()
      local pair = pair_of(algorithm)
      local token = sent_token(config(algorithm, pair.private, "issuer = 'us', audience = 'them', kid = 'k1'"))
      local answer = ask { ["do"] = "decode", algorithm = algorithm, key = pair.public, token = token,
        audience = "them", issuer = "us" }
      assert.same({ alg = algorithm, typ = "JWT", kid = "k1" }, answer.header, answer.refused)
      assert.same({ NOW, NOW + 300, "us" }, { answer.claims.iat, answer.claims.exp, answer.claims.iss })

      local theirs = ask({ ["do"] = "encode", algorithm = algorithm, key = pair.private,
        claims = { exp = NOW + 1, sub = "ada" } }).token
      assert.equal("ada", support.verified(config(algorithm, pair.public), bearing(theirs)).sub)
      local other = theirs:gsub("%.[^.]+%.", "." .. base64.url_encode('{"exp":1700000001,"sub":"eve"}') .. ".")
      refused("jwt: the signature is not genuine", config(algorithm, pair.public), bearing(other))
    end)
  end

  describe("takes the token of RFC 7515", function()
    local CLAIMS = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"

    local function joe(text, token)
      local claims = support.verified(text, bearing(token, { now = 1300819379 }))
      assert.same({ iss = "joe", exp = 1300819380, ["http://example.com/is_root"] = true }, claims)
    end

    it("A.1, HS256", function()
      joe(config("HS256", "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
        "key_form = 'base64'"), ("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.%s.%s"):format(CLAIMS,
        "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"))
    end)

    it("A.2, RS256", function()
      local key = ask({ ["do"] = "pem", jwk = { kty = "RSA", e = "AQAB",
        n = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd"
          .. "2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTB"
          .. "EMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk"
          .. "2PAcDTW9gb54h4FRWyuXpoQ" } }).pem
      joe(config("RS256", key), ("eyJhbGciOiJSUzI1NiJ9.%s.%s"):format(CLAIMS,
        "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7"
        .. "t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi"
        .. "12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypG"
        .. "lUPQGe77Rw"))
    end)

    it("A.3, ES256", function()
      local key = ask({ ["do"] = "pem", jwk = { kty = "EC", crv = "P-256",
        x = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", y = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" } }).pem
      joe(config("ES256", key), ("eyJhbGciOiJFUzI1NiJ9.%s.%s"):format(CLAIMS,
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"))
    end)
  end)

  describe("makes a token", function()
    it("anew for each attempt", function()
      local text = config("HS256", SHARED, "lifetime = 60, not_before = 5")
      local _, first = unsigned_parts(sent_token(text, { now = NOW + 0.9 }))
      local _, second = unsigned_parts(sent_token(text, { now = NOW + 7 }))
      assert.same({ NOW, NOW + 60, NOW - 5 }, { first.iat, first.exp, first.nbf })
      assert.same({ NOW + 7, NOW + 67, NOW + 2 }, { second.iat, second.exp, second.nbf })
      assert.matches("^%x+%-%x+%-%x+%-%x+%-%x+$", first.jti)
      assert.not_equal(first.jti, second.jti)
    end)

    it("with claims that are templates, at any depth, and go before its own", function()
      local _, claims = unsigned_parts(sent_token(config("HS256", SHARED, [[issuer = "us", claims = {
        sub = "{{ data.customer.id }}", n = 7, ok = true, nothing = json.null, jti = "{{ event.id }}", empty = {},
        roles = json.array { "{{ data.role|upper }}", "b" }, of = { deep = { "{{ 1 + 1 }}" } } }]]),
        { values = { data = { customer = { id = "c-17" }, role = "admin" }, event = { id = "e-1" } } }))
      assert.same({ sub = "c-17", n = 7, ok = true, nothing = json.null, jti = "e-1", empty = {}, iss = "us",
        roles = { "ADMIN", "b" }, of = { deep = { "2" } }, iat = NOW, exp = NOW + 300 }, claims)
    end)

    it("with other fields in its header, but no other algorithm", function()
      local header = unsigned_parts(sent_token(config("HS256", SHARED,
        "typ = 'webhook+jwt', header_fields = { cty = 'json', alg = 'none' }")))
      assert.same({ alg = "HS256", typ = "webhook+jwt", cty = "json" }, header)
    end)

    it("with the SHA-256 of the body, in hex or base64url", function()
      local sum = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" -- FIPS 180, "abc"
      local text = config("HS256", SHARED, "body_claim = 'body_sha256'")
      local _, claims = unsigned_parts(sent_token(text, { body = "abc" }))
      assert.equal(sum, claims.body_sha256)
      _, claims = unsigned_parts(sent_token(config("HS256", SHARED, "body_claim = 'bh', body_encoding = 'base64url'"),
        { body = "abc" }))
      assert.equal(base64.url_encode(hex.decode(sum)), claims.bh)
      _, claims = unsigned_parts(sent_token(text))
      assert.equal("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", claims.body_sha256) -- of nothing
    end)

    it("as a secret, in a header of any name", function()
      local _, sent = sent_token(config("HS256", SHARED))
      assert.equal("Bearer <secret>", sent.headers.authorization)
      _, sent = sent_token(config("HS256", SHARED, "name = 'X-Token', prefix = ''"))
      assert.same({ ["x-token"] = "<secret>" }, sent.headers)
    end)

    it("with a key that is encrypted", function()
      local pair = pair_of("ES256")
      local pem = pair:converted("pkey -in private.pem -aes256 -passout pass:sesame")
      local token = sent_token(config("ES256", pem, "passphrase = 'sesame'"))
      support.verified(config("ES256", pair.public), bearing(token))
    end)

    it("not with a claim that fails, or a key that does not fit", function()
      assert.matches("template:1:%d+: .*'a'", (support.raised(sent_token,
        config("HS256", SHARED, [[claims = { sub = "{{ a.b }}" }]]))))
      assert.matches("RS256 takes an RSA key", support.raised(sent_token, config("RS256", pair_of("ES256").private)), 1, true)
      assert.matches("a secret cannot be written as JSON", support.raised(sent_token,
        config("HS256", SHARED, [[claims = { key = conceal "value" }]])), 1, true)
    end)
  end)

  describe("verifies", function()
    local CONFIG = config("HS256", SHARED)

    local function token(claims, header)
      return ask { ["do"] = "encode", algorithm = "HS256", key = SHARED, claims = claims, header = header }.token
    end

    it("times, with a leeway", function()
      local function at(claims, now) return CONFIG, bearing(token(claims), { now = now }) end
      support.verified(at({ exp = NOW, nbf = NOW - 10, iat = NOW - 10 }, NOW + 59.5))
      refused("the token has expired", at({ exp = NOW }, NOW + 60))
      support.verified(at({ exp = NOW + 99, nbf = NOW, iat = NOW }, NOW - 60))
      refused("the token does not hold yet", at({ exp = NOW + 99, nbf = NOW }, NOW - 61))
      refused("the token was issued in the future", at({ exp = NOW + 99, iat = NOW }, NOW - 61))
      support.verified(at({ exp = NOW + 0.5 }, NOW)) -- a NumericDate may have a fraction
      refused("the claim 'exp' is not a number", at({ exp = tostring(NOW) }, NOW))
      refused("the claim 'nbf' is not a number", at({ exp = NOW, nbf = json.array {} }, NOW))
    end)

    it("that claims are there that must be", function()
      refused("the token has no claim 'exp'", CONFIG, bearing(token { sub = "a" }))
      refused("the token has no claim 'exp'", CONFIG, bearing(token { exp = json.null }))
      support.verified(config("HS256", SHARED, "required = {}"), bearing(token { sub = "a" }))
      refused("the token has no claim 'sub'", config("HS256", SHARED, "required = { 'exp', 'sub' }"), bearing(token { exp = NOW }))
    end)

    it("issuer and audience", function()
      local text = config("HS256", SHARED, "issuer = 'us', audience = 'them'")
      support.verified(text, bearing(token { exp = NOW, iss = "us", aud = "them" }))
      support.verified(text, bearing(token { exp = NOW, iss = "us", aud = { "others", "them" } }))
      refused("from another issuer", text, bearing(token { exp = NOW, aud = "them" }))
      refused("from another issuer", text, bearing(token { exp = NOW, iss = "we", aud = "them" }))
      for _, aud in ipairs { "others", json.array {}, json.object {}, json.null, 1 } do
        refused("for another audience", text, bearing(token { exp = NOW, iss = "us", aud = aud }))
      end
    end)

    it("that the body is the one that was signed", function()
      local text = config("HS256", SHARED, "body_claim = 'body_sha256'")
      local given = bearing(token { exp = NOW, body_sha256 = hex.encode(core.crypto.sha256 "the body") })
      given.body = "the body"
      support.verified(text, given)
      given.body = "the body "
      refused("the token is of another body", text, given)
      refused("the token is of another body", text, bearing(token { exp = NOW }))
      refused("the token is of another body", text, bearing(token { exp = NOW, body_sha256 = json.array {} }))
    end)

    it("with any of several keys, also of another kind", function()
      local es, other = pair_of("ES256"), openssl.pair(PAIRS.ES256)
      local keys = ("{ type = 'jwt', algorithm = 'ES256', algorithms = { 'ES256', 'RS256' }, key = { %q, %q } }"):format(
        pair_of("RS256").public, es.public)
      for _, algorithm in ipairs { "ES256", "RS256" } do
        support.verified(keys, bearing(ask({ ["do"] = "encode", algorithm = algorithm, key = pair_of(algorithm).private,
          claims = { exp = NOW } }).token))
      end
      refused("the signature is not genuine", keys, bearing(ask({ ["do"] = "encode", algorithm = "ES256",
        key = other.private, claims = { exp = NOW } }).token))
    end)

    it("no algorithm but its own", function()
      local rsa = pair_of("RS256")
      local function forged(alg, signature)
        return ("%s.%s.%s"):format(base64.url_encode(('{"alg":%s}'):format(alg)), base64.url_encode('{"exp":1700000001}'), signature)
      end
      for _, alg in ipairs { '"none"', '"None"', '"hs256"', "null", "1", "[]", '"HS512"' } do
        refused("the token's algorithm is not one that is taken", CONFIG, bearing(forged(alg, "AAAA")))
      end
      -- The public key as if it were a shared one.
      local input = forged('"HS256"', ""):sub(1, -2)
      local mac = base64.url_encode(core.crypto.hmac("sha256", rsa.public, input))
      refused("the token's algorithm is not one that is taken", config("RS256", rsa.public), bearing(input .. "." .. mac))
      refused("algorithms of shared keys and of pairs cannot be mixed",
        config("RS256", rsa.public, "algorithms = { 'RS256', 'HS256' }"), bearing(input .. "." .. mac))
    end)

    it("nothing that is no token", function()
      local good = token { exp = NOW }
      support.verified(CONFIG, { headers = { authorization = "bearer " .. good }, now = NOW })
      refused("there is no header 'Authorization'", CONFIG, {})
      refused("does not begin with 'Bearer '", CONFIG, { headers = { Authorization = good } })
      for _, text in ipairs { "", "a.b", "..", good .. ".x", good .. " ", " " .. good, good:gsub("%.[^.]+$", "."), good .. "=" } do
        refused("this is no signed token", CONFIG, bearing(text))
      end
      refused("the header of the token is not a JSON object", CONFIG, bearing("e30x" .. good))
      refused("the header of the token is not a JSON object", CONFIG, bearing("W10." .. good:match "%.(.*)$"))
      refused("critical fields", CONFIG, bearing(token({ exp = NOW }, { crit = { "exp" }, exp = 1 })))
    end)
  end)

  it("wants an algorithm that there is, and a key", function()
    assert.same({ "authenticators/a.lua:1: 'algorithm' is missing", "authenticators/a.lua:1: 'key' is missing" },
      support.faults { ["authenticators/a.lua"] = 'return { type = "jwt" }' })
    assert.matches("'algorithm' must be one of 'HS256'",
      support.faults({ ["authenticators/a.lua"] = 'return { type = "jwt", algorithm = "none", key = "k" }' })[1])
  end)
end)
