-- SPDX-License-Identifier: MIT
--- That the bench works: every scenario runs, with all of its rows, but for (i), programs that are not built with the tests.
--- How fast anything was is not looked at.

local support = require("spec.support")
local scenarios = require("spec.bench.scenarios")
local subjects = require("spec.bench.subjects")

describe("the bench", function()
  local result, plots

  setup(function()
    plots = support.folder()
    local file = support.folder() .. "/bench.json"
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
