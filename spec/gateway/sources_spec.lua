-- SPDX-License-Identifier: MIT

--- Foreign webhooks that become events, and who may post: sources, ingress and tokens.

local mime = require("mime")
local openssl = require("spec.support.openssl")
local support = require("spec.support")

local KEY = "a shared key"

-- A sender that signs "time.body", as several do.
local SIGNED = [[
  local function signed(ctx, inbound)
    local time, given = (inbound:header("X-Signature") or ""):match("^t=(%d+),v1=(%x+)$")
    if not time then return false, "no X-Signature of the form t=TIME,v1=HEX" end
    if math.abs(ctx.now - tonumber(time)) > 300 then return false, "the time is too far away" end
    local wanted = hex.encode(hash.hmac("sha256", secret "SIGNING", time .. "." .. inbound:body()))
    return hash.equal(wanted, given) or nil, "the signature is wrong"
  end
]]

local FILES = {
  ["gateway.lua"] = SIGNED .. [[
    return {
      egress = { allow = { "127.0.0.1" } },
      timeouts = { source = 1 },
      limits = { body = "64k", batch = 3, script_time = 0.1 },
      tokens = { ingest = "t-ingest", admin = "t-admin" },
      ingress = { { verify = signed }, function(ctx, inbound)
        return inbound:header("X-Pass") == "other"
      end },
      sources = {
        shop = {
          verify = signed,
          source = function(ctx, inbound)
            local given = json.decode(inbound:body())
            return { type = "shop." .. given.kind, id = given.id, data = given, time = given.at }
          end,
        },
        echo = { -- no verifier: as POST /v1/events
          methods = { "GET", "POST" },
          source = function(ctx, inbound)
            return { type = "echo", data = {
              method = inbound:method(), target = inbound:target(), path = inbound:path(),
              a = inbound:query("a"), c = inbound:query("c"), query = inbound:query(), none = inbound:query("none") == nil,
              header = inbound:header("x-two"), headers = inbound:headers()["x-two"],
              field = inbound:form("name"), bad = inbound:form("bad"), body = inbound:body(),
              client = inbound:client(), config = next(ctx.config) == nil,
              connector = ctx.connector == nil, deadline = ctx.deadline - ctx.now,
            } }
          end,
        },
        any = {
          verify = function() return true end,
          methods = { "GET", "POST" },
          source = function(ctx, inbound)
            local what = inbound:query("do")
            if what == "challenge" then
              return nil, { body = inbound:query("challenge"), headers = { ["X-Own"] = "yes" } }
            elseif what == "json" then return nil, { status = 201, body = { ok = true } }
            elseif what == "both" then
              return { type = "both", id = inbound:query("id") }, { status = 299, body = "taken" }
            elseif what == "list" then
              return { { type = "list", id = "l-1" }, { type = "list", id = "l-2" } }
            elseif what == "many" then
              return { { type = "m" }, { type = "m" }, { type = "m" }, { type = "m" } }
            elseif what == "none" then return nil
            elseif what == "empty" then return {}
            elseif what == "raise" then error("it says no")
            elseif what == "refuse" then error { class = "unauthorized", message = "not this way" }
            elseif what == "text" then return "an event"
            elseif what == "typeless" then return { tpye = "x" }
            elseif what == "badtime" then return { type = "x", time = "yesterday" }
            elseif what == "items" then return { { type = "x" }, "y" }
            elseif what == "function" then return { type = "x", data = { f = assert } }
            elseif what == "header" then return nil, { headers = { ["X-A"] = "a\r\nb: c" } }
            elseif what == "length" then return nil, { headers = { ["Content-Length"] = "7" } }
            elseif what == "status" then return nil, { status = 99 }
            elseif what == "answer" then return nil, "no event of ours"
            elseif what == "loop" then while true do end
            elseif what == "wait" then sleep(30)
            elseif what == "fetch" then
              local answer = ctx.http.get { url = env "SINK" .. "/price" }
              log.info("fetched", { source = "x" })
              return { type = "fetched", data = { status = answer.status } }
            elseif what == "once" then
              local first = ctx.cache.get("seen") == nil
              ctx.cache.set("seen", true, 60)
              return first and { type = "once" } or nil
            elseif what == "keep" then
              ctx.trace("kept", { a = 1 })
              kept = inbound
            end
          end,
        },
        raising = {
          verify = function() error("who is that?") end,
          source = function() return { type = "never" } end,
        },
        endless = {
          verify = { function() while true do end end, function() return true end },
          source = function() return { type = "never" } end,
        },
        patient = {
          verify = function() sleep(30) return true end,
          source = function() return { type = "never" } end,
        },
        truthy = {
          verify = function() return "yes" end,
          source = function() return { type = "never" } end,
        },
        remote = {
          verify = function(ctx, inbound)
            local answer = ctx.http.get { url = env "SINK" .. "/who", params = { token = inbound:header("X-T") } }
            return answer.ok and { who = "T-" .. answer.status }
          end,
          source = "stamp",
        },
        stamped = { source = { type = "stamp", word = "hello" } },
      },
    }]],
  ["plugins/stamp/schema.lua"] = [[return { api = 1, summary = "Stamps", fields = {
    word = { type = "string", default = "none" } } }]],
  ["plugins/stamp/handler.lua"] = [[return {
    receive = function(ctx, inbound) return { type = "stamped", data = { word = ctx.config.word, by = ctx.verified } } end,
    verify = function(ctx, inbound) return inbound:header("X-Word") == ctx.config.word end,
  }]],
  ["connectors/crm.lua"] = SIGNED .. [[return { name = "The CRM",
    ingress = { verify = signed, source = function(ctx, inbound)
      return { type = "crm.changed", data = { id = ctx.connector.id, name = ctx.connector.name } }
    end } }]],
  ["connectors/out.lua"] = [[return { base_url = env "SINK", webhooks = {
    { on = "echo", url = "/echo" }, { on = "shop.paid", url = "/paid" }, { on = "crm.changed", url = "/crm" },
    { on = "fetched", url = "/fetched" }, { on = "stamped", url = "/stamped" }, { on = "plain", url = "/plain" },
  } }]],
}
FILES["gateway.lua"] = FILES["gateway.lua"]:gsub("\n              kept = inbound", "")

describe("a source", function()
  local sink, gateway

  setup(function()
    sink = support.sink()
    gateway = support.gateway {
      files = FILES,
      env = { PERILUNE_VAR_SINK = sink.url, PERILUNE_SECRET_SIGNING = KEY },
    }
  end)

  teardown(function() support.finish() end)

  local function signature(body, time)
    time = time or os.time()
    return ("t=%d,v1=%s"):format(time, openssl.hmac("sha256", KEY, time .. "." .. body))
  end

  local function post(path, body, headers)
    return gateway:request("POST", path, body, headers or {})
  end

  local function any(what) return post("/v1/sources/any?do=" .. what, "x") end

  --- The first line of the log with this text, decoded.
  local function line_with(text)
    return support.eventually("a line with " .. text, function()
      for line in gateway.process:errors():gmatch("[^\n]+") do
        if line:find(text, 1, true) then return support.json.decode(line) end
      end
    end)
  end

  local function received(path, count)
    return support.eventually("a request at " .. path, function()
      local found = {}
      for _, request in ipairs(sink:requests()) do
        if request.path == path then found[#found + 1] = request end
      end
      return #found >= (count or 1) and found
    end)
  end

  describe("that verifies", function()
    local body = '{"kind":"paid","id":"p-1","at":1700000000,"sum":12345678901234567890,"none":null}'

    it("takes what is signed: an event, on its way", function()
      local answer = post("/v1/sources/shop", body, { ["X-Signature"] = signature(body) })
      assert.equal(202, answer.status)
      assert.equal("p-1", answer.json.id)
      assert.equal("out", answer.json.deliveries[1].connector)
      local event = received("/paid")[1]
      assert.equal("shop", event.json.source)
      assert.equal("2023-11-14T22:13:20Z", event.json.time)
      assert.truthy(event.body:find('"sum":12345678901234567890', 1, true))
      assert.truthy(event.body:find('"none":null', 1, true))
    end)

    it("answers 200 to what it has had", function()
      local again = post("/v1/sources/shop", body, { ["X-Signature"] = signature(body) })
      assert.equal(200, again.status)
      assert.is_true(again.json.duplicate)
    end)

    for what, make in pairs({
      ["no signature"] = function() return nil end,
      ["one of another body"] = function() return signature(body .. " ") end,
      ["one of an hour ago"] = function() return signature(body, os.time() - 3600) end,
      ["one that says another time"] = function()
        return (signature(body, os.time() - 3600):gsub("t=%d+", "t=" .. os.time()))
      end,
      ["one that is no hexadecimal"] = function() return "t=1,v1=zz" end,
    }) do
      it("refuses " .. what, function()
        local answer = post("/v1/sources/shop", body, { ["X-Signature"] = make() })
        assert.equal(401, answer.status)
        assert.equal("urn:perilune:unverified", answer.json.type)
        assert.equal("it could not be verified who sent the request", answer.json.detail)
        assert.truthy(answer.headers["www-authenticate"])
      end)
    end

    it("refuses a second signature beside a good one", function()
      local connection = support.http.connect(gateway.url)
      connection:send(("POST /v1/sources/shop HTTP/1.1\r\nHost: localhost\r\nX-Signature: %s\r\nX-Signature: %s\r\n"
        .. "Content-Length: %d\r\n\r\n%s"):format(signature(body), signature("other"), #body, body))
      assert.equal(401, support.http.read(connection).status)
      connection:close()
    end)

    it("takes no token instead", function()
      for _, token in ipairs { "t-ingest", "t-admin" } do
        assert.equal(401, post("/v1/sources/shop", body, { Authorization = "Bearer " .. token }).status)
      end
    end)

    it("says why in the log, with the client, and not in the answer", function()
      local line = line_with("the time is too far away")
      assert.equal("warn", line.level)
      assert.equal("shop", line.source)
      assert.equal("127.0.0.1", line.client)
    end)

    it("refuses when the verifier raises, and when it returns anything but true", function()
      assert.equal(401, post("/v1/sources/raising", "x").status)
      assert.matches("gateway.lua:%d+: who is that%?", line_with("who is that?").reason)
      assert.equal(401, post("/v1/sources/truthy", "x").status)
      assert.matches("it returned a string, not true", line_with("not true").reason, 1, true)
    end)

    it("lets nothing in when its verifier takes too long #runaway", function()
      assert.equal(500, post("/v1/sources/endless", "x").status)
      assert.equal(504, post("/v1/sources/patient", "x").status)
    end)

    it("may ask somebody else, and may be a plugin", function()
      local answer = post("/v1/sources/remote", "x", { ["X-T"] = "abc" })
      assert.equal(202, answer.status)
      assert.equal("token=abc", received("/who")[1].query)
      assert.same({ word = "none", by = { who = "T-200" } }, received("/stamped")[1].json.data)
    end)

    it("is verified by its own plugin where nothing else is said", function()
      assert.equal(401, post("/v1/sources/stamped", "x", { ["X-Word"] = "goodbye" }).status)
      assert.equal(202, post("/v1/sources/stamped", "x", { ["X-Word"] = "hello" }).status)
      support.eventually("the configured word", function()
        for _, request in ipairs(received("/stamped")) do
          if request.json.data.word == "hello" then return true end
        end
      end)
    end)
  end)

  it("of a connector goes by its id, and the connector needs no webhooks", function()
    local answer = post("/v1/sources/crm", "<x/>",
      { ["X-Signature"] = signature("<x/>"), ["Content-Type"] = "text/xml" })
    assert.equal(202, answer.status)
    assert.same({ id = "crm", name = "The CRM" }, received("/crm")[1].json.data)
    assert.equal(401, post("/v1/sources/crm", "<x/>").status)
    local shown = gateway:request("GET", "/v1/connectors/crm", nil, { Authorization = "Bearer t-admin" })
    assert.equal("/v1/sources/crm", shown.json.ingress.path)
    assert.same({}, shown.json.webhooks)
  end)

  it("sees the request as it came", function()
    local connection = support.http.connect(gateway.url)
    local body = "name=J%C3%B8rgen+B&x=1&name=2&bad=%zz"
    connection:send(("POST /v1/sources/%%65cho?a=1+2&b=%%26&a=3&c HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer t-ingest\r\n"
      .. "X-Two: one\r\nx-two: two\r\nContent-Type: application/x-www-form-urlencoded\r\n"
      .. "Content-Length: %d\r\n\r\n%s"):format(#body, body))
    assert.equal(202, support.http.read(connection).status)
    connection:close()
    local data = received("/echo")[1].json.data
    assert.equal("POST", data.method)
    assert.equal("/v1/sources/%65cho?a=1+2&b=%26&a=3&c", data.target)
    assert.equal("/v1/sources/%65cho", data.path)
    assert.equal("1 2", data.a)
    assert.equal("", data.c)
    assert.equal("a=1+2&b=%26&a=3&c", data.query)
    assert.is_true(data.none)
    assert.equal("one, two", data.header)
    assert.equal("one, two", data.headers)
    assert.equal("Jørgen B", data.field)
    assert.equal("%zz", data.bad)
    local plain = post("/v1/sources/echo", "name=no", { Authorization = "Bearer t-ingest", ["Content-Type"] = "text/plain" })
    assert.equal(202, plain.status)
    assert.is_nil(received("/echo", 2)[2].json.data.field)
    assert.equal(body, data.body)
    assert.equal("127.0.0.1", data.client)
    assert.is_true(data.config and data.connector)
    assert.equal(1, data.deadline)
  end)

  describe("answers", function()
    it("a challenge, by GET too where the source takes it", function()
      local answer = gateway:request("GET", "/v1/sources/any?do=challenge&challenge=a%20b")
      assert.equal(200, answer.status)
      assert.equal("a b", answer.body)
      assert.equal("yes", answer.headers["x-own"])
      assert.equal("text/plain; charset=utf-8", answer.headers["content-type"])
      local head = support.http.request(gateway.url, "HEAD", "/v1/sources/any?do=challenge&challenge=ab")
      assert.equal("2", head.headers["content-length"])
      answer = any("json")
      assert.equal(201, answer.status)
      assert.same({ ok = true }, answer.json)
    end)

    it("405 with what it takes, where it does not take the method", function()
      local answer = gateway:request("GET", "/v1/sources/shop")
      assert.equal(405, answer.status)
      assert.equal("POST, OPTIONS", answer.headers.allow)
      assert.equal(405, gateway:request("PUT", "/v1/sources/any", "x").status)
    end)

    it("404 where there is none, whatever token there is", function()
      local answer = post("/v1/sources/nobody", "x", { Authorization = "Bearer t-admin" })
      assert.equal(404, answer.status)
      assert.equal("urn:perilune:unknown_source", answer.json.type)
      assert.equal(404, post("/v1/sources/out", "x").status)
    end)

    it("its own words once the event is on disk", function()
      local answer = any("both&id=own-1")
      assert.equal(299, answer.status)
      assert.equal("taken", answer.body)
      answer = gateway:request("POST", "/v1/events", { type = "both", id = "own-1" },
        { Authorization = "Bearer t-ingest" })
      assert.is_true(answer.json.duplicate)
    end)

    it("a list of events with a list", function()
      local answer = any("list")
      assert.equal(202, answer.status)
      assert.equal("l-1", answer.json.events[1].id)
      assert.equal("l-2", answer.json.events[2].id)
      assert.equal(200, any("list").status)
    end)

    it("200 to what is no event of ours", function()
      for _, what in ipairs { "none", "empty" } do
        local answer = any(what)
        assert.equal(200, answer.status)
        assert.same({ events = {} }, answer.json)
      end
    end)
  end)

  it("waits for what it asks others", function()
    assert.equal(202, any("fetch").status)
    assert.equal(200, received("/fetched")[1].json.data.status)
    local line = line_with('"fetched"')
    assert.equal("any", line.source)
    assert.equal("x", line._source)
  end)

  it("works on many at once", function()
    local connections = {}
    for i = 1, 20 do
      connections[i] = support.http.connect(gateway.url)
      connections[i]:send("POST /v1/sources/any?do=fetch HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
    end
    for i = 1, 20 do
      assert.equal(202, support.http.read(connections[i]).status)
      connections[i]:close()
    end
    assert.equal(21, #received("/fetched", 21))
  end)

  it("has the cache of its name", function()
    assert.equal(202, any("once").status)
    assert.equal(200, any("once").status)
  end)

  describe("that fails", function()
    for what, reason in pairs({
      raise = "gateway.lua:%d+: it says no",
      refuse = "not this way",
      text = "gateway.lua:%d+: the source gave a string; it may give an event, a list of events, or nothing",
      typeless = "gateway.lua:%d+: what the source gave is no event: /0/type: ",
      badtime = "gateway.lua:%d+: what the source gave is no event: /0/time: ",
      items = "gateway.lua:%d+: the source gave a list whose item 2 is a string, not an event",
      ["function"] = "gateway.lua:%d+: the source gave an event that cannot be JSON: a function ",
      many = "gateway.lua:%d+: what the source gave is no event: /3: more than 3 events",
      header = "line breaks and control characters cannot stand in a header: \"X%-A\"",
      length = "this header is set by the gateway itself: \"Content%-Length\"",
      status = "'status' must be between 200 and 599",
      answer = "the source answers what it cannot: the file wants a table, got a string",
      loop = "time budget exceeded",
    }) do
      local tag = what == "loop" and " #runaway" or ""
      it("answers 500 and says why in the log: " .. what .. tag, function()
        local before = #gateway.process:errors()
        local answer = any(what)
        assert.equal(500, answer.status)
        assert.equal("urn:perilune:source", answer.json.type)
        assert.equal("the source's script failed; the gateway's log says more", answer.json.detail)
        local line = support.eventually("the line", function()
          return gateway.process:errors():sub(before + 1):match("[^\n]*a source failed[^\n]*")
        end)
        assert.matches(reason, support.json.decode(line).error)
        assert.equal("any", support.json.decode(line).source)
      end)
    end

    it("is given up when its time is over", function()
      local answer = any("wait")
      assert.equal(504, answer.status)
      assert.equal("urn:perilune:source_timeout", answer.json.type)
    end)
  end)

  it("is given up when the client is gone", function()
    local script = [[
import socket, struct, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
s.sendall(b"POST /v1/sources/any?do=wait HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
s.settimeout(0.2)
try: s.recv(1)
except socket.timeout: pass
s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
s.close()]]
    assert.equal(0, (support.run({ "python3", "-c", script, gateway.url:match("%d+$") })))
    support.eventually("the outcome in the metrics", function()
      local metrics = gateway:request("GET", "/metrics", nil, { Authorization = "Bearer t-admin" }).body
      return metrics:find('perilune_sources_total{source="any",outcome="gone"} 1', 1, true)
    end)
  end)

  it("takes bodies as large as others do, and of any type", function()
    local body = ("x"):rep(65536)
    assert.equal(200, post("/v1/sources/any?do=none", body, { ["Content-Type"] = "image/png" }).status)
    assert.equal(413, post("/v1/sources/any?do=none", body .. "x").status)
    assert.equal(200, post("/v1/sources/any?do=none", "\0\255\n").status)
    assert.equal(200, gateway:request("POST", "/v1/sources/any?do=none").status)
  end)

  it("finishes on the scripts that it began with", function()
    local connection = support.http.connect(gateway.url)
    connection:send("POST /v1/sources/any?do=wait HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
    local changed = FILES["gateway.lua"]:gsub('tpye = "x"', 'type = "mended"')
    support.write(gateway.folder, { ["gateway.lua"] = changed })
    assert.equal(200, gateway:request("POST", "/v1/reload", nil, { Authorization = "Bearer t-admin" }).status)
    assert.equal(202, any("typeless").status)
    assert.equal(504, support.http.read(connection).status)
    connection:close()
  end)

  it("is counted and shown", function()
    local admin = { Authorization = "Bearer t-admin" }
    local metrics = gateway:request("GET", "/metrics", nil, admin).body
    for _, outcome in ipairs { "accepted", "ignored", "failed", "timeout" } do
      assert.matches('perilune_sources_total{source="any",outcome="' .. outcome .. '"} %d+\n', metrics)
    end
    assert.matches('perilune_sources_total{source="shop",outcome="unverified"} %d+\n', metrics)
    local names = {}
    for i, shown in ipairs(gateway:request("GET", "/v1/connectors", nil, admin).json.sources) do
      names[i] = ("%s %s %s %s"):format(shown.name, shown.source, table.concat(shown.verify, ","),
        table.concat(shown.methods, ","))
    end
    assert.same({ "any custom custom GET,POST", "crm custom custom POST", "echo custom  GET,POST",
      "endless custom custom,custom POST", "patient custom custom POST", "raising custom custom POST", "remote stamp custom POST", "shop custom custom POST",
      "stamped stamp stamp POST", "truthy custom custom POST" }, names)
  end)

  describe("without a verifier, and POST /v1/events", function()
    local event = '{"type":"plain"}'

    for _, path in ipairs { "/v1/events", "/v1/sources/echo" } do
      it("take a token, or what the ingress lets in: " .. path, function()
        local function try(headers)
          headers["Content-Type"] = "application/json"
          return gateway:request("POST", path, event, headers).status
        end
        assert.equal(202, try { Authorization = "Bearer t-ingest" })
        assert.equal(202, try { Authorization = "Bearer t-admin" })
        assert.equal(202, try { ["X-Signature"] = signature(event) })
        assert.equal(202, try { ["X-Pass"] = "other" })
        assert.equal(202, try { Authorization = "Bearer wrong", ["X-Pass"] = "other" })
        assert.equal(401, try { ["X-Signature"] = signature("{}") })
        assert.equal(401, try { Authorization = "Bearer wrong" })
        assert.equal(401, try {})
      end)
    end

    it("answer as ever once they are let in", function()
      assert.equal(400, gateway:request("POST", "/v1/events", "{", { ["X-Pass"] = "other" }).status)
      local answer = gateway:request("POST", "/v1/events", event,
        { ["X-Pass"] = "other", Prefer = "wait=10" })
      assert.equal("delivered", answer.json.deliveries[1].state)
    end)

    it("say both reasons in the log", function()
      gateway:request("POST", "/v1/events", event)
      local line = line_with('"source":"(ingress)","client":"127.0.0.1","reason":"custom: no X-Signature')
      assert.matches("no X-Signature of the form", line.reason, 1, true)
      assert.matches("; custom: it returned false, not true", line.reason, 1, true)
    end)

    it("open calls as well", function()
      assert.equal(401, gateway:post("/v1/calls/out/plain", "{}").status)
      local answer = gateway:post("/v1/calls/out/plain", "{}", { ["X-Pass"] = "other" })
      assert.is_true(answer.json.ok)
    end)

    it("open nothing else", function()
      local pass = { ["X-Pass"] = "other" }
      assert.equal(401, gateway:request("GET", "/v1/deliveries", nil, pass).status)
      assert.equal(401, gateway:request("POST", "/v1/reload", nil, pass).status)
    end)
  end)

  describe("verified by a bundled plugin", function()
    local other

    setup(function()
      other = support.gateway {
        files = { ["gateway.lua"] = [[
          local function receive(ctx) return { type = "x", id = ctx.verified and (ctx.verified.id or ctx.verified.jti) } end
          return { sources = {
            standard = { verify = { type = "standard-webhooks", key = secret "WHSEC" }, source = receive },
            jwt = { verify = { type = "jwt", algorithm = "HS256", key = secret "SIGNING" }, source = receive },
            basic = { verify = { type = "basic", username = "u", password = secret "SIGNING" }, source = receive },
            bearer = { verify = { type = "bearer", token = "t0ken" }, source = receive },
            hmac = { methods = { "GET", "POST" }, verify = { type = "hmac", key = secret "SIGNING", header = "X-Mac",
              content = "{method}{path}{query}{body}" }, source = receive },
          } }]] },
        env = { PERILUNE_SECRET_SIGNING = KEY, PERILUNE_SECRET_WHSEC = "whsec_" .. mime.b64(KEY) },
      }
    end)

    local function ask(name, headers, body)
      return other:request("POST", "/v1/sources/" .. name, body or "{}", headers)
    end

    it("standard-webhooks", function()
      local at = os.time()
      local mac = openssl.hmac("sha256", KEY, ("msg_1.%d.{}"):format(at))
      local encoded = mime.b64((mac:gsub("%x%x", function(digits) return string.char(tonumber(digits, 16)) end)))
      local headers = { ["webhook-id"] = "msg_1", ["webhook-timestamp"] = tostring(at), ["webhook-signature"] = "v1," .. encoded }
      assert.equal("msg_1", ask("standard", headers).json.id)
      headers["webhook-id"] = "msg_2"
      assert.equal(401, ask("standard", headers).status)
    end)

    it("jwt", function()
      local script = [[
import base64, hashlib, hmac, json, sys, time
def part(b): return base64.urlsafe_b64encode(b).rstrip(b"=")
text = part(b'{"alg":"HS256","typ":"JWT"}') + b"." + part(json.dumps({"jti": "j-1", "exp": int(time.time()) + int(sys.argv[2])}).encode())
print((text + b"." + part(hmac.new(sys.argv[1].encode(), text, hashlib.sha256).digest())).decode())]]
      local function token(key, seconds)
        local _, output = support.run { "python3", "-c", script, key, tostring(seconds) }
        return { Authorization = "Bearer " .. output:match("%S+") }
      end
      assert.equal("j-1", ask("jwt", token(KEY, 60)).json.id)
      assert.equal(401, ask("jwt", token("another key", 60)).status)
      assert.equal(401, ask("jwt", token(KEY, -3600)).status)
      assert.equal(401, ask("jwt", {}).status)
    end)

    it("basic and bearer", function()
      assert.equal(202, ask("basic", { Authorization = "Basic " .. mime.b64("u:" .. KEY) }).status)
      assert.equal(401, ask("basic", { Authorization = "Basic " .. mime.b64("v:" .. KEY) }).status)
      assert.equal(401, ask("basic", {}).status)
      assert.equal(202, ask("bearer", { Authorization = "Bearer t0ken" }).status)
      assert.equal(401, ask("bearer", { Authorization = "Bearer x" }).status)
      assert.equal(401, ask("bearer", {}).status)
    end)

    it("hmac, of more than the body", function()
      local mac = openssl.hmac("sha256", KEY, "POST/v1/sources/hmaca=%20&b{}")
      assert.equal(202, ask("hmac?a=%20&b", { ["X-Mac"] = mac }).status)
      assert.equal(401, ask("hmac?a=%20&c", { ["X-Mac"] = mac }).status)
      assert.equal(401, ask("hmac?a=%20&b", { ["X-Mac"] = mac }, "[]").status)
    end)
  end)

  it("is verified where there are no tokens at all", function()
    local bare = support.gateway { files = { ["gateway.lua"] = [[return {
      ingress = function(ctx, inbound) return inbound:header("X-Pass") == "1" end }]] } }
    assert.equal(401, bare:post("/v1/events", '{"type":"a"}').status)
    assert.equal(202, bare:post("/v1/events", '{"type":"a"}', { ["X-Pass"] = "1" }).status)
    assert.equal(200, bare:get("/v1/deliveries").status)
    assert.equal(0, bare:stop())
  end)

  it("refuses, when scripts work on as many as they may", function()
    local other = support.gateway {
      files = { ["gateway.lua"] = [[return { limits = { receptions = 1 }, timeouts = { grace = 0 },
        sources = { slow = { source = function() sleep(4) end } } }]] },
      arguments = { "--workers", "1" },
    }
    local first = support.http.connect(other.url)
    first:send("POST /v1/sources/slow HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
    local answer = support.eventually("it is busy", function()
      local second = support.http.connect(other.url)
      second:send("POST /v1/sources/slow HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
      second:settimeout(0.1)
      local line = second:receive("*l")
      second:close()
      return line
    end)
    assert.equal("HTTP/1.1 503 Service Unavailable", answer)
    -- What still waits when the grace period is over is let go.
    assert.equal(0, other:stop())
    first:close()
  end)

  it("that works while the gateway stops gets to its end", function()
    local other = support.gateway { files = { ["gateway.lua"] = [[return {
      sources = { slow = { source = function() sleep(0.3) return { type = "x" } end } } }]] } }
    local connection = support.http.connect(other.url)
    connection:send("POST /v1/sources/slow HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
    support.eventually("the request is there", function()
      return other:get("/metrics").body:match("perilune_server_connections (%d+)") == "2"
    end)
    other.process:signal("TERM")
    local status = support.http.read(connection).status
    assert.truthy(status == 202 or status == 503, status)
    connection:close()
    assert.equal(0, other.process:wait(20))
  end)
end)
