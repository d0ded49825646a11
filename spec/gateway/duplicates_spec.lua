-- SPDX-License-Identifier: MIT

--- json.duplicates: a name that an object has twice, in events, answers and what scripts decode.

local support = require("spec.support")

local ANSWER = '{"eta":"early","eta":"late"}'
local EVENT = '{"data":{"id":1,"lines":[{"sku":"a","sku":"b"}],"id":2}}'

describe("a name that an object has twice", function()
  local sink

  setup(function() sink = support.sink("--body", ANSWER) end)
  teardown(function() support.finish() end)

  local function gateway(duplicates)
    return support.gateway({
      arguments = duplicates and { "--json-duplicates", duplicates } or {},
      files = {
        ["gateway.lua"] = support.gateway_lua,
        ["connectors/shop.lua"] = ([[
          return {
            base_url = "%s",
            webhooks = {
              { id = "answer", url = "/{{ data.id }}", body = "{}", response = { variables = { eta = "response.eta" } } },
              { id = "body", url = "/", body = { id = "{{ data.id }}", sku = "{{ data.lines[0].sku }}" } },
              { id = "event", url = "/" },
              { id = "script", url = "/", body = function()
                  local text = '{"a":1,"a":2}'
                  return { default = json.decode(text) or "refused", last = json.decode(text, { duplicates = "last" }),
                           error = json.decode(text, { duplicates = "error" }) or "refused" }
                end },
            },
          }]]):format(sink.url),
      },
    })
  end

  --- Answer of a call, and the body that the receiver got.
  local function call(g, webhook, body)
    local before = sink:count()
    local answer = g:post("/v1/calls/shop/" .. webhook, body)
    local request = sink:count() > before and sink:wait(before + 1)[before + 1]
    return answer, request and request.body
  end

  it("is refused by default, with its place", function()
    local g = gateway()
    local answer, sent = call(g, "body", EVENT)
    assert.equal(400, answer.status)
    assert.equal("urn:perilune:bad_event", answer.json.type)
    assert.equal("/data/lines/0/sku", answer.json.pointer)
    assert.falsy(sent)
    answer = g:post("/v1/connectors/shop/webhooks/body/try", '{"event":' .. EVENT .. "}")
    assert.equal(400, answer.status)
    assert.equal("/event/data/lines/0/sku", answer.json.pointer)
  end)

  it("is refused in an answer by default: there are no variables of it", function()
    local answer = call(gateway(), "answer", '{"data":{"id":1}}')
    assert.not_equal("late", answer.json.variables and answer.json.variables.eta)
    assert.not_equal("early", answer.json.variables and answer.json.variables.eta)
  end)

  it("counts the last time with json.duplicates = last; an event is sent as it came", function()
    local g = gateway("last")
    local answer, sent = call(g, "body", EVENT)
    assert.equal(200, answer.status)
    assert.equal('{"id":2,"sku":"b"}', sent)
    answer, sent = call(g, "event", EVENT)
    assert.equal(200, answer.status)
    assert.matches(EVENT:sub(2), sent, 1, true)
    answer = call(g, "answer", '{"data":{"id":1}}')
    assert.same({ eta = "late" }, answer.json.variables)
  end)

  it("can be asked for, or refused, by scripts whatever the setting says", function()
    for setting, default in pairs({ error = '"refused"', last = '{"a":2}' }) do
      local _, sent = call(gateway(setting), "script", "{}")
      assert.equal('{"default":' .. default .. ',"error":"refused","last":{"a":2}}', sent)
    end
  end)
end)
