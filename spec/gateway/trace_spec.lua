-- SPDX-License-Identifier: MIT
local support = require("spec.support")

local json = support.json

describe("what the scripts of an attempt did", function()
  local sink, gateway

  setup(function()
    sink = support.sink()
    gateway = support.gateway({
      files = {
        ["gateway.lua"] = support.gateway_lua,
        ["connectors/shop.lua"] = ([[
          local function total(order)
            return order.lines.total
          end
          return {
            base_url = "%s",
            retry = false,
            webhooks = {
              { on = "fails", url = "/", body = function(ctx, v)
                  ctx.log.debug("before", { order = 7, webhook = "mine" })
                  ctx.trace("the token is t0p-s3cret", { token = "t0p-s3cret" })
                  local sum = total(v.data)
                  return { sum = sum }
                end },
              { on = "works", url = "/", body = function(ctx)
                  ctx.log.info("all is well")
                  return {}
                end },
              { on = "fills", url = "/", body = function(ctx)
                  ctx.cache.fetch("rate", 60, function() return 1.25 end)
                  ctx.cache.fetch("rate", 60, function() return 1.5 end)
                  pcall(ctx.cache.fetch, "token", 60, function() error("none today") end)
                  return {}
                end },
              { on = "talks", url = "/", body = function(ctx)
                  for i = 1, 1000 do ctx.trace("line " .. i) end
                  return {}
                end },
            },
          }]]):format(sink.url),
        ["connectors/other.lua"] = [[
          local token = secret "TOKEN"
          return { webhooks = { { id = "a", url = "http://127.0.0.1/" } } }]],
      },
      env = { PERILUNE_SECRET_TOKEN = "t0p-s3cret" },
    })
  end)

  teardown(function() support.finish() end)

  local function attempt_of(kind)
    local answer = gateway:post("/v1/events", { type = kind, data = { lines = nil } }, { Prefer = "wait=10" })
    local id = answer.json.deliveries[1].id
    return gateway:delivery(id).attempts[1], id
  end

  --- Without the folder in front.
  local function shown(line)
    return (line:gsub(gateway.folder:gsub("%p", "%%%0") .. "/", ""))
  end

  --- The lines of the log with this message.
  local function log_lines(message)
    local found = {}
    for line in gateway.process:errors():gmatch("[^\n]+") do
      local record = json.decode(line)
      if record.msg == message then found[#found + 1] = { record = record, line = line } end
    end
    return found
  end

  it("is in the feed with the calls that led to a failure", function()
    local attempt, id = attempt_of("fails")
    assert.equal("script", attempt.outcome)
    assert.matches("connectors/shop.lua:2: attempt to index", attempt.error, 1, true)
    assert.same({
      "connectors/shop.lua:2: in function 'total'",
      "connectors/shop.lua:11: in function <connectors/shop.lua:8>",
    }, { shown(attempt.traceback[1]), shown(attempt.traceback[2]), attempt.traceback[3] })
    assert.equal(2, #attempt.trace)
    local log, note = attempt.trace[1], attempt.trace[2]
    assert.same({ "log", "render", "debug", "before" }, { log.kind, log.stage, log.level, log.message })
    assert.same({ order = 7, webhook = "mine" }, log.fields)
    assert.same({ "trace", "the token is ***" }, { note.kind, note.message })
    assert.same({ token = "***" }, note.fields)
    assert.is_true(note.at_ms >= log.at_ms)

    local failures = log_lines("attempt failed")
    local record = failures[#failures].record
    assert.same({ id, "shop", "fails", 1 },
      { record.delivery, record.connector, record.webhook, record.attempt })
    assert.equal(table.concat(attempt.traceback, "\n"), record.traceback)
  end)

  it("has no traceback when all went well, and the log says whose line it is", function()
    local attempt, id = attempt_of("works")
    assert.equal("ok", attempt.outcome)
    assert.equal(json.null, attempt.traceback)
    assert.equal("all is well", attempt.trace[1].message)
    local lines = log_lines("all is well")
    local record = lines[#lines].record
    assert.same({ id, "shop", "works", 1 },
      { record.delivery, record.connector, record.webhook, record.attempt })
  end)

  it("shows what was put into the cache, and what could not be", function()
    local trace = attempt_of("fills").trace
    assert.equal(2, #trace)
    assert.same({ "cache", "rate", json.null }, { trace[1].kind, trace[1].key, trace[1].error })
    assert.same({ "cache", "token" }, { trace[2].kind, trace[2].key })
    assert.matches("none today", trace[2].error, 1, true)
    assert.is_true(trace[2].duration_ms >= 0)
  end)

  it("is bounded, and says how much is missing", function()
    local attempt = attempt_of("talks")
    local last = attempt.trace[#attempt.trace]
    assert.equal("left_out", last.kind)
    assert.equal(1000, #attempt.trace - 1 + last.entries)
    assert.is_true(#attempt.trace > 100)
    assert.equal("line " .. #attempt.trace - 1, attempt.trace[#attempt.trace - 1].message)
  end)

  it("is in the answer to a try", function()
    local answer = gateway:post("/v1/connectors/shop/webhooks/fails/try", '{"event":{"data":{}},"dry_run":true}')
    assert.equal("script", answer.json.outcome)
    assert.equal("connectors/shop.lua:2: in function 'total'", shown(answer.json.traceback[1]))
    assert.equal("before", answer.json.trace[1].message)
  end)
end)
