-- SPDX-License-Identifier: MIT
local support = require("spec.support")
local example = require("spec.support.example")

local UUID_7 = "%x%x%x%x%x%x%x%x%-%x%x%x%x%-7%x%x%x%-[89ab]%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x"

describe("the tour", function()
  teardown(support.finish)

  local code, output, errors, gateway_port

  setup(function()
    gateway_port = example.free_port()
    local tour = support.start({ "examples/quickstart/run", "--once" },
      { GATEWAY_PORT = gateway_port, SINK_PORT = example.free_port() })
    code = tour:wait(300) -- it may have to build
    output, errors = tour:output(), tour:errors()
  end)

  --- The text behind a heading of the tour, up to the next one.
  local function section(number)
    local from = assert(output:find("\n" .. number .. ". ", 1, true), output)
    local to = output:find("\n" .. (number + 1) .. ". ", from, true) or output:find("\nThat was the tour.", from, true)
    return output:sub(from, to)
  end

  it("ends well", function()
    assert.equal(0, code, output .. errors)
    assert.truthy(output:find("\nThat was the tour.\n", 1, true))
  end)

  it("shows that an event is taken, with its delivery", function()
    local answer = support.json.decode(section(1):match("\n({.-})\n"))
    assert.truthy(answer.id:match("^" .. UUID_7 .. "$"))
    assert.equal(1, #answer.deliveries)
    assert.equal("shop", answer.deliveries[1].connector)
    assert.equal("order.confirmed", answer.deliveries[1].webhook)
  end)

  it("shows an outcome that was waited for", function()
    local delivery = support.json.decode(section(2):match("\n({.-})\n")).deliveries[1]
    assert.equal("order.shipped", delivery.webhook)
    assert.equal("delivered", delivery.state)
    assert.equal("ok", delivery.outcome)
    assert.equal(200, delivery.status)
    assert.equal(1, delivery.attempts)
  end)

  it("shows the variables of a call", function()
    local answer = support.json.decode(section(3):match("\n({.-})\n"))
    assert.is_true(answer.ok)
    assert.equal(200, answer.status)
    assert.same({ status = "shipped", eta = "2026-11-24" }, answer.variables)
  end)

  it("shows the three requests at the receiver, with payloads unharmed", function()
    local got = section(4)
    local confirmed = '"type": "order.confirmed", "data": {"order": {"id": 9007199254740993, "total": 120.50, "lines": []}}}'
    assert.truthy(got:find("POST /hooks/confirmed\n", 1, true))
    assert.truthy(got:find(confirmed, 1, true), got)
    assert.truthy(got:find("PATCH /orders/4711\n", 1, true))
    assert.truthy(got:find("X-Carrier: Moonlift\n", 1, true))
    assert.truthy(got:find('{"lines":[{"sku":"PL-1","qty":2},{"sku":"Größe L","qty":1}],"status":"shipped","total":1.0}',
      1, true), got)
    assert.truthy(got:find("GET /orders/4711/status\n", 1, true))
    local _, authorized = got:gsub("Authorization: Bearer quickstart%-token\n", "")
    assert.equal(3, authorized)
  end)

  it("shows the feed, newest first", function()
    local rows = {}
    for line in section(5):gmatch("[^\n]+") do
      rows[#rows + 1] = line
    end
    -- The first line is the heading of the section.
    assert.truthy(rows[2]:match("^TIME +STATE +CONNECTOR +WEBHOOK +EVENT +TRY +STATUS +OUTCOME +ID$"))
    assert.truthy(rows[3]:match("^%S+Z +delivered +shop +order%-status +%- +1 +200 +ok +" .. UUID_7 .. "$"), rows[3])
    assert.truthy(rows[4]:match("^%S+Z +delivered +shop +order%.shipped +order%.shipped +1 +200 +ok +" .. UUID_7 .. "$"))
    assert.truthy(rows[5]:match("^%S+Z +delivered +shop +order%.confirmed +order%.confirmed +1 +200 +ok +" .. UUID_7 .. "$"))
  end)

  it("leaves nothing running", function()
    local connection = require("socket").tcp()
    assert.is_nil((connection:connect("127.0.0.1", tonumber(gateway_port))))
  end)

  it("names its usage when it is called in another way", function()
    local bad, _, message = support.run({ "examples/quickstart/run", "--twice" })
    assert.equal(2, bad)
    assert.equal("usage: examples/quickstart/run [--once]\n", message)
  end)
end)
