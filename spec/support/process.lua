-- SPDX-License-Identifier: MIT
--- Child processes for specs, with what they print in files, so that nothing blocks and nothing is lost.

local unistd = require("posix.unistd")
local wait = require("posix.sys.wait")
local signal = require("posix.signal")
local fcntl = require("posix.fcntl")
local stdlib = require("posix.stdlib")
local stat = require("posix.sys.stat")
local time = require("posix.time")

local process = {}

--- How much longer than usual things may take: under valgrind and the like.
process.patience = tonumber(os.getenv("PERILUNE_PATIENCE")) or 1

local Process = {}
Process.__index = Process

local folders = {}

--- Seconds of a clock that only goes forward.
function process.now()
  local t = time.clock_gettime(time.CLOCK_MONOTONIC)
  return t.tv_sec + t.tv_nsec / 1e9
end

function process.sleep(seconds)
  time.nanosleep({ tv_sec = math.floor(seconds), tv_nsec = math.floor(seconds % 1 * 1e9) })
end

--- A new empty folder, removed by `clean`.
function process.folder()
  local folder = assert(stdlib.mkdtemp((os.getenv("TMPDIR") or "/tmp") .. "/perilune-spec-XXXXXX"))
  folders[#folders + 1] = folder
  return folder
end

function process.make_parents(path)
  for slash in path:gmatch("()/") do
    if slash > 1 then stat.mkdir(path:sub(1, slash - 1)) end
  end
end

local function read(path)
  local file = io.open(path, "rb")
  if not file then return "" end
  local text = file:read("*a")
  file:close()
  return text
end

local function redirect(path, descriptor, flags)
  local fd = assert(fcntl.open(path, flags, tonumber("600", 8)))
  unistd.dup2(fd, descriptor)
  unistd.close(fd)
end

--- Starts a program: a list of program and arguments, further environment variables, and the path of what it reads as
--- standard input (else it is empty).
---@param arguments string[]
---@param env? table<string, string>
---@param input? string
function process.start(arguments, env, input)
  local folder = process.folder()
  local p = setmetatable({ arguments = arguments, folder = folder }, Process)
  local write = fcntl.O_WRONLY + fcntl.O_CREAT + fcntl.O_TRUNC
  p.pid = assert(unistd.fork())
  if p.pid == 0 then
    redirect(input or "/dev/null", 0, fcntl.O_RDONLY)
    redirect(folder .. "/out", 1, write)
    redirect(folder .. "/err", 2, write)
    for name, value in pairs(env or {}) do
      stdlib.setenv(name, value)
    end
    unistd.execp(arguments[1], { [0] = arguments[1], unpack(arguments, 2) })
    io.stderr:write("cannot start " .. arguments[1] .. "\n")
    unistd._exit(127)
  end
  return p
end

function Process:output()
  return read(self.folder .. "/out")
end

function Process:errors()
  return read(self.folder .. "/err")
end

local function reap(self, options)
  if self.code then return true end
  local pid, how, code = wait.wait(self.pid, options)
  if pid ~= self.pid or how == "running" then return false end
  self.how, self.code = how, how == "exited" and code or 128 + code
  return true
end

function Process:is_running()
  return not reap(self, wait.WNOHANG)
end

function Process:signal(name)
  signal.kill(self.pid, signal["SIG" .. name])
end

--- Waits for its end: the exit code, or 128 plus the signal. Kills it, and fails, after `seconds` (60).
function Process:wait(seconds)
  local deadline = process.now() + (seconds or 60) * process.patience
  while not reap(self, wait.WNOHANG) do
    if process.now() > deadline then
      self:signal("KILL")
      reap(self, 0)
      error(table.concat(self.arguments, " ") .. " did not end; it said:\n" .. self:errors(), 2)
    end
    process.sleep(0.005)
  end
  return self.code
end

--- Resident memory in bytes, of a running process.
function Process:resident_bytes()
  return tonumber(read("/proc/" .. self.pid .. "/status"):match("VmRSS:%s+(%d+)")) * 1024
end

--- How many file descriptors it has open.
function Process:descriptors()
  local list = io.popen("ls /proc/" .. self.pid .. "/fd | wc -l")
  local n = tonumber(list:read("*a"))
  list:close()
  return n
end

function process.clean()
  for _, folder in ipairs(folders) do
    os.execute("rm -rf '" .. folder .. "'")
  end
  folders = {}
end

return process
