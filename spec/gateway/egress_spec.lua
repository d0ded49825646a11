-- SPDX-License-Identifier: MIT
--- Where requests go: through proxies (spec/support/proxy_peer.py), and along redirects.
local support = require("spec.support")

describe("an egress proxy", function()
  local sink, gateway, proxies = nil, nil, {}

  local function proxy(...)
    local p = support.start({ "python3", "spec/support/proxy_peer.py", ... })
    local port = support.eventually("the proxy listens", function()
      return p:errors():match("listening on 127%.0%.0%.1:(%d+)")
    end)
    return { process = p, port = port }
  end

  setup(function()
    sink = support.sink()
    for name, arguments in pairs({
      usual = { "http", "--user", "usual:pass:word" }, http = { "http", "--user", "ann:s3cret" }, socks = { "socks", "--user", "ann:s3cret" },
      closes = { "http", "--close" }, hangs = { "http", "--hang" }, ["502"] = { "http", "--answer", "502" },
      ["403"] = { "http", "--answer", "403" }, refused = { "socks", "--answer", "5" },
      ["not-allowed"] = { "socks", "--answer", "2" }, ["socks-closes"] = { "socks", "--close" },
      ["socks-hangs"] = { "socks", "--hang" },
    }) do
      proxies[name] = proxy(unpack(arguments))
    end
    local function url(kind, name) return ("%s://127.0.0.1:%s"):format(kind, proxies[name].port) end
    local files = {
      ["gateway.lua"] = ([[return {
        secrets = { dir = "secrets" },
        egress = { allow = { "127.0.0.1", "::1" }, proxy = %q, proxy_auth = secret "usual" },
      }]]):format(url("http", "usual")),
      ["secrets/proxy"] = "s3cret",
      ["secrets/usual"] = "usual:pass:word",
    }
    local function connector(id, proxy_text)
      files[("connectors/%s.lua"):format(id)] = ([[return {
        %s timeout = 2, retry = false,
        webhooks = { { id = "go", url = function(ctx) return ctx.data.url end } },
      }]]):format(proxy_text)
    end
    connector("usual", "")
    connector("direct", "proxy = false,")
    for _, name in ipairs({ "http", "socks" }) do
      local kind = name == "http" and "http" or "socks5h"
      connector(name, ('proxy = { url = %q, user = "ann", password = secret "proxy" },'):format(url(kind, name)))
      connector(name .. "-stranger", ('proxy = { url = %q, user = "ann", password = "wrong" },'):format(url(kind, name)))
    end
    for _, name in ipairs({ "closes", "hangs", "502", "403" }) do
      connector("p" .. name, ("proxy = %q,"):format(url("http", name)))
    end
    for _, name in ipairs({ "refused", "not-allowed", "socks-closes", "socks-hangs" }) do
      connector("p" .. name, ("proxy = %q,"):format(url("socks5h", name)))
    end
    connector("gone", ('proxy = "http://127.0.0.1:%d",'):format(support.closed_port()))
    gateway = support.gateway({ files = files, arguments = { "--workers", "1" } })
  end)

  teardown(function() support.finish() end)

  local function try(connector, url)
    local answer = gateway:post(("/v1/connectors/%s/webhooks/go/try"):format(connector), { event = { data = { url = url } } })
    assert.equal(200, answer.status, answer.body)
    return answer.json
  end

  local function lines_of(name) return proxies[name].process:output() end

  it("is what requests go through, by a tunnel to the name", function()
    local before = sink:count()
    assert.equal("ok", try("usual", ("http://localhost:%d/a"):format(sink.port)).outcome)
    assert.equal(before + 1, sink:count())
    assert.matches(("usual:pass:word localhost:%d\n"):format(sink.port), lines_of("usual"), 1, true)
  end)

  it("is not for a connector that says so", function()
    local before = lines_of("usual")
    assert.equal("ok", try("direct", sink.url .. "/b").outcome)
    assert.equal(before, lines_of("usual"))
  end)

  for _, kind in ipairs({ "http", "socks" }) do
    it("of a connector is shown its credentials, and its refusal is its fault: " .. kind, function()
      local place = ("localhost:%d"):format(sink.port)
      local tried = try(kind, ("http://%s/c"):format(place))
      assert.equal("ok", tried.outcome, tried.error)
      assert.matches(("ann:s3cret %s\n"):format(place), lines_of(kind), 1, true)
      local before = sink:count()
      tried = try(kind .. "-stranger", ("http://%s/d"):format(place))
      assert.equal("proxy", tried.outcome, tried.error)
      assert.matches("^the egress proxy: ", tried.error)
      assert.equal(before, sink:count())
    end)
  end

  for connector, expected in pairs({
    pcloses = "proxy", p403 = "proxy", gone = "proxy", ["pnot-allowed"] = "proxy", ["psocks-closes"] = "proxy",
    p502 = "connect", prefused = "connect", phangs = "timeout", ["psocks-hangs"] = "timeout",
  }) do
    it(("that fails is blamed, or says who is to blame: %s is %s"):format(connector, expected), function()
      local tried = try(connector, sink.url .. "/e")
      assert.equal(expected, tried.outcome, tried.error)
      if expected ~= "timeout" then assert.matches("^the egress proxy", tried.error) end
      if expected == "timeout" then return end
      for _ = 1, 2 do -- what only the proxy saw may be sent again under the same Idempotency-Key
        local answer = gateway:post(("/v1/calls/%s/go"):format(connector), { data = { url = sink.url .. "/e" } },
          { ["Idempotency-Key"] = "k" })
        assert.equal(expected, answer.json.outcome)
        assert.is_nil(answer.headers["idempotent-replayed"])
      end
    end)
  end

  it("hears nothing of addresses that the guard refuses", function()
    local before = lines_of("usual")
    for _, host in ipairs({ "10.0.0.1", "169.254.169.254", "[fe80::1]", "127.0.0.2", "0x7f000002" }) do
      local tried = try("usual", ("http://%s/"):format(host))
      assert.equal("egress", tried.outcome, tried.error)
    end
    assert.equal(before, lines_of("usual"))
  end)

  it("with an URL that is none is a mistake of the file", function()
    local folder = support.write(support.folder(), {
      ["gateway.lua"] = "return {}",
      ["connectors/a.lua"] = 'return {\nproxy = "https://proxy:3128", webhooks = { { on = "a", url = "https://a.example" } } }',
    })
    local code, output = support.run({ support.binary, "check", folder })
    assert.equal(3, code)
    assert.matches("a.lua:2:", output, 1, true)
    assert.matches("http://host:port or socks5h://host:port", output, 1, true)
  end)
end)

describe("a redirect", function()
  local sink, peer, gateway

  setup(function()
    sink = support.sink()
    peer = support.faulty_peer()
    gateway = support.gateway({
      files = {
        ["gateway.lua"] = support.gateway_lua,
        ["connectors/any.lua"] = ([[return {
          base_url = %q, redirects = 3, retry = false,
          authenticator = { type = "bearer", token = "t0ken" },
          webhooks = {
            { on = "follow", url = "/redirect" },
            { on = "stay", url = "/redirect", redirects = 0 },
          },
        }]]):format(peer.url),
      },
    })
  end)

  teardown(function() support.finish() end)

  local function deliver(type)
    local answer = gateway:post("/v1/events", { type = type, data = {} }, { Prefer = "wait=20" })
    local settlement = answer.json.deliveries[1]
    return settlement, gateway:delivery(settlement.id).attempts[1]
  end

  it("is followed where the connector says so, and stands in the trace", function()
    local settlement, attempt = deliver("follow")
    assert.equal("delivered", settlement.state, attempt.error)
    assert.equal(1, peer:count("/redirected"))
    local entry = attempt.trace[#attempt.trace]
    assert.equal("redirect", entry.kind)
    assert.equal(302, entry.status)
    assert.equal(peer.url .. "/redirected", entry.url)
  end)

  it("is the answer where the webhook says otherwise", function()
    local settlement, attempt = deliver("stay")
    assert.equal("http_status", settlement.outcome)
    assert.equal(302, attempt.response.status)
    assert.equal(1, peer:count("/redirected"))
    assert.equal(0, sink:count())
  end)
end)
