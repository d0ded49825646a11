-- SPDX-License-Identifier: MIT

--- Hooks, the second round after a 401, and what is left of an attempt that is over, in the real gateway.

local support = require("spec.support")

describe("a gateway", function()
  local sink, gateway

  local CONNECTORS = {
    ["connectors/a.lua"] = [[
      local function own(id, fields)
        fields.id, fields.url = id, fields.url or "/" .. id
        return fields
      end
      return {
        base_url = env "SINK", timeout = 5,
        hooks = { {
          before_send = function(ctx, request) request:set_header("X-Hook", ctx.webhook.id) end,
          after_receive = function(ctx, response) ctx.trace("received", response.status) end,
          on_failed = function(ctx, failure)
            ctx.http.post { url = env "SINK" .. "/failed", json = { failure = failure, order = ctx.data.order } }
          end,
        } },
        webhooks = {
          own("fine", {}),
          own("broken", { body = function() error("the body says no") end }),
          own("refused", { url = env "CLOSED" }),
        },
      }]],
    ["connectors/token.lua"] = [[return {
      base_url = env "PEER", timeout = 5,
      authenticator = {
        apply = function(ctx, request)
          local token = ctx.cache.fetch("token", 60, function() return ctx.http.get { url = env "SINK" .. "/token" }.status end)
          request:set_header("X-Token", token)
        end,
        on_unauthorized = function(ctx, response)
          ctx.cache.delete("token")
          return response:header("X-Again") == nil
        end,
      },
      webhooks = { { id = "w", url = "/status?code=401" } } }]],
    ["connectors/writes.lua"] = [[
      local RULES = {
        path = function(request) request:set_url(env "SINK" .. "/v1/", "/a?c=1#d") end,
        whole = function(request) request:set_url(nil, env "SINK" .. "/whole") end,
        body = function(request) request:set_body("<a/>", "application/xml") end,
        event = function(request) request:set_body_event("application/vnd.event+json") end,
        climbs = function(request) request:set_url(env "SINK", "/a/../b") end,
        lines = function(request) request:set_body("a", "text/plain\r\nX: y") end,
      }
      local webhooks = {}
      for id, write in pairs(RULES) do
        webhooks[#webhooks + 1] = { id = id, url = "/" .. id, body = { own = true },
          hooks = { { before_send = function(_, request) write(request) end } } }
      end
      return { base_url = env "SINK", timeout = 5, webhooks = webhooks }]],
    ["connectors/kept.lua"] = [[
      local kept
      return { base_url = env "SINK", webhooks = { { id = "w", url = "/kept", body = function(ctx)
        local before, own = kept, ctx.data.order
        kept = ctx
        if not before then return {} end
        local _, said = pcall(function() return before.event.data.order end)
        return { own = own, seen = before.data.order, said = tostring(said) }
      end } } }]],
  }

  setup(function()
    sink = support.sink()
    local peer = support.faulty_peer()
    local files = { ["gateway.lua"] = support.gateway_lua }
    for path, text in pairs(CONNECTORS) do files[path] = text end
    gateway = support.gateway { files = files, env = { PERILUNE_VAR_SINK = sink.url, PERILUNE_VAR_PEER = peer.url,
      PERILUNE_VAR_CLOSED = "http://127.0.0.1:" .. support.closed_port() }, arguments = { "--workers", "1" } }
  end)

  teardown(function() support.finish() end)

  local function attempt_of(path)
    local answer = gateway:post(path, '{"data": {"order": 7}}')
    local record = support.eventually("the call's record", function()
      local found = gateway:get("/v1/deliveries/" .. answer.json.attempt)
      return found.status == 200 and found.json
    end)
    return record.attempts[1], answer
  end

  it("runs hooks around a request", function()
    local attempt, answer = attempt_of("/v1/calls/a/fine")
    assert.equal(200, answer.status)
    assert.equal("fine", sink:requests()[1].headers["x-hook"])
    assert.same({ "received", 200, "map" }, { attempt.trace[1].message, attempt.trace[1].fields, attempt.trace[1].stage })
  end)

  it("tells them of failures, whatever failed", function()
    for webhook, class in pairs { broken = "script", refused = "connect" } do
      local before = #sink:requests()
      local attempt = attempt_of("/v1/calls/a/" .. webhook)
      assert.equal(class, attempt.outcome)
      local told = sink:wait(before + 1)[before + 1].json
      assert.equal(7, told.order)
      assert.same({ class, 1, false }, { told.failure.class, told.failure.attempt, told.failure.will_retry })
    end
  end)

  it("takes the URL and the body of a hook", function()
    local function sent(webhook)
      local before = #sink:requests()
      local answer = gateway:post("/v1/calls/writes/" .. webhook, [[{"data": {"order": 7}}]])
      assert.equal(200, answer.status, answer.body)
      return sink:requests()[before + 1]
    end
    local joined = sent "path"
    assert.same({ "/v1/a", "c=1" }, { joined.path, joined.query })
    assert.equal("/whole", sent("whole").path)
    local written = sent "body"
    assert.same({ "<a/>", "application/xml" }, { written.body, written.headers["content-type"] })
    written = sent "event"
    assert.same({ 7, "application/vnd.event+json" }, { written.json.data.order, written.headers["content-type"] })
  end)

  it("refuses what a hook writes wrong, at its line", function()
    for webhook, expected in pairs {
      climbs = { "url", "connectors/writes.lua:6: '/a/../b': the path has the segment '..'" },
      lines = { "auth", "connectors/writes.lua:7: this cannot be a content type" },
    } do
      local attempt = attempt_of("/v1/calls/writes/" .. webhook)
      assert.equal(expected[1], attempt.outcome)
      assert.matches(expected[2], attempt.error, 1, true)
    end
  end)

  it("gives a script nothing more of the event of an attempt that is over, and of no other one", function()
    assert.equal(200, gateway:post("/v1/calls/kept/w", '{"data": {"order": 1}}').status)
    local before = #sink:requests()
    assert.equal(200, gateway:post("/v1/calls/kept/w", '{"data": {"order": 2}}').status)
    local sent = sink:requests()[before + 1].json
    assert.same({ 2, 1 }, { sent.own, sent.seen }) -- what it had is its own
    assert.matches("the event of an exchange that is over", sent.said, 1, true)
  end)

  it("goes a second round after a 401, once, with what the authenticator then has", function()
    local before = #sink:requests()
    local attempt = attempt_of("/v1/calls/token/w")
    assert.equal(401, attempt.response.status)
    assert.equal(before + 2, #sink:requests()) -- two tokens
    local rounds = 0
    for _, entry in ipairs(attempt.trace) do
      if entry.kind == "round" then rounds = rounds + 1 end
    end
    assert.equal(1, rounds)
  end)
end)
