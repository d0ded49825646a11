-- SPDX-License-Identifier: MIT

--- core.crypto against the openssl command, in both directions, and against the vectors of Standard Webhooks.

local core = require "perilune.core"
local openssl = require "spec.support.openssl"
local process = require "spec.support.process"

local crypto, base64, hex, random = core.crypto, core.base64, core.hex, core.random

local DATA = ("a payload of more than one block, \0 and \255; "):rep(10)

-- The options of `openssl genpkey`, and for each algorithm of `openssl pkeyutl`.
local PAIRS = {
  rsa = "-algorithm RSA -pkeyopt rsa_keygen_bits:2048", p256 = "-algorithm EC -pkeyopt ec_paramgen_curve:P-256",
  p384 = "-algorithm EC -pkeyopt ec_paramgen_curve:P-384", p521 = "-algorithm EC -pkeyopt ec_paramgen_curve:P-521",
  ed25519 = "-algorithm ED25519",
}
local PSS = "-pkeyopt rsa_padding_mode:pss -pkeyopt rsa_pss_saltlen:digest "
local DER = { form = "der" }
local ALGORITHMS = {
  RS256 = { "rsa", "-digest sha256" }, RS384 = { "rsa", "-digest sha384" }, RS512 = { "rsa", "-digest sha512" },
  PS256 = { "rsa", PSS .. "-digest sha256" }, PS384 = { "rsa", PSS .. "-digest sha384" },
  PS512 = { "rsa", PSS .. "-digest sha512" },
  ES256 = { "p256", "-digest sha256", DER }, ES384 = { "p384", "-digest sha384", DER },
  ES512 = { "p521", "-digest sha512", DER }, EdDSA = { "ed25519", "" },
}

local pairs_of = {}

local function fails(message, f, ...)
  local ok, reason = pcall(f, ...)
  assert.is_false(ok)
  assert.equal(message, (tostring(reason):gsub("^[^:]+:%d+: ", "")))
end

describe("signatures", function()
  setup(function()
    for name, options in pairs(PAIRS) do pairs_of[name] = openssl.pair(options) end
  end)
  teardown(function() process.clean() end)

  for name, row in pairs(ALGORITHMS) do
    it("of " .. name .. " are taken by openssl, and openssl's are taken", function()
      local pair, options, form = pairs_of[row[1]], row[2], row[3]
      local ours, theirs = crypto.sign(name, pair.private, DATA, form), pair:sign(DATA, options)
      assert.is_true(pair:verifies(DATA, ours, options))
      assert.is_false(pair:verifies(DATA .. "x", ours, options))
      for _, key in ipairs { pair.public, pair.private } do
        assert.is_true(crypto.verify(name, key, DATA, theirs, form))
        assert.is_true(crypto.verify(name, key, DATA, ours, form))
        assert.is_false(crypto.verify(name, key, DATA .. "x", theirs, form))
        assert.is_false(crypto.verify(name, key, DATA, theirs:sub(1, -2), form))
        assert.is_false(crypto.verify(name, key, DATA, "", form))
      end
    end)
  end

  it("of nothing are signatures, too", function()
    for name, row in pairs(ALGORITHMS) do
      local pair = pairs_of[row[1]]
      assert.is_true(crypto.verify(name, pair.public, "", crypto.sign(name, pair.private, "")), name)
    end
  end)

  it("are not taken from another key, and a salt of another length is not JOSE's", function()
    local other = openssl.pair(PAIRS.p256)
    local signature = crypto.sign("ES256", other.private, DATA)
    assert.is_true(crypto.verify("ES256", other.public, DATA, signature))
    assert.is_false(crypto.verify("ES256", pairs_of.p256.public, DATA, signature))
    local salted = pairs_of.rsa:sign(DATA, "-pkeyopt rsa_padding_mode:pss -pkeyopt rsa_pss_saltlen:20 -digest sha256")
    assert.is_false(crypto.verify("PS256", pairs_of.rsa.public, DATA, salted))
  end)

  it("are made with a key in any form of PEM", function()
    local rsa, ec = pairs_of.rsa, pairs_of.p256
    for _, pem in ipairs { rsa:converted "rsa -in private.pem -traditional",
      rsa:converted "pkey -in private.pem", (rsa.private:gsub("\n", "\\n")), (rsa.private:gsub("\n", "\r\n")) } do
      assert.is_true(rsa:verifies(DATA, crypto.sign("RS256", pem, DATA), "-digest sha256"), pem)
    end
    local sec1 = ec:converted "ec -in private.pem"
    assert.is_truthy(sec1:find("BEGIN EC PRIVATE KEY", 1, true))
    assert.is_true(ec:verifies(DATA, crypto.sign("ES256", sec1, DATA, DER), "-digest sha256"))
  end)

  it("are verified with a certificate or PKCS#1", function()
    local rsa = pairs_of.rsa
    local signature = rsa:sign(DATA, "-digest sha256")
    for _, command in ipairs { "req -x509 -new -key private.pem -subj /CN=a -days 1",
      "rsa -in private.pem -RSAPublicKey_out" } do
      assert.is_true(crypto.verify("RS256", rsa:converted(command), DATA, signature), command)
    end
  end)

  it("are made with an encrypted key when its passphrase is given", function()
    local rsa = pairs_of.rsa
    for _, command in ipairs { "pkcs8 -topk8 -in private.pem -passout pass:sesame",
      "rsa -in private.pem -traditional -aes128 -passout pass:sesame" } do
      local pem = rsa:converted(command)
      local key = crypto.key(pem, "pem", core.secret_of("sesame"))
      assert.equal("***", tostring(key))
      assert.is_true(rsa:verifies(DATA, crypto.sign("RS256", key, DATA), "-digest sha256"))
      assert.has_error(function() crypto.key(pem, "pem", "barley") end)
      assert.has_error(function() crypto.key(pem, "pem") end)
      assert.has_error(function() crypto.sign("RS256", pem, DATA) end)
    end
    fails("bad argument #3 to '?' (a passphrase is for the form \"pem\")", crypto.key, "00", "hex", "sesame")
  end)

  it("of HMAC are those of hmac", function()
    local key = core.secret_of(("k"):rep(32))
    for name, hash in pairs { HS256 = "sha256", HS384 = "sha384", HS512 = "sha512" } do
      local signature = crypto.sign(name, key, DATA)
      assert.equal(core.hmac(hash, key, DATA), signature)
      assert.is_true(crypto.verify(name, key, DATA, signature))
      assert.is_false(crypto.verify(name, key, DATA, signature:sub(1, -2)))
      assert.is_false(crypto.verify(name, ("j"):rep(32), DATA, signature))
    end
  end)

  it("say what is wrong with a key, and nothing of it", function()
    fails("RS256 takes an RSA key; this is an EC key of P-256", crypto.sign, "RS256", pairs_of.p256.private, DATA)
    fails("ES256 signs with a private key; this one is public", crypto.sign, "ES256", pairs_of.p256.public, DATA)
    fails("the key of HS256 is a PEM text; expected a secret that both share", crypto.verify, "HS256",
      pairs_of.rsa.public, DATA, "")
    fails("the PRIVATE KEY cannot be read", crypto.sign, "RS256",
      "-----BEGIN PRIVATE KEY-----\ns3cr3t++\n-----END PRIVATE KEY-----\n", DATA)
    fails("the key is empty", crypto.sign, "HS256", "", DATA)
    fails("bad argument #2 to '?' (string or secret expected, got nil)", crypto.sign, "HS256", nil, DATA)
    fails("there is no algorithm 'none' for signatures; there are HS256, HS384, HS512, RS256, RS384, RS512, PS256, "
      .. "PS384, PS512, ES256, ES384, ES512, EdDSA", crypto.verify, "none", "k", DATA, "")
  end)

  it("know the option form, of ECDSA", function()
    local key = pairs_of.p256.private
    assert.equal(64, #crypto.sign("ES256", key, DATA, { form = "jose" }))
    local message = 'bad argument #4 to \'?\' (expected { form = "jose" } or { form = "der" })'
    fails(message, crypto.sign, "ES256", key, DATA, { form = "DER" })
    fails(message, crypto.sign, "ES256", key, DATA, { from = "der" })
    fails("bad argument #4 to '?' (options are for ES256, ES384 and ES512)", crypto.sign, "HS256", "k", DATA, DER)
  end)

  it("keep more keys in use than fit", function()
    local signatures = {}
    for round = 1, 2 do
      for n = 1, 100 do
        local signature = crypto.sign("EdDSA", core.hash("sha256", tostring(n)), DATA)
        assert.equal(signatures[n] or signature, signature, round)
        signatures[n] = signature
      end
    end
  end)
end)

-- The published vectors: libraries/go/webhook_test.go of standard-webhooks, worker.rs of svix-webhooks.
describe("Standard Webhooks", function()
  local CONTENT = 'msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}'
  local SHARED = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
  local PRIVATE = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=="
  local SIGNED =
    "hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=="

  it("of v1 is made with the decoded secret", function()
    for _, secret in ipairs { SHARED, core.secret_of(SHARED), SHARED:sub(7) } do
      local key = crypto.key(secret, "whsec")
      assert.equal("***", tostring(key))
      assert.is_true(core.is_secret(key))
      assert.equal("g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", base64.encode(crypto.hmac("sha256", key, CONTENT)))
    end
  end)

  it("of v1a is made with the private key and verified with the public one", function()
    local private = crypto.key(core.secret_of(PRIVATE), "whsk")
    assert.equal(SIGNED, base64.encode(crypto.sign("EdDSA", private, CONTENT)))
    local pair = base64.decode(PRIVATE:sub(6))
    local seed = crypto.key("whsk_" .. base64.encode(pair:sub(1, 32)), "whsk")
    assert.equal(SIGNED, base64.encode(crypto.sign("EdDSA", seed, CONTENT)))
    local public = crypto.key("whpk_" .. base64.encode(pair:sub(33)), "whpk")
    for _, key in ipairs { public, private, seed } do
      assert.is_true(crypto.verify("EdDSA", key, CONTENT, base64.decode(SIGNED)))
      assert.is_false(crypto.verify("EdDSA", key, CONTENT .. "x", base64.decode(SIGNED)))
    end
    fails("EdDSA signs with a private key; this one is public", crypto.sign, "EdDSA", public, CONTENT)
  end)
end)

describe("keys", function()
  it("are decoded without being seen", function()
    for form, text in pairs { raw = "Jefe", base64 = "SmVmZQ==", hex = "4a656665", whsec = "whsec_SmVmZQ" } do
      local key = crypto.key(core.secret_of(text), form)
      assert.equal("***", tostring(key))
      assert.equal("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        hex.encode(crypto.hmac("sha256", key, "what do ya want for nothing?")))
    end
  end)

  it("say what was expected, and nothing of themselves", function()
    fails("the key is not base64", crypto.key, "s3cr*t", "base64")
    fails("the key is not hexadecimal", crypto.key, "s3cr", "hex")
    fails("the key is empty", crypto.key, "whsec_", "whsec")
    fails("the key is empty", crypto.key, " ", "base64")
    fails('the key begins with whsec_; its form is "whsec"', crypto.key, "whsec_SmVmZQ", "base64")
    fails('the key begins with whsk_; its form is "whsk"', crypto.key, "whsk_SmVmZQ", "whsec")
    fails("the key has 4 bytes; expected 32 or 64", crypto.key, "SmVmZQ", "whsk")
    fails("the key has 4 bytes; expected 32", crypto.key, "SmVmZQ", "whpk")
    fails("expected a PEM text: PRIVATE KEY, RSA PRIVATE KEY, EC PRIVATE KEY, PUBLIC KEY, CERTIFICATE", crypto.key,
      "SmVmZQ", "pem")
    fails("there is no form 'utf-8' of a key; there are raw, base64, hex, whsec, whsk, whpk, pem", crypto.key, "k",
      "utf-8")
  end)
end)

describe("hashes of scripts", function()
  it("are named, and take a secret as data", function()
    for _, name in ipairs { "md5", "sha1", "sha256", "sha384", "sha512" } do
      assert.equal(core.hash(name, DATA), crypto[name](DATA))
      assert.equal(core.hash(name, DATA), crypto.of(name, core.secret_of(DATA)))
    end
    assert.equal(core.hash("sha3_256", DATA), crypto.of("sha3_256", DATA))
    assert.equal(core.hmac("sha256", "k", DATA), crypto.hmac("sha256", "k", core.secret_of(DATA)))
    fails("there is no hash 'sha9'; there are md5, sha1, sha224, sha256, sha384, sha512, sha3_224, sha3_256, "
      .. "sha3_384, sha3_512", crypto.of, "sha9", "")
    fails("bad argument #1 to '?' (string or secret expected, got table)", crypto.sha256, {})
    fails("the key is empty", crypto.hmac, "sha256", "", "")
  end)

  it("and other texts are compared", function()
    local secret = core.secret_of("s3cr3t")
    assert.is_true(crypto.equal(secret, "s3cr3t"))
    assert.is_true(crypto.equal("s3cr3t", secret))
    assert.is_true(crypto.equal(secret, secret))
    assert.is_true(crypto.equal("", ""))
    for _, other in ipairs { "", "s3cr3", "s3cr3tt", "S3cr3t" } do
      assert.is_false(crypto.equal(secret, other))
      assert.is_false(crypto.equal(other, secret))
    end
    assert.has_error(function() crypto.equal(secret, nil) end)
  end)
end)

describe("core.random", function()
  it("gives as many bytes as it is asked for, others each time", function()
    for _, n in ipairs { 0, 1, 16, 257, 65536 } do
      assert.equal(n, #random.bytes(n))
      assert.equal(2 * n, #random.hex(n))
    end
    assert.is_truthy(random.hex(1000):match("^[0-9a-f]+$"))
    local seen = {}
    for _ = 1, 1000 do
      local bytes = random.bytes(16)
      assert.is_nil(seen[bytes])
      seen[bytes] = true
    end
    for _, n in ipairs { -1, 65537, 0.5, 0 / 0, 1 / 0 } do
      assert.has_error(function() random.bytes(n) end)
    end
  end)

  it("gives UUIDs of version 4", function()
    local seen = {}
    for _ = 1, 1000 do
      local id = random.uuid()
      assert.is_truthy(id:match("^%x+%-%x+%-4%x%x%x%-[89ab]%x%x%x%-%x+$"), id)
      assert.equal(36, #id)
      assert.is_nil(seen[id])
      seen[id] = true
    end
  end)
end)
