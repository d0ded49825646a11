-- SPDX-License-Identifier: MIT
--- What the specs of examples/ share: copies of a folder with a change in them, and the commands of a README run as
--- a reader would run them.

local support = require("spec.support")
local socket = require("socket")

local example = {}

--- A port of loopback that was free a moment ago.
function example.free_port()
  local listener = assert(socket.bind("127.0.0.1", 0))
  local _, port = listener:getsockname()
  listener:close()
  return tostring(port)
end

--- Waits until somebody listens on a port of loopback.
function example.await_port(port, what)
  support.eventually((what or "a process") .. " listens on port " .. port, function()
    local connection = socket.tcp()
    local is_open = connection:connect("127.0.0.1", tonumber(port))
    connection:close()
    return is_open
  end)
end

local function replace_once(text, path, from, to)
  local first, last = text:find(from, 1, true)
  assert(first, path .. " has no: " .. from)
  assert(not text:find(from, last + 1, true), path .. " has more than once: " .. from)
  return text:sub(1, first - 1) .. to .. text:sub(last + 1)
end

--- A copy of examples/NAME in a folder of its own. Edits: path -> list of { from, to }, where `from` is plain text that
--- is in the file exactly once; or path -> the whole text of the file; or path -> false, to leave it out.
---@param name string
---@param edits? table<string, string[][]|string|false>
function example.copy(name, edits)
  local folder = support.folder()
  assert(os.execute(("cp -R 'examples/%s/.' '%s'"):format(name, folder)) == 0)
  for path, edit in pairs(edits or {}) do
    local full = folder .. "/" .. path
    if edit == false then
      assert(os.remove(full))
    elseif type(edit) == "string" then
      support.write(folder, { [path] = edit })
    else
      local text = support.read(full)
      for _, change in ipairs(edit) do
        text = replace_once(text, path, change[1], change[2])
      end
      support.write(folder, { [path] = text })
    end
  end
  return folder
end

--- The number of the line of a file in which a plain text stands first.
function example.line(path, text)
  local number = 0
  for line in support.read(path):gmatch("([^\n]*)\n") do
    number = number + 1
    if line:find(text, 1, true) then return number end
  end
  error(path .. " has no line with: " .. text, 2)
end

--- `perilune check` of a folder: exit code and its lines.
function example.check(folder, env)
  local code, output = support.run({ support.binary, "check", folder }, env)
  local lines = {}
  for line in output:gmatch("([^\n]*)\n") do
    lines[#lines + 1] = line
  end
  return code, lines
end

--- The text of a sample event.
function example.event(name, file)
  return support.read(("examples/%s/events/%s.json"):format(name, file))
end

-- -- the commands of a README ------------------------------------------------------------------------------------

local function commands(path)
  local list = {}
  for block in support.read(path):gmatch("```sh\n(.-)```") do
    for line in block:gsub("\\\n%s*", ""):gmatch("[^\n]+") do
      list[#list + 1] = line
    end
  end
  return list
end

local function translate(line, gateway, replacements)
  line = line:gsub("^build/perilune", support.binary):gsub(" build/perilune", " " .. support.binary)
  line = line:gsub("perilune feed", "%0 --url http://127.0.0.1:" .. gateway)
  line = line:gsub("%f[%d]%d+%f[%D]", replacements)
  return (line:gsub("/tmp/[%w-]+", replacements))
end

-- What a command with this in it has to print, beside ending with exit code 0.
local SIGNS_OF_SUCCESS = {
  ["/v1/calls/"] = '"ok":true',
  ["/try"] = '"ok":true',
  ["Prefer: wait"] = '"state":"delivered"',
}

local function run_command(line, command)
  local code, output, errors = support.run({ "sh", "-c", command })
  local is_good = code == 0
  for part, sign in pairs(SIGNS_OF_SUCCESS) do
    if line:find(part, 1, true) and not output:find(sign, 1, true) then is_good = false end
  end
  if not is_good then error(("%s\n%s%s"):format(command, output, errors), 0) end
  return output
end

--- Runs the commands of the ```sh blocks of examples/NAME/README.md, top to bottom: what ends in
--- " &" is started and has to listen, everything else has to end well. Ports and the scratch folder
--- that the README names are replaced by free and new ones, which the gateway learns from its
--- environment, and so is the store.
---@param name string
---@param options { ports: table<string, string>, scratch?: string, env?: table<string, string> }
---  ports: variable of the connectors -> port in the README; scratch: a folder that it names; env:
---  further variables, in which the scratch folder is replaced
---@return table<string, string> outputs   command (as the README has it) -> what it printed
function example.readme(name, options)
  local free = { ["8080"] = example.free_port() }
  local env, outputs = {}, {}
  for variable, port in pairs(options.ports) do
    free[port] = example.free_port()
    env["PERILUNE_VAR_" .. variable] = free[port]
  end
  if options.scratch then free[options.scratch] = support.folder() end
  for variable, value in pairs(options.env or {}) do
    env[variable] = value:gsub("/tmp/[%w-]+", free)
  end
  env.PERILUNE_LISTEN = "127.0.0.1:" .. free["8080"]
  env.PERILUNE_STORE = support.folder() .. "/perilune.db"
  for _, line in ipairs(commands(("examples/%s/README.md"):format(name))) do
    local command = translate(line, free["8080"], free)
    local started = command:match("^(.-) &$")
    if started then
      support.start({ "sh", "-c", "exec env " .. started }, env)
      local is_gateway = line:find("perilune run", 1, true)
      example.await_port(free[is_gateway and "8080" or line:match("(%d+) &$")], line)
    else
      outputs[line] = run_command(line, command)
    end
  end
  return outputs
end

return example
