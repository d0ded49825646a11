-- SPDX-License-Identifier: MIT

local reading = require "perilune.reading"

local function chain(source) return reading.chain(assert(loadstring("return " .. source))()) end

describe("a script that only reads", function()
  it("is known by the names that it follows from its ctx", function()
    assert.equal("response.id", chain "function(ctx) return ctx.values.response.id end")
    assert.equal("response.order.line_total",
      chain "function(c, response) return c.values.response.order.line_total end")
    assert.equal("data.order.id", chain "function(ctx) return ctx.data.order.id end")
    assert.equal("data.order", chain "function(ctx, ...) return ctx.values.data.order end")
    assert.equal("event.type", chain "function(ctx) return ctx.event.type end")
    assert.equal("response.end", chain 'function(ctx) return ctx.values.response["end"] end')
  end)

  it("may have locals", function()
    assert.equal("response.b", chain [[function(ctx)
      local values, data = ctx.values, ctx.data
      local response = values.response
      return response.b
    end]])
    assert.equal("data.a", chain "function(ctx) local other = ctx return other.data.a end")
    assert.equal("data.b", chain "function(ctx) local v = ctx.data.a v = ctx.data.b return v end")
  end)

  it("does nothing else", function()
    for _, source in ipairs {
      "function(ctx) return ctx.values.response.id + 1 end",
      "function(ctx) return ctx.values.response.id or 1 end",
      "function(ctx) return tostring(ctx.data.id) end",
      "function(ctx) ctx.data.id = 1 return ctx.data.id end",
      "function(ctx) return ctx.data.id, ctx.data.n end",
      "function(ctx) if ctx.data.a then return ctx.data.b end return ctx.data.c end",
      "function(ctx) return ctx.data.list[1] end",
      "function(ctx) return ctx.data[ctx.data.name] end",
      "function(ctx) return ctx:data() end",
      "function(ctx) return 1 end",
      "function(ctx) end",
      "function(ctx) while ctx.data.a do end return ctx.data.b end",
      "(function() local up = {} return function(ctx) return up.data.id end end)()",
      "function() return data.id end",
      "function(...) return (...).data.id end",
      "function(ctx, other) return other.data.id end",
      "function(ctx, ctx2) ctx = ctx2 return ctx.data.id end",
      "tostring",
    } do
      assert.is_nil(chain(source), source)
    end
  end)

  it("reads of an answer or of the event", function()
    for _, source in ipairs {
      "function(ctx) return ctx end", "function(ctx) return ctx.data end",
      "function(ctx) return ctx.values.response end", "function(ctx) return ctx.values.status end",
      "function(ctx) return ctx.values.id end", "function(ctx) return ctx.config.data.id end",
      "function(ctx) return ctx.response.id end", "function(ctx) return ctx.values.values.data.id end",
      'function(ctx) return ctx.data["a.b"] end', 'function(ctx) return ctx["data.a"].b end',
      'function(ctx) return ctx.data[""] end', 'function(ctx) return ctx.data[""].id end',
    } do
      assert.is_nil(chain(source), source)
    end
  end)
end)
