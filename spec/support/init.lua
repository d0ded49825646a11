-- SPDX-License-Identifier: MIT
--- What the end-to-end specs stand on: real processes on loopback, started and watched by the spec.
--
-- Every process belongs to a spec file: `support.finish()` in its `teardown` ends what still runs and fails when one of
-- our processes left with a sanitizer's report. Nothing here sleeps and hopes: `eventually` asks again until the answer
-- is right or the (generous) time is over.

local certificates = require("spec.support.certificates")
local http = require("spec.support.http")
local process = require("spec.support.process")
local cjson = require("cjson")
local socket = require("socket")

local support = { http = http, process = process, json = cjson }

local running = {}

--- The binary under test.
support.binary = os.getenv("PERILUNE_BIN") or "build/perilune"

--- Asks `question` until it gives something true, and returns that; fails with `what` after `seconds` (20).
---@param what string
---@param question fun(): any
---@param seconds? number
function support.eventually(what, question, seconds)
  local deadline = process.now() + (seconds or 20) * process.patience
  local answer
  repeat
    answer = question()
    if answer then return answer end
    process.sleep(0.01)
  until process.now() > deadline
  error("not in time: " .. what, 2)
end

--- A new empty folder that goes with the spec.
function support.folder()
  return process.folder()
end

--- Writes files (path -> text) below a folder, and returns the folder.
---@param folder string
---@param files table<string, string>
function support.write(folder, files)
  for path, text in pairs(files) do
    local full = folder .. "/" .. path
    process.make_parents(full)
    local file = assert(io.open(full, "wb"))
    file:write(text)
    file:close()
  end
  return folder
end

function support.read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

-- -- a sink ----------------------------------------------------------------------------------------------------

local Sink = {}
Sink.__index = Sink

--- Starts `perilune sink --json` with further arguments on a free port.
---@param ... string
function support.sink(...)
  local sink = setmetatable({}, Sink)
  sink.process = process.start({ support.binary, "sink", "--listen", "127.0.0.1:0", "--json", ... })
  running[#running + 1] = sink.process
  local address = support.eventually("the sink listens", function()
    return sink.process:errors():match("listening on (%S+)\n")
  end)
  sink.port = address:match("%d+$")
  sink.url = "http://" .. address
  return sink
end

--- All requests so far: { n, method, path, query, headers = lower-case name -> value, header_list, body, json }.
function Sink:requests()
  local list = {}
  for line in self.process:output():gmatch("([^\n]*)\n") do
    local request = cjson.decode(line)
    request.header_list, request.headers = request.headers, {}
    for _, pair in ipairs(request.header_list) do
      request.headers[pair[1]:lower()] = pair[2]
    end
    local ok, json = pcall(cjson.decode, request.body)
    request.json = ok and json or nil
    list[#list + 1] = request
  end
  return list
end

--- Waits until there are `n` requests (or more), and returns them.
function Sink:wait(n, seconds)
  return support.eventually(n .. " requests at the sink", function()
    local list = self:requests()
    return #list >= n and list
  end, seconds)
end

function Sink:count()
  return http.request(self.url, "GET", "/-/count").json.count
end

-- -- a receiver that misbehaves ---------------------------------------------------------------------------------

local Peer = {}
Peer.__index = Peer

--- Starts spec/support/faulty_peer.py with further arguments on a free port.
---@param ... string
function support.faulty_peer(...)
  local peer = setmetatable({}, Peer)
  peer.process = support.start({ "python3", "spec/support/faulty_peer.py", ... })
  peer.port = support.eventually("the faulty peer listens", function()
    return peer.process:errors():match("listening on 127%.0%.0%.1:(%d+)")
  end)
  peer.url = "http://127.0.0.1:" .. peer.port
  return peer
end

--- How many requests for a path it got.
function Peer:count(path)
  local count = 0
  for line in self.process:output():gmatch("[^\n]+") do
    if line == path then count = count + 1 end
  end
  return count
end

--- A port of 127.0.0.1 that nobody listens on.
function support.closed_port()
  local listener = assert(socket.bind("127.0.0.1", 0))
  local _, port = listener:getsockname()
  listener:close()
  return port
end

--- The gateway.lua of specs: receivers on loopback are allowed, and those that misbehave are not left alone.
support.gateway_lua = 'return { egress = { allow = { "127.0.0.1", "::1" } }, breaker = { failures = 0 } }\n'

-- -- a gateway -------------------------------------------------------------------------------------------------

local Gateway = {}
Gateway.__index = Gateway

--- Starts a gateway and waits until it listens. With `tls` it speaks TLS, and `url` is that of a relay to it.
---@param options { binary?: string, folder?: string, files?: table<string, string>, arguments?: string[], env?: table<string, string>, store?: string, token?: string, tls?: boolean }
function support.gateway(options)
  local gateway = setmetatable({ options = options }, Gateway)
  gateway.folder = options.folder or support.folder()
  if options.files then support.write(gateway.folder, options.files) end
  gateway.store = options.store or (process.folder() .. "/perilune.db")
  gateway.token = options.token
  gateway:start()
  return gateway
end

--- A relay that speaks TLS with 127.0.0.1:port: the URL to speak plainly with.
local function start_relay(port, folder)
  local relay = support.start({ "python3", "spec/support/tls_relay.py", port, folder .. "/ca.pem" })
  return "http://" .. support.eventually("the relay listens", function()
    return relay:errors():match("listening on (%S+)\n")
  end)
end

function Gateway:start()
  local arguments = {
    self.options.binary or support.binary, "run", "--listen", "127.0.0.1:0", "--store", self.store, "--log-format", "json",
  }
  for _, argument in ipairs(self.options.arguments or {}) do
    arguments[#arguments + 1] = argument
  end
  if self.options.tls then
    self.certificates = self.certificates or certificates.make(process.folder())
    for _, name in ipairs({ "certificate=good.pem", "key=good.key" }) do
      local setting, file = name:match("^(.-)=(.*)$")
      arguments[#arguments + 1] = "--tls-" .. setting
      arguments[#arguments + 1] = self.certificates .. "/" .. file
    end
  end
  arguments[#arguments + 1] = self.folder
  self.process = process.start(arguments, self.options.env)
  running[#running + 1] = self.process
  local address = support.eventually("the gateway listens", function()
    if not self.process:is_running() then
      error("the gateway did not start:\n" .. self.process:errors(), 0)
    end
    return self.process:errors():match('"msg":"listening","address":"([^"]+)"')
  end)
  self.address = address
  self.url = self.options.tls and start_relay(address:match("%d+$"), self.certificates) or "http://" .. address
end

--- One request: { status, headers, body, json }.
---@param method string
---@param path string
---@param body? string|table
---@param headers? table<string, string>
function Gateway:request(method, path, body, headers)
  headers = headers or {}
  if type(body) == "table" then
    body = cjson.encode(body)
    headers["Content-Type"] = headers["Content-Type"] or "application/json"
  end
  if self.token and not headers.Authorization then headers.Authorization = "Bearer " .. self.token end
  return http.request(self.url, method, path, body, headers)
end

function Gateway:post(path, body, headers)
  headers = headers or {}
  headers["Content-Type"] = headers["Content-Type"] or "application/json"
  return self:request("POST", path, body, headers)
end

function Gateway:get(path)
  return self:request("GET", path)
end

--- The rows of the feed that a query selects.
function Gateway:feed(query)
  local answer = self:get("/v1/deliveries" .. (query and "?" .. query or ""))
  assert(answer.status == 200, answer.body)
  return answer.json.deliveries
end

--- Waits until the feed selects `n` rows (or more), and returns them.
function Gateway:wait_feed(query, n, seconds)
  return support.eventually((n or 1) .. " rows in the feed for " .. query, function()
    local rows = self:feed(query)
    return #rows >= (n or 1) and rows
  end, seconds)
end

function Gateway:delivery(id)
  local answer = self:get("/v1/deliveries/" .. id)
  assert(answer.status == 200, answer.body)
  return answer.json
end

--- The value of a metric, labels and all, e.g. 'perilune_attempts_total{outcome="ok"}'.
function Gateway:metric(name)
  local text = self:get("/metrics").body
  local plain = name:gsub("%p", "%%%0")
  return tonumber(("\n" .. text):match("\n" .. plain .. " ([^\n]+)"))
end

--- Stops it as an operator does, and returns the exit code.
function Gateway:stop()
  self.process:signal("TERM")
  return self.process:wait()
end

function Gateway:kill()
  self.process:signal("KILL")
  return self.process:wait()
end

--- The same gateway again: same folder, same store.
function Gateway:restart()
  self:start()
end

-- -- other processes -------------------------------------------------------------------------------------------

--- Starts any program that goes with the spec; `input`: the path of its standard input.
function support.start(arguments, env, input)
  local p = process.start(arguments, env, input)
  running[#running + 1] = p
  return p
end

--- Runs a program to its end: exit code, output, errors.
function support.run(arguments, env, input)
  local p = support.start(arguments, env, input)
  local code = p:wait()
  return code, p:output(), p:errors()
end

--- Ends what still runs; an error when a sanitizer has reported.
function support.finish()
  local reports = {}
  for _, p in ipairs(running) do
    if p:is_running() then
      p:signal("TERM")
      p:wait()
    end
    local report = p:errors():match("[^\n]*Sanitizer.*") or p:errors():match("[^\n]*runtime error:.*")
    if report then reports[#reports + 1] = table.concat(p.arguments, " ") .. "\n" .. report end
  end
  running = {}
  process.clean()
  if #reports > 0 then error(table.concat(reports, "\n\n"), 0) end
end

return support
