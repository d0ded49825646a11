-- SPDX-License-Identifier: MIT

--- Microseconds for one webhook body of about 1 kB (twenty substitutions, a loop of ten, three
--- filters): by Python's Jinja2, by Lua written by hand, and by our templates as plain text and with
--- the escaping of JSON. All bodies are the same, which is checked first. Every subject in turn, round
--- after round, so that a noisy neighbour hits all of them; medians of CPU time.
---
--- Then nanoseconds for the body of the bench's own webhook, which only places values: by the template,
--- out of an event's document that is open, and by its outline in C, which checks the text of the event
--- and makes its index first, as an outline of nothing does.
---
---     spec/bench/run --scenario i

local core = require "perilune.core"
local template = require "perilune.template"

local FOLDER = "spec/bench/template/"
local TEMPLATE, CONTEXT = FOLDER .. "body.json.j2", FOLDER .. "context.json"
local ROUNDS = tonumber(arg[1]) or 7
local PYTHON_COUNT, LUA_COUNT = 2000, 20000

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

local function python(count)
  local command = ("/usr/bin/python3 %sjinja.py %s %s %s"):format(FOLDER, TEMPLATE, CONTEXT, count or "")
  local pipe = assert(io.popen(command))
  local output = pipe:read("*a")
  pipe:close()
  return output
end

local context = assert(core.json.decode(read(CONTEXT)))

local function compiled(mode)
  return assert(template.compile(read(TEMPLATE), {
    name = TEMPLATE, mode = mode, environment = template.environment { templates = {} },
  }))
end

local function subject_of(name, body)
  return {
    name = name, times = {}, body = body,
    measure = function()
      collectgarbage()
      local start = os.clock()
      for _ = 1, LUA_COUNT do body() end
      return (os.clock() - start) / LUA_COUNT * 1e6
    end,
  }
end

local function lua_subject(name, render)
  return subject_of(name, function() return render(context) end)
end

local by_hand = require "spec.bench.template.by_hand"
local subjects = {
  { name = "jinja2", times = {}, body = python, measure = function() return tonumber(python(PYTHON_COUNT)) end },
  lua_subject("by hand", by_hand(function(v) return v end)),
  lua_subject("template", compiled("text")),
  lua_subject("by hand, json", by_hand(core.json.escape)),
  lua_subject("template, json", compiled("json")),
}

local function median(times)
  table.sort(times)
  return times[math.ceil(#times / 2)]
end

--- Lets every subject have its turn, round after round.
local function measure(list)
  for _, subject in ipairs(list) do subject.measure() end
  for _ = 1, ROUNDS do
    for _, subject in ipairs(list) do subject.times[#subject.times + 1] = subject.measure() end
  end
end

local expected = python()
for _, subject in ipairs(subjects) do
  assert(subject.body() == expected, subject.name .. " makes another body:\n" .. subject.body())
end
measure(subjects)

local jinja, plain = median(subjects[1].times), median(subjects[2].times)
print(("a body of %d bytes, %d rounds; medians"):format(#expected, ROUNDS))
print(("%-16s %9s %14s %12s"):format("", "us", "jinja2 / it", "it / by hand"))
for _, subject in ipairs(subjects) do
  local us = median(subject.times)
  print(("%-16s %9.2f %14.1f %12.2f"):format(subject.name, us, jinja / us, us / plain))
end

-- -- the bench's own webhook

local context_of_event = require "perilune.context"
local document = require "perilune.document"

local EVENT, CONNECTOR = "spec/bench/order.json", "spec/bench/gateway/connectors/target.lua"

local function body_of_connector()
  local file = setfenv(assert(loadfile(CONNECTOR)), { env = function() return "0" end })
  return file().webhooks[1].body
end

local event = read(EVENT)
local index = assert(core.json.open(event))
local entry = { context = {}, event_paths = {} }
local render = assert(template.compile(body_of_connector(), { name = CONNECTOR, mode = "json" }))
local outline = core.outline(assert(template.outline(render, function(chain) return chain end)))
local nothing = core.outline({})

local webhook = {
  subject_of("template", function()
    return render(context_of_event.new(entry, document.new(index), { attempt = 1, now = 0 }))
  end),
  subject_of("outline", function() return outline:write(event) end),
  subject_of("nothing", function() return nothing:write(event) end),
}
assert(webhook[1].body() == webhook[2].body(), "the outline makes another body")
measure(webhook)

local times = {}
for i, subject in ipairs(webhook) do times[i] = median(subject.times) * 1e3 end
print(("\na body of %d bytes, of an event of %d"):format(#webhook[1].body(), #event))
print(("template %.0f ns; outline %.0f ns, and %.0f ns for the index"):format(times[1], times[2] - times[3], times[3]))
