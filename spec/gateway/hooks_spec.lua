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
