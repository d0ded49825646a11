-- SPDX-License-Identifier: MIT
local support = require("spec.support")

--- As an operator makes it.
local function sha256(text)
  local pipe = io.popen(("printf '%%s' '%s' | sha256sum"):format(text))
  local digits = pipe:read("*a"):match("^%x+")
  pipe:close()
  return digits
end

describe("tokens with names", function()
  local sink, gateway

  local function lua(tokens)
    return ('return { egress = { allow = { "127.0.0.1" } }, tokens = {\n%s\n} }'):format(tokens)
  end

  local function connector()
    return ('return { base_url = "%s", webhooks = { { on = "order.confirmed", url = "/" } } }'):format(sink.url)
  end

  local TOKENS = ([[
    { name = "shop", scope = "ingest", connectors = { "shop" }, sha256 = "%s" },
    { name = "any", scope = "ingest", token = secret "ANY_TOKEN" },
    { name = "ops", scope = "admin", sha256 = "%s" },
    admin = "short-admin",
  ]]):format(sha256("token-of-shop"), sha256("token-of-ops"):upper())

  setup(function()
    sink = support.sink()
    gateway = support.gateway({
      files = {
        ["gateway.lua"] = lua(TOKENS),
        ["connectors/shop.lua"] = connector(),
        ["connectors/crm.lua"] = connector(),
      },
      env = { PERILUNE_SECRET_ANY_TOKEN = "token-of-any" },
      arguments = { "--log-level", "debug", "--workers", "2" },
    })
  end)

  teardown(function() support.finish() end)

  local function ask(token, method, path, body)
    return gateway:request(method, path, body, { Authorization = "Bearer " .. token })
  end

  local EVENT = { type = "order.confirmed" }

  it("are known by their hash, or by the token itself", function()
    assert.equal(202, ask("token-of-any", "POST", "/v1/events", EVENT).status)
    assert.equal(403, ask("token-of-any", "GET", "/v1/deliveries").status)
    assert.equal(200, ask("token-of-ops", "GET", "/v1/deliveries").status)
    assert.equal(200, ask("short-admin", "GET", "/v1/deliveries").status)
    for _, wrong in ipairs({ "token-of-nobody", sha256("token-of-ops"), "ops", "shop" }) do
      assert.equal(401, ask(wrong, "GET", "/v1/deliveries").status, wrong)
    end
  end)

  describe("for some connectors", function()
    it("call these only", function()
      assert.equal(200, ask("token-of-shop", "POST", "/v1/calls/shop/order.confirmed", {}).status)
      for _, other in ipairs({ "crm", "nothing", "SHOP" }) do
        local answer = ask("token-of-shop", "POST", "/v1/calls/" .. other .. "/order.confirmed", {})
        assert.equal(403, answer.status)
        assert.matches("the token 'shop' may not reach the connector '" .. other .. "'", answer.json.detail, 1, true)
      end
      assert.equal(200, ask("token-of-any", "POST", "/v1/calls/crm/order.confirmed", {}).status)
    end)

    local function reached(token, event)
      local answer = ask(token, "POST", "/v1/events", event)
      assert.equal(202, answer.status)
      local names = {}
      for _, delivery in ipairs(answer.json.deliveries) do names[#names + 1] = delivery.connector end
      table.sort(names)
      return table.concat(names, " "), answer.json
    end

    it("have their events delivered to these only", function()
      assert.equal("crm shop", (reached("token-of-any", EVENT)))
      assert.equal("shop", (reached("token-of-shop", EVENT)))
      local batch = ask("token-of-shop", "POST", "/v1/events", { EVENT, EVENT })
      assert.equal(202, batch.status)
      for _, event in ipairs(batch.json.events) do
        assert.equal(1, #event.deliveries)
        assert.equal("shop", event.deliveries[1].connector)
      end
    end)
  end)

  it("are named in the feed, which can be filtered by them and by the events' source", function()
    local from = { type = "order.confirmed", source = "till-7" }
    local id = ask("token-of-any", "POST", "/v1/events", from).json.id
    assert.equal(200, ask("token-of-any", "POST", "/v1/calls/shop/order.confirmed", { source = "till-7" }).status)
    assert.equal(200, ask("token-of-ops", "POST", "/v1/connectors/shop/webhooks/order.confirmed/try",
      { event = { source = "till-7" } }).status)
    local function rows(query)
      return ask("token-of-ops", "GET", "/v1/deliveries?" .. query).json.deliveries
    end
    support.eventually("all is recorded", function()
      return #rows("source=till-7") == 4 and #rows("source=till-7&state=pending") == 0
    end)
    local names = {}
    for _, row in ipairs(rows("source=till-7")) do
      names[#names + 1] = row.kind .. " " .. row.token
      assert.equal("till-7", row.event_source)
    end
    table.sort(names)
    assert.same({ "call any", "delivery any", "delivery any", "try ops" }, names)
    assert.equal(3, #rows("source=till-7&token=any"))
    assert.equal(1, #rows("source=till-7&token=ops"))
    assert.equal(2, #rows("token=any&event=" .. id))
    assert.equal(0, #rows("token=token-of-any"))
    local one = ask("token-of-ops", "GET", "/v1/deliveries/" .. rows("token=ops&source=till-7")[1].id).json
    assert.equal("ops", one.token)
    local job = ask("token-of-ops", "POST", "/v1/replay", { filter = { source = "till-7", token = "any" } })
    assert.equal(202, job.status)
    assert.equal("ops", job.json.token)
    assert.equal(2, job.json.total)
    local code, output = support.run({ gateway.process.arguments[1], "feed", "--url", gateway.url, "--by", "ops",
      "--source", "till-7", "--json" }, { PERILUNE_TOKEN = "token-of-ops" })
    assert.equal(0, code)
    assert.matches('"token":"ops"', output, 1, true)
    assert.is_nil(output:find('"token":"any"', 1, true))
  end)

  it("are named in the log, and not shown", function()
    assert.equal(403, ask("token-of-shop", "GET", "/metrics").status)
    support.eventually("the name is in the log", function()
      return gateway.process:errors():find('"path":"/metrics","token":"shop","judgement":"forbidden"', 1, true)
    end)
    for _, token in ipairs({ "token-of-shop", "token-of-any", "token-of-ops", "short-admin" }) do
      assert.is_nil(gateway.process:errors():find(token, 1, true))
    end
  end)

  describe("are changed by a reload,", function()
    local function reload(tokens, by)
      support.write(gateway.folder, { ["gateway.lua"] = lua(tokens) })
      return ask(by, "POST", "/v1/reload")
    end

    it("those of the short form, too", function()
      assert.equal(200, reload('admin = { "short-admin", "next-admin" }, { name = "shop", scope = "ingest", token = "new-shop" }',
        "short-admin").status)
      assert.equal(401, ask("token-of-shop", "POST", "/v1/events", EVENT).status)
      assert.equal(401, ask("token-of-ops", "GET", "/v1/deliveries").status)
      assert.equal(202, ask("new-shop", "POST", "/v1/events", EVENT).status)
      assert.equal(200, reload('admin = "next-admin"', "short-admin").status)
      assert.equal(401, ask("short-admin", "GET", "/v1/deliveries").status)
      assert.equal(200, ask("next-admin", "GET", "/v1/deliveries").status)
      assert.is_nil(gateway.process:errors():find("takes effect at the next start", 1, true))
    end)

    it("and stay as they are when it has mistakes", function()
      local answer = reload('admin = "other", { name = "x", scope = "ingest", connectors = { "nobody" }, token = "t" }', "next-admin")
      assert.equal(422, answer.status)
      assert.matches("there is no connector 'nobody'; connectors are crm, shop", answer.body, 1, true)
      assert.equal(422, reload('admin = "other", { name = "x", scope = "admin", token = "t" }, '
        .. '{ name = "x", scope = "admin", token = "u" }', "next-admin").status)
      assert.equal(200, ask("next-admin", "GET", "/v1/deliveries").status)
      assert.equal(401, ask("other", "GET", "/v1/deliveries").status)
    end)

    it("which may not take the last away from a listener that others reach", function()
      local open = support.gateway({
        files = { ["gateway.lua"] = 'return { tokens = { admin = "a" } }' }, arguments = { "--listen", "0.0.0.0:0" }, token = "a",
      })
      open.url = open.url:gsub("0%.0%.0%.0", "127.0.0.1")
      support.write(open.folder, { ["gateway.lua"] = "return {}" })
      local answer = open:request("POST", "/v1/reload")
      assert.equal(422, answer.status)
      assert.matches("without any the gateway listens on loopback only", answer.body, 1, true)
      assert.equal(200, open:get("/v1/deliveries").status)
      assert.equal(0, open:stop())
    end)
  end)

  it("can come from the environment", function()
    local other = support.gateway({
      files = { ["gateway.lua"] = "return {}" }, token = "env-token",
      env = { PERILUNE_TOKENS_NAMED = "name=ops scope=admin sha256=" .. sha256("env-token") },
    })
    assert.equal(200, other:get("/v1/deliveries").status)
    assert.equal(0, other:stop())
  end)

  it("that are wrong end the start with exit code 3", function()
    local folder = support.write(support.folder(), { ["gateway.lua"] = "return {}" })
    for text, fault in pairs({
      ["scope=admin token=t"] = "tokens.named: token 1: 'name' is missing",
      ["name=a token=t"] = "the token 'a': 'scope' is missing",
      ["name=a scope=root token=t"] = "the token 'a': 'scope' is ingest or admin",
      ["name=a scope=admin"] = "the token 'a': either 'sha256' or 'token' is needed",
      ["name=a scope=admin sha256=12"] = "the token 'a': 'sha256' is 64 hexadecimal digits",
      ["name=a scope=admin connectors=b token=t"] = "'connectors' is for the scope ingest",
      ["name=a scope=ingest connectors=b token=t"] = "there is no connector 'b'",
      ["name=a scope=admin color=red token=t"] = "are what can be said, once",
    }) do
      local code, _, errors = support.run({ support.binary, "run", "--listen", "127.0.0.1:0", "--tokens-named", text, folder })
      assert.equal(3, code)
      assert.matches(fault, errors, 1, true)
    end
  end)
end)
