-- SPDX-License-Identifier: MIT
--- What Perilune is to reach. Each goal: the scenario that it is read from, at least and wanted, and the figure, of
--- `at(scenario, point, subject)`, the medians of a subject at a point, and `of(scenario, name, point)`, a single figure; nil
--- when it cannot be told. `is_cost`: less is better.

local function rate_to(scenario, point, subject, base)
  return function(at) return at(scenario, point, subject).rate / at(scenario, point, base).rate end
end

local function cpu(scenario, point, subject)
  return function(at) return at(scenario, point, subject).cpu_us end
end

local function cost_to(scenario, point, base, subject)
  return function(at) return at(scenario, point, subject).cpu_us / at(scenario, base, subject).cpu_us end
end

--- What calls take longer than the sink alone, beside what nginx does; nil when that is nothing.
local function added_to(scenario, point, time)
  return function(at)
    local alone = at(scenario, point, "sink")[time]
    local by_nginx = at(scenario, point, "nginx")[time] - alone
    return by_nginx > 0 and (at(scenario, point, "calls")[time] - alone) / by_nginx or nil
  end
end

local function single(scenario, name)
  return function(_, of) return of(scenario, name) end
end

return {
  { of = "a", what = "calls / nginx proxy_pass", least = 0.45, goal = 0.60, value = rate_to("a", 64, "calls", "nginx") },
  { of = "a", what = "calls / nginx + Lua", least = 0.95, goal = 1.2, value = rate_to("a", 64, "calls", "nginx+lua") },
  { of = "a", what = "calls / Node.js", least = 2.2, goal = 3, value = rate_to("a", 64, "calls", "node") },
  { of = "a", what = "CPU of a call", unit = "us", least = 30, goal = 24, is_cost = true, value = cpu("a", 64, "calls") },
  { of = "b", what = "events / nginx proxy_pass, 64", least = 0.35, goal = 0.45, value = rate_to("b", 64, "events", "nginx") },
  { of = "b", what = "events / nginx proxy_pass, 256", least = 0.42, goal = 0.55, value = rate_to("b", 256, "events", "nginx") },
  { of = "b", what = "events / nginx + Lua, 64", least = 0.7, goal = 0.9, value = rate_to("b", 64, "events", "nginx+lua") },
  { of = "b", what = "CPU of an event", unit = "us", least = 40, goal = 32, is_cost = true, value = cpu("b", 64, "events") },
  { of = "c", what = "calls by functions / by templates", least = 0.8, goal = 0.9, value = rate_to("c", 64, "calls, Lua", "calls") },
  { of = "d", what = "CPU of an event, 1,000 in flight / 64", least = 1.5, goal = 1.15, is_cost = true,
    value = cost_to("d", 1000, 64, "events") },
  { of = "d", what = "CPU of an event, 4,000 in flight / 64", least = 2, goal = 1.4, is_cost = true,
    value = cost_to("d", 4000, 64, "events") },
  { of = "e", what = "added p50 of calls / of nginx", least = 2, goal = 1.5, is_cost = true, value = added_to("e", 500, "p50_us") },
  { of = "e", what = "added p99 of calls / of nginx", least = 1.5, goal = 1.1, is_cost = true, value = added_to("e", 500, "p99_us") },
  { of = "f", what = "CPU of an event, 10,000 / 10 webhooks", least = 1.1, goal = 1.02, is_cost = true,
    value = cost_to("f", 10000, 10, "events to 10") },
  { of = "g", what = "an idle connection", unit = "kB", least = 8, goal = 4, is_cost = true, value = single("g", "connection") },
  { of = "g", what = "a pending delivery in memory", unit = "kB", least = 2, goal = 1, is_cost = true, value = single("g", "pending") },
  { of = "g", what = "idle process", unit = "MB", least = 30, goal = 15, is_cost = true, value = single("g", "idle") },
  { of = "h", what = "memory with 1,000,000 pending, beyond none", unit = "MB", least = 200, goal = 50, is_cost = true,
    value = function(_, of) return of("h", "resident_mb", 1000000) - of("h", "resident_mb", 0) end },
}
