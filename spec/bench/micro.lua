-- SPDX-License-Identifier: MIT
--- The parts alone: programs that print figures, of which some are kept. What they print is shown whole.

local machine = require("spec.bench.machine")
local support = require("spec.support")

-- Of each: the command, with the arguments of a quick run, and the figures: pattern with one capture, what it is, unit.
local function programs(folder)
  return {
    { { machine.program("json_bench") }, {}, {
      { "decode%s+10%d%d bytes:%s+([%d.]+) us", "codec: decode an event of 1 kB", "us" },
      { "encode%s+10%d%d bytes:%s+([%d.]+) us", "codec: encode it", "us" },
    } },
    { { machine.program("gate_bench") }, { "1" }, {
      { "call, gate%s+(%d+)", "a call of a script within its budgets", "ns" },
      { "call, run in a slot%s+(%d+)", "a run that may wait", "ns" },
    } },
    { { "luajit", "spec/bench/template/run.lua" }, { "1" }, {
      { "template, json%s+([%d.]+)", "template: a JSON body of 1 kB", "us" },
      { "jinja2%s+([%d.]+)", "the same by Jinja2", "us" },
      { "template (%d+) ns;", "template: the body of the bench's webhook", "ns" },
      { "outline (%d+) ns", "the same by its outline, in C", "ns" },
    } },
    { { machine.program("wheel_bench") }, {}, {
      { " 10000 timers: start and stop ([%d.]+)", "wheel: start and stop, 10,000 run", "ns" },
      { "1000000 timers: start and stop ([%d.]+)", "wheel: start and stop, 1,000,000 run", "ns" },
    } },
    { { machine.program("store_bench"), folder }, { "50", "0.2" }, {
      { "store, FULL%s+(%d+) cycles/s", "store: event, delivery and attempt, group commit, FULL", "cycles/s" },
      { "FULL[^\n]*, +([%d.]+) us CPU", "the same: processor time", "us" },
      { "file, fdatasync%s+(%d+) cycles/s", "file: as many bytes appended, one fdatasync a group", "cycles/s" },
      { "([%d.]+) us a sync", "file: one fdatasync", "us" },
    } },
  }
end

local ENV = { LUA_PATH = "lua/?.lua;lua/?/init.lua;./?.lua;./?/init.lua;;", LUA_CPATH = machine.build .. "/lua/?.so;;" }

--- { figures = { what, value, unit } each }
return function(options)
  local figures = {}
  for _, program in ipairs(programs(support.folder())) do
    local command, quick, patterns = unpack(program)
    for _, argument in ipairs(options.is_quick and quick or {}) do command[#command + 1] = argument end
    local code, out, err = support.run(command, ENV)
    if code ~= 0 then error(table.concat(command, " ") .. "\n" .. out .. err, 0) end
    print("\n" .. out)
    for _, pattern in ipairs(patterns) do
      figures[#figures + 1] = { what = pattern[2], unit = pattern[3], value = assert(tonumber(out:match(pattern[1])), pattern[1]) }
    end
  end
  return { figures = figures }
end
