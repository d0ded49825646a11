-- SPDX-License-Identifier: MIT
--- One trial: a subject under a load for some seconds, and what it did and cost. Peers are started when they are first wanted,
--- and stay: those that are not under load use no processor time.

local machine = require("spec.bench.machine")
local subjects = require("spec.bench.subjects")
local support = require("spec.support")
local cjson = require("cjson")

-- Of a processor, which others may use during a trial; with more it is done again.
local NOISE = 0.08
local MOST_DRAIN_S = 300

local trial = { seconds = 3, tries = 3 }

local peers, sinks, bodies, warm = {}, {}, {}, {}

--- The sink that answers `delay_ms` late: { process, port, counter (path) }.
function trial.sink(delay_ms)
  if not sinks[delay_ms] then
    local counter = support.folder() .. "/count"
    local process = support.start({ machine.program("bench_sink"), counter, tostring(delay_ms) })
    local port = support.eventually("the sink listens", function()
      return process:errors():match("listening on 127%.0%.0%.1:(%d+)")
    end)
    sinks[delay_ms] = { process = process, port = tonumber(port), counter = counter }
  end
  return sinks[delay_ms]
end

--- The file of the event with a type of its own, or without one.
function trial.body(type)
  local key = type or ""
  if not bodies[key] then
    local text = support.read("spec/bench/work/order.json"):gsub('"type":"order%.confirmed",', type and ('"type":"%s",'):format(type) or "")
    bodies[key] = support.write(support.folder(), { ["body.json"] = text }) .. "/body.json"
  end
  return bodies[key]
end

--- Runs a load to its end, and gives what it printed; `halfway` is called in between.
local function run(command, halfway)
  for i, argument in ipairs(command) do command[i] = tostring(argument) end
  local process = support.start(command)
  if halfway then
    support.process.sleep(trial.seconds / 2)
    halfway()
  end
  local code, out = process:wait(), process:output()
  local result = code == 0 and cjson.decode(out)
  if not result or result.bad > 0 then error(table.concat(command, " ") .. "\n" .. out .. process:errors(), 0) end
  return result
end

--- The peer of a subject in front of a sink, with options of its own (peers/perilune.lua).
local function peer_of(subject, sink, options)
  if subject.peer == subjects.sink.peer then return sink end
  local key = ("%s %d %s"):format(subject.peer.about, sink.port, options and options.name or "")
  peers[key] = peers[key] or machine.as_peer(function()
    return subject.peer.start(machine, sink.port, options)
  end)
  return peers[key]
end

local function stop(peer)
  peer.process:signal("TERM")
  peer.process:wait()
end

--- Ends the peers, so that the next scenario begins with new ones.
function trial.stop_peers()
  for _, peer in pairs(peers) do
    stop(peer)
  end
  peers, warm = {}, {}
end

--- The arguments of bench_load.
local function load_command(load, sink, peer, subject)
  local command = { machine.program("bench_load"), "-c", load.connections, "-d", load.seconds or trial.seconds }
  local function option(name, value)
    if value then
      command[#command + 1] = name
      command[#command + 1] = value
    end
  end
  option("-r", load.rate)
  option("-n", load.requests)
  option("-v", load.varied)
  option("-s", load.spread)
  option("-b", subject.is_durable and (load.backlog or 1000))
  option("-f", subject.is_durable and sink.counter)
  for _, argument in ipairs({ peer.port, subject.path, trial.body(subject.type) }) do command[#command + 1] = argument end
  return command
end

--- Waits until all that was accepted is delivered and recorded, and counts that instead of the 202s.
local function finish_durable(result, gateway, before)
  local began = support.process.now()
  support.eventually("the backlog is gone", function()
    return gateway:metric("perilune_deliveries_pending") <= before.pending
  end, MOST_DRAIN_S)
  result.seconds = result.seconds + support.process.now() - began
  result.requests = gateway:metric("perilune_deliveries_delivered_total") - before.delivered
  result.rate = result.requests / result.seconds
end

local function count_deliveries(gateway)
  return {
    delivered = gateway:metric("perilune_deliveries_delivered_total"),
    pending = gateway:metric("perilune_deliveries_pending"),
  }
end

local function attempt(subject, load)
  local sink = trial.sink(load.delay_ms or 0)
  local busy, own, began = machine.busy_s(), os.clock(), support.process.now()
  local result
  if subject.peer.command then
    local command = subject.peer.command(machine, sink.port, load.connections, load.seconds or trial.seconds, trial.body(subject.type))
    result = machine.as_peer(function() return run(command) end)
    result.peer_cpu_s, result.cpu_s = result.cpu_s, 0
  else
    local peer = peer_of(subject, sink, load.options)
    local sink_cpu, cpu = machine.cpu_s(sink.process.pid), machine.cpu_s(peer.process.pid)
    local before = subject.is_durable and count_deliveries(peer.gateway)
    local in_flight
    result = run(load_command(load, sink, peer, subject), subject.is_durable and function()
      in_flight = peer.gateway:metric("perilune_attempts_in_flight")
    end)
    result.in_flight = in_flight
    if subject.is_durable then finish_durable(result, peer.gateway, before) end
    result.peer_cpu_s = machine.cpu_s(peer.process.pid) - cpu
    result.cpu_s = result.cpu_s + (peer ~= sink and machine.cpu_s(sink.process.pid) - sink_cpu or 0)
  end
  own = os.clock() - own
  result.foreign = math.max(0, machine.busy_s() - busy - own - result.peer_cpu_s - result.cpu_s)
    / (support.process.now() - began)
  result.cpu_us = result.peer_cpu_s / result.requests * 1e6
  return result
end

--- The first time, a short load before the first trial: compilers have compiled, and connections are open.
local function warm_up(name, load)
  local key = ("%s %s %s"):format(name, load.delay_ms, load.options and load.options.name)
  if warm[key] then return end
  warm[key] = true
  local short = { seconds = trial.seconds / 4 }
  attempt(subjects[name], setmetatable(short, { __index = load }))
end

--- The peer that a subject's trials under a load use, started if it is not there: { process, port, gateway? }.
function trial.peer(name, load)
  return peer_of(subjects[name], trial.sink(load.delay_ms or 0), load.options)
end

--- Ends it.
function trial.stop_peer(name, load)
  local peer = trial.peer(name, load)
  for key, p in pairs(peers) do
    if p == peer then peers[key] = nil end
  end
  stop(peer)
end

--- One trial, done again while others use the machine; of all tries the quietest:
--- { requests, seconds, rate, p50_us, p99_us, bad, cpu_us (of the peer, a request), in_flight? (attempts,
--- halfway), foreign (processors that others used) }.
---@param name string     of spec.bench.subjects
---@param load table      { connections, seconds?, rate?, backlog?, delay_ms?, varied?, spread?, options? (of the peer) }
function trial.run(name, load)
  local best
  warm_up(name, load)
  for _ = 1, trial.tries do
    local result = attempt(subjects[name], load)
    if not best or result.foreign < best.foreign then best = result end
    if best.foreign < NOISE then break end
  end
  best.cpu_s, best.peer_cpu_s = nil, nil
  return best
end

return trial
