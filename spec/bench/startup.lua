-- SPDX-License-Identifier: MIT
--- A gateway that starts on a backlog: how long until it listens and until it has delivered something new, what memory it takes
--- under load, and how fast it is with the backlog behind it.

local backlog = require("spec.bench.backlog")
local results = require("spec.bench.results")
local support = require("spec.support")
local trial = require("spec.bench.trial")

local SUBJECT = "events"
local POINTS, QUICK_POINTS = { 0, 10000, 100000, 1000000 }, { 0, 1000 }

local function median_of(list, figure)
  local values = {}
  for i, entry in ipairs(list) do values[i] = entry[figure] end
  return results.median(values)
end

--- One start, and a load: { listens_ms, delivers_ms, resident_mb, trial }.
local function start(load, event)
  local began = support.process.now()
  local gateway = trial.peer(SUBJECT, load).gateway
  local listens = support.process.now() - began
  local answer = gateway:post("/v1/events", event, { Prefer = "wait=60" })
  assert(answer.body:find('"delivered"', 1, true), answer.body)
  local delivers = support.process.now() - began
  local result = trial.run(SUBJECT, load)
  return { listens_ms = listens * 1000, delivers_ms = delivers * 1000, resident_mb = gateway.process:resident_bytes() / 2 ^ 20,
    trial = result }
end

--- { rows, figures }
return function(options)
  local load = { connections = 64, options = { name = "backlog", store = support.folder() .. "/perilune.db" } }
  local event = support.read(trial.body("order.confirmed"))
  local rows, figures, pending = {}, {}, 0
  for _, point in ipairs(options.is_quick and QUICK_POINTS or POINTS) do
    backlog.post(trial.peer(SUBJECT, load).gateway, point - pending)
    pending = point
    local starts, trials = {}, {}
    for round = 1, options.rounds do
      trial.stop_peer(SUBJECT, load)
      starts[round] = start(load, event)
      trials[round] = starts[round].trial
    end
    rows[#rows + 1] = results.row(point, SUBJECT, trials)
    for _, figure in ipairs({
      { "listens_ms", "start until it listens", "ms" },
      { "delivers_ms", "start until a new event is delivered", "ms" },
      { "resident_mb", "resident memory under load", "MB" },
    }) do
      figures[#figures + 1] = { name = figure[1], point = point, what = ("%s, %d pending"):format(figure[2], point),
        value = median_of(starts, figure[1]), unit = figure[3] }
    end
  end
  return { rows = rows, figures = figures }
end
