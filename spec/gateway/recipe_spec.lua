-- SPDX-License-Identifier: MIT
--- Webhooks that are data are carried out without running Lua. Nobody can see that: each is here twice, as it is and
--- with two functions in it that change nothing but have Lua run its stages.
local support = require("spec.support")

local CONNECTOR = [==[
local function webhook(name, fields)
  local plain, scripted = { id = name .. "-plain", on = name .. ".plain" }, { id = name .. "-scripted",
    on = name .. ".scripted" }
  for key, v in pairs(fields) do plain[key], scripted[key] = v, v end
  local method = fields.method or "POST"
  scripted.method = function() return method end
  scripted.hooks = { { after_receive = function() end } }
  return plain, scripted
end

local list = {}
for name, fields in pairs {
  event = { url = "/event" },
  params = { url = "/p?x=1", params = { a = "1 2", b = { "x", "", "y" } }, method = "PUT",
    headers = { ["X-B"] = "2", ["x-a"] = "1", ["Content-Type"] = "application/vnd.acme+json" } },
  get = { url = "/get", method = "GET", response = { variables = { id = "response.order.id", t = "response.total" } } },
  auto = { url = "/auto", response = { type = "auto", variables = { order = "response.order", n = "data.n" } } },
  absent = { url = "/absent", response = { variables = { gone = "response.gone", id = "response.order.id" } } },
  template = { url = "/t/{{ data.n }}", headers = { ["X-N"] = "n {{ data.n }}" },
    body = [=[{"n": {{ data.n }}, "text": "{{ data.text }}", "list": [{% for v in data.list %}{{ v }}{% if not loop.last %}, {% endif %}{% endfor %}]}]=] },
  object = { url = "/o", body = { n = "{{ data.n }}", list = "{{ data.list }}", fixed = { 1, "b" } } },
  reading = { url = "/r", body = function(ctx) return { n = ctx.data.n } end, response = { variables = {
    id = function(ctx) return ctx.values.response.order.id end, total = function(ctx) return ctx.values.response.total end,
    order = function(ctx, response) local v = ctx.values return v.response.order end } } },
  reading_event = { url = "/r", response = { variables = { n = function(ctx) return ctx.data.n end,
    list = function(ctx) return ctx.event.data.list end, text = { function(ctx) return ctx.values.data.text end } } } },
  reading_nothing = { url = "/r", response = { variables = { gone = function(ctx) return ctx.values.response.gone end,
    deep = function(ctx) return ctx.values.response.gone.deeper end,
    other = { function(ctx) return ctx.values.response.gone end, default = "d" } } } },
  reading_written = { url = "/r", body = function(ctx) ctx.data.n = "written" return "{}" end,
    response = { variables = { n = function(ctx) return ctx.data.n end } } },
  refused = { url = "/nothing", success = 201, response = { variables = { id = "response.order.id" } } },
} do
  list[#list + 1], list[#list + 2] = webhook(name, fields)
end
return { base_url = "%s", webhooks = list }
]==]

local NAMES = { "event", "params", "get", "auto", "absent", "template", "object", "reading", "reading_event",
  "reading_nothing", "reading_written", "refused" }
local EVENT = [[{%s "time": "2026-01-01T00:00:00Z", "data": {"n": 12345678901234567890,
  "text": "a \"b\" \u00e9", "list": [1.0, 2.50]}}]]

describe("a webhook that is data", function()
  local sink, gateway

  setup(function()
    sink = support.sink("--body", '{"order": {"id": 1.0, "\\u00fc": [ ]}, "total":120.50}',
      "--content-type", "application/json; charset=utf-8")
    gateway = support.gateway({
      files = {
        ["gateway.lua"] = support.gateway_lua,
        ["connectors/acme.lua"] = CONNECTOR:gsub("%%s", sink.url, 1),
      },
      arguments = { "--workers", "1" },
    })
  end)

  teardown(function() support.finish() end)

  --- Header fields, but for the values of the two that are each request's own.
  local function fields_of(list)
    local lines = {}
    for i, pair in ipairs(list) do
      lines[i] = pair[1] .. (pair[1]:find("^webhook%-") and "" or ": " .. pair[2])
    end
    return table.concat(lines, "\n")
  end

  local function received(n)
    local request = sink:wait(n)[n]
    return { request.method, request.path, request.query, request.body, fields_of(request.header_list) }
  end

  local function recorded(filter)
    local attempt = gateway:delivery(gateway:wait_feed(filter)[1].id).attempts[1]
    attempt.request.headers = fields_of(attempt.request.headers)
    return { attempt.request, attempt.response.status, attempt.response.body, attempt.outcome, attempt.error,
      attempt.stage, attempt.trace, attempt.variables }
  end

  local function called(name, way)
    local before = #sink:requests()
    local answer = gateway:post(("/v1/calls/acme/%s-%s"):format(name, way), EVENT:format('"id": "e",'))
    return { answer.status, answer.json.ok, answer.json.outcome, answer.json.error,
      answer.body:match('"variables":(%b{})'), received(before + 1),
      recorded(("kind=call&webhook=%s-%s"):format(name, way)) }
  end

  for _, name in ipairs(NAMES) do
    it("is called and recorded as if Lua ran: " .. name, function()
      assert.same(called(name, "scripted"), called(name, "plain"))
    end)
  end

  local function delivered(name, way)
    local before = #sink:requests()
    gateway:post("/v1/events", EVENT:format(('"type": "%s.%s", "id": "%s",'):format(name, way, name .. way)))
    return { received(before + 1), recorded(("kind=delivery&state=delivered&webhook=%s-%s"):format(name, way)) }
  end

  for _, name in ipairs { "template", "object" } do
    it("is delivered as if Lua ran: " .. name, function()
      assert.same(delivered(name, "scripted"), delivered(name, "plain"))
    end)
  end
end)
