-- SPDX-License-Identifier: MIT
local support = require("spec.support")
local http = support.http

describe("a reload", function()
  local sink, peer, gateway

  local function connector(webhooks)
    return ('return { base_url = "%s", webhooks = { %s } }'):format(sink.url, webhooks)
  end

  setup(function()
    sink = support.sink()
    peer = support.faulty_peer()
    gateway = support.gateway({
      files = {
        ["gateway.lua"] = support.gateway_lua,
        ["connectors/shop.lua"] = connector('{ on = "first", url = "/first" }'),
      },
    })
  end)

  teardown(function() support.finish() end)

  local function deliver(type)
    return gateway:post("/v1/events", ('{"type":"%s"}'):format(type), { Prefer = "wait=10" }).json
  end

  local function path_of(n)
    return sink:wait(n)[n].path
  end

  it("brings new webhooks to all workers", function()
    assert.equal("no webhook is triggered by 'second'", deliver("second").reason)
    support.write(gateway.folder, {
      ["connectors/shop.lua"] = connector('{ on = "first", url = "/changed" }, { on = "second", url = "/second" }'),
    })
    local answer = gateway:post("/v1/reload")
    assert.equal(200, answer.status)
    assert.equal(2, answer.json.generation)
    assert.equal(2, gateway:metric("perilune_generation"))
    for n = 1, 8 do -- new connections come to all workers
      assert.equal("delivered", deliver(n % 2 == 0 and "first" or "second").deliveries[1].state)
      assert.equal(n % 2 == 0 and "/changed" or "/second", path_of(n))
    end
  end)

  it("with mistakes answers 422 with file and line of each, and the old set stays", function()
    support.write(gateway.folder, {
      ["connectors/shop.lua"] = "return {\n  webhooks = {\n    { on = 'third', urll = '/x' },\n  },\n}\n",
      ["connectors/broken.lua"] = "return {\n  webhooks = {,\n}\n",
    })
    local answer = gateway:post("/v1/reload")
    assert.equal(422, answer.status)
    assert.equal("urn:perilune:bad_config", answer.json.type)
    local said = {}
    for i, fault in ipairs(answer.json.errors) do
      said[i] = ("%s:%d"):format(fault.file:match("connectors/.*"), fault.line)
    end
    assert.equal("connectors/broken.lua:2", said[1])
    assert.equal("connectors/shop.lua:3", said[2])
    local all = support.json.encode(answer.json.errors)
    assert.matches("urll", all, 1, true)
    assert.matches("did you mean", all, 1, true)
    assert.equal(2, gateway:metric("perilune_generation"))
    assert.equal("delivered", deliver("second").deliveries[1].state)
    assert.matches("reload failed", gateway.process:errors(), 1, true)
  end)

  it("comes by SIGHUP as well", function()
    os.remove(gateway.folder .. "/connectors/broken.lua")
    support.write(gateway.folder, {
      ["connectors/shop.lua"] = connector('{ on = "third", url = "/third" }'),
    })
    gateway.process:signal("HUP")
    support.eventually("the new generation", function() return gateway:metric("perilune_generation") == 3 end)
    assert.equal("delivered", deliver("third").deliveries[1].state)
    assert.equal("no webhook is triggered by 'second'", deliver("second").reason)
  end)

  it("by SIGHUP with mistakes leaves the gateway as it was", function()
    support.write(gateway.folder, { ["connectors/shop.lua"] = "return 5" })
    gateway.process:signal("HUP")
    support.eventually("the mistake is in the log", function()
      return select(2, gateway.process:errors():gsub("reload failed", "")) == 2
    end)
    assert.equal("delivered", deliver("third").deliveries[1].state)
  end)

  it("lets what is under way finish on its own generation", function()
    support.write(gateway.folder, {
      ["connectors/shop.lua"] = connector('{ id = "meet", url = "' .. peer.url .. '/barrier?n=2", timeout = 30, '
        .. 'response = { variables = { found = "response.ok" } } }'),
    })
    assert.equal(200, gateway:post("/v1/reload").status)
    local connection = http.connect(gateway.url)
    connection:send(http.format("localhost", "POST", "/v1/calls/shop/meet", "{}"))
    support.eventually("the call is at the receiver", function() return peer:count("/barrier") == 1 end)
    support.write(gateway.folder, { ["connectors/shop.lua"] = connector('{ on = "fourth", url = "/fourth" }') })
    assert.equal(200, gateway:post("/v1/reload").status)
    assert.equal(404, gateway:post("/v1/calls/shop/meet", "{}").status)
    assert.equal(200, http.request(peer.url, "GET", "/barrier?n=2").status)
    local answer = http.read(connection)
    connection:close()
    assert.equal(200, answer.status)
    assert.is_true(answer.json.variables.found)
  end)

  it("says which changed settings wait for a restart", function()
    support.write(gateway.folder, {
      ["gateway.lua"] = 'return { limits = { body = "2M" }, egress = { allow = { "127.0.0.1" } } }',
    })
    assert.equal(200, gateway:post("/v1/reload").status)
    local log = gateway.process:errors()
    assert.matches('"setting":"limits.body"', log, 1, true)
    assert.is_nil(log:find('"setting":"egress.allow"', 1, true))
    assert.is_nil(log:find('"setting":"listen"', 1, true))
  end)

  it("with another egress.allow holds for connections that are open, too", function()
    local function outcomes()
      local before, all = sink:count(), {}
      for n = 1, 8 do all[n] = gateway:post("/v1/calls/shop/guarded", "{}").status end
      return table.concat(all, " "), sink:count() - before
    end
    local function allow(list)
      support.write(gateway.folder, { ["gateway.lua"] = ("return { egress = { allow = { %s } } }"):format(list) })
      return gateway:post("/v1/reload")
    end
    support.write(gateway.folder, { ["connectors/shop.lua"] =
      ('return { webhooks = { { id = "guarded", url = function() return "%s/guarded" end }, '
      .. '{ on = "fourth", url = function() return "%s/fourth" end } } }'):format(sink.url, sink.url) })
    assert.equal(200, allow('"127.0.0.1"').status)
    local said, count = outcomes()
    assert.same({ "200 200 200 200 200 200 200 200", 8 }, { said, count })
    assert.equal(200, allow('"127.0.0.2"').status)
    said, count = outcomes()
    assert.same({ "502 502 502 502 502 502 502 502", 0 }, { said, count })
    local answer = allow('"127.0.0.0/8"')
    assert.equal(422, answer.status)
    assert.matches("egress.allow: '127.0.0.0/8' opens nothing", answer.json.errors[1].message, 1, true)
    assert.equal(200, allow('"127.0.0.1"').status)
    assert.equal("200 200 200 200 200 200 200 200", (outcomes()))
  end)

  it("again and again leaves no descriptor and works still", function()
    local before = gateway.process:descriptors()
    for _ = 1, 20 do assert.equal(200, gateway:post("/v1/reload").status) end
    support.eventually("no descriptor is lost", function() return gateway.process:descriptors() <= before end)
    assert.equal("delivered", deliver("fourth").deliveries[1].state)
  end)
end)
