-- SPDX-License-Identifier: MIT
--- What a run says: medians of the trials, the table of each scenario, and the goals.

local goals = require("spec.bench.goals")

local report = {}

local FIGURES = { "rate", "cpu_us", "p50_us", "p99_us", "in_flight" }

--- Of a list of numbers.
function report.median(list)
  local sorted = { unpack(list) }
  table.sort(sorted)
  local middle = math.floor(#sorted / 2)
  return #sorted % 2 == 1 and sorted[middle + 1] or (sorted[middle] + sorted[middle + 1]) / 2
end

--- The medians of a subject's trials at one point, with the trials.
function report.summary(point, subject, trials)
  local row = { point = point, subject = subject, foreign = 0, trials = trials }
  for _, figure in ipairs(FIGURES) do
    local values = {}
    for i, t in ipairs(trials) do values[i] = t[figure] end
    if #values > 0 then row[figure] = report.median(values) end
  end
  for _, t in ipairs(trials) do
    row.foreign = math.max(row.foreign, t.foreign)
  end
  return row
end

--- The row of a subject at a point, or nil.
local function find(scenario, point, subject)
  for _, row in ipairs(scenario and scenario.rows or {}) do
    if row.point == point and row.subject == subject then return row end
  end
end

local function ratio(row, base, figure)
  return base and ("%.2f"):format(row[figure] / base[figure]) or ""
end

local function print_rows(scenario)
  print(("%-12s %-14s %9s %8s %8s %8s %7s %6s %7s %9s"):format(scenario.axis, "", "req/s", "CPU us", "p50 ms", "p99 ms", "x nginx",
    "x CPU", "foreign", "in flight"))
  local previous
  for _, row in ipairs(scenario.rows) do
    local nginx = find(scenario, row.point, "nginx")
    print(("%-12s %-14s %9.0f %8.1f %8.2f %8.2f %7s %6s %7.2f %9s"):format(row.point ~= previous and row.point or "", row.subject,
      row.rate, row.cpu_us, row.p50_us / 1000, row.p99_us / 1000, ratio(row, nginx, "rate"),
      ratio(row, nginx, "cpu_us"), row.foreign, row.in_flight or ""))
    previous = row.point
  end
end

local function print_figures(scenario)
  for _, figure in ipairs(scenario.figures) do
    print(("%-60s %12s %s"):format(figure.what, ("%.4g"):format(figure.value), figure.unit or ""))
  end
end

--- Prints the table of a scenario.
function report.print(scenario)
  print(("\n(%s) %s"):format(scenario.id, scenario.title))
  if scenario.rows then print_rows(scenario) end
  if scenario.figures then print_figures(scenario) end
end

local function verdict(goal, value)
  local function reaches(mark)
    if goal.is_cost then return value <= mark end
    return value >= mark
  end
  return reaches(goal.goal) and "goal" or reaches(goal.least) and "at least" or "missed"
end

--- The goals whose scenarios have run, with what was measured: { of, what, unit, least, goal, value, verdict }.
---@param scenarios table<string, table>   by id
function report.goals(scenarios)
  local function at(id, point, subject)
    return find(scenarios[id], point, subject) or error({ is_missing = true })
  end
  local function figure(id, name, point)
    for _, f in ipairs(scenarios[id] and scenarios[id].figures or {}) do
      if f.name == name and f.point == point then return f.value end
    end
    error({ is_missing = true })
  end
  local list = {}
  for _, goal in ipairs(goals) do
    local ok, value = pcall(goal.value, at, figure)
    if ok and value then
      list[#list + 1] = { of = goal.of, what = goal.what, unit = goal.unit, least = goal.least, goal = goal.goal, value = value,
        verdict = verdict(goal, value) }
    elseif not ok and (type(value) ~= "table" or not value.is_missing) then
      error(value, 0)
    end
  end
  return list
end

function report.print_goals(list)
  print(("\n%-52s %10s %10s %10s  %s"):format("goals", "at least", "goal", "measured", ""))
  for _, g in ipairs(list) do
    local function shown(value) return ("%.3g%s"):format(value, g.unit and " " .. g.unit or "") end
    print(("(%s) %-48s %10s %10s %10s  %s"):format(g.of, g.what, shown(g.least), shown(g.goal), shown(g.value), g.verdict))
  end
end

return report
