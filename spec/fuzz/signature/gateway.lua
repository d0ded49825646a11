-- SPDX-License-Identifier: MIT

--- The sources of fuzz_signature.c: what comes with the gateway to verify requests. Their headers are
--- those of the target's table.

local KEY = "a-key-of-sixty-four-bytes-and-more-that-only-these-two-files-know-of"
local STANDARD = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
local PUBLIC = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="
local PUBLIC_PEM = [[
-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=
-----END PUBLIC KEY-----]]

local function source(verify)
  return { verify = verify, source = function() end }
end

local function hmac(config)
  config.type, config.header, config.key = "hmac", "X-One", config.key or KEY
  return source(config)
end

return {
  sources = {
    github = hmac { format = "sha256={signature}" },
    stripe = hmac { content = "{timestamp}.{body}", format = "t={timestamp},v1={signature}" },
    slack = hmac { content = "v0:{timestamp}:{body}", format = "v0={signature}", timestamp_header = "X-Two" },
    shopify = hmac { encoding = "base64" },
    twilio = hmac { algorithm = "sha1", encoding = "base64", content = "{url}{form}",
      base_url = "https://hooks.example.com" },
    parts = hmac { content = "{method}{path}{query}{header:X-Two}{timestamp}", encoding = "base64url",
      separator = "; ", format = "ts={timestamp}; sig=({signature})", timestamp_unit = "milliseconds",
      key = { "another", KEY } },
    basic = source { type = "basic", username = "user", password = KEY },
    bearer = source { type = "bearer", token = KEY },
    token = source { type = "jwt", algorithm = "HS256", algorithms = { "HS256", "HS512" }, key = KEY, required = {} },
    pair = source { type = "jwt", algorithm = "EdDSA", key = PUBLIC_PEM, required = { "exp" }, issuer = "me",
      audience = "you" },
    standard = source { type = "standard-webhooks", key = { STANDARD } },
    public = source { type = "standard-webhooks", public_key = PUBLIC, key = STANDARD, headers = "svix" },
  },
}
