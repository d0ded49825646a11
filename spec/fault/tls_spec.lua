-- SPDX-License-Identifier: MIT
--- What can be wrong with a receiver's TLS, each with a message of its own. The receivers are openssl's s_server and the
--- certificates openssl's, so nothing here has two sides of one mind.
local support = require("spec.support")
local certificates = require("spec.support.certificates")

-- What s_server is started with besides a pair, and what is said of it.
local RECEIVERS = {
  { "an expired certificate", pair = "expired", said = "the receiver's certificate has expired" },
  { "a certificate of tomorrow", pair = "future", said = "the receiver's certificate is not valid yet" },
  { "a certificate for another host", pair = "other", said = "the receiver's certificate is for another host" },
  { "a self-signed certificate", pair = "self", said = "the receiver's certificate is self-signed" },
  { "a certificate of an authority that nobody here trusts", pair = "stranger",
    said = "the receiver's certificate is of an authority that is not trusted here" },
  { "such a certificate and that authority's own", pair = "stranger", arguments = { "-cert_chain", "strange-ca.pem" },
    said = "the receiver's certificate is of an authority that is not trusted here" },
  { "a revoked protocol only", pair = "good", arguments = { "-tls1_1", "-cipher", "ALL:@SECLEVEL=0" },
    said = "the receiver speaks no version of TLS that is spoken here (1.2 and 1.3)" },
  { "no cipher in common", pair = "good", arguments = { "-tls1_2", "-cipher", "ADH:AECDH:@SECLEVEL=0" },
    said = "the receiver ended the handshake" },
  { "a wish for a client certificate", pair = "good", arguments = { "-tls1_2", "-Verify", "1" },
    said = "the receiver ended the handshake" },
  { "a wish for a client certificate, by TLS 1.3", pair = "good", arguments = { "-tls1_3", "-Verify", "1" },
    said = "the receiver wants a client certificate" },
}

describe("TLS with", function()
  local gateway, folder

  setup(function()
    folder = certificates.make(support.folder())
    gateway = support.gateway({
      files = {
        ["gateway.lua"] = support.gateway_lua,
        ["connectors/any.lua"] = [[
          return { timeout = 10, method = "GET", webhooks = { { id = "go", url = function(ctx) return ctx.data.url end } } }]],
      },
      arguments = { "--egress-ca-file", folder .. "/ca.pem", "--workers", "1" },
    })
  end)

  teardown(function() support.finish() end)

  local function receiver(pair, more)
    local arguments = { "openssl", "s_server", "-accept", "127.0.0.1:0", "-www",
      "-cert", ("%s/%s.pem"):format(folder, pair), "-key", ("%s/%s.key"):format(folder, pair) }
    for _, argument in ipairs(more or {}) do
      arguments[#arguments + 1] = argument:find("%.pem$") and folder .. "/" .. argument or argument
    end
    local process = support.start(arguments)
    return support.eventually("s_server listens", function()
      assert(process:is_running(), process:errors())
      return process:output():match("ACCEPT 127%.0%.0%.1:(%d+)")
    end)
  end

  local function try(url)
    local answer = gateway:post("/v1/connectors/any/webhooks/go/try", { event = { data = { url = url } } })
    assert.equal(200, answer.status, answer.body)
    return answer.json
  end

  it("a good certificate is done, from TLS 1.2 on", function()
    for _, version in ipairs({ "-tls1_2", "-tls1_3" }) do
      local tried = try("https://localhost:" .. receiver("good", { version }) .. "/")
      assert.is_true(tried.ok, support.json.encode(tried))
    end
  end)

  for _, case in ipairs(RECEIVERS) do
    it(case[1] .. " fails, and it is said why", function()
      local tried = try("https://127.0.0.1:" .. receiver(case.pair, case.arguments) .. "/")
      assert.is_false(tried.ok)
      assert.equal("tls", tried.outcome, support.json.encode(tried))
      assert.matches(case.said, tried.error, 1, true)
    end)
  end

  it("none at all fails, and it is said why", function()
    local sink = support.sink()
    local tried = try("https://127.0.0.1:" .. sink.port .. "/")
    assert.equal("tls", tried.outcome)
    assert.matches("the receiver does not speak TLS at this port", tried.error, 1, true)
    assert.equal(0, sink:count())
  end)
end)
