-- SPDX-License-Identifier: MIT
--- What Perilune is to reach. Each goal: the scenario that it is read from, what is asked at least and what is wanted, and what a
--- run (results.lua) says of it, nil when it does not. `is_cost`: less is better.

local results = require("spec.bench.results")

local function rate(id, point, subject, base)
  return function(run) return results.ratio(run:row(id, point, subject), run:row(id, point, base), "rate") end
end

local function growth(id, point, base, subject)
  return function(run) return results.ratio(run:row(id, point, subject), run:row(id, base, subject), "cpu_us") end
end

local function cpu(id, point, subject)
  return function(run)
    local row = run:row(id, point, subject)
    return row and row.cpu_us
  end
end

--- What calls take longer than the sink alone, to what nginx does.
local function added(id, point, time)
  return function(run)
    local sink, nginx, calls = run:row(id, point, "sink"), run:row(id, point, "nginx"), run:row(id, point, "calls")
    if not (sink and nginx and calls) or nginx[time] <= sink[time] then return nil end
    return (calls[time] - sink[time]) / (nginx[time] - sink[time])
  end
end

local function single(id, name)
  return function(run) return run:figure(id, name) end
end

local function with_backlog(run)
  local with, without = run:figure("h", "resident_mb", 1000000), run:figure("h", "resident_mb", 0)
  return with and without and with - without
end

local GOALS = {
  { of = "a", what = "calls / nginx proxy_pass", least = 0.45, goal = 0.60, value = rate("a", 64, "calls", "nginx") },
  { of = "a", what = "calls / nginx + Lua", least = 0.95, goal = 1.2, value = rate("a", 64, "calls", "nginx+lua") },
  { of = "a", what = "calls / Node.js", least = 2.2, goal = 3, value = rate("a", 64, "calls", "node") },
  { of = "a", what = "CPU of a call", unit = "us", least = 30, goal = 24, is_cost = true, value = cpu("a", 64, "calls") },
  { of = "b", what = "events / nginx proxy_pass, 64", least = 0.35, goal = 0.45, value = rate("b", 64, "events", "nginx") },
  { of = "b", what = "events / nginx proxy_pass, 256", least = 0.42, goal = 0.55, value = rate("b", 256, "events", "nginx") },
  { of = "b", what = "events / nginx + Lua, 64", least = 0.7, goal = 0.9, value = rate("b", 64, "events", "nginx+lua") },
  { of = "b", what = "CPU of an event", unit = "us", least = 40, goal = 32, is_cost = true, value = cpu("b", 64, "events") },
  { of = "c", what = "calls by functions / by templates", least = 0.8, goal = 0.9, value = rate("c", 64, "calls, Lua", "calls") },
  { of = "d", what = "CPU of an event, 1,000 in flight / 64", least = 1.5, goal = 1.15, is_cost = true,
    value = growth("d", 1000, 64, "events") },
  { of = "d", what = "CPU of an event, 4,000 in flight / 64", least = 2, goal = 1.4, is_cost = true,
    value = growth("d", 4000, 64, "events") },
  { of = "e", what = "added p50 of calls / of nginx", least = 2, goal = 1.5, is_cost = true, value = added("e", 500, "p50_us") },
  { of = "e", what = "added p99 of calls / of nginx", least = 1.5, goal = 1.1, is_cost = true, value = added("e", 500, "p99_us") },
  { of = "f", what = "CPU of an event, 10,000 / 10 webhooks", least = 1.1, goal = 1.02, is_cost = true,
    value = growth("f", 10000, 10, "events to 10") },
  { of = "g", what = "an idle connection", unit = "kB", least = 8, goal = 4, is_cost = true, value = single("g", "connection") },
  { of = "g", what = "a pending delivery in memory", unit = "kB", least = 2, goal = 1, is_cost = true, value = single("g", "pending") },
  { of = "g", what = "idle process", unit = "MB", least = 30, goal = 15, is_cost = true, value = single("g", "idle") },
  { of = "h", what = "memory with 1,000,000 pending, beyond none", unit = "MB", least = 200, goal = 50, is_cost = true,
    value = with_backlog },
}

local function verdict(goal, value)
  local function reaches(mark)
    if goal.is_cost then return value <= mark end
    return value >= mark
  end
  return reaches(goal.goal) and "goal" or reaches(goal.least) and "at least" or "missed"
end

local goals = {}

--- The goals that a run says something of: { of, what, unit?, least, goal, value, verdict } each.
function goals.judge(run)
  local list = {}
  for _, goal in ipairs(GOALS) do
    local value = goal.value(run)
    if value then
      list[#list + 1] = { of = goal.of, what = goal.what, unit = goal.unit, least = goal.least, goal = goal.goal, value = value,
        verdict = verdict(goal, value) }
    end
  end
  return list
end

return goals
