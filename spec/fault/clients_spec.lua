-- SPDX-License-Identifier: MIT
--- Clients that misbehave: they are ended or held at little cost, and others are served all the while.
local support = require("spec.support")
local certificates = require("spec.support.certificates")
local http = support.http

-- A sanitizer would keep what is freed for a while.
local ENV = { ASAN_OPTIONS = "quarantine_size_mb=0:thread_local_quarantine_size_kb=0" }

local FILES = { ["gateway.lua"] = "return {}" }

--- How many descriptors a process may have here.
local function descriptor_limit()
  local pipe = io.popen("ulimit -Hn")
  local limit = tonumber(pipe:read("*l")) or math.huge
  pipe:close()
  return limit
end

describe("the listener", function()
  teardown(function() support.finish() end)

  local function serves(gateway)
    for _ = 1, 20 do assert.equal(200, gateway:get("/healthz").status) end
  end

  --- Bytes that each of `count` idle connections costs.
  local function cost(gateway, count, ...)
    local before = gateway.process:resident_bytes()
    local clients = support.start({ "python3", "spec/support/idle_clients.py", gateway.address:match("%d+$"), tostring(count), ... })
    local opened = support.eventually("the clients are connected", function()
      return clients:output():match("open (%d+)")
    end, 300)
    assert.equal(count, tonumber(opened))
    local bytes = (gateway.process:resident_bytes() - before) / count
    serves(gateway)
    clients:signal("TERM")
    assert.equal(0, clients:wait())
    assert.equal(count, tonumber(clients:output():match("alive (%d+)")))
    return bytes
  end

  local function start(...)
    return support.gateway({
      files = FILES, env = ENV, arguments = { "--workers", "2", "--timeouts-idle", "600", "--timeouts-header", "60", ... },
    })
  end

  it("holds 10,000 idle connections for a page of memory each, and serves others #memory", function()
    if descriptor_limit() < 10200 then pending("no more than " .. descriptor_limit() .. " descriptors") return end
    local gateway = start()
    assert.is_true(cost(gateway, 10000) < 4096)
    support.eventually("they are gone", function()
      return gateway:metric("perilune_server_connections") == 1
    end)
    assert.equal(0, gateway:stop())
  end)

  it("holds idle connections in TLS for some tens of kilobytes each #memory", function()
    local folder = certificates.make(support.folder())
    local gateway = start("--tls-certificate", folder .. "/good.pem", "--tls-key", folder .. "/good.key")
    gateway.get = function() -- by curl, since specs speak plainly
      return { status = support.run({ "curl", "-sSf", "--cacert", folder .. "/ca.pem", "-o", "/dev/null",
        "https://" .. gateway.address .. "/healthz" }) == 0 and 200 }
    end
    assert.is_true(cost(gateway, 500, folder .. "/ca.pem") < 65536)
    assert.equal(0, gateway:stop())
  end)

  it("gives a client that asks and never reads one answer's memory #memory", function()
    local gateway = start("--timeouts-write", "1")
    local flood = ("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"):rep(20000)
    local connections, before = {}, gateway.process:resident_bytes()
    for i = 1, 20 do
      connections[i] = http.connect(gateway.url)
      connections[i]:settimeout(0)
      connections[i]:send(flood)
    end
    serves(gateway)
    assert.is_true(gateway.process:resident_bytes() - before < 64 * 2 ^ 20)
    support.eventually("all were ended", function()
      return gateway:metric("perilune_server_connections") == 1
    end)
    for _, connection in ipairs(connections) do connection:close() end
    assert.equal(0, gateway:stop())
  end)

  it("ends clients whose heads drip, all of them, while it serves others", function()
    local gateway = start("--timeouts-header", "1")
    local connections = {}
    for i = 1, 200 do
      connections[i] = http.connect(gateway.url)
      connections[i]:settimeout(0)
    end
    local alive = #connections
    support.eventually("all were ended", function()
      for i, connection in pairs(connections) do
        local sent = connection:send("G")
        local _, why = connection:receive(1)
        if not sent or why ~= "timeout" then
          connection:close()
          connections[i] = nil
          alive = alive - 1
        end
      end
      assert.equal(200, gateway:get("/healthz").status)
      return alive == 0
    end)
    assert.equal(0, gateway:stop())
  end)

  it("goes on without descriptors: who is connected is served, others wait, and it is said once", function()
    local wrapper = support.folder() .. "/few"
    support.write("/", { [wrapper:sub(2)] = ('#!/bin/sh\nulimit -n 80\nexec "%s" "$@"\n'):format(support.binary) })
    os.execute("chmod +x " .. wrapper)
    local sink = support.sink()
    local gateway = support.gateway({
      binary = wrapper, arguments = { "--workers", "1", "--breaker-failures", "1", "--breaker-cooldown", "0.1" },
      files = {
        ["gateway.lua"] = 'return { egress = { allow = { "127.0.0.1" } } }',
        ["connectors/once.lua"] = ([[return { base_url = %q, retry = false, webhooks = { { on = "once", url = "/" } } }]]):format(sink.url),
      },
    })
    local kept, connections = http.connect(gateway.url), {}
    kept:send(http.format("localhost", "GET", "/healthz"))
    assert.equal(200, http.read(kept).status)
    for i = 1, 200 do connections[i] = http.connect(gateway.url) end
    support.eventually("there are none left", function()
      return gateway.process:errors():find("cannot accept connections for a moment", 1, true)
    end)
    for _ = 1, 50 do
      kept:send(http.format("localhost", "GET", "/healthz"))
      assert.equal(200, http.read(kept).status)
    end
    local _, said = gateway.process:errors():gsub("cannot accept connections", "")
    assert.equal(1, said)
    kept:send(http.format("localhost", "POST", "/v1/events", '{"type":"once"}', { ["Content-Type"] = "application/json" }))
    assert.equal(202, http.read(kept).status)
    support.eventually("a delivery finds no socket", function()
      return gateway.process:errors():find('"outcome":"busy"', 1, true)
    end)
    for _, connection in ipairs(connections) do connection:close() end
    serves(gateway)
    local attempts = gateway:delivery(gateway:wait_feed("state=delivered")[1].id).attempts
    for i, attempt in ipairs(attempts) do assert.equal(i == #attempts, attempt.counted) end
    assert.same({}, gateway:get("/v1/connectors/once").json.health.breakers)
    kept:close()
    assert.equal(0, gateway:stop())
  end)
end)
