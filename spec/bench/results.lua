-- SPDX-License-Identifier: MIT
--- What a run has measured, and how it is compared: medians, and ratios within a round, since a round is what disturbs all of
--- its subjects alike.
--
-- A scenario has rows, one for each subject at each point, and figures { name, what, value, unit?, point? }.

local results = {}

local FIGURES = { "rate", "cpu_us", "p50_us", "p99_us", "in_flight" }

--- Of a list of numbers.
function results.median(list)
  local sorted = { unpack(list) }
  table.sort(sorted)
  local middle = math.floor(#sorted / 2)
  return #sorted % 2 == 1 and sorted[middle + 1] or (sorted[middle] + sorted[middle + 1]) / 2
end

--- The medians of a subject's trials (spec/bench/trial.lua) at one point, the most that others used, and the trials.
function results.row(point, subject, trials)
  local row = { point = point, subject = subject, foreign = 0, trials = trials }
  for _, figure in ipairs(FIGURES) do
    local values = {}
    for i, t in ipairs(trials) do values[i] = t[figure] end
    if #values > 0 then row[figure] = results.median(values) end
  end
  for _, t in ipairs(trials) do row.foreign = math.max(row.foreign, t.foreign) end
  return row
end

local Run = {}
Run.__index = Run

function results.new()
  return setmetatable({ scenarios = {} }, Run)
end

function Run:add(scenario)
  self.scenarios[#self.scenarios + 1] = scenario
end

local function find(list, matches)
  for _, entry in ipairs(list or {}) do
    if matches(entry) then return entry end
  end
end

local function scenario_of(run, id)
  return find(run.scenarios, function(scenario) return scenario.id == id end) or {}
end

--- The row of a subject at a point of a scenario, or nil.
function Run:row(id, point, subject)
  return find(scenario_of(self, id).rows, function(row) return row.point == point and row.subject == subject end)
end

--- The processors that others used, at most, while rows were measured.
function Run:foreign()
  local most = 0
  for _, scenario in ipairs(self.scenarios) do
    for _, row in ipairs(scenario.rows or {}) do most = math.max(most, row.foreign) end
  end
  return most
end

--- The value of a figure of a scenario, or nil.
function Run:figure(id, name, point)
  local figure = find(scenario_of(self, id).figures, function(f) return f.name == name and f.point == point end)
  return figure and figure.value
end

--- The median over the rounds of a figure of one row to that of another; nil when there are not both.
function results.ratio(row, base, figure)
  if not row or not base then return nil end
  local ratios = {}
  for i, t in ipairs(row.trials) do ratios[i] = t[figure] / base.trials[i][figure] end
  return results.median(ratios)
end

return results
