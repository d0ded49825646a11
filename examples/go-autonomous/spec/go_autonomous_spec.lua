-- SPDX-License-Identifier: MIT
local support = require("spec.support")
local example = require("spec.support.example")

local SECRETS = { PERILUNE_SECRET_ERP_PASSWORD = "blue-crane", PERILUNE_SECRET_PLANNER_TOKEN = "planner-token" }
local TRIGGERS = { "classification", "extraction", "account_resolution", "transformation", "confirmation", "field_update" }

local function event(name)
  return example.event("go-autonomous", name)
end

describe("go-autonomous", function()
  teardown(support.finish)

  local erp, planner, gateway

  local function start(planner_sink, folder)
    erp, planner = support.sink(), planner_sink
    gateway = support.gateway({ folder = folder or "examples/go-autonomous", env = {
      PERILUNE_VAR_ERP_PORT = tostring(erp.port), PERILUNE_VAR_PLANNER_PORT = tostring(planner.port),
      PERILUNE_SECRET_ERP_PASSWORD = SECRETS.PERILUNE_SECRET_ERP_PASSWORD,
      PERILUNE_SECRET_PLANNER_TOKEN = SECRETS.PERILUNE_SECRET_PLANNER_TOKEN,
    } })
  end

  describe("with systems that answer", function()
    setup(function() start(support.sink()) end)

    it("posts each trigger to its own URL of the ERP", function()
      local expected = {
        classification = "/go-autonomous/hooks/classification",
        extraction = "/go-autonomous/hooks/extraction",
        account_resolution = "/go-autonomous/hooks/account-resolution",
        transformation = "/archive/transformation", -- absolute: used as it is, though there is a base URL
        confirmation = "/go-autonomous/hooks/confirmation",
        field_update = "/go-autonomous/hooks/delivery-date",
      }
      for i, trigger in ipairs(TRIGGERS) do
        local answer = gateway:post("/v1/events", event(trigger))
        assert.equal(202, answer.status)
        local request = erp:wait(i)[i]
        assert.equal("POST", request.method)
        assert.equal(expected[trigger], request.path)
        assert.equal("application/json", request.headers["content-type"])
        assert.equal(trigger, request.json.type)
        assert.equal("REQ-1001", request.json.data.request_id)
      end
      assert.equal(6, erp:count())
    end)

    it("hands on the payload as it came", function()
      local request = erp:wait(4)[4]
      assert.equal("transformation", request.json.type)
      assert.truthy(request.body:find('"lines": [{"sku": "PIPE-40", "quantity": 12, "unit_price": 18.50}]', 1, true))
    end)

    it("puts the credentials of its authenticator on every call of a connector", function()
      for _, request in ipairs(erp:requests()) do
        assert.equal("Basic Z28tYXV0b25vbW91czpibHVlLWNyYW5l", request.headers.authorization)
      end
      for _, request in ipairs(planner:wait(2)) do
        assert.equal("Bearer planner-token", request.headers.authorization)
      end
    end)

    it("calls a second system, by absolute URLs, for the triggers that it wants", function()
      local requests = planner:wait(2)
      assert.equal(2, #requests)
      assert.equal("/confirmed", requests[1].path)
      assert.equal("/rescheduled", requests[2].path)
    end)

    it("fires a field update only for the row that watches the field", function()
      local before = erp:count()
      local other = gateway:post("/v1/events",
        { type = "field_update", data = { field = "purchase_order_number", to = "4500099999" } })
      assert.equal(1, #other.json.deliveries)
      assert.equal("field_update.purchase_order_number", other.json.deliveries[1].webhook)
      assert.equal("/go-autonomous/hooks/purchase-order-number", erp:wait(before + 1)[before + 1].path)
    end)

    it("keeps an update of a field that nobody watches in the feed, with the reason", function()
      local answer = gateway:post("/v1/events", { type = "field_update", data = { field = "currency" } })
      assert.equal(202, answer.status)
      assert.same({}, answer.json.deliveries)
      local rows = gateway:wait_feed("state=unmatched", 1)
      assert.equal(answer.json.id, rows[1].event_id)
      assert.equal("webhooks for 'field_update' exist, but none applies (key)", rows[1].reason)
    end)

    it("shows successful deliveries with times and payloads in the feed", function()
      local rows = gateway:wait_feed("state=delivered&type=confirmation", 2)
      assert.equal(2, #rows)
      for _, row in ipairs(rows) do
        assert.equal(200, row.status)
        assert.equal("ok", row.outcome)
        assert.truthy(row.created:match("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d%.%d%d%dZ$"))
        assert.truthy(row.finished >= row.created)
        local delivery = gateway:delivery(row.id)
        assert.equal(222.00, delivery.event.data.total)
        assert.equal(1, #delivery.attempts)
        local attempt = delivery.attempts[1]
        assert.equal("POST", attempt.request.method)
        assert.truthy(attempt.request.body:find('"confirmed_by": "ida@acme.example", "total": 222.00', 1, true))
        assert.equal('{"ok":true}', attempt.response.body)
        assert.truthy(attempt.timings.total_ms > 0)
      end
    end)

    it("lists the connectors by their labels", function()
      local names = {}
      for _, connector in ipairs(gateway:get("/v1/connectors").json.connectors) do
        names[#names + 1] = connector.name
      end
      assert.same({ "Acme ERP", "Delivery planner" }, names)
    end)

    it("shows no credentials in the feed", function()
      local id = gateway:wait_feed("state=delivered&connector=planner", 1)[1].id
      assert.is_nil(gateway:get("/v1/deliveries/" .. id).body:find("planner-token", 1, true))
    end)
  end)

  it("fires a row that was added as soon as it is saved", function()
    local folder = example.copy("go-autonomous")
    start(support.sink(), folder)
    local update = { type = "field_update", data = { field = "currency" } }
    assert.same({}, gateway:post("/v1/events", update).json.deliveries)
    local path = folder .. "/connectors/acme-erp.lua"
    support.write(folder, { ["connectors/acme-erp.lua"] = (support.read(path):gsub("webhooks = {\n",
      '%0    { on = "field_update", field = "currency", url = "/hooks/currency" },\n')) })
    assert.equal(200, gateway:post("/v1/reload").status)
    assert.equal(1, #gateway:post("/v1/events", update).json.deliveries)
    assert.equal("/go-autonomous/hooks/currency", erp:wait(1)[1].path)
  end)

  describe("with a system that fails", function()
    setup(function() start(support.sink("--fail-first", "1", "--fail-status", "500")) end)

    it("shows the failed call with its payload and what is next, and delivers to the others", function()
      gateway:post("/v1/events", event("confirmation"))
      assert.equal(200, gateway:wait_feed("connector=acme-erp&state=delivered", 1)[1].status)
      local row = gateway:wait_feed("connector=planner&status=5xx", 1)[1]
      assert.equal("pending", row.state)
      assert.equal("http_status", row.outcome)
      assert.equal(500, row.status)
      assert.equal(1, row.attempts)
      assert.truthy(row.due > row.created)
      local attempt = gateway:delivery(row.id).attempts[1]
      assert.truthy(attempt.started >= row.created)
      assert.equal(("http://127.0.0.1:%d/confirmed"):format(planner.port), attempt.request.url)
      assert.truthy(attempt.request.body:find('"confirmed_by": "ida@acme.example"', 1, true))
      assert.equal(500, attempt.response.status)
      assert.equal("string", type(attempt.error))
    end)

    it("delivers it when it is told to try again", function()
      local row = gateway:wait_feed("connector=planner&state=pending", 1)[1]
      assert.equal(202, gateway:post("/v1/deliveries/" .. row.id .. "/retry").status)
      local again = gateway:wait_feed("connector=planner&state=delivered", 1)[1]
      assert.equal(row.id, again.id)
      assert.equal(2, again.attempts)
      local requests = planner:wait(2)
      assert.equal(row.id, requests[1].headers["webhook-id"])
      assert.equal(row.id, requests[2].headers["webhook-id"])
    end)
  end)

  describe("a mistake in the folder", function()
    local function faults(edits)
      local folder = example.copy("go-autonomous", edits)
      local code, lines = example.check(folder, SECRETS)
      assert.equal(3, code)
      return lines, folder
    end

    local ERP = "connectors/acme-erp.lua"

    it("is not there", function()
      local code, lines = example.check("examples/go-autonomous", SECRETS)
      assert.same({ "examples/go-autonomous: no mistakes (connectors: 2, webhooks: 9)" }, lines)
      assert.equal(0, code)
    end)

    it("is a trigger that is used twice", function()
      local lines, folder = faults({ [ERP] = { { '{ on = "extraction", url', '{ on = "classification", url' } } })
      local path = folder .. "/" .. ERP
      local first = example.line(path, '"classification"')
      assert.same({ ("%s:%d: the trigger 'classification' is used twice; first in line %d"):format(path, first + 1, first) },
        lines)
    end)

    it("is a field that is watched twice", function()
      local lines, folder = faults({ [ERP] = { { 'field = "purchase_order_number"', 'field = "delivery_date"' } } })
      local path = folder .. "/" .. ERP
      local first = example.line(path, '"delivery_date"')
      assert.same({
        ("%s:%d: the trigger 'field_update' is used twice for 'delivery_date'; first in line %d"):format(path, first + 1, first),
      }, lines)
    end)

    it("is a field update without its field", function()
      local lines, folder = faults({ [ERP] = { { 'field = "delivery_date", ', "" } } })
      local path = folder .. "/" .. ERP
      local line = example.line(path, '/hooks/delivery-date"')
      assert.same({ ("%s:%d: the trigger 'field_update' wants its key 'field'"):format(path, line) }, lines)
    end)

    it("is a connector without a webhook", function()
      local lines, folder = faults({ [ERP] = [[
return {
  name = "Acme ERP",
  authenticator = "acme-erp",
  webhooks = {},
}
]] })
      assert.same({ folder .. "/" .. ERP .. ":4: a connector wants at least one webhook" }, lines)
    end)

    it("is a connector without an authenticator", function()
      local lines, folder = faults({ [ERP] = { { '  authenticator = "acme-erp",\n', "" } } })
      local path = folder .. "/" .. ERP
      assert.same({ ("%s:%d: the connector has no authenticator, which gateway.lua requires (require_authenticator)"):format(
        path, example.line(path, "return {")) }, lines)
    end)

    it("is an authenticator that does not exist", function()
      local lines, folder = faults({ [ERP] = { { 'authenticator = "acme-erp"', 'authenticator = "acme-epr"' } } })
      local path = folder .. "/" .. ERP
      assert.same({ ("%s:%d: there is no authenticator 'acme-epr', did you mean 'acme-erp'?"):format(
        path, example.line(path, "authenticator =")) }, lines)
    end)

    it("is a relative URL without a base URL", function()
      local planner_file = "connectors/planner.lua"
      local lines, folder = faults({ [planner_file] = { { 'planner .. "/confirmed"', '"/confirmed"' } } })
      local path = folder .. "/" .. planner_file
      assert.same({ ("%s:%d: the URL '/confirmed' is relative, and the connector has no base_url"):format(
        path, example.line(path, '"/confirmed"')) }, lines)
    end)

    it("is an event that is no trigger", function()
      local lines, folder = faults({ [ERP] = { { '"extraction"', '"extracton"' } } })
      local path = folder .. "/" .. ERP
      assert.same({ ("%s:%d: unknown trigger 'extracton', did you mean 'extraction'?"):format(
        path, example.line(path, '"extracton"')) }, lines)
    end)

    it("is said together with all others", function()
      local lines = faults({ [ERP] = {
        { '{ on = "extraction", url', '{ on = "classification", url' },
        { '  authenticator = "acme-erp",\n', "" },
        { 'field = "purchase_order_number"', 'field = "delivery_date"' },
      } })
      assert.equal(3, #lines)
    end)
  end)

  it("does what its README says", function()
    local outputs = example.readme("go-autonomous", { ports = { ERP_PORT = "9090", PLANNER_PORT = "9091" } })
    assert.truthy(outputs["build/perilune feed"]:find("delivered", 1, true))
  end)
end)
