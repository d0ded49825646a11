-- SPDX-License-Identifier: MIT

local perilune = require "perilune"
local support = require "unit.support"

local function route(generation, json)
  local event = support.event(json)
  local indices, undecided, reason = perilune.route(generation, event)
  return indices, undecided, reason, event
end

describe("routing", function()
  it("goes by type", function()
    local generation = support.load {
      ["connectors/a.lua"] = [[return { webhooks = {
        { on = "x", url = "http://a.example" }, { on = "y", url = "http://a.example" } } }]],
      ["connectors/b.lua"] = 'return { webhooks = { { on = "x", url = "http://a.example" } } }',
    }
    assert.same({ 1, 3 }, (route(generation, '{"type":"x"}')))
    assert.same({ 2 }, (route(generation, '{"type":"y"}')))
    local none, _, reason = route(generation, '{"type":"z"}')
    assert.same({}, none)
    assert.equal("no webhook is triggered by 'z'", reason)
  end)

  it("leaves to C the types whose webhooks ask for nothing else", function()
    local generation = support.load {
      ["gateway.lua"] = 'return { events = { "x", "w", "o", "m", f = { key = "field" } } }',
      ["connectors/a.lua"] = [[return { webhooks = {
        { on = "m", url = "http://a.example" },
        { on = "x", url = "http://a.example" },
        { on = "w", url = "http://a.example", when = "data.n" },
        { on = "o", url = "http://a.example", order_by = "{{ data.n }}" },
        { on = "f", field = "due", url = "http://a.example" },
        { id = "call", url = "http://a.example" } } }]],
      ["connectors/b.lua"] = [[return { applies_to = { n = { 1 } },
        webhooks = { { on = "m", url = "http://a.example" } } }]],
      ["connectors/c.lua"] = 'return { webhooks = { { on = "x", url = "http://a.example" } } }',
    }
    assert.same({ x = { 2, 8 } }, generation.plain_routes)
  end)

  it("goes by type and key, numbers and texts apart", function()
    local generation = support.connector([[return { webhooks = {
      { on = "f", field = "due", url = "http://a.example" },
      { on = "f", field = 5, url = "http://a.example" } } }]], {
      ["gateway.lua"] = 'return { events = { f = { key = "field" } } }' })
    assert.same({ 1 }, (route(generation, '{"type":"f","data":{"field":"due"}}')))
    assert.same({ 2 }, (route(generation, '{"type":"f","data":{"field":5}}')))
    for _, data in ipairs { '{"field":"5"}', '{"field":"other"}', "{}", "null", '{"field":null}' } do
      local none, _, reason = route(generation, '{"type":"f","data":' .. data .. "}")
      assert.same({}, none)
      assert.equal("webhooks for 'f' exist, but none applies (key)", reason)
    end
  end)

  it("never fires a webhook that has an id only", function()
    local generation = support.connector(
      'return { webhooks = { { id = "x", url = "http://a.example" } } }')
    assert.same({}, (route(generation, '{"type":"x"}')))
  end)

  it("asks applies_to: any value of each of its fields", function()
    local generation = support.connector [[return {
      applies_to = { assistant_id = { "a1", "a2" }, tenant = { 7 } },
      webhooks = { { on = "x", url = "http://a.example" } } }]]
    assert.same({ 1 }, (route(generation, '{"type":"x","data":{"assistant_id":"a2","tenant":7}}')))
    for _, data in ipairs { '{"assistant_id":"a3","tenant":7}', '{"assistant_id":"a1","tenant":8}',
      '{"tenant":7}', "[]" } do
      local none, _, reason = route(generation, '{"type":"x","data":' .. data .. "}")
      assert.same({}, none)
      assert.equal("webhooks for 'x' exist, but none applies (applies_to)", reason)
    end
  end)

  it("asks when, as expression and as function", function()
    local generation = support.connector [[return { webhooks = {
      { on = "x", url = "http://a.example", when = "data.n > 100 and kind == 'a'" },
      { on = "x2", url = "http://a.example", when = function(_, c) return c.data.n > 100 end } } }]]
    assert.same({ 1 }, (route(generation, '{"type":"x","data":{"n":101,"kind":"a"}}')))
    assert.same({ 2 }, (route(generation, '{"type":"x2","data":{"n":101}}')))
    local none, _, reason = route(generation, '{"type":"x","data":{"n":100,"kind":"a"}}')
    assert.same({}, none)
    assert.equal("webhooks for 'x' exist, but none applies (when)", reason)
  end)

  it("lets no when change the event for the others", function()
    local generation = support.load {
      ["connectors/a.lua"] = [[return { webhooks = { { on = "x", url = "http://a.example",
        when = function(_, c) c.data.n = c.data.n + 1 return c.data.n == 2 end } } }]],
      ["connectors/b.lua"] = [[return { webhooks = { { on = "x", url = "http://a.example",
        when = "data.n == 1" } } }]],
      ["connectors/c.lua"] = [[return { webhooks = { { on = "x", url = "http://a.example",
        when = function(_, c) c.data.n = c.data.n + 1 return c.data.n == 2 end } } }]],
    }
    for _ = 1, 2 do
      assert.same({ 1, 2, 3 }, (route(generation, '{"type":"x","data":{"n":1}}')))
    end
  end)

  it("decodes the event once for all expressions that want it whole", function()
    local function decoded(first, second)
      local generation = support.load {
        ["connectors/a.lua"] = [[return { webhooks = { { on = "x", url = "http://a.example",
          when = "]] .. first .. [[" } } }]],
        ["connectors/b.lua"] = [[return { webhooks = { { on = "x", url = "http://a.example",
          when = "]] .. second .. [[" } } }]],
      }
      local indices, _, _, event = route(generation, '{"type":"x","data":{"n":1}}')
      assert.same({ 1, 2 }, indices)
      return event.decoded
    end
    assert.equal(1, decoded("event|length == 2", "event|length > 1"))
    assert.equal(0, decoded("data|length == 1", "event.data|length == 1"))
    assert.equal(0, decoded("data.n == 1", "n == 1"))
  end)

  it("keeps a webhook whose when cannot be asked, as undecided", function()
    local generation = support.connector [[return { webhooks = {
      { on = "x", url = "http://a.example", when = "data.order.total > 100" } } }]]
    local indices, undecided = route(generation, '{"type":"x","data":{}}')
    assert.same({ 1 }, indices)
    assert.same({ true }, undecided)
  end)
end)

describe("with ten thousand webhooks", function()
  local function connectors(head, on)
    local files = { ["gateway.lua"] = 'return { events = { "other", f = { key = "field" } } }' }
    for c = 1, 10 do
      local rows = {}
      for i = 1, 1000 do
        rows[i] = ('{ on = %q, id = "w%d", url = "http://a.example", %s },'):format(
          on == "f" and "f" or "other", i, on == "f" and ('field = "k%d"'):format(c * 1000 + i) or "")
        if on ~= "f" then rows[i] = rows[i]:gsub('"other"', ('"t%d"'):format(c * 1000 + i)) end
      end
      files[("connectors/c%d.lua"):format(c)] = ("return { %s webhooks = {\n%s\n} }"):format(
        head(c), table.concat(rows, "\n"))
    end
    if on ~= "f" then files["gateway.lua"] = "return {}" end
    return support.load(files)
  end

  local function none() return "" end

  it("an event asks nothing of those with other types", function()
    local generation = connectors(none, "type")
    local indices, _, _, event = route(generation, '{"type":"t5500","data":{}}')
    assert.equal(1, #indices)
    assert.equal(0, event.asked)
  end)

  it("an event is asked once for its key", function()
    local generation = connectors(none, "f")
    local indices, _, _, event = route(generation, '{"type":"f","data":{"field":"k5500"}}')
    assert.equal(1, #indices)
    assert.equal(1, event.asked)
    assert.equal(0, event.decoded)
  end)

  it("an event is asked once for a field that many connectors apply by", function()
    local files = {}
    for c = 1, 1000 do
      files[("connectors/c%d.lua"):format(c)] = ([[return {
        applies_to = { assistant_id = { "a%d" } },
        webhooks = { { on = "x", url = "http://a.example", when = "true" } } }]]):format(c)
    end
    local indices, _, _, event = route(support.load(files),
      '{"type":"x","data":{"assistant_id":"a77"}}')
    assert.equal(1, #indices)
    assert.equal(1, event.asked)
  end)
end)
