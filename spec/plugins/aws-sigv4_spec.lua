-- SPDX-License-Identifier: MIT

local support = require "unit.support"

-- What the published test suite (aws-sig-v4-test-suite) has in common.
local MOMENT = 1440938160 -- 20150830T123600Z
local SCOPE = "AKIDEXAMPLE/20150830/us-east-1/service/aws4_request"

local function config(more)
  return ([[{ type = "aws-sigv4", access_key = "AKIDEXAMPLE", region = "us-east-1", service = "service",
    secret_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", %s }]]):format(more or "")
end

--- Headers that are signed, and the signature, of a request to a path of example.amazonaws.com.
local function signed(path, given, more)
  given = given or {}
  given.method, given.now = given.method or "GET", MOMENT + 0.75
  given.url = "https://example.amazonaws.com" .. path
  local headers = support.authenticated(config(more), given).headers
  assert.equal("20150830T123600Z", headers["x-amz-date"])
  local scope, names, signature = headers.authorization:match(
    "^AWS4%-HMAC%-SHA256 Credential=(%S+), SignedHeaders=(%S+), Signature=(%x+)$")
  assert.equal(SCOPE, scope)
  return names, signature
end

local UNRESERVED = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
local VANILLA = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"

-- Case of the suite -> path, signature, and what differs from GET without headers.
local CASES = {
  ["get-vanilla"] = { "/", VANILLA },
  ["get-vanilla-query-order-key-case"] = { "/?Param2=value2&Param1=value1",
    "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500" },
  ["get-vanilla-empty-query-key"] = { "/?Param1=value1",
    "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb" },
  ["get-vanilla-query-unreserved"] = { "/?" .. UNRESERVED .. "=" .. UNRESERVED,
    "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197" },
  ["get-unreserved"] = { "/" .. UNRESERVED, "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f" },
  ["get-utf8"] = { "/\225\136\180", "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85" },
  ["get-space"] = { "/example space/", "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741" },
  ["get-relative"] = { "/example/..", VANILLA },
  ["get-slash"] = { "//", VANILLA },
  ["get-slash-dot-slash"] = { "/./", VANILLA },
  ["get-slashes"] = { "//example//", "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84" },
  ["get-header-value-trim"] = { "/", "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
    { headers = { ["My-Header1"] = " value1", ["My-Header2"] = ' "a   b   c"' } }, "host;my-header1;my-header2;x-amz-date" },
  ["post-vanilla"] = { "/", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b", { method = "POST" } },
  ["post-header-key-sort"] = { "/", "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
    { method = "POST", headers = { ["My-Header1"] = "value1" } }, "host;my-header1;x-amz-date" },
  ["post-x-www-form-urlencoded"] = { "/", "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
    { method = "POST", headers = { ["Content-Type"] = "application/x-www-form-urlencoded" }, body = "Param1=value1" },
    "content-type;host;x-amz-date" },
}

describe("the authenticator aws-sigv4", function()
  for name, case in pairs(CASES) do
    it("signs as the test suite says: " .. name, function()
      local names, signature = signed(case[1], case[3])
      assert.equal(case[4] or "host;x-amz-date", names)
      assert.equal(case[2], signature)
    end)
  end

  it("signs the host as it is sent, and no header that changes on the way", function()
    for _, url in ipairs { "https://example.amazonaws.com:443/", "http://example.amazonaws.com:80/",
      "https://user:pass@example.amazonaws.com" } do
      local sent = support.authenticated(config(), { method = "GET", url = url, now = MOMENT,
        headers = { ["User-Agent"] = "perilune", ["X-Amzn-Trace-Id"] = "1" } })
      assert.matches("SignedHeaders=host;x-amz-date, Signature=" .. VANILLA, sent.headers.authorization, 1, true)
    end
    local sent = support.authenticated(config(), { method = "GET", url = "https://example.amazonaws.com:8443/", now = MOMENT })
    assert.is_nil(sent.headers.authorization:find(VANILLA, 1, true))
  end)

  it("signs last in a chain", function()
    local sent = support.authenticated(([[{ { type = "api-key", key = "value1", name = "My-Header1" }, %s }]])
      :format(config()), { url = "https://example.amazonaws.com/", now = MOMENT })
    assert.matches("SignedHeaders=host;my-header1;x-amz-date", sent.headers.authorization, 1, true)
  end)

  it("sends the hash of the body to S3, or that there is none", function()
    local function hash_sent(text)
      return support.authenticated(text, { method = "GET", now = MOMENT }).headers["x-amz-content-sha256"]
    end
    local empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert.is_nil(hash_sent(config()))
    assert.equal(empty, hash_sent(config("payload_header = true")))
    assert.equal(empty, hash_sent((config():gsub('"service"', '"s3"'))))
    assert.equal("UNSIGNED-PAYLOAD", hash_sent((config("unsigned_payload = true"):gsub('"service"', '"s3"'))))
  end)

  it("wants keys, a region and a service", function()
    assert.same({ "'access_key' is missing", "'region' is missing", "'secret_key' is missing", "'service' is missing" },
      (function()
        local faults = support.faults { ["authenticators/a.lua"] = 'return { type = "aws-sigv4" }' }
        for i, text in ipairs(faults) do faults[i] = text:gsub("^authenticators/a.lua:1: ", "") end
        return faults
      end)())
  end)
end)
