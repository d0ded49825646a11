-- SPDX-License-Identifier: MIT
--- The scenarios: what each starts, loads and measures. `points` are the values of what grows (`axis`); at each the subjects
--- take turns, round after round, under the load that `load(point, subject)` gives (spec/bench/trial.lua).

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
    subjects = { "calls", "calls, Lua", "events", "events, Lua" },
    load = connections,
  },
}
