-- SPDX-License-Identifier: MIT
--- ctx.cache across connections and workers. A fill of these scripts ends when a test opens a gate, which is an entry of
--- the cache itself, so that who waits and who fills is known and nothing depends on how fast a machine is.

local support = require("spec.support")
local http = support.http

local WORKERS, CALLS = 3, 12

-- What an authenticator that asks for tokens does.
local TOKENS = [[
return { apply = function(ctx, request)
  local held = ctx.cache.fetch("token", { early = 30 }, function()
    while not ctx.cache.get("open-token") do sleep(0.005) end
    local answer = assert(ctx.http.post { url = ctx.config.url, form = { grant_type = "client_credentials" } })
    local granted = answer:json()
    return { token = conceal(granted.access_token) }, granted.expires_in
  end)
  request:set_header("Authorization", "Bearer ", held.token)
end }
]]

local CONNECTOR = [[
local function wait_for(ctx, gate)
  while not ctx.cache.get(gate) do sleep(0.005) end
end

--- A webhook whose body is what `fill` gives, fetched under `key`.
local function fetching(id, key, fill, timeout)
  return { id = id, url = "/", timeout = timeout or 30, body = function(ctx)
    return { value = ctx.cache.fetch(key, 60, function() return fill(ctx) end) }
  end, response = { variables = { value = "response.value" } } }
end

local function slow(gate)
  return function(ctx)
    wait_for(ctx, gate)
    return ctx.uuid()
  end
end

local function quick() return "quick" end

return { base_url = "SINK", webhooks = {
  fetching("one", "one", slow("open-one")),
  fetching("failing", "failing", function(ctx)
    wait_for(ctx, "open-failing")
    error("no token today")
  end),
  fetching("failing-quick", "failing", quick),
  fetching("dying", "dying", slow("never"), 0.3),
  fetching("dying-quick", "dying", quick),
  fetching("changing", "changing", slow("open-changing")),
  { id = "open", url = "/", body = function(ctx, v)
    ctx.cache.set("open-" .. v.data.gate, true, 60)
    return {}
  end },
  { id = "old", url = "/", body = function(ctx)
    ctx.cache.set("ahead", "old", 10)
    return {}
  end },
  { id = "ahead", url = "/", timeout = 30, body = function(ctx)
    return { value = ctx.cache.fetch("ahead", { ttl = 60, early = 5 }, function()
      wait_for(ctx, "open-ahead")
      return "new"
    end) }
  end, response = { variables = { value = "response.value" } } },
  { id = "fill-up", url = "/", body = function(ctx)
    for i = 1, 100 do ctx.cache.set("entry-" .. i, ("x"):rep(10000), 60) end
    return { first = ctx.cache.get("entry-1") or json.null, last = #ctx.cache.get("entry-100") }
  end, response = { variables = { first = "response.first", last = "response.last" } } },
} }
]]

describe("ctx.cache", function()
  local sink, tokens, gateway, open

  setup(function()
    sink = support.sink("--echo")
    tokens = support.sink("--body", '{"access_token":"acc3ss-of-acme","expires_in":3600}')
    gateway = support.gateway({
      arguments = { "--workers", tostring(WORKERS), "--limits-cache", "256k", "--limits-cache-entry", "16k" },
      files = {
        ["gateway.lua"] = support.gateway_lua,
        ["connectors/acme.lua"] = (CONNECTOR:gsub("SINK", sink.url)),
        ["connectors/secured.lua"] = ('return { base_url = "%s", timeout = 30, authenticator = { type = "tokens", '
          .. 'url = "%s/token" }, webhooks = { { id = "open", url = "/", body = function(ctx) '
          .. 'ctx.cache.set("open-token", true, 60) return {} end }, { id = "send", url = "/secured" } } }')
          :format(sink.url, tokens.url),
        ["plugins/tokens/handler.lua"] = TOKENS,
        ["plugins/tokens/schema.lua"] = 'return { api = 1, summary = "Tokens", fields = { '
          .. 'url = { type = "string", required = true } } }',
        ["connectors/other.lua"] = ('return { base_url = "%s", webhooks = { { id = "look", url = "/", '
          .. 'body = function(ctx) return { value = ctx.cache.get("one") or json.null } end, '
          .. 'response = { variables = { value = "response.value" } } } } }'):format(sink.url),
      },
    })
    open = {}
  end)

  teardown(function()
    for _, connection in ipairs(open or {}) do connection:close() end
    support.finish()
  end)

  local function post(webhook, data)
    return gateway:post("/v1/calls/acme/" .. webhook, { data = data })
  end

  --- Begins a call on a connection of its own.
  local function begin(webhook, connector)
    local connection = http.connect(gateway.url)
    open[#open + 1] = connection
    connection:send(http.format("localhost", "POST", ("/v1/calls/%s/%s"):format(connector or "acme", webhook), "{}"))
    return connection
  end

  local function wait_until_waiting(n)
    support.eventually(n .. " runs wait", function() return gateway:metric("perilune_cache_waiting") == n end)
  end

  --- Begins the call that fills and waits until it does.
  local function begin_fill(webhook)
    local fills = gateway:metric("perilune_cache_fills_total")
    local connection = begin(webhook)
    support.eventually("the fill has begun", function()
      return gateway:metric("perilune_cache_fills_total") == fills + 1
    end)
    return connection
  end

  local function begin_all(webhook, n, connector)
    local all = {}
    for i = 1, n do all[i] = begin(webhook, connector) end
    return all
  end

  it("fills once for all calls on all workers", function()
    local fills = gateway:metric("perilune_cache_fills_total")
    local all = begin_all("one", CALLS)
    wait_until_waiting(CALLS - 1)
    assert.equal(200, post("open", { gate = "one" }).status)
    local value
    for _, connection in ipairs(all) do
      local answer = http.read(connection)
      assert.equal(200, answer.status, answer.body)
      value = value or answer.json.variables.value
      assert.equal(36, #value)
      assert.equal(value, answer.json.variables.value)
    end
    assert.equal(value, post("one").json.variables.value)
    assert.equal(fills + 1, gateway:metric("perilune_cache_fills_total"))
    assert.equal(0, gateway:metric("perilune_cache_waiting"))
  end)

  it("keeps the keys of connectors apart", function()
    local answer = gateway:post("/v1/calls/other/look", "{}")
    assert.equal(support.json.null, answer.json.variables.value)
  end)

  it("tells all who wait why a fill has failed, and the next fills again", function()
    local first = begin_fill("failing")
    local others = begin_all("failing-quick", 4)
    wait_until_waiting(4)
    post("open", { gate = "failing" })
    local failed = http.read(first)
    assert.equal(502, failed.status)
    assert.equal("script", failed.json.outcome)
    assert.matches("connectors/acme.lua:%d+: no token today", failed.json.detail)
    for _, connection in ipairs(others) do
      local answer = http.read(connection)
      assert.equal("script", answer.json.outcome)
      assert.equal(failed.json.detail, answer.json.detail)
    end
    assert.equal("quick", post("failing-quick").json.variables.value)
  end)

  it("lets another fill when the one that does has run out of time", function()
    local dying = begin_fill("dying")
    local others = begin_all("dying-quick", 4)
    for _, connection in ipairs(others) do
      assert.equal("quick", http.read(connection).json.variables.value)
    end
    assert.equal("timeout", http.read(dying).json.outcome)
  end)

  it("keeps what waits waiting over a reload, and its values", function()
    local first = begin_fill("changing")
    local others = begin_all("changing", 3)
    wait_until_waiting(3)
    assert.equal(200, gateway:post("/v1/reload").status)
    others[#others + 1] = begin("changing")
    wait_until_waiting(4)
    post("open", { gate = "changing" })
    local value = http.read(first).json.variables.value
    for _, connection in ipairs(others) do
      assert.equal(value, http.read(connection).json.variables.value)
    end
    assert.equal(200, gateway:post("/v1/reload").status)
    assert.equal(value, post("changing").json.variables.value)
  end)

  it("renews ahead of time what is near its end, and others have the old value meanwhile", function()
    local fills, all = gateway:metric("perilune_cache_fills_total"), {}
    post("old")
    support.eventually("the renewal has begun", function()
      all[#all + 1] = begin("ahead")
      support.process.sleep(0.2)
      return gateway:metric("perilune_cache_fills_total") == fills + 1
    end)
    assert.equal("old", post("ahead").json.variables.value)
    post("open", { gate = "ahead" })
    local count = { old = 0, new = 0 }
    for _, connection in ipairs(all) do
      local value = http.read(connection).json.variables.value
      count[value] = count[value] + 1
    end
    assert.same({ old = #all - 1, new = 1 }, count)
    assert.equal("new", post("ahead").json.variables.value)
    assert.equal(fills + 1, gateway:metric("perilune_cache_fills_total"))
  end)

  it("asks for a token once for all, and it stays a secret", function()
    local before = #sink:requests()
    local all = begin_all("send", CALLS, "secured")
    wait_until_waiting(CALLS - 1)
    local opening = begin("open", "secured")
    for _, connection in ipairs(all) do assert.equal(200, http.read(connection).status) end
    for _ = 1, WORKERS do assert.equal(200, gateway:post("/v1/calls/secured/send", "{}").status) end
    assert.equal(200, http.read(opening).status)
    local requests, secured = sink:wait(before + CALLS + WORKERS + 1), 0
    for i = before + 1, #requests do
      if requests[i].path == "/secured" then
        secured = secured + 1
        assert.equal("Bearer acc3ss-of-acme", requests[i].headers.authorization)
      end
    end
    assert.equal(CALLS + WORKERS, secured)
    assert.equal(1, #tokens:requests())
    assert.equal("grant_type=client_credentials", tokens:requests()[1].body)
    assert.is_nil(gateway.process:errors():find("acc3ss-of-acme", 1, true))
    for _, row in ipairs(gateway:wait_feed("connector=secured&webhook=send", CALLS + WORKERS)) do
      assert.is_nil(support.json.encode(gateway:delivery(row.id)):find("acc3ss-of-acme", 1, true))
    end
  end)

  it("makes room for what is new, within its limit", function()
    local answer = post("fill-up")
    assert.same({ first = support.json.null, last = 10000 }, answer.json.variables)
    assert.is_true(gateway:metric("perilune_cache_evictions_total") > 50)
    assert.is_true(gateway:metric("perilune_cache_bytes") <= 256 * 1024)
    assert.is_true(gateway:metric("perilune_cache_entries") > 10)
  end)

  it("leaves nobody waiting when the gateway stops", function()
    begin_fill("dying")
    assert.equal(0, gateway:stop())
  end)
end)
