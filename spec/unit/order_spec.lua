-- SPDX-License-Identifier: MIT

local perilune = require "perilune"
local support = require "unit.support"

local function load(connector, webhook)
  return support.connector(([[return { %s
    webhooks = { { on = "t", url = "http://a.example", %s } } }]]):format(connector, webhook))
end

--- The key of an event, and whether its delivery is undecided.
local function key_of(generation, data)
  local event = support.event(('{"type":"t","data":%s}'):format(data))
  local _, undecided, _, keys = perilune.route(generation, event)
  return keys[1], undecided[1]
end

local function faults(order_by)
  return support.faults { ["connectors/acme.lua"] = ([[return { webhooks = { {
on = "t", url = "http://a.example",
order_by = %s } } }]]):format(order_by) }
end

describe("order_by", function()
  it("makes a key of a template, a number or a function", function()
    for _, order_by in ipairs { '"{{ data.id }}"', "{ key = '{{ id }}' }",
      "function(ctx) return ctx.data.id end", "{ key = function(_, values) return values.id end }" } do
      local generation = load("", "order_by = " .. order_by)
      assert.same({ "a/7", false }, { key_of(generation, '{"id":"a/7"}') })
      assert.same({ "9007199254740993", false }, { key_of(generation, '{"id":9007199254740993}') })
    end
    assert.equal("5", (key_of(load("", "order_by = 5"), "{}")))
  end)

  it("without a value has no order", function()
    assert.same({ "", false }, { key_of(load("", "order_by = '{{ data.id }}'"), "{}") })
    assert.same({ "", false }, { key_of(load("", "order_by = function() end"), "{}") })
    assert.same({ "", false }, { key_of(load("", "order_by = function(c) return c.data.id end"), '{"id":null}') })
    assert.same({ "", false }, { key_of(load("", ""), "{}") })
  end)

  it("of a connector is for its webhooks, which may have their own", function()
    local function policy(connector, webhook)
      local p = load(connector, webhook).policies[1]
      return { p.order or false, p.order_is_shared or false }
    end
    assert.same({ "block", true }, policy("order_by = '{{ a }}',", ""))
    assert.same({ "skip", true }, policy("order_by = { key = '{{ a }}', on_failure = 'skip' },", ""))
    assert.same({ "block", false }, policy("order_by = { key = '{{ a }}', on_failure = 'skip' },", "order_by = '{{ b }}'"))
    assert.same({ false, false }, policy("", ""))
    local generation = load("order_by = '{{ a }}',", "order_by = false")
    assert.equal("", (key_of(generation, '{"a":1}')))
    assert.equal("1", (key_of(load("order_by = '{{ a }}',", ""), '{"a":1}')))
  end)

  it("is asked for what `when` wants, and cannot change the event", function()
    local generation = load("", [[when = "data.n > 1", order_by = function(ctx) ctx.data.n = 0; return ctx.data.n end]])
    assert.is_nil((key_of(generation, '{"n":1}')))
    assert.equal("0", (key_of(generation, '{"n":2}')))
  end)

  it("that cannot say leaves the delivery undecided, and render says why", function()
    local generation = load("", "order_by = function(ctx) return ctx.data.a.b end")
    assert.same({ "", true }, { key_of(generation, "{}") })
    local event = support.event '{"type":"t","data":{}}'
    local ok, message = pcall(perilune.render, generation, 1, event, support.TICKET, 1, 1, 2, support.request(), true)
    assert.is_false(ok)
    assert.matches("connectors/acme.lua:2: ", tostring(message), 1, true)
    assert.same({ "", true }, { key_of(load("", "order_by = function() return {} end"), "{}") })
  end)

  it("that is wrong is a fault with its place", function()
    assert.same({ "connectors/acme.lua:3: 'webhooks[1].order_by.on_failure' must be one of 'block', 'skip', 'newest'" },
      faults "{ key = 'x', on_failure = 'stop' }")
    assert.same({ "connectors/acme.lua:3: 'key' is missing" }, faults "{ on_failure = 'skip' }")
    assert.matches("^connectors/acme.lua:3: unknown key 'by'", faults("{ key = 'x', by = 'y' }")[1])
    assert.matches("^connectors/acme.lua:3:%d+: ", faults("'{{ x '")[1])
    assert.same({ "connectors/acme.lua:3: 'webhooks[1].order_by' wants false, a string or a function or a table, got a boolean" },
      faults "true")
  end)
end)
