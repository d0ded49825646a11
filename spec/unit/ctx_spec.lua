-- SPDX-License-Identifier: MIT

local ctx = require "perilune.ctx"
local support = require "unit.support"

--- What a body function gives that runs these lines with `ctx` and `values`.
local function run(lines)
  local generation = support.connector(([[return { name = "Acme", context = { region = "eu" },
    webhooks = { { id = "w", on = "t", url = "http://a.example", body = function(ctx, values)
      %s
    end } } }]]):format(lines))
  return support.render(generation, '{"type":"t","data":{"n":7}}').body
end

describe("ctx", function()
  it("has what the attempt is about", function()
    assert.equal('["Acme","w",7,"t",true,true]', run [[
      return { ctx.connector.name, ctx.webhook.id, ctx.data.n, ctx.event.type, ctx.values == values,
        ctx.values.region == "eu" }]])
  end)

  it("has a clock and ids", function()
    assert.equal("[true,true,36]", run [[
      return { ctx.attempt >= 1, ctx.deadline >= ctx.now, #ctx.uuid() }]])
  end)

  it("is the same one for all functions of an attempt", function()
    local frame = { values = {}, entry = {}, info = {} }
    assert.equal(ctx.of(frame), ctx.of(frame))
    assert.not_equal(ctx.of(frame), ctx.of_plugin(frame, {}))
  end)

  it("is frozen", function()
    for _, lines in ipairs {
      "ctx.now = 1", "ctx.log = nil", "ctx.mine = 1", "ctx.log.warn = nil", "log.warn = error",
    } do
      assert.equal(("connectors/acme.lua:3: '%s' cannot be changed"):format(
        lines:find("log%.warn") and "log" or "ctx"), support.raised(run, lines))
    end
  end)

  it("names the nearest of what it has", function()
    assert.equal("connectors/acme.lua:3: there is no ctx.datta, did you mean 'data'?",
      support.raised(run, "local key = 'datta' return ctx[key]"))
    assert.equal("connectors/acme.lua:3: there is no log.wran, did you mean 'warn'?",
      support.raised(run, "local key = 'wran' return ctx.log[key]"))
  end)

  it("gives each plugin its own config, which lasts for one call", function()
    local frame = { values = {}, entry = {}, info = {} }
    local config = { list = { 1 } }
    local first = ctx.of_plugin(frame, config)
    first.config.list[1] = 2
    assert.equal(2, first.config.list[1])
    assert.equal(1, ctx.of_plugin(frame, config).config.list[1])
    assert.same({}, ctx.of(frame).config)
  end)
end)
