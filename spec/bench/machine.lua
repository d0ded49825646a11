-- SPDX-License-Identifier: MIT
--- The machine that is measured: processes and where they run, the processor time that each has used, and what others use
--- meanwhile.

local support = require("spec.support")
local socket = require("socket")
local dirent = require("posix.dirent")
local unistd = require("posix.unistd")

local machine = {
  is_pinned = false,
  root = unistd.getcwd(),
  build = os.getenv("PERILUNE_BUILD") or "build-bench",
}

local TICKS = unistd.sysconf(unistd._SC_CLK_TCK)

--- The path of one of the bench's programs.
function machine.program(name)
  return machine.build .. "/spec/" .. name
end

-- -- where processes run ---------------------------------------------------------------------------------------

local function move_to(cpus)
  assert(os.execute(("taskset -cp %s %d >/dev/null"):format(cpus, unistd.getpid())) == 0)
end

--- From now on the load and the sink have the first processor to themselves, and peers the second.
function machine.pin()
  machine.is_pinned = true
  move_to("0")
end

--- Runs `start`, whose processes run where peers run.
function machine.as_peer(start)
  if not machine.is_pinned then return start() end
  move_to("1")
  local result = start()
  move_to("0")
  return result
end

--- Starts a server and waits until it listens: { process, port }.
function machine.start_server(arguments, port)
  for i, argument in ipairs(arguments) do arguments[i] = tostring(argument) end
  local process = support.start(arguments)
  support.eventually(arguments[1] .. " listens", function()
    if not process:is_running() then error(arguments[1] .. " did not start:\n" .. process:errors(), 0) end
    local connection = socket.tcp()
    local is_open = connection:connect("127.0.0.1", port)
    connection:close()
    return is_open
  end)
  return { process = process, port = port }
end

-- -- processor time ----------------------------------------------------------------------------------------------

local function first_line(path)
  local file = io.open(path)
  local line = file and file:read("*l")
  if file then file:close() end
  return line
end

local function tasks(pid)
  local ok, names = pcall(dirent.dir, "/proc/" .. pid .. "/task")
  local list = {}
  for _, name in ipairs(ok and names or {}) do
    if name:find("^%d") then list[#list + 1] = "/proc/" .. pid .. "/task/" .. name end
  end
  return list
end

--- Seconds of processor time that a process and its descendants have used, all threads.
function machine.cpu_s(pid)
  local total = 0
  for _, task in ipairs(tasks(pid)) do
    total = total + tonumber((first_line(task .. "/schedstat") or "0"):match("^%d+")) / 1e9
    for child in (first_line(task .. "/children") or ""):gmatch("%d+") do
      total = total + machine.cpu_s(child)
    end
  end
  return total
end

--- Seconds that all processors of the machine have been busy.
function machine.busy_s()
  local ticks, i = 0, 0
  for n in first_line("/proc/stat"):gmatch("%d+") do
    i = i + 1
    local is_idle = i == 4 or i == 5
    if i <= 8 and not is_idle then ticks = ticks + tonumber(n) end
  end
  return ticks / TICKS
end

--- What it is: a text for the head of a report.
function machine.about()
  local model, count = "?", 0
  for line in io.lines("/proc/cpuinfo") do
    model = line:match("^model name%s*:%s*(.+)$") or model
    if line:find("^processor") then count = count + 1 end
  end
  return ("%d processors (%s), Linux %s"):format(count, model,
    first_line("/proc/sys/kernel/osrelease"))
end

return machine
