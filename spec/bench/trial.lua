-- SPDX-License-Identifier: MIT
--- One trial: a subject under a load for some seconds, and what it did and cost. Peers are started when they are first wanted,
--- and stay: those that are not under load use no processor time.

local machine = require("spec.bench.machine")
local subjects = require("spec.bench.subjects")
local support = require("spec.support")
local cjson = require("cjson")

local MOST_DRAIN_S = 300

-- `noise`: of a processor, which others may use during a trial; with more it is done again.
local trial = { seconds = 4, tries = 3, noise = 0.08 }

local peers, sinks, bodies = {}, {}, {}

--- The sink that answers `delay_ms` late: { process, port, counter (path) }.
function trial.sink(delay_ms)
  if not sinks[delay_ms] then
    local counter = support.folder() .. "/count"
    local process = support.start({ machine.program("bench_sink"), counter, tostring(delay_ms) })
    local port = support.eventually("the sink listens", function()
      return process:errors():match("listening on 127%.0%.0%.1:(%d+)")
    end)
    sinks[delay_ms] = { process = process, port = tonumber(port), counter = counter, warm = {} }
  end
  return sinks[delay_ms]
end

--- The file of the event with a type of its own, or without one.
function trial.body(type)
  local key = type or ""
  if not bodies[key] then
    local text = support.read("spec/bench/order.json"):gsub('"type":"order%.confirmed",', type and ('"type":"%s",'):format(type) or "")
    bodies[key] = support.write(support.folder(), { ["body.json"] = text }) .. "/body.json"
  end
  return bodies[key]
end

--- Runs a load to its end, and gives what it printed; `meanwhile` is called while it runs.
local function run(command, meanwhile)
  for i, argument in ipairs(command) do command[i] = tostring(argument) end
  local process = support.start(command)
  if meanwhile then meanwhile() end
  local code, out = process:wait(), process:output()
  local result = code == 0 and cjson.decode(out)
  if not result or result.bad > 0 then error(table.concat(command, " ") .. "\n" .. out .. process:errors(), 0) end
  return result
end

--- The peer of a subject in front of a sink, with options of its own (peers/perilune.lua).
local function peer_of(subject, sink, options)
  if subject.peer == subjects.sink.peer then return sink end
  local key = ("%s %d %s"):format(subject.peer.about, sink.port, options and options.name or "")
  if not peers[key] then
    peers[key] = machine.as_peer(function() return subject.peer.start(machine, sink.port, options) end)
    peers[key].warm = {}
  end
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
  peers = {}
end

--- The arguments of bench_load.
local function load_command(load, seconds, sink, peer, subject)
  local command = { machine.program("bench_load"), "-c", load.connections, "-d", seconds }
  local function option(name, value)
    if value then
      command[#command + 1] = name
      command[#command + 1] = value
    end
  end
  option("-r", load.rate)
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

--- A load on a peer, or on the sink alone, whose processor time is `peer_cpu_s`; that of sink and load is `cpu_s`.
local function load_peer(subject, load, seconds, sink)
  local peer = peer_of(subject, sink, load.options)
  local sink_cpu, cpu = machine.cpu_s(sink.process.pid), machine.cpu_s(peer.process.pid)
  local before = subject.is_durable and count_deliveries(peer.gateway)
  local in_flight
  local result = run(load_command(load, seconds, sink, peer, subject), before and function()
    support.process.sleep(seconds / 2)
    in_flight = peer.gateway:metric("perilune_attempts_in_flight")
  end)
  if before then finish_durable(result, peer.gateway, before) end
  result.in_flight = in_flight
  result.peer_cpu_s = machine.cpu_s(peer.process.pid) - cpu
  result.cpu_s = result.cpu_s + (peer ~= sink and machine.cpu_s(sink.process.pid) - sink_cpu or 0)
  return result
end

--- A peer that sends by itself.
local function run_peer(subject, load, seconds, sink)
  local sink_cpu = machine.cpu_s(sink.process.pid)
  local command = subject.peer.command(machine, sink.port, load.connections, seconds, trial.body(subject.type))
  local result = machine.as_peer(function() return run(command) end)
  result.peer_cpu_s, result.cpu_s = result.cpu_s, machine.cpu_s(sink.process.pid) - sink_cpu
  return result
end

local function attempt(subject, load, seconds)
  local sink = trial.sink(load.delay_ms or 0)
  local busy, own, began = machine.busy_s(), os.clock(), support.process.now()
  local result = (subject.peer.command and run_peer or load_peer)(subject, load, seconds, sink)
  own = os.clock() - own
  result.foreign = math.max(0, machine.busy_s() - busy - own - result.peer_cpu_s - result.cpu_s)
    / (support.process.now() - began)
  result.cpu_us = result.peer_cpu_s / result.requests * 1e6
  result.cpu_s, result.peer_cpu_s, result.bad = nil, nil, nil
  return result
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
--- { requests, seconds, rate, p50_us, p99_us, cpu_us (of the peer, a request), in_flight? (attempts,
--- halfway), foreign (processors that others used) }. What is new gets a short load before, so that
--- compilers have compiled and connections are open.
---@param name string     of spec.bench.subjects
---@param load table      { connections, rate?, backlog?, delay_ms?, varied?, spread?, options? (of the peer) }
function trial.run(name, load)
  local subject, best = subjects[name], nil
  if subject.path then
    local warm = trial.peer(name, load).warm
    if not warm[name] then attempt(subject, load, trial.seconds / 4) end
    warm[name] = true
  end
  for _ = 1, trial.tries do
    local result = attempt(subject, load, trial.seconds)
    if not best or result.foreign < best.foreign then best = result end
    if best.foreign < trial.noise then break end
  end
  return best
end

return trial
