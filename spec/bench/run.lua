-- SPDX-License-Identifier: MIT
--- The command line of the bench: spec/bench/run. What it measures is in scenarios.lua, how in trial.lua.

local goals = require("spec.bench.goals")
local machine = require("spec.bench.machine")
local plot = require("spec.bench.plot")
local report = require("spec.bench.report")
local results = require("spec.bench.results")
local scenarios = require("spec.bench.scenarios")
local subjects = require("spec.bench.subjects")
local support = require("spec.support")
local trial = require("spec.bench.trial")
local cjson = require("cjson")

local USAGE = [[
Usage: spec/bench/run [OPTIONS]

  --scenario LETTERS   these only, such as abc [all]
  --rounds N           [5]
  --seconds S          of each trial [4]
  --tries N            of a trial during which others use the machine; the quietest counts [3]
  --pin                peers on the second processor, load and sink on the first: the steadiest
  --quick              one round of 0.05 s at two points: whether it works, not how fast
  --json FILE          all trials, medians and goals
  --plots DIR          pictures (SVG) of what grows with connections, deliveries in flight, webhooks, backlog
]]

local function parse(arguments)
  local options = { rounds = 5, seconds = 4, tries = 3 }
  local takes = { scenario = tostring, rounds = tonumber, seconds = tonumber, tries = tonumber, json = tostring, plots = tostring }
  local i = 1
  while arguments[i] do
    local name = arguments[i]:match("^%-%-(%a+)$")
    if name == "quick" then
      options.rounds, options.seconds, options.tries, options.is_quick = 1, 0.05, 1, true
    elseif name == "pin" then
      options.is_pinned = true
    elseif takes[name] and takes[name](arguments[i + 1]) then
      i = i + 1
      options[name] = takes[name](arguments[i])
    else
      local is_asked = arguments[i] == "--help"
      io[is_asked and "stdout" or "stderr"]:write(USAGE)
      os.exit(is_asked and 0 or 2)
    end
    i = i + 1
  end
  return options
end

--- The scenarios of these letters, or all.
local function chosen(letters)
  local list = {}
  for _, scenario in ipairs(scenarios) do
    if not letters or letters:find(scenario.id, 1, true) then list[#list + 1] = scenario end
  end
  if #list == 0 then
    io.stderr:write("no scenario is one of ", letters, "\n")
    os.exit(2)
  end
  return list
end

--- The subjects of a scenario whose programs are installed.
local function present(scenario)
  local list = {}
  for _, name in ipairs(scenario.subjects) do
    if subjects[name].peer.is_here() then
      list[#list + 1] = name
    else
      io.stderr:write(("%s is left out: its program is not installed (.ci/setup --bench)\n"):format(name))
    end
  end
  return list
end

--- Every subject at every point in turn, round after round, so that a noisy neighbour hits all of them.
local function run_rounds(scenario, points, rounds)
  local names, trials, rows = present(scenario), {}, {}
  for round = 1, rounds do
    for _, point in ipairs(points) do
      trials[point] = trials[point] or {}
      for _, name in ipairs(names) do
        local result = trial.run(name, scenario.load(point, name))
        trials[point][name] = trials[point][name] or {}
        table.insert(trials[point][name], result)
        io.stderr:write(("(%s) round %d  %s %-14s %8.0f/s %7.1f us\n"):format(scenario.id, round, point, name, result.rate, result.cpu_us))
      end
    end
  end
  for _, point in ipairs(points) do
    for _, name in ipairs(names) do
      rows[#rows + 1] = results.row(point, name, trials[point][name])
    end
  end
  return rows
end

local function write_plot(folder, scenario)
  local picture = plot.draw(scenario)
  if picture then support.write(folder, { [scenario.id .. ".svg"] = picture }) end
end

local function measure(scenario, options)
  local result = { id = scenario.id, title = scenario.title, axis = scenario.axis }
  if scenario.points then
    local points = options.is_quick and { unpack(scenario.points, 1, 2) } or scenario.points
    result.rows = run_rounds(scenario, points, options.rounds)
  end
  if scenario.measure then
    local measured = scenario.measure(options)
    result.rows, result.figures = measured.rows or result.rows, measured.figures
  end
  trial.stop_peers()
  return result
end

local options = parse(arg)
io.stdout:setvbuf("line")
trial.seconds, trial.tries = options.seconds, options.tries
if options.is_pinned then machine.pin() end
print(("%s; %d rounds of %g s%s; medians"):format(machine.about(), options.rounds, options.seconds,
  options.is_pinned and ", pinned" or ""))

local list, run = chosen(options.scenario), results.new()
local ok, reason = xpcall(function()
  for _, scenario in ipairs(list) do
    local result = measure(scenario, options)
    run:add(result)
    report.print(run, result)
    if options.plots then write_plot(options.plots, result) end
  end
end, debug.traceback)
if not ok then io.stderr:write(reason, "\n") end
if run:foreign() > trial.noise then
  print(("\nOthers used up to %.1f processors meanwhile: do not believe rates and times, and processor times no more than roughly.")
    :format(run:foreign()))
end
local judged = goals.judge(run)
report.print_goals(judged)
if options.json then
  local file = assert(io.open(options.json, "w"))
  file:write(cjson.encode({ machine = machine.about(), is_pinned = options.is_pinned or false, rounds = options.rounds,
    seconds = options.seconds, scenarios = run.scenarios, goals = judged }), "\n")
  file:close()
end
support.finish()
os.exit(ok and 0 or 1)
