-- SPDX-License-Identifier: MIT
--- Receivers that misbehave: each attempt ends within its time-out, in the right class, and leaves nothing behind.
local support = require("spec.support")
local certificates = require("spec.support.certificates")

local TIMEOUT_S = 1

-- What becomes of an attempt at spec/support/faulty_peer.py, by path; `status` where one came.
local OUTCOMES = {
  ["/ok"] = { outcome = "ok", status = 200 },
  ["/http10"] = { outcome = "ok", status = 200 },
  ["/interim"] = { outcome = "ok", status = 200 },
  ["/gzip-body"] = { outcome = "ok", status = 200 },
  ["/slow?seconds=0.1"] = { outcome = "ok", status = 200 },
  ["/status?code=204"] = { outcome = "ok", status = 204 },
  ["/status?code=500"] = { outcome = "http_status", status = 500 },
  ["/redirect"] = { outcome = "http_status", status = 302 },
  ["/reset-connection"] = { outcome = "reset" },
  ["/reset-in-body"] = { outcome = "reset" },
  ["/close"] = { outcome = "reset" },
  ["/close-early"] = { outcome = "reset" },
  ["/short"] = { outcome = "reset" },
  ["/short-chunks"] = { outcome = "reset" },
  ["/long"] = { outcome = "ok", status = 200 },
  ["/bad-length"] = { outcome = "protocol" },
  ["/two-lengths"] = { outcome = "protocol" },
  ["/length-and-chunks"] = { outcome = "ok", status = 200 },
  ["/switch"] = { outcome = "protocol" },
  ["/no-head"] = { outcome = "protocol" },
  ["/hang"] = { outcome = "timeout" },
  ["/hang-after-head"] = { outcome = "timeout" },
  ["/drip-head"] = { outcome = "timeout" },
  ["/drip-body"] = { outcome = "timeout" },
  ["/slow?seconds=30"] = { outcome = "timeout" },
  ["/garbage"] = { outcome = "protocol" },
  ["/bad-status"] = { outcome = "protocol" },
  ["/bad-chunk"] = { outcome = "protocol" },
  ["/bad-gzip"] = { outcome = "protocol" },
  ["/endless"] = { outcome = "too_large" },
  ["/endless-chunks"] = { outcome = "too_large" },
  ["/endless-head"] = { outcome = "too_large" },
  ["/endless-continue"] = { outcome = "too_large" },
  ["/big-headers"] = { outcome = "too_large" },
  ["/gzip-bomb"] = { outcome = "too_large" },
}

describe("a receiver", function()
  local peer, gateway, folder, by_tls = nil, nil, nil, {}

  setup(function()
    folder = certificates.make(support.folder())
    peer = support.faulty_peer()
    for _, name in ipairs({ "good", "other", "expired", "self" }) do
      by_tls[name] = support.faulty_peer("--tls", ("%s/%s.pem"):format(folder, name), ("%s/%s.key"):format(folder, name))
    end
    gateway = support.gateway({
      files = {
        ["gateway.lua"] = support.gateway_lua,
        ["connectors/any.lua"] = ([[
          return {
            timeout = %s,
            retry = false,
            webhooks = { { on = "any", url = function(ctx) return ctx.data.url end } },
          }]]):format(TIMEOUT_S),
      },
      arguments = { "--egress-ca-file", folder .. "/ca.pem", "--workers", "1" },
    })
  end)

  teardown(function() support.finish() end)

  --- One delivery to a URL, waited for: its settlement and its attempt.
  local function deliver(url)
    local answer = gateway:post("/v1/events", { type = "any", data = { url = url } }, { Prefer = "wait=20" })
    assert.equal(200, answer.status, answer.body)
    local settlement = answer.json.deliveries[1]
    return settlement, gateway:delivery(settlement.id).attempts[1]
  end

  local function check(path, expected)
    local settlement, attempt = deliver(peer.url .. path)
    assert.equal(expected.outcome, settlement.outcome, attempt.error)
    if expected.status then assert.equal(expected.status, settlement.status) end
    assert.equal(expected.outcome == "ok" and "delivered" or "failed", settlement.state)
    -- Generous: a sanitized build on a busy machine. Without the time-out each of these would last for ever.
    assert.is_true(attempt.timings.total_ms < TIMEOUT_S * 1000 + 1500, attempt.timings.total_ms)
    if expected.outcome ~= "ok" then assert.is_true(#attempt.error > 0) end
  end

  for path, expected in pairs(OUTCOMES) do
    it(("that does %s is %s"):format(path, expected.outcome), function() check(path, expected) end)
  end

  it("that redirects is not followed", function()
    assert.equal(0, peer:count("/redirected"))
  end)

  it("that resets a kept connection is sent to on a new one", function()
    assert.equal("ok", (deliver(peer.url .. "/reused").outcome))
    assert.equal("ok", (deliver(peer.url .. "/reused").outcome))
  end)

  it("that says less than it sends has the rest passed over, and gets no second request there", function()
    for _ = 1, 2 do
      local settlement, attempt = deliver(peer.url .. "/long")
      assert.equal("ok", settlement.outcome)
      assert.equal('{"ok":true}', attempt.response.body)
    end
  end)

  it("that hangs before it takes the connection, or in the handshake of TLS, is timeout, and it is said where", function()
    local deaf = support.faulty_peer("--deaf")
    for url, where in pairs({ ["http://127.0.0.1:" .. deaf.port .. "/"] = "connect", ["https://127.0.0.1:" .. peer.port .. "/"] = "TLS" }) do
      local settlement, attempt = deliver(url)
      assert.equal("timeout", settlement.outcome, attempt.error)
      assert.matches(where, attempt.error, 1, true)
      assert.is_true(attempt.timings.total_ms < TIMEOUT_S * 1000 + 1500)
    end
  end)

  it("that does not listen is connect", function()
    local settlement, attempt = deliver("http://127.0.0.1:" .. support.closed_port() .. "/")
    assert.equal("connect", settlement.outcome)
    assert.equal(support.json.null, attempt.response)
  end)

  it("whose name does not exist is dns", function()
    -- RFC 6761 section 6.4: no name below .invalid exists. A resolver that cannot be reached may take its time.
    local settlement = deliver("http://no-such-host.invalid/")
    assert.is_truthy(settlement.outcome == "dns" or settlement.outcome == "timeout", settlement.outcome)
  end)

  it("on an address that the guard refuses is egress, by number or by name", function()
    for _, host in ipairs({ "10.0.0.1", "169.254.169.254", "[fe80::1]", "[::ffff:10.0.0.1]", "0x0a000001", "167772161" }) do
      local settlement, attempt = deliver("http://" .. host .. "/")
      assert.equal("egress", settlement.outcome, host .. ": " .. tostring(attempt.error))
    end
  end)

  it("that speaks no TLS where it should is tls", function()
    local plain = support.sink()
    assert.equal("tls", (deliver("https://127.0.0.1:" .. plain.port .. "/").outcome))
  end)

  it("with a good certificate is ok, by address and by name", function()
    local port = by_tls.good.port
    assert.equal("ok", (deliver("https://127.0.0.1:" .. port .. "/ok").outcome))
    assert.equal("ok", (deliver("https://localhost:" .. port .. "/ok").outcome))
  end)

  for name, said in pairs({ other = "subject", expired = "expired", self = "self" }) do
    it("with a certificate that is not good (" .. name .. ") is tls, and gets no request", function()
      local settlement, attempt = deliver("https://127.0.0.1:" .. by_tls[name].port .. "/ok")
      assert.equal("tls", settlement.outcome)
      assert.matches(said, attempt.error, 1, true)
      assert.equal(0, by_tls[name]:count("/ok"))
    end)
  end

  it("of any kind leaves no descriptor open, and the gateway works", function()
    local ok = OUTCOMES["/ok"]
    check("/ok", ok)
    local before = gateway.process:descriptors()
    for _ = 1, 2 do
      for path, expected in pairs(OUTCOMES) do
        if expected.outcome ~= "timeout" then check(path, expected) end
      end
    end
    check("/hang", OUTCOMES["/hang"])
    support.eventually("no more descriptors than before", function()
      check("/ok", ok) -- connections that were closed by the other side are found when the next is made
      return gateway.process:descriptors() <= before
    end)
    assert.equal(0, gateway:metric("perilune_client_transfers_in_flight"))
    assert.equal(0, gateway:metric("perilune_attempts_in_flight"))
    assert.equal(200, gateway:get("/readyz").status)
  end)

  it("that hangs holds up nobody else", function()
    local connections = {}
    for i = 1, 20 do
      connections[i] = support.http.connect(gateway.url)
      connections[i]:send(support.http.format("localhost", "POST", "/v1/events",
        ('{"type":"any","data":{"url":"%s/hang"}}'):format(peer.url), { ["Content-Type"] = "application/json", Prefer = "wait=20" }))
    end
    check("/ok", OUTCOMES["/ok"])
    for _, connection in ipairs(connections) do
      assert.equal("timeout", support.http.read(connection).json.deliveries[1].outcome)
      connection:close()
    end
  end)
end)
