-- SPDX-License-Identifier: MIT

local process = require "spec.support.process"
local support = require "unit.support"

--- A signature by the openssl command, in the encoding that its options say.
local function openssl(algorithm, key, content, filter)
  local folder = process.folder()
  local file = assert(io.open(folder .. "/content", "wb"))
  file:write(content)
  file:close()
  local pipe = io.popen(("openssl dgst -%s -mac HMAC -macopt hexkey:%s -binary '%s/content' | %s"):format(algorithm,
    (key:gsub(".", function(c) return ("%02x"):format(c:byte()) end)), folder, filter))
  local text = pipe:read("*a"):gsub("%s+$", "")
  pipe:close()
  return text
end

local HEX, BASE64 = "od -An -v -tx1 | tr -d ' \\n'", "base64 -w0"

local GITHUB = [[{ type = "hmac", key = "It's a Secret to Everybody", header = "X-Hub-Signature-256",
  format = "sha256={signature}" }]]
local STRIPE = [[{ type = "hmac", key = "whsec_stripe", header = "Stripe-Signature", content = "{timestamp}.{body}",
  format = "t={timestamp},v1={signature}" }]]
local SLACK = [[{ type = "hmac", key = "8f742231b10e8888abcd99yyyzzz85a5", header = "X-Slack-Signature",
  content = "v0:{timestamp}:{body}", format = "v0={signature}", timestamp_header = "X-Slack-Request-Timestamp" }]]
local SHOPIFY = [[{ type = "hmac", key = "hush", header = "X-Shopify-Hmac-Sha256", encoding = "base64" }]]
local TWILIO = [[{ type = "hmac", key = "12345", algorithm = "sha1", encoding = "base64",
  header = "X-Twilio-Signature", content = "{url}{form}", base_url = "https://mycompany.com" }]]

-- Of the documentation of Slack and of Twilio, with what they sign and the signatures that they name.
local SLACK_BODY = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
  .. "&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url="
  .. "https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
  .. "&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
local SLACK_SIGNATURE = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
local TWILIO_URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
local TWILIO_BODY = "CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212"
local TWILIO_SIGNED = TWILIO_URL
  .. "CallSidCA1234567890ABCDECaller+14158675309Digits1234From+14158675309To+18005551212"
local FORM = { ["content-type"] = "application/x-www-form-urlencoded; charset=utf-8" }

describe("the authenticator hmac", function()
  teardown(function() process.clean() end)

  describe("signs as", function()
    it("GitHub, with the vector of its documentation", function()
      local sent = support.authenticated(GITHUB, { body = "Hello, World!" })
      assert.equal("sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
        sent.headers["x-hub-signature-256"])
    end)

    it("Stripe, with the time of the attempt", function()
      local sent = support.authenticated(STRIPE, { body = '{"id": "evt_1"}', now = 1492774577.9 })
      assert.equal("t=1492774577,v1=" .. openssl("sha256", "whsec_stripe", '1492774577.{"id": "evt_1"}', HEX),
        sent.headers["stripe-signature"])
    end)

    it("Slack, with the vector of its documentation", function()
      local sent = support.authenticated(SLACK, { body = SLACK_BODY, now = 1531420618 })
      assert.equal(SLACK_SIGNATURE, sent.headers["x-slack-signature"])
      assert.equal("1531420618", sent.headers["x-slack-request-timestamp"])
    end)

    it("Shopify", function()
      local body = '{"id":820982911946154500,"note":"\195\164"}'
      local sent = support.authenticated(SHOPIFY, { body = body })
      assert.equal(openssl("sha256", "hush", body, BASE64), sent.headers["x-shopify-hmac-sha256"])
    end)

    it("Twilio, with the vector of its documentation", function()
      local sent = support.authenticated(TWILIO, { url = TWILIO_URL, body = TWILIO_BODY, headers = FORM })
      assert.equal("RSOYDt4T1cUTdK1PDd93/VVr8B8=", openssl("sha1", "12345", TWILIO_SIGNED, BASE64))
      assert.equal("RSOYDt4T1cUTdK1PDd93/VVr8B8=", sent.headers["x-twilio-signature"])
    end)

    it("Twilio, the parameters sorted and each pair once", function()
      local sent = support.authenticated(TWILIO, { url = TWILIO_URL, headers = FORM, body = "b=2&a=x+y&b=1&b=2&a%26=&c" })
      assert.equal(openssl("sha1", "12345", TWILIO_URL .. "ax ya&b1b2c", BASE64), sent.headers["x-twilio-signature"])
    end)
  end)

  it("signs what else a content can name", function()
    local sent = support.authenticated([[{ type = "hmac", key = "6b6579", key_form = "hex", algorithm = "sha512",
      encoding = "base64url", header = "Signature", timestamp_unit = "milliseconds", timestamp_header = "X-Time",
      headers = { ["X-Nonce"] = "{nonce}" },
      content = "{method}\n{path}\n{query}\n{header:x-nonce}\n{header:x-time}\n{body}{}" }]],
      { method = "PUT", url = "https://a.example/orders/7?b=%20&a#there", body = "{body} %1", now = 1700000000.25 })
    local nonce = sent.headers["x-nonce"]
    assert.matches("^%x+$", nonce)
    assert.equal(32, #nonce)
    assert.equal("1700000000250", sent.headers["x-time"])
    assert.equal(openssl("sha512", "key", "PUT\n/orders/7\nb=%20&a\n" .. nonce .. "\n1700000000250\n{body} %1{}",
      BASE64 .. " | tr '+/' '-_' | tr -d ="), sent.headers.signature)
  end)

  it("signs the empty body of a request that has none", function()
    local sent = support.authenticated(GITHUB, { method = "GET" })
    assert.equal("sha256=" .. openssl("sha256", "It's a Secret to Everybody", "", HEX), sent.headers["x-hub-signature-256"])
  end)

  it("signs with the first of several keys, or with all", function()
    local two = STRIPE:gsub('"whsec_stripe"', '{ "new", "old" }')
    local new, old = openssl("sha256", "new", "1700000000.x", HEX), openssl("sha256", "old", "1700000000.x", HEX)
    assert.equal("t=1700000000,v1=" .. new, support.authenticated(two, { body = "x" }).headers["stripe-signature"])
    assert.equal(("t=1700000000,v1=%s,v1=%s"):format(new, old),
      support.authenticated(two:gsub("{ type", '{ sign_with = "all", type'), { body = "x" }).headers["stripe-signature"])
  end)

  it("signs nothing that it cannot put together", function()
    for change, message in pairs {
      ['content = "{bodyy}"'] = "hmac: there is no place {bodyy}",
      ['content = "{header:X-Not}"'] = "the request has no header 'X-Not', which credentials are made of",
      ['content = "{nonce}.{body}"'] = "hmac: a {nonce} is for headers",
      ['format = "v1="'] = "hmac: the format 'v1=' has no {signature}",
      ['format = "{signature},{id}"'] = "hmac: a format has no place {id}",
      ['key_form = "base64"'] = "the key is not base64",
    } do
      local raised = support.raised(support.authenticated,
        ([[{ type = "hmac", key = "!", header = "S", %s }]]):format(change), { body = "x" })
      assert.matches(message, raised, 1, true)
    end
  end)

  describe("verifies", function()
    local function refused(message, text, given)
      assert.matches(message, support.raised(support.verified, text, given), 1, true)
    end

    it("GitHub's signatures, in either case", function()
      local signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
      for _, given in ipairs { signature, "sha256=" .. signature:sub(8):upper() } do
        support.verified(GITHUB, { headers = { ["X-Hub-Signature-256"] = given }, body = "Hello, World!" })
      end
      refused("the signature is not genuine", GITHUB,
        { headers = { ["X-Hub-Signature-256"] = signature }, body = "Hello, World?" })
      for _, given in ipairs { "", "sha256=", signature:sub(8), "sha1=" .. signature:sub(8), signature .. "00",
        signature:sub(1, -3), "sha256={signature}" } do
        refused("the signature is not genuine", GITHUB,
          { headers = { ["X-Hub-Signature-256"] = given }, body = "Hello, World!" })
      end
      refused("there is no header 'X-Hub-Signature-256'", GITHUB, { body = "Hello, World!" })
    end)

    it("Stripe's, of which one has to be ours", function()
      local ours = openssl("sha256", "whsec_stripe", "1492774577.{}", HEX)
      local function given(header, time)
        return { headers = { ["Stripe-Signature"] = header }, body = "{}", now = time or 1492774577 }
      end
      support.verified(STRIPE, given("t=1492774577,v1=" .. ours))
      support.verified(STRIPE, given(("t=1492774577, v1=%s, v1=%s, v0=x"):format(("0"):rep(64), ours)))
      refused("not genuine", STRIPE, given("t=1492774578,v1=" .. ours))
      refused("not genuine", STRIPE, given("t=1492774577,v0=" .. ours))
      refused("there is no timestamp", STRIPE, given("v1=" .. ours))
      refused("there is no timestamp", STRIPE, given("t=1492774577.0,v1=" .. ours))
      support.verified(STRIPE, given("t=1492774577,v1=" .. ours, 1492774577 + 300))
      support.verified(STRIPE, given("t=1492774577,v1=" .. ours, 1492774577 - 300))
      refused("the timestamp is off by 301 seconds", STRIPE, given("t=1492774577,v1=" .. ours, 1492774577 + 301))
      refused("the timestamp is off by 301 seconds", STRIPE, given("t=1492774577,v1=" .. ours, 1492774577 - 301))
    end)

    it("Slack's", function()
      local headers = { ["X-Slack-Signature"] = SLACK_SIGNATURE, ["X-Slack-Request-Timestamp"] = "1531420618" }
      support.verified(SLACK, { headers = headers, body = SLACK_BODY, now = 1531420618 })
      refused("off by", SLACK, { headers = headers, body = SLACK_BODY, now = 1531421618 })
      headers["X-Slack-Request-Timestamp"] = "1531420619"
      refused("not genuine", SLACK, { headers = headers, body = SLACK_BODY, now = 1531420618 })
    end)

    it("Shopify's", function()
      local headers = { ["X-Shopify-Hmac-Sha256"] = openssl("sha256", "hush", "\0\255", BASE64) }
      support.verified(SHOPIFY, { headers = headers, body = "\0\255" })
      refused("not genuine", SHOPIFY, { headers = headers, body = "\0" })
    end)

    it("Twilio's, with the URL as it sees it", function()
      local given = { path = "/myapp.php", query = "foo=1&bar=2", body = TWILIO_BODY, headers = {
        ["X-Twilio-Signature"] = "RSOYDt4T1cUTdK1PDd93/VVr8B8=", ["Content-Type"] = FORM["content-type"] } }
      support.verified(TWILIO, given)
      refused("{url} can be verified with a base_url only", TWILIO:gsub("base_url = %b\"\"", ""), given)
      given.query = "foo=1"
      refused("not genuine", TWILIO, given)
    end)

    it("with any of several keys", function()
      local two = GITHUB:gsub('"It\'s a Secret to Everybody"', '{ "new", "old" }')
      for _, key in ipairs { "new", "old" } do
        support.verified(two, { body = "x", headers = { ["X-Hub-Signature-256"] = "sha256=" .. openssl("sha256", key, "x", HEX) } })
      end
      refused("not genuine", two, { body = "x", headers = { ["X-Hub-Signature-256"] = "sha256=" .. openssl("sha256", "third", "x", HEX) } })
    end)
  end)

  it("wants a key and a header", function()
    assert.same({
      "authenticators/a.lua:1: 'header' is missing",
      "authenticators/a.lua:1: 'key' is missing",
    }, support.faults { ["authenticators/a.lua"] = 'return { type = "hmac" }' })
  end)
end)
