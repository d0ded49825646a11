-- SPDX-License-Identifier: MIT
--- What the gateway signs, judged by those who did not write it: the libraries of receivers (npm's standardwebhooks and
--- svix), the openssl command, PyJWT and botocore; and what those sign, judged by the gateway.

local npm = require("spec.support.npm")
local openssl = require("spec.support.openssl")
local support = require("spec.support")

local base64, json = require("perilune.core").base64, support.json

local OLD, NEW = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
local TOKEN_KEY = "of the receiver and of us, thirty-two bytes or more"
local AWS_SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
local SESSION = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQW=="

--- The answer of a program of Python's to a case: a line of JSON to a line of JSON.
local function python(script, case)
  return require("spec.support.python").ask("spec/support/" .. script, { json.encode(case) })[1]
end

--- HMAC-SHA256 by the openssl command, in hex.
local function hmac(key, content)
  local file = support.write(support.folder(), { content = content }) .. "/content"
  local code, output, errors = support.run({ "openssl", "dgst", "-sha256", "-hmac", key, "-r", file })
  assert(code == 0, errors)
  return output:match("^%x+")
end

--- The seed of a private key of Ed25519 in PEM: the last 32 bytes of what it encodes.
local function seed_of(pem)
  return base64.decode((pem:gsub("%-%-[^\n]*", ""):gsub("%s", ""))):sub(-32)
end

describe("a delivery", function()
  local gateway, sink, shaky, pair

  local AUTHENTICATORS = {
    standard = [[{ type = "standard-webhooks", key = { secret "NEW", secret "OLD" }, private_key = secret "WHSK" }]],
    svix = [[{ type = "standard-webhooks", key = secret "OLD", headers = "svix" }]],
    stripe = [[{ type = "hmac", key = secret "OLD", header = "Stripe-Signature", content = "{timestamp}.{body}",
      format = "t={timestamp},v1={signature}" }]],
    token = [[{ type = "jwt", algorithm = "HS256", key = secret "TOKEN_KEY", issuer = "perilune", audience = "erp",
      claims = { sub = "{{ data.customer }}" }, body_claim = "body_sha256" }]],
    aws = [[{ { type = "api-key", key = secret "API_KEY" }, { type = "aws-sigv4", access_key = "AKIDEXAMPLE",
      secret_key = secret "AWS", session_token = secret "SESSION", region = "eu-central-1", service = "execute-api" } }]],
    s3 = [[{ type = "aws-sigv4", access_key = "AKIDEXAMPLE", secret_key = secret "AWS", region = "eu-central-1",
      service = "s3" }]],
    unsigned = [[{ type = "aws-sigv4", access_key = "AKIDEXAMPLE", secret_key = secret "AWS", region = "eu-central-1",
      service = "s3", unsigned_payload = true }]],
    broken_key = [[{ type = "hmac", key = secret "TOKEN_KEY", key_form = "base64", header = "X-Signature" }]],
    broken_claim = [[{ type = "jwt", algorithm = "HS256", key = secret "TOKEN_KEY", claims = { sub = "{{ a.b }}" } }]],
    wrong_kind = [[{ type = "jwt", algorithm = "RS256", key = secret "PAIR" }]],
  }

  local function files()
    local all = { ["gateway.lua"] = support.gateway_lua }
    all["connectors/again.lua"] = ([[return { authenticator = %s, retry = { schedule = { 1.1 }, jitter = 0 },
      webhooks = { { on = "again", url = "%s" } } }]]):format(AUTHENTICATORS.standard, shaky.url)
    for id, authenticator in pairs(AUTHENTICATORS) do
      all[("connectors/%s.lua"):format(id)] = ([[
        return { authenticator = %s, retry = false, webhooks = { { on = %q, method = "PUT",
          url = "%s/orders/a%%20b%%2Fc?b=2&a=%%C3%%A4+x&c", headers = { ["X-Order"] = "  a   b " },
          body = { note = "\195\164 {{ data.customer }}" } } } }]]):format(authenticator, id, sink.url)
    end
    return all
  end

  setup(function()
    pair = openssl.pair("-algorithm ED25519")
    sink, shaky = support.sink(), support.sink("--fail-first", "1")
    gateway = support.gateway({ files = files(), env = {
      PERILUNE_SECRET_OLD = OLD, PERILUNE_SECRET_NEW = NEW, PERILUNE_SECRET_TOKEN_KEY = TOKEN_KEY,
      PERILUNE_SECRET_WHSK = "whsk_" .. base64.encode(seed_of(pair.private)), PERILUNE_SECRET_AWS = AWS_SECRET,
      PERILUNE_SECRET_SESSION = SESSION, PERILUNE_SECRET_API_KEY = "key-of-the-api", PERILUNE_SECRET_PAIR = pair.private,
    } })
  end)

  teardown(function() support.finish() end)

  --- One attempt of a connector, and the request that came of it, or nil.
  local function deliver(connector)
    local before = #sink:requests()
    local answer = gateway:post("/v1/events", { type = connector, data = { customer = "c-17" } }, { Prefer = "wait=20" })
    assert.equal(200, answer.status, answer.body)
    local delivery = gateway:delivery(answer.json.deliveries[1].id)
    return sink:requests()[before + 1], delivery.attempts[1], delivery
  end

  local function sent(connector)
    local request, attempt, delivery = deliver(connector)
    assert.equal("ok", attempt.outcome, attempt.error)
    return request, delivery
  end

  describe("that is signed as Standard Webhooks say", function()
    it("is genuine for the receivers' libraries, with the old key and with the new one", function()
      local request, delivery = sent("standard")
      local cases = {}
      for _, library in ipairs({ "standardwebhooks", "svix" }) do
        for _, secret in ipairs({ OLD, NEW }) do
          cases[#cases + 1] = { library = library, secret = secret, headers = request.headers, body = request.body }
        end
      end
      for i, answer in ipairs(npm.webhooks(cases)) do assert.is_true(answer.genuine, i .. ": " .. tostring(answer.message)) end
      assert.equal(delivery.id, request.headers["webhook-id"])
    end)

    it("is genuine when it is tried again, as the same one at another time, and as the event itself", function()
      local event = '{"type": "again",  "data": {"total": 120.50, "note": "\\u00e4"}, "id": "e-1"}'
      assert.equal(202, gateway:post("/v1/events", event).status)
      local first, second = unpack(shaky:wait(2))
      for _, request in ipairs({ first, second }) do
        local case = { library = "standardwebhooks", secret = OLD, headers = request.headers, body = request.body }
        assert.is_true(npm.webhooks({ case })[1].genuine)
      end
      assert.equal(first.headers["webhook-id"], second.headers["webhook-id"])
      assert.is_true(tonumber(second.headers["webhook-timestamp"]) > tonumber(first.headers["webhook-timestamp"]))
      assert.equal(first.body, second.body)
      assert.matches('"data": {"total": 120.50, "note": "\\u00e4"}', first.body, 1, true)
    end)

    it("is not with another body, id, time or key", function()
      local request = sent("standard")
      local function case(change)
        local changed = { library = "standardwebhooks", secret = NEW, headers = {}, body = request.body }
        for name, value in pairs(request.headers) do changed.headers[name] = value end
        change(changed)
        return changed
      end
      local timestamp = request.headers["webhook-timestamp"]
      local answers = npm.webhooks({
        case(function(c) c.body = c.body .. " " end),
        case(function(c) c.headers["webhook-id"] = "another" end),
        case(function(c) c.headers["webhook-timestamp"] = tostring(timestamp - 1) end),
        case(function(c) c.secret = "whsec_" .. ("A"):rep(32) end),
        case(function() end),
      })
      for i = 1, 4 do assert.is_false(answers[i].genuine, tostring(i)) end
      assert.is_true(answers[5].genuine)
    end)

    it("has a signature of Ed25519 that openssl takes", function()
      local request = sent("standard")
      local signature = base64.decode(request.headers["webhook-signature"]:match("^v1,%S+ v1,%S+ v1a,(%S+)$"))
      local content = ("%s.%s.%s"):format(request.headers["webhook-id"], request.headers["webhook-timestamp"], request.body)
      assert.is_true(pair:verifies(content, signature, ""))
      assert.is_false(pair:verifies(content .. " ", signature, ""))
    end)

    it("may have the headers of Svix", function()
      local request = sent("svix")
      local headers = {}
      for name, value in pairs(request.headers) do
        if name:find("^svix%-") then headers[name] = value end
      end
      local answer = npm.webhooks({ { library = "svix", secret = OLD, headers = headers, body = request.body } })[1]
      assert.is_true(answer.genuine, answer.message)
    end)
  end)

  it("that is signed as Stripe does is what openssl makes of it", function()
    local request = sent("stripe")
    local timestamp, signature = request.headers["stripe-signature"]:match("^t=(%d+),v1=(%x+)$")
    assert.equal(hmac(OLD, timestamp .. "." .. request.body), signature)
    assert.equal(timestamp, request.headers["webhook-timestamp"])
  end)

  it("with a token is taken by PyJWT, which sees that the body is the one that was signed", function()
    local request = sent("token")
    local answer = python("jwt_oracle.py", { ["do"] = "decode", algorithm = "HS256", key = TOKEN_KEY,
      token = request.headers.authorization:match("^Bearer (%S+)$"), audience = "erp", issuer = "perilune" })
    assert.equal("c-17", answer.claims.sub, answer.refused)
    local _, sum = support.run({ "sha256sum", support.write(support.folder(), { body = request.body }) .. "/body" })
    assert.equal(sum:match("^%x+"), answer.claims.body_sha256)
    local again = sent("token").headers.authorization
    assert.not_equal(request.headers.authorization, again)
  end)

  describe("that is signed for Amazon", function()
    --- The signature that botocore makes of what arrived.
    local function theirs(request, service)
      local names, signature = request.headers.authorization:match("SignedHeaders=(%S+), Signature=(%x+)$")
      local headers = {}
      for name in names:gmatch("[^;]+") do headers[name] = request.headers[name] end
      return signature, names, python("sigv4_oracle.py", { service = service, region = "eu-central-1",
        secret = AWS_SECRET, method = request.method, headers = headers, body = request.body,
        -- botocore takes a query as it has to be in the end
        url = sink.url .. "/orders/a%20b%2Fc?a=%C3%A4%20x&b=2&c=" }).signature
    end

    it("has botocore's signature, over all that was set before", function()
      local signature, names, expected = theirs(sent("aws"), "execute-api")
      assert.equal(expected, signature)
      assert.equal("content-type;host;webhook-id;webhook-timestamp;x-amz-date;x-amz-security-token;x-api-key;x-order", names)
    end)

    it("has it for S3, with the hash of the body and without", function()
      for _, connector in ipairs({ "s3", "unsigned" }) do
        local signature, _, expected = theirs(sent(connector), "s3")
        assert.equal(expected, signature, connector)
      end
    end)
  end)

  it("is not sent when it cannot be signed", function()
    for connector, message in pairs({
      broken_key = "the key is not base64", broken_claim = "template:1:", wrong_kind = "RS256 takes an RSA key",
    }) do
      local request, attempt = deliver(connector)
      assert.is_nil(request)
      assert.equal("auth", attempt.outcome)
      assert.matches(message, attempt.error, 1, true)
    end
  end)

  it("shows no key, token or signature of it", function()
    local shown = gateway.process:errors() .. gateway.process:output()
    for _, row in ipairs(gateway:feed("limit=200")) do
      shown = shown .. gateway:get("/v1/deliveries/" .. row.id).body
    end
    assert.matches("c-17", shown, 1, true)
    for _, value in ipairs({ OLD, OLD:sub(7), NEW, TOKEN_KEY, AWS_SECRET, "eyJhbGciOi", "key-of-the-api", SESSION }) do
      assert.is_nil(shown:find(value, 1, true), value)
    end
    assert.equal(0, gateway:stop())
  end)
end)

describe("what comes in is verified:", function()
  local gateway

  -- Each connector is a source of its name.
  local VERIFIERS = {
    standard = [[{ type = "standard-webhooks", key = { secret "NEW", secret "OLD" } }]],
    svix = [[{ type = "standard-webhooks", key = secret "OLD", headers = "svix" }]],
    github = [[{ type = "hmac", key = secret "OLD", header = "X-Hub-Signature-256", format = "sha256={signature}" }]],
    stripe = [[{ type = "hmac", key = secret "OLD", header = "Stripe-Signature", content = "{timestamp}.{body}",
      format = "t={timestamp},v1={signature}" }]],
    url = [[{ type = "hmac", key = secret "OLD", header = "X-Signature", content = "{method} {url} {form}",
      base_url = "https://hooks.example.com" }]],
    token = [[{ type = "jwt", algorithm = "HS256", key = secret "TOKEN_KEY", audience = "us", body_claim = "sum" }]],
    basic = [[{ type = "basic", username = "ada", password = secret "OLD" }]],
    bearer = [[{ type = "bearer", token = secret "OLD" }]],
  }

  setup(function()
    local files = { ["gateway.lua"] = [[return { ingress = { type = "standard-webhooks", key = secret "NEW" } }]] }
    for id, verifier in pairs(VERIFIERS) do
      files[("connectors/%s.lua"):format(id)] = ([[return { ingress = { verify = %s,
        source = function(ctx) return { type = "came", data = { by = ctx.verified } } end } }]]):format(verifier)
    end
    gateway = support.gateway({ files = files, env = { PERILUNE_SECRET_OLD = OLD, PERILUNE_SECRET_NEW = NEW,
      PERILUNE_SECRET_TOKEN_KEY = TOKEN_KEY } })
  end)

  teardown(function() support.finish() end)

  local BODY = '{"type": "order.paid", "note": "\195\164"}'

  --- The status of the answer to a body that is posted to a source.
  local function posted(source, headers, body)
    return gateway:post("/v1/sources/" .. source, body or BODY, headers).status
  end

  local function signed(library, secret, id, timestamp)
    return npm.webhooks({ { library = library, secret = secret, id = id, timestamp = timestamp, body = BODY } })[1].signature
  end

  it("webhooks that standardwebhooks and svix have signed, with the old key and with the new one", function()
    local timestamp = os.time()
    for _, library in ipairs({ "standardwebhooks", "svix" }) do
      for _, secret in ipairs({ OLD, NEW }) do
        local headers = { ["webhook-id"] = "m-1", ["webhook-timestamp"] = tostring(timestamp),
          ["webhook-signature"] = signed(library, secret, "m-1", timestamp) }
        assert.equal(202, posted("standard", headers))
        assert.equal(401, posted("standard", headers, BODY .. " "))
      end
    end
    local headers = { ["svix-id"] = "m-1", ["svix-timestamp"] = tostring(timestamp),
      ["svix-signature"] = signed("svix", OLD, "m-1", timestamp) }
    assert.equal(202, posted("svix", headers))
    headers["svix-timestamp"] = tostring(timestamp - 1)
    assert.equal(401, posted("svix", headers))
  end)

  it("but none that is more than five minutes old", function()
    local timestamp = os.time() - 310
    assert.equal(401, posted("standard", { ["webhook-id"] = "m-1", ["webhook-timestamp"] = tostring(timestamp),
      ["webhook-signature"] = signed("standardwebhooks", NEW, "m-1", timestamp) }))
    assert.matches("the timestamp is off by 31%d seconds", gateway.process:errors())
  end)

  it("events, at the gateway's own ingress", function()
    local timestamp = os.time()
    local headers = { ["webhook-id"] = "m-2", ["webhook-timestamp"] = tostring(timestamp),
      ["webhook-signature"] = signed("standardwebhooks", NEW, "m-2", timestamp) }
    assert.equal(202, gateway:post("/v1/events", BODY, headers).status)
    headers["webhook-signature"] = signed("standardwebhooks", OLD, "m-2", timestamp)
    headers["webhook-id"] = "m-3"
    assert.equal(401, gateway:post("/v1/events", BODY, headers).status)
  end)

  it("signatures as GitHub and Stripe make them", function()
    local signature, timestamp = hmac(OLD, BODY), os.time()
    assert.equal(202, posted("github", { ["X-Hub-Signature-256"] = "sha256=" .. signature }))
    assert.equal(401, posted("github", { ["X-Hub-Signature-256"] = "sha256=" .. hmac(NEW, BODY) }))
    assert.equal(401, posted("github"))
    local header = ("t=%d,v1=%s,v0=ignored"):format(timestamp, hmac(OLD, timestamp .. "." .. BODY))
    assert.equal(202, posted("stripe", { ["Stripe-Signature"] = header }))
    assert.equal(401, posted("stripe", { ["Stripe-Signature"] = header:gsub("t=%d+", "t=" .. timestamp + 1) }))
  end)

  it("a signature of the URL as the sender sees it, and of a form", function()
    local signature = hmac(OLD, "POST https://hooks.example.com/v1/sources/url?a=%20b a1b x")
    local headers = { ["Content-Type"] = "application/x-www-form-urlencoded", ["X-Signature"] = signature }
    assert.equal(202, posted("url?a=%20b", headers, "b=+x&a=1"))
    assert.equal(401, posted("url?a=+b", headers, "b=+x&a=1"))
  end)

  it("tokens that PyJWT has made, for this body", function()
    local _, sum = support.run({ "sha256sum", support.write(support.folder(), { body = BODY }) .. "/body" })
    local function bearer(change)
      local claims = { aud = "us", exp = os.time() + 60, sum = sum:match("^%x+") }
      for name, value in pairs(change or {}) do claims[name] = value end
      local token = python("jwt_oracle.py", { ["do"] = "encode", algorithm = "HS256", key = TOKEN_KEY, claims = claims }).token
      return { Authorization = "Bearer " .. token }
    end
    assert.equal(202, posted("token", bearer()))
    assert.equal(401, posted("token", bearer(), BODY .. " "))
    assert.equal(401, posted("token", bearer({ aud = "them" })))
    assert.equal(401, posted("token", bearer({ exp = os.time() - 61 })))
  end)

  it("a user's name and password, and a token", function()
    assert.equal(202, posted("basic", { Authorization = "Basic " .. base64.encode("ada:" .. OLD) }))
    assert.equal(401, posted("basic", { Authorization = "Basic " .. base64.encode("ada:" .. NEW) }))
    assert.equal(202, posted("bearer", { Authorization = "Bearer " .. OLD }))
    assert.equal(401, posted("bearer", { Authorization = "Bearer " .. NEW }))
  end)

  it("and nothing of the keys is shown", function()
    local shown = gateway.process:errors()
    for _, value in ipairs({ OLD, OLD:sub(7), NEW, TOKEN_KEY }) do assert.is_nil(shown:find(value, 1, true), value) end
    assert.equal(0, gateway:stop())
  end)
end)
