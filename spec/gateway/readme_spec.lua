-- SPDX-License-Identifier: MIT
-- What README.md says is what the binary does: its connector, its subcommands, its tables.
local certificates = require("spec.support.certificates")
local support = require("spec.support")
local json = support.json

local README = support.read("README.md")

--- The words between backquotes of a text.
local function quoted(text)
  local words = {}
  for span in text:gmatch("`([^`]+)`") do
    for word in span:gmatch("[%w_]+") do words[#words + 1] = word end
  end
  return words
end

local function words_of(text)
  local words = {}
  for word in text:gmatch("%a+") do words[#words + 1] = word end
  return words
end

describe("README.md", function()
  teardown(function() support.finish() end)

  it("says who may ask with settings that there are", function()
    local text = assert(README:match("```lua\n(tokens = {.-)```"))
    local made = certificates.make(support.folder())
    local folder = support.write(support.folder(), {
      ["gateway.lua"] = "return {\n" .. text .. "}",
      ["tls/cert.pem"] = support.read(made .. "/good.pem"), ["tls/key.pem"] = support.read(made .. "/good.key"),
      ["tls/clients.pem"] = support.read(made .. "/ca.pem"),
      ["connectors/shop.lua"] = 'return { base_url = "https://a.example", webhooks = { { on = "a", url = "/" } } }',
    })
    local code, output = support.run({ support.binary, "check", folder },
      { PERILUNE_SECRET_ADMIN_TOKEN = "a", PERILUNE_SECRET_CI_TOKEN = "b" })
    assert.equal(0, code, output)
  end)

  describe("its connector", function()
    local folder, environment

    setup(function()
      local text = assert(README:match("```lua\n(%-%- connectors/shop%.lua\n.-)```"))
      folder = support.write(support.folder(), { ["gateway.lua"] = "return {}", ["connectors/shop.lua"] = text })
      environment = { PERILUNE_SECRET_ORDERS_TOKEN = "the-orders-token" }
    end)

    it("has no mistakes, and says what it needs", function()
      local code, output = support.run({ support.binary, "check", folder }, environment)
      assert.equal(0, code, output)
      code, output = support.run({ support.binary, "check", folder })
      assert.equal(3, code)
      assert.matches("PERILUNE_SECRET_ORDERS_TOKEN", output, 1, true)
    end)

    it("makes the requests that it describes", function()
      local event = support.write(support.folder(), {
        ["event.json"] = '{"data":{"order_id":"a/b","order":{"id":"a/b","lines":[],"total":101}}}',
      }) .. "/event.json"
      local function request(webhook)
        local code, output = support.run(
          { support.binary, "try", "--dry-run", "--event", event, folder, "shop", webhook }, environment)
        assert.equal(0, code, output)
        return json.decode(output).request
      end
      local shipped = request("order.shipped")
      assert.equal("PATCH", shipped.method)
      assert.equal("https://orders.example.com/orders/a%2Fb", shipped.url)
      assert.equal('{"lines":[],"status":"shipped"}', shipped.body)
      assert.equal("https://orders.example.com/orders/a%2Fb/status", request("order-status").url)
      assert.matches('"order_id":"a/b"', request("order.confirmed").body, 1, true)
    end)
  end)

  it("has a preset that makes the requests that it describes", function()
    local text = assert(README:match("```lua\n(%-%- connectors/team%.lua\n.-)```"))
    local folder = support.write(support.folder(), { ["gateway.lua"] = "return {}", ["connectors/team.lua"] = text,
      ["event.json"] = '{"data":{"order":{"id":7,"total":101},"reason":"a < b"}}' })
    local code, output = support.run({ support.binary, "try", "--dry-run", "--event", folder .. "/event.json", folder, "team",
      "order.failed" }, { PERILUNE_SECRET_SLACK_TOKEN = "xoxb-1-2" })
    assert.equal(0, code, output)
    local request = json.decode(output).request
    assert.equal("https://slack.com/api/chat.postMessage", request.url)
    assert.same({ channel = "#alarms", text = "a &lt; b" }, json.decode(request.body))
  end)

  describe("its operator events", function()
    local rows = {}
    for name, data in README:gmatch("\n| `(perilune%.[%l.]+)` |[^\n]+| ([^|\n]+) |") do rows[name] = data end

    it("are those that there are", function()
      local types = {}
      for name in support.read("core/flow/notice_kind.h"):gmatch('"(perilune%.[%l.]+)"') do
        assert.is_string(rows[name], name)
        types[#types + 1] = name
      end
      assert.equal(7, #types)
    end)

    it("go to Slack as it says", function()
      local text = assert(README:match("```lua\n(%-%- connectors/alerts%.lua\n.-)```"))
      local folder = support.write(support.folder(), { ["gateway.lua"] = "return {}", ["connectors/alerts.lua"] = text,
        ["event.json"] = '{"data":{"connector":"shop","webhook":"order.paid","reason":"status 410","since":"x","by":"y"}}' })
      local code, output = support.run({ support.binary, "try", "--dry-run", "--event", folder .. "/event.json", folder,
        "alerts", "perilune.endpoint.disabled" }, { PERILUNE_SECRET_SLACK_TOKEN = "xoxb-1-2" })
      assert.equal(0, code, output)
      assert.same({ channel = "#operations", text = "shop order.paid is disabled: status 410" },
        json.decode(json.decode(output).request.body))
    end)
  end)

  it("names subcommands that there are", function()
    local _, help = support.run({ support.binary, "--help" })
    local count = 0
    for name in README:gmatch("`perilune (%l+)") do
      assert.matches("\n  " .. name .. " ", help, 1, true)
      count = count + 1
    end
    assert.is_true(count > 5)
  end)

  it("names files that there are", function()
    for path in README:gmatch("%]%(([%w_./-]+)%)") do assert.is_truthy(io.open(path), path) end
  end)

  describe("the keys that it lists", function()
    local section = assert(README:match("### A connector\n(.-)\nEvery field"))
    local own, shared = section:match("^\nOf the connector: (.-)%. Of connector and%s+webhook, the%s+webhook's winning: (.-)%. Of a")

    --- The keys that a message about an unknown one names.
    local function known_keys(connector)
      local folder = support.write(support.folder(), {
        ["gateway.lua"] = "return {}", ["connectors/a.lua"] = "return " .. connector,
      })
      local _, output = support.run({ support.binary, "check", folder })
      return quoted("`" .. assert(output:match("unknown key 'q1'; known keys are ([%l_, ]+)"), output) .. "`")
    end

    local function set(...)
      local keys = {}
      for _, list in ipairs({ ... }) do
        for _, key in ipairs(list) do keys[key] = true end
      end
      return keys
    end

    local function without_details(text)
      return quoted((text:gsub("%b()", "")))
    end

    it("are those of a connector", function()
      assert.same(set(known_keys("{ q1 = 1 }")), set(without_details(own), without_details(shared)))
    end)

    it("are those of a webhook", function()
      local rows = {}
      for key in section:gmatch("\n| `([%l_]+)`") do rows[#rows + 1] = key end
      assert.same(set(known_keys("{ webhooks = { { q1 = 1 } } }")), set(rows, without_details(shared)))
    end)
  end)

  describe("its HTTP interface", function()
    local gateway
    local rows = assert(README:match("## HTTP interface\n\n(.-)\n\n"))

    setup(function() gateway = support.gateway({ files = { ["gateway.lua"] = "return {}" } }) end)

    it("is the whole interface", function()
      local listed = {}
      for cell in rows:gmatch("\n| (`%u%u+ [^|]+) |") do
        local first, base
        for span in cell:gmatch("`([^`]+)`") do
          local method, path = span:match("^(%u+) (.+)$")
          first = method or first
          base = path and path:match("^(.*)/[^/]*$") or base
          path = path or (span:find("^/v1") or base == "") and span or base .. span
          for _, each in ipairs(path:find("[", 1, true)
              and { (path:gsub("%[.*%]", "")), (path:gsub("[%[%]]", "")) } or { path }) do
            listed[first .. " " .. each:gsub("{%l+}", "{}")] = true
          end
        end
      end
      local known = {}
      for method, path in support.read("core/gateway/api.c"):gmatch('{"(%u+)", "(/[^"]*)", %u+') do
        known[method .. " " .. path] = true
        local answer = gateway:request("OPTIONS", (path:gsub("{}", "x")))
        assert.equal(204, answer.status)
        assert.matches(method, answer.headers.allow, 1, true)
      end
      assert.same(known, listed)
    end)

    it("has the filters of the feed", function()
      local detail = gateway:get("/v1/deliveries?none_such=1").json.detail
      local known = words_of((detail:match("there are (.+)"):gsub(" and ", " ")))
      local row = assert(rows:match("| `GET /v1/deliveries%[/{id}%]` | ([^|]+) |"))
      local listed = quoted(assert(row:match("filters (.-);")))
      table.sort(known)
      table.sort(listed)
      assert.same(known, listed)
    end)

    it("gives its problems the type that it says", function()
      assert.matches("^urn:perilune:%l+", gateway:get("/nowhere").json.type)
      assert.matches("urn:perilune:NAME", README, 1, true)
    end)
  end)

  it("names flags that there are", function()
    local all = {}
    local _, help = support.run({ support.binary, "--help" })
    for name in help:gmatch("\n  (%l+) ") do
      local _, text = support.run({ support.binary, name, "--help" })
      all[#all + 1] = text
    end
    all = table.concat(all)
    local count = 0
    for name in README:gmatch("[%[`]%-%-(%l[%l-]+)") do
      if name ~= "once" then assert.matches("\n  --" .. name .. " ", all, 1, true) end -- of the quickstart
      count = count + 1
    end
    assert.is_true(count > 2)
  end)
end)
