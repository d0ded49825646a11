-- SPDX-License-Identifier: MIT
--- The tables that a run prints.

local results = require("spec.bench.results")
local subjects = require("spec.bench.subjects")

local report = {}

local function ratio(row, base, figure)
  local value = results.ratio(row, base, figure)
  return value and ("%.2f"):format(value) or ""
end

local function print_rows(run, scenario)
  print(("%-12s %-14s %9s %8s %8s %8s %7s %6s %7s %9s"):format(scenario.axis, "", "req/s", "CPU us", "p50 ms", "p99 ms", "x nginx",
    "x CPU", "foreign", "in flight"))
  local previous
  for _, row in ipairs(scenario.rows) do
    local nginx = run:row(scenario.id, row.point, "nginx")
    print(("%-12s %-14s %9.0f %8.1f %8.2f %8.2f %7s %6s %7.2f %9s"):format(row.point ~= previous and row.point or "", row.subject,
      row.rate, row.cpu_us, row.p50_us / 1000, row.p99_us / 1000, ratio(row, nginx, "rate"),
      ratio(row, nginx, "cpu_us"), row.foreign, row.in_flight and ("%.0f"):format(row.in_flight) or ""))
    previous = row.point
  end
end

local function print_figures(scenario)
  for _, figure in ipairs(scenario.figures) do
    print(("%-60s %12s %s"):format(figure.what, ("%.4g"):format(figure.value), figure.unit or ""))
  end
end

--- What the rows of a scenario are.
local function print_legend(scenario)
  local is_printed = {}
  for _, row in ipairs(scenario.rows) do
    local subject = subjects[row.subject]
    if not is_printed[row.subject] then print(("  %-14s %s"):format(row.subject, subject.about or subject.peer.about)) end
    is_printed[row.subject] = true
  end
end

--- The table of a scenario of a run.
function report.print(run, scenario)
  print(("\n(%s) %s"):format(scenario.id, scenario.title))
  if scenario.rows then
    print_legend(scenario)
    print_rows(run, scenario)
  end
  if scenario.figures then print_figures(scenario) end
end

--- What goals.judge gives.
function report.print_goals(list)
  print(("\n%-52s %10s %10s %10s"):format("goals", "at least", "goal", "measured"))
  for _, g in ipairs(list) do
    local function shown(value) return ("%.3g%s"):format(value, g.unit and " " .. g.unit or "") end
    print(("(%s) %-48s %10s %10s %10s  %s"):format(g.of, g.what, shown(g.least), shown(g.goal), shown(g.value), g.verdict))
  end
end

return report
