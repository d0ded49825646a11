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

  --- What a body function of this text gives.
  local function body_of(text)
    local generation = support.connector(([[return { webhooks = { { id = "w", on = "t",
      url = "http://a.example", body = %s } } }]]):format(text))
    return support.render(generation, '{"type":"t","data":{"n":7,"deep":{"n":1}}}').body
  end

  it("leads to the same tables by whatever way, also to what was written in them", function()
    assert.equal("[8,8,8,2,2]", body_of [[function(ctx)
      ctx.data.n, ctx.data.deep.n = 8, 2
      return { ctx.values.data.n, ctx.event.data.n, ctx.values.n, ctx.values.deep.n, ctx.data.deep.n }
    end]])
    assert.equal("[9,9,9]", body_of [[function(ctx)
      ctx.event.data.n = 9
      return { ctx.values.data.n, ctx.data.n, ctx.values.n }
    end]])
    assert.equal("[10,10]", body_of [[function(ctx)
      ctx.values.data = { n = 10 }
      return { ctx.data.n, ctx.values.data.n }
    end]])
  end)

  it("comes with the values to every function that has a place for them", function()
    assert.equal("[2,true]", body_of [[function(...)
      local ctx, values = ...
      return { select("#", ...), values == ctx.values }
    end]])
    assert.equal("[1]", body_of "function() return { 1 } end")
  end)

  it("has the answer's values while it is mapped, and those of the request when it has failed", function()
    local generation = support.connector [[
      local seen
      return { webhooks = { { id = "w", on = "t", url = "http://a.example",
        body = function(ctx) seen = ctx; return { ctx.values.n } end,
        success = function(ctx) return ctx.values.ok end,
        response = { variables = {
          same = function(ctx) return ctx == seen and ctx.values.data == ctx.data end,
          n = function(ctx) return ctx.values.n end } },
        hooks = { {
          after_receive = function(ctx) assert(ctx.values.ok == nil) end,
          on_failed = function(ctx, failure) failure.n, failure.ok = ctx.values.n, ctx.values.ok end,
        } } } } }]]
    local _, frame = support.render(generation, '{"type":"t","data":{"n":7}}')
    local ok, variables = support.mapped(generation, 1, frame, 200, '{"ok":true,"n":8}')
    assert.is_true(ok)
    assert.same({ same = true, n = 8 }, variables)
    local failure = {}
    require("perilune").failed(generation, 1, failure, frame)
    assert.same({ n = 7 }, failure)
  end)

  it("has a clock and ids", function()
    assert.equal("[true,true,36]", run [[
      return { ctx.attempt >= 1, ctx.deadline >= ctx.now, #ctx.uuid() }]])
  end)

  it("is the same one for all functions of an attempt", function()
    local first, second
    local frame = ctx.frame({}, nil, nil, 1, 0, 1)
    ctx.scripted(function(given) first = given end)(nil, frame)
    ctx.scripted(function(given) second = given end)(nil, frame)
    assert.is_table(first)
    assert.equal(first, second)
    assert.not_equal(first, ctx.of_plugin(frame, {}))
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
    local frame = ctx.frame({}, nil, nil, 1, 0, 1)
    local config = { list = { 1 } }
    local first = ctx.of_plugin(frame, config)
    first.config.list[1] = 2
    assert.equal(2, first.config.list[1])
    assert.equal(1, ctx.of_plugin(frame, config).config.list[1])
    assert.same({}, frame.ctx.config)
  end)
end)
