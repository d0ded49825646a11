-- SPDX-License-Identifier: MIT
local support = require("spec.support")
local http = support.http

local LIMITED = {
  "--timeouts-header", "0.4", "--timeouts-body", "0.4", "--timeouts-idle", "0.4",
  "--limits-headers", "20", "--limits-header-bytes", "2k", "--limits-target", "500", "--limits-body", "4k",
}

for _, tls in ipairs({ false, true }) do
describe("the HTTP server" .. (tls and ", in TLS," or ""), function()
  local gateway

  setup(function()
    gateway = support.gateway({ files = { ["gateway.lua"] = "return {}" }, arguments = LIMITED, tls = tls })
  end)

  teardown(function() support.finish() end)

  --- All that the server says to these bytes until it closes.
  local function until_closed(bytes)
    local connection = http.connect(gateway.url)
    connection:send(bytes)
    local answer, _, partial = connection:receive("*a")
    connection:close()
    return answer or partial
  end

  local function problem(bytes)
    local connection = http.connect(gateway.url)
    connection:send(bytes)
    local answer = http.read(connection)
    local _, why = connection:receive(1)
    connection:close()
    assert.equal("application/problem+json", answer.headers["content-type"])
    return answer, why
  end

  describe("answers", function()
    for path, methods in pairs({
      ["/v1/events"] = { wrong = "GET", allow = "POST, OPTIONS" },
      ["/v1/calls/a/b"] = { wrong = "PUT", allow = "POST, OPTIONS" },
      ["/v1/deliveries"] = { wrong = "POST", allow = "GET, HEAD, OPTIONS" },
      ["/v1/deliveries/x"] = { wrong = "DELETE", allow = "GET, HEAD, OPTIONS" },
      ["/healthz"] = { wrong = "BREW", allow = "GET, HEAD, OPTIONS" },
    }) do
      it("405 with Allow for " .. methods.wrong .. " " .. path, function()
        local answer = gateway:request(methods.wrong, path)
        assert.equal(405, answer.status)
        assert.equal(methods.allow, answer.headers.allow)
        assert.equal("urn:perilune:method_not_allowed", answer.json.type)
      end)

      it("OPTIONS " .. path .. " with Allow", function()
        local answer = gateway:request("OPTIONS", path)
        assert.equal(204, answer.status)
        assert.equal(methods.allow, answer.headers.allow)
      end)
    end

    it("OPTIONS *", function()
      local answer = gateway:request("OPTIONS", "*")
      assert.equal(204, answer.status)
      assert.matches("GET", answer.headers.allow, 1, true)
    end)

    it("404 where there is nothing", function()
      for _, path in ipairs({ "/", "/v1", "/v1/events/", "/v1/event", "/v2/events", "/v1/calls/a", "/v1/calls/a/", "/v1/calls//b",
                              "/v1/calls/a/b/", "/v1/calls/a/b/c", "/v1//deliveries", "/v1/deliveries//retry" }) do
        local answer = gateway:get(path)
        assert.equal(404, answer.status, path)
        assert.equal("urn:perilune:not_found", answer.json.type)
      end
    end)

    it("400 for a percent-encoding that is none", function()
      assert.equal(400, gateway:get("/v1/deliveries/%zz").status)
    end)

    it("HEAD as GET, without the body", function()
      local get, head = gateway:get("/healthz"), gateway:request("HEAD", "/healthz")
      assert.equal(200, head.status)
      assert.equal(get.headers["content-length"], head.headers["content-length"])
      assert.equal(#get.body, tonumber(head.headers["content-length"]))
      assert.equal("", head.body)
    end)

    it("liveness and readiness", function()
      assert.same({ status = "ok" }, gateway:get("/healthz").json)
      assert.same({ status = "ready" }, gateway:get("/readyz").json)
    end)
  end)

  describe("keeps a connection", function()
    it("for the next request", function()
      local connection = http.connect(gateway.url)
      for _ = 1, 3 do
        connection:send(http.format("localhost", "GET", "/healthz"))
        local answer = http.read(connection)
        assert.equal(200, answer.status)
        assert.is_nil(answer.headers.connection)
      end
      connection:close()
    end)

    it("for pipelined requests, answered in their order", function()
      local connection = http.connect(gateway.url)
      connection:send(http.format("localhost", "GET", "/healthz") .. http.format("localhost", "POST", "/v1/events", '{"type":"a"}')
        .. http.format("localhost", "GET", "/v1/deliveries?limit=1") .. http.format("localhost", "GET", "/readyz"))
      assert.same({ status = "ok" }, http.read(connection).json)
      assert.equal(202, http.read(connection).status)
      assert.is_truthy(http.read(connection).json.deliveries)
      assert.same({ status = "ready" }, http.read(connection).json)
      connection:close()
    end)

    it("not after Connection: close, nor for HTTP/1.0 that does not ask for it", function()
      assert.matches("\r\nConnection: close\r\n",
        until_closed("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"), 1, true)
      assert.matches('{"status":"ok"}', until_closed("GET /healthz HTTP/1.0\r\n\r\n"), 1, true)
    end)

    it("as long as timeouts.idle, and closes it without a word", function()
      local connection = http.connect(gateway.url)
      connection:send(http.format("localhost", "GET", "/healthz"))
      assert.equal(200, http.read(connection).status)
      local nothing, why = connection:receive(1)
      assert.is_nil(nothing)
      assert.equal("closed", why)
    end)
  end)

  describe("answers 408, and closes,", function()
    it("when the head does not come in time", function()
      local answer, why = problem("GET /healthz HTTP/1.1\r\nHost:")
      assert.equal(408, answer.status)
      assert.equal("urn:perilune:request_timeout", answer.json.type)
      assert.equal("closed", why)
    end)

    it("when the head drips, however steadily", function()
      local connection = http.connect(gateway.url)
      local began = support.process.now()
      local head = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
      local i, answer = 0, nil
      while not answer and support.process.now() < began + 10 do
        i = i + 1
        connection:send(i <= #head and head:sub(i, i) or "x")
        connection:settimeout(0.02)
        answer = connection:receive("*l")
      end
      connection:close()
      assert.matches("^HTTP/1.1 408 ", answer)
    end)

    it("when the body does not come in time", function()
      local answer, why = problem("POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{\"type\"")
      assert.equal(408, answer.status)
      assert.matches("body", answer.json.detail, 1, true)
      assert.equal("closed", why)
    end)
  end)

  it("wants to know how long an event is: 411 without a length", function()
    local answer = gateway:request("POST", "/v1/events", nil, { ["Content-Type"] = "application/json" })
    assert.equal(411, answer.status)
    assert.equal("urn:perilune:length_required", answer.json.type)
  end)

  describe("names the limit", function()
    it("limits.body with 413", function()
      local answer = problem("POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\n")
      assert.equal(413, answer.status)
      assert.matches("limits.body", answer.json.detail, 1, true)
    end)

    it("limits.body with 413 for a chunked body", function()
      local answer = problem("POST /v1/events HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1400\r\n"
        .. (" "):rep(0x1400) .. "\r\n")
      assert.equal(413, answer.status)
      assert.matches("limits.body", answer.json.detail, 1, true)
    end)

    it("limits.target with 414", function()
      local answer = problem("GET /" .. ("a"):rep(500) .. " HTTP/1.1\r\nHost: localhost\r\n\r\n")
      assert.equal(414, answer.status)
      assert.matches("limits.target", answer.json.detail, 1, true)
    end)

    it("limits.headers with 431", function()
      local answer = problem("GET /healthz HTTP/1.1\r\nHost: localhost\r\n" .. ("X-A: b\r\n"):rep(20) .. "\r\n")
      assert.equal(431, answer.status)
      assert.matches("limits.headers", answer.json.detail, 1, true)
    end)

    it("limits.header_bytes with 431", function()
      local answer = problem("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-A: " .. ("b"):rep(2048) .. "\r\n\r\n")
      assert.equal(431, answer.status)
      assert.matches("limits.header_bytes", answer.json.detail, 1, true)
    end)
  end)

  describe("with curl", function()
    local function curl(...)
      return support.run({ "curl", "-sS", "-m", "20", ... })
    end

    it("takes a chunked upload", function()
      local code, output = curl("-X", "POST", "-H", "Transfer-Encoding: chunked", "-H", "Content-Type: application/json",
        "--data-binary", '{"id":"chunked-1","type":"a"}', gateway.url .. "/v1/events")
      assert.equal(0, code)
      assert.equal("chunked-1", support.json.decode(output).id)
    end)

    it("sends 100 Continue to who expects it", function()
      local code, output, log = curl("-v", "-H", "Expect: 100-continue", "-H", "Content-Type: application/json",
        "--data-binary", '{"id":"expect-1","type":"a"}', gateway.url .. "/v1/events")
      assert.equal(0, code)
      assert.equal("expect-1", support.json.decode(output).id)
      assert.matches("< HTTP/1.1 100 Continue", log, 1, true)
      assert.matches("< HTTP/1.1 202 Accepted", log, 1, true)
    end)

    it("refuses at the head who expects it in vain", function()
      local _, output, log = curl("-v", "-H", "Expect: 100-continue", "--data-binary", ("x"):rep(5000),
        gateway.url .. "/v1/events")
      assert.equal(413, support.json.decode(output).status)
      assert.is_nil(log:find("100 Continue", 1, true))
    end)

    it("keeps one connection for two requests", function()
      local code, output, log = curl("-v", gateway.url .. "/healthz", gateway.url .. "/readyz")
      assert.equal(0, code)
      assert.equal('{"status":"ok"}{"status":"ready"}', output)
      assert.matches("Re%-using existing connection", log)
    end)
  end)

  it("refuses an expectation that it does not know with 417", function()
    assert.equal(417, problem("GET /healthz HTTP/1.1\r\nHost: localhost\r\nExpect: miracles\r\n\r\n").status)
  end)

  describe("refuses, and closes without looking at what follows,", function()
    local POST = "POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    local SMUGGLED = "GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    for name, case in pairs({
      ["Content-Length beside Transfer-Encoding"] =
        POST .. "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      ["Transfer-Encoding beside Content-Length"] =
        POST .. "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
      ["two lengths that differ"] = POST .. "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}\n",
      ["two lengths that agree"] = POST .. "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
      ["a list of lengths"] = POST .. "Content-Length: 2, 2\r\n\r\n{}",
      ["a signed length"] = POST .. "Content-Length: +2\r\n\r\n{}",
      ["a negative length"] = POST .. "Content-Length: -2\r\n\r\n{}",
      ["a hexadecimal length"] = POST .. "Content-Length: 0x2\r\n\r\n{}",
      ["a bad chunk size"] = POST .. "Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n",
      ["a chunk that is longer than its size"] = POST .. "Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n",
      ["chunked twice"] = POST .. "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
      ["Transfer-Encoding in HTTP/1.0"] =
        "POST /v1/events HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      ["white space before the colon"] = POST .. "Content-Length : 2\r\n\r\n{}",
      ["a folded header"] = POST .. "X-A: b\r\n c\r\nContent-Length: 2\r\n\r\n{}",
      ["a line that ends in LF"] = "GET /healthz HTTP/1.1\nHost: localhost\r\n\r\n",
      ["a bare CR in a value"] = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-A: b\rc\r\n\r\n",
      ["NUL in a value"] = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-A: b\0c\r\n\r\n",
      ["no Host"] = "GET /healthz HTTP/1.1\r\n\r\n",
      ["two Hosts"] = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: y\r\n\r\n",
      ["what is not HTTP"] = "\22\3\1\2\0\1\0\1\252\3\3",
    }) do
      it(name, function()
        local answer = until_closed(case .. SMUGGLED)
        assert.matches("^HTTP/1.1 400 Bad Request\r\n", answer)
        assert.matches("\r\nConnection: close\r\n", answer, 1, true)
        assert.matches('"urn:perilune:bad_request"', answer, 1, true)
        local _, answers = answer:gsub("HTTP/1.1 ", "")
        assert.equal(1, answers)
      end)
    end
  end)

  it("closes what comes beyond limits.connections, and counts it", function()
    local small = support.gateway({
      files = { ["gateway.lua"] = "return {}" }, arguments = { "--workers", "1", "--limits-connections", "2" },
    })
    local first, second, third = http.connect(small.url), http.connect(small.url), http.connect(small.url)
    local nothing, why = third:receive(1)
    assert.is_nil(nothing)
    assert.equal("closed", why)
    for _, connection in ipairs({ first, second }) do
      connection:send(http.format("localhost", "GET", "/metrics"))
      local refused = http.read(connection).body:match("\nperilune_server_connections_refused_total (%d+)")
      assert.equal(1, tonumber(refused))
      connection:close()
    end
    third:close()
    assert.equal(0, small:stop())
  end)

  it("has lost no descriptor in all this", function()
    local before = gateway.process:descriptors()
    for _ = 1, 50 do gateway:get("/healthz") end
    support.eventually("all connections are closed", function()
      return gateway.process:descriptors() <= before
    end)
    support.eventually("the gauge says so", function()
      -- the connection that asks is open itself
      return gateway:metric("perilune_server_connections") == 1
    end)
  end)
end)
end
