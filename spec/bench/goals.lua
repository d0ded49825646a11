-- SPDX-License-Identifier: MIT
--- What Perilune is to reach. Each goal: the scenario that it is read from, at least and wanted, and the figure, of
--- `at(scenario, point, subject)`, the medians of a subject at a point. `is_cost`: less is better.

local function rate_to(scenario, point, subject, base)
  return function(at) return at(scenario, point, subject).rate / at(scenario, point, base).rate end
end

local function cpu(scenario, point, subject)
  return function(at) return at(scenario, point, subject).cpu_us end
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
}
