-- SPDX-License-Identifier: MIT
--- That the bench works: its peers do the same work, and every scenario runs, with all of its rows, but for (i), programs that
--- are not built with the tests. How fast anything was is not looked at.

local machine = require("spec.bench.machine")
local openssl = require("spec.support.openssl")
local scenarios = require("spec.bench.scenarios")
local subjects = require("spec.bench.subjects")
local support = require("spec.support")
local trial = require("spec.bench.trial")
local mime = require("mime")

local SENT = {
  event = "order.confirmed",
  number = "A-2026-00318",
  customer = { name = "Zoë Müller", email = "zoe.mueller@example.com", vip = true },
  ship_to = { street = "Hauptstraße 12", city = "50667 Köln", country = "DE" },
  total = "184.95 EUR",
  lines = {
    { sku = "TS-001-M", title = "T-shirt, blue", quantity = 2, price = 24.95 },
    { sku = "MUG-77", title = "Crater mug", quantity = 1, price = 12.5 },
    { sku = "BK-9", title = "Books & cards", quantity = 3, price = 41.25 },
  },
  channel = "web",
  note = 'Leave it at the "back" door, please.\nRing twice.',
}
local KEY = "01234567890123456789012345678901"

local function hex(bytes)
  return (bytes:gsub(".", function(byte) return ("%02x"):format(byte:byte()) end))
end

describe("a peer of the bench", function()
  teardown(support.finish)

  for _, name in ipairs({ "nginx+lua", "node", "calls", "calls, Lua", "calls, computed" }) do
    local subject = subjects[name]
    local case = subject.peer.is_here() and it or pending
    case("sends what the others send, signed, and gives back what they give: " .. name, function()
      local sink = support.sink("--body", '{"id":"r-7","status":"accepted","eta":"2026-12-01T10:00:00Z"}')
      local peer = subject.peer.start(machine, sink.port)
      local answer = support.http.request("http://127.0.0.1:" .. peer.port, "POST", subject.path,
        support.read(trial.body(subject.type)), { ["Content-Type"] = "application/json" })
      assert.equal(200, answer.status)
      assert.same({ true, 200 }, { answer.json.ok, answer.json.status })
      assert.same({ reference = "r-7", eta = "2026-12-01T10:00:00Z" }, answer.json.variables)
      local request = sink:wait(1)[1]
      assert.same({ "POST", "/orders/918273645" }, { request.method, request.path })
      assert.same(SENT, request.json)
      local id, time = request.headers["webhook-id"], request.headers["webhook-timestamp"]
      local signature = mime.unb64(request.headers["webhook-signature"]:match("^v1,(.+)$"))
      assert.equal(openssl.hmac("sha256", KEY, id .. "." .. time .. "." .. request.body), hex(signature))
    end)
  end
end)

describe("the bench", function()
  local result, plots

  setup(function()
    plots = support.folder()
    local file = plots .. "/bench.json"
    local bench = support.start({ "luajit", "spec/bench/run.lua", "--quick", "--scenario", "abcdefgh", "--json", file, "--plots", plots },
      { LUA_PATH = "./?.lua;./?/init.lua;;", PERILUNE_BIN = support.binary })
    assert.equal(0, bench:wait(300), bench:errors())
    result = support.json.decode(support.read(file))
  end)

  teardown(support.finish)

  it("measures every subject at every point", function()
    for i, scenario in ipairs(scenarios) do
      if scenario.id == "i" then break end
      local missing = {}
      for _, point in ipairs({ unpack(scenario.points or {}, 1, 2) }) do
        for _, name in ipairs(scenario.subjects) do
          if subjects[name].peer.is_here() then missing[point .. " " .. name] = true end
        end
      end
      assert.equal(scenario.id, result.scenarios[i].id)
      for _, row in ipairs(result.scenarios[i].rows or {}) do
        assert.is_true(row.rate > 0 and row.cpu_us > 0 and #row.trials == 1, row.subject)
        missing[row.point .. " " .. row.subject] = nil
      end
      assert.same({}, missing, scenario.id)
    end
  end)

  it("gives single figures where there are no rows to compare", function()
    for _, scenario in ipairs(result.scenarios) do
      assert.is_true((scenario.rows or scenario.figures) ~= nil, scenario.id)
      for _, figure in ipairs(scenario.figures or {}) do assert.is_number(figure.value) end
    end
  end)

  it("draws what grows", function()
    for _, id in ipairs({ "a", "b", "d", "f", "h" }) do
      assert.truthy(support.read(plots .. "/" .. id .. ".svg"):find("^<svg .*</svg>\n$"))
    end
  end)

  it("judges goals by what it has measured", function()
    local verdicts = { goal = true, ["at least"] = true, missed = true }
    assert.is_true(#result.goals > 0)
    for _, goal in ipairs(result.goals) do
      assert.is_number(goal.value)
      assert.is_true(verdicts[goal.verdict])
    end
  end)
end)
