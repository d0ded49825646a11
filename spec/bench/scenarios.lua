-- SPDX-License-Identifier: MIT
--- The scenarios: what each starts, loads and measures. `points` are the values of what grows (`axis`); at each the subjects
--- take turns, round after round, under the load that `load(point, subject)` gives (spec/bench/trial.lua).

local routing = require("spec.bench.routing")

local function connections(point)
  return { connections = point }
end

return {
  {
    id = "a", title = "Synchronous calls: render, sign, send, map, answer",
    axis = "connections", points = { 1, 64, 256 },
    subjects = { "sink", "nginx", "nginx+lua", "node", "libcurl", "calls" },
    load = connections,
  },
  {
    id = "b", title = "Durable events: on disk, 202, delivered, recorded",
    axis = "connections", points = { 64, 256 },
    subjects = { "nginx", "nginx+lua", "events" },
    load = connections,
  },
  {
    id = "c", title = "By functions of an integrator instead of templates",
    axis = "connections", points = { 64 },
    subjects = { "calls", "calls, Lua", "calls, computed", "events", "events, Lua" },
    load = connections,
  },
  {
    -- Answers take so long that the same rate keeps as many in flight as the point says.
    id = "d", title = "Slow receivers: so many in flight, at 5,000 a second",
    axis = "in flight", points = { 64, 1000, 4000 },
    subjects = { "nginx", "calls", "events" },
    load = function(point, subject)
      return {
        connections = subject == "events" and 64 or point,
        backlog = point,
        delay_ms = math.ceil(point / 5),
        options = { name = "wide", arguments = { "--limits-in-flight", "8000", "--limits-resident", "20000", "--limits-calls", "8000" } },
      }
    end,
  },
  {
    id = "e", title = "Latency at low load: one connection, 500 requests a second",
    axis = "requests/s", points = { 500 },
    subjects = { "sink", "nginx", "nginx+lua", "node", "calls", "events" },
    load = function(point) return { connections = 1, rate = point } end,
  },
  {
    id = "f", title = "Routing: so many webhooks are loaded",
    axis = "webhooks", points = { 10, 1000, 10000 },
    subjects = { "events to 10", "events to all" },
    load = function(point, subject)
      return { connections = 64, varied = subject == "events to all" and point or 10, spread = point, options = routing(point) }
    end,
  },
  { id = "g", title = "Memory", measure = require("spec.bench.memory") },
  { id = "h", title = "A start on a backlog, and events for others beside it", axis = "pending", measure = require("spec.bench.startup") },
  { id = "i", title = "The parts alone", measure = require("spec.bench.micro") },
}
