-- SPDX-License-Identifier: MIT
--- Memory that the system refuses costs the request that wants it, and nothing else. The limit is real: `prlimit --as` on
--- the running gateway.
local support = require("spec.support")

local M = 2 ^ 20
local HEADROOM = 64 * M

describe("a gateway that gets no more memory", function()
  local sink, gateway, is_possible

  local function address_space()
    local status = support.read("/proc/" .. gateway.process.pid .. "/status")
    return tonumber(status:match("VmSize:%s+(%d+)")) * 1024
  end

  local function limit(bytes)
    local code, _, err = support.run({ "prlimit", "--pid", tostring(gateway.process.pid), "--as=" .. bytes .. ":" })
    assert.equal(0, code, err)
  end

  setup(function()
    sink = support.sink()
    gateway = support.gateway({
      files = {
        ["gateway.lua"] = support.gateway_lua,
        ["connectors/shop.lua"] = ('return { base_url = "%s", webhooks = { { on = "order", url = "/" } } }'):format(sink.url),
      },
      arguments = { "--workers", "1", "--limits-body", "512M", "--timeouts-body", "60" },
    })
    -- A sanitizer has the whole address space for itself.
    is_possible = address_space() < 2 ^ 40
  end)

  teardown(function() support.finish() end)

  local function event(bytes)
    return '{"type":"order","data":{"text":"' .. ("x"):rep(bytes) .. '"}}'
  end

  --- Posts without an expectation of how much of it is read.
  local function post(body, headers)
    local connection = support.http.connect(gateway.url)
    connection:send(support.http.format("localhost", "POST", "/v1/events", body, headers))
    local answer = support.http.read(connection)
    connection:close()
    return answer
  end

  local function is_well()
    local answer = gateway:post("/v1/events", '{"type":"order","data":{}}')
    assert.equal(202, answer.status)
    gateway:wait_feed("state=delivered&event=" .. answer.json.id)
  end

  it("answers 503 to what does not fit, and goes on with the rest", function()
    if not is_possible then pending("not under a sanitizer") return end
    for _ = 1, 3 do is_well() end
    limit(string.format("%d", address_space() + HEADROOM))
    for _ = 1, 3 do
      for _, megabytes in ipairs({ 100, 20 }) do -- while it is read; when it is to be worked on
        local answer = post(event(megabytes * M))
        assert.equal(503, answer.status)
        assert.equal("urn:perilune:memory", answer.json.type)
        is_well()
      end
    end
    assert.equal(202, post(event(2 * M)).status)
    limit("unlimited")
    local answer = post(event(20 * M))
    assert.equal(202, answer.status)
    gateway:wait_feed("state=delivered&event=" .. answer.json.id)
    assert.equal(0, gateway:stop())
  end)
end)
