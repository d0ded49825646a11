-- SPDX-License-Identifier: MIT
local support = require("spec.support")
local http = support.http

describe("a request is guarded:", function()
  teardown(function() support.finish() end)

  local function start(lua, ...)
    return support.gateway({
      files = { ["gateway.lua"] = "return { " .. lua .. " }" }, arguments = { "--workers", "2", ... },
    })
  end

  local function ask(gateway, head, target)
    return http.raw(gateway.url:gsub("0%.0%.0%.0", "127.0.0.1"),
      ("GET %s HTTP/1.1\r\n%s\r\nConnection: close\r\n\r\n"):format(target or "/v1/connectors", head))
  end

  describe("its host", function()
    it("is this machine where the listener is loopback, against DNS rebinding", function()
      local gateway = start("")
      for _, host in ipairs({ "localhost", "LOCALHOST:1234", "127.0.0.1", "127.0.0.1:80", "[::1]:8080", "a.localhost." }) do
        assert.equal(200, ask(gateway, "Host: " .. host).status, host)
      end
      for _, host in ipairs({ "evil.example", "evil.example:8080", "127.0.0.1.evil.example", "192.0.2.1", "localhost.evil" }) do
        local answer = ask(gateway, "Host: " .. host)
        assert.equal(421, answer.status, host)
        assert.equal("urn:perilune:misdirected", answer.json.type)
      end
      -- the target's host counts, where it has one (RFC 9112 section 3.2.2)
      assert.equal(421, ask(gateway, "Host: localhost", "http://evil.example/v1/connectors").status)
      assert.equal(200, ask(gateway, "Host: evil.example", "http://localhost/v1/connectors").status)
      -- HTTP/1.0 need not say one
      assert.equal(200, http.raw(gateway.url, "GET /v1/connectors HTTP/1.0\r\n\r\n").status)
      -- probes come by any name
      assert.equal(200, ask(gateway, "Host: evil.example", "/healthz").status)
    end)

    it("is anything elsewhere", function()
      local gateway = start("", "--listen", "0.0.0.0:0", "--tokens-admin", "t")
      assert.equal(200, ask(gateway, "Host: any.example\r\nAuthorization: Bearer t").status)
    end)

    it("is one of `hosts`, where they are set", function()
      local gateway = start('hosts = { "gateway.example", "*.tenants.example", "[::1]" }')
      for host, status in pairs({ ["gateway.example"] = 200, ["Gateway.Example:443"] = 200, ["a.tenants.example"] = 200,
        ["tenants.example"] = 421, ["localhost"] = 421, ["127.0.0.1"] = 421, ["[::1]"] = 200 }) do
        assert.equal(status, ask(gateway, "Host: " .. host).status, host)
      end
      assert.equal(200, ask(start('hosts = "*"'), "Host: any.example").status)
    end)

    it("is refused before a body is read", function()
      local connection = http.connect(start("").url)
      connection:send("POST /v1/events HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 100\r\n\r\n")
      assert.equal(421, http.read(connection).status)
      connection:close()
    end)

    it("has to be a host in the settings, too", function()
      local folder = support.write(support.folder(), { ["gateway.lua"] = 'return { hosts = "a.example:80" }' })
      local code, _, errors = support.run({ support.binary, "run", "--listen", "127.0.0.1:0", folder })
      assert.equal(3, code)
      assert.matches("hosts: 'a.example:80' is not a host name without a port", errors, 1, true)
    end)
  end)

  it("pages of other sites make none", function()
    local gateway = start("")
    local own = gateway.url:match("//(.+)$")
    for origin, status in pairs({ ["http://evil.example"] = 403, ["null"] = 403, ["http://127.0.0.1"] = 403,
      ["file://"] = 403, ["http://" .. own] = 200, ["https://" .. own] = 200 }) do
      local answer = ask(gateway, "Host: " .. own .. "\r\nOrigin: " .. origin)
      assert.equal(status, answer.status, origin)
      if status == 403 then assert.equal("urn:perilune:cross_origin", answer.json.type) end
    end
    local connection = http.connect(gateway.url)
    connection:send("POST /v1/reload HTTP/1.1\r\nHost: " .. own .. "\r\nOrigin: http://evil.example\r\nContent-Length: 0\r\n\r\n")
    assert.equal(403, http.read(connection).status)
    connection:close()
  end)

  describe("limits.client_rate", function()
    it("answers 429 with Retry-After beyond the burst, whatever connection and worker it is", function()
      local gateway = start("limits = { client_rate = 1, client_burst = 10 }")
      local first
      for i = 1, 30 do
        local answer = gateway:get("/v1/connectors")
        if answer.status == 429 then
          first = first or i
          assert.equal("urn:perilune:too_many_requests", answer.json.type)
          local wait = tonumber(answer.headers["retry-after"])
          assert.is_true(wait == 1)
        else
          assert.equal(200, answer.status)
        end
      end
      assert.is_true(first >= 11, first)
      assert.equal(200, gateway:get("/healthz").status) -- probes are not counted
      local other = require("socket").tcp()
      assert(other:bind("127.0.0.2", 0))
      assert(other:connect("127.0.0.1", tonumber(gateway.url:match("%d+$"))))
      other:send("GET /v1/connectors HTTP/1.1\r\nHost: localhost\r\n\r\n")
      assert.equal(200, http.read(other).status)
      other:close()
      support.eventually("the client may ask again", function()
        return gateway:get("/v1/connectors").status == 200
      end)
    end)

    it("counts requests that are refused, too: tokens cannot be tried at will", function()
      local gateway = start('tokens = { admin = "a" }, limits = { client_rate = 1, client_burst = 5 }')
      local counts = {}
      for _ = 1, 12 do
        local status = gateway:get("/v1/connectors").status
        counts[status] = (counts[status] or 0) + 1
      end
      assert.is_true(counts[429] >= 1)
      assert.is_nil(counts[200])
    end)

    it("is off where it is not set", function()
      local gateway = start("")
      for _ = 1, 300 do assert.equal(200, gateway:get("/v1/connectors").status) end
    end)
  end)
end)
