-- SPDX-License-Identifier: MIT
--- The bench: every subject in turn, round after round, so that a noisy neighbour hits all of them; medians, and ratios
-- to nginx in the same run. Load is wrk with one thread, the target is nginx answering at once. CPU is what the
-- subject's processes used, read from /proc, per request that was carried through.
--
--   sink      wrk straight on the target: what the machine can do
--   nginx     wrk -> nginx proxy_pass (one worker, keep-alive upstream) -> target
--   calls     wrk -> POST /v1/calls -> render, bearer token, POST -> target -> variables -> answer (recorded behind it)
--   functions the same calls, by functions of an integrator instead of templates: what the sandbox costs
--   events    wrk -> POST /v1/events -> commit (synchronous=FULL) -> 202; delivered and recorded. The rate counts
--             until the last delivery is recorded, so that a backlog is no gain.

local socket = require("socket")
local support = require("spec.support")
local process = support.process

local rounds = tonumber(arg[1]) or 3
local seconds = tonumber(arg[2]) or 4
local connections = tonumber(arg[3]) or 64

--- A port that is free at the moment.
local function free_port()
  local listener = assert(socket.bind("127.0.0.1", 0))
  local _, port = listener:getsockname()
  listener:close()
  return port
end

local SINK_PORT, PROXY_PORT = free_port(), free_port()
local EVENT_DATA = [[{"order":{"id":4711,"total":120.50,"currency":"EUR","lines":[{"sku":"PL-1001","name":"Moon lamp",]]
  .. [["qty":2,"price":30.25},{"sku":"PL-2002","name":"Crater mug","qty":4,"price":15.00}]},"customer":{"id":"c-90210",]]
  .. [["name":"Ada Lovelace","email":"ada@example.com","address":{"street":"12 Analytical Row","city":"London",]]
  .. [["postcode":"NW1 6XE","country":"GB"}},"channel":"web","tags":["priority","gift"],"note":"Please ring twice."}]]

local folder = process.folder()

local function nginx_conf(name, server)
  local path = folder .. "/" .. name .. ".conf"
  support.write(folder, { [name .. ".conf"] = ([[
daemon off; worker_processes 1; pid %s/%s.pid; error_log stderr crit;
events { worker_connections 4096; }
http { access_log off; keepalive_requests 1000000000; client_body_temp_path %s/%s-body; proxy_temp_path %s/%s-proxy;
fastcgi_temp_path %s/f; uwsgi_temp_path %s/u; scgi_temp_path %s/s;
%s
}]]):format(folder, name, folder, name, folder, name, folder, folder, folder, server) })
  return support.start({ "nginx", "-e", "stderr", "-p", folder, "-c", path })
end

local function wrk_script(path, body)
  support.write(folder, { ["post.lua"] = ([[
wrk.method = "POST"
wrk.path = %q
wrk.body = %q
wrk.headers["Content-Type"] = "application/json"
]]):format(path, body) })
  return folder .. "/post.lua"
end

--- One run of wrk: requests, requests/s, p50 and p99 in ms, answers that are no 2xx.
local function wrk(port, path, body)
  local code, out, err = support.run({
    "wrk", "-t1", "-c" .. connections, "-d" .. seconds .. "s", "--latency", "-s", wrk_script(path, body),
    "http://127.0.0.1:" .. port,
  })
  assert(code == 0, err)
  local function ms(label)
    local n, unit = out:match(label .. "%s+([%d.]+)(%a+)")
    return tonumber(n) * ({ us = 0.001, ms = 1, s = 1000 })[unit]
  end
  return {
    requests = tonumber(out:match("(%d+) requests in")),
    rate = tonumber(out:match("Requests/sec:%s+([%d.]+)")),
    p50 = ms("50%%"),
    p99 = ms("99%%"),
    bad = tonumber(out:match("Non%-2xx or 3xx responses: (%d+)") or 0),
  }
end

--- CPU seconds of a process and its children, all threads.
local function cpu(pid)
  local total = 0
  local pids = { pid }
  local list = io.popen("pgrep -P " .. pid)
  for line in list:lines() do
    pids[#pids + 1] = tonumber(line)
  end
  list:close()
  for _, p in ipairs(pids) do
    local tasks = io.popen("cat /proc/" .. p .. "/task/*/schedstat 2>/dev/null")
    for line in tasks:lines() do
      total = total + tonumber(line:match("^%d+")) / 1e9
    end
    tasks:close()
  end
  return total
end

local function measured(pid, run)
  local before = cpu(pid)
  local result = run()
  result.cpu_us = (cpu(pid) - before) / result.requests * 1e6
  return result
end

local sink = nginx_conf("sink", ("server { listen 127.0.0.1:%d; location / { return 200 '{\"ok\":true}'; } }"):format(SINK_PORT))
local proxy = nginx_conf("proxy", ([[upstream sink { server 127.0.0.1:%d; keepalive 256; keepalive_requests 1000000000; }
server { listen 127.0.0.1:%d; location / { proxy_pass http://sink; proxy_http_version 1.1; proxy_set_header Connection ""; } }]])
  :format(SINK_PORT, PROXY_PORT))

local function gateway(workers)
  return support.gateway({
    folder = "spec/bench/gateway",
    arguments = { "--workers", tostring(workers), "--log-level", "info" },
    env = { PERILUNE_VAR_SINK_PORT = tostring(SINK_PORT) },
  })
end

local one = gateway(1)

local function port_of(g)
  return g.url:match(":(%d+)$")
end

local function calls(g, connector)
  return function()
    return measured(g.process.pid, function()
      return wrk(port_of(g), "/v1/calls/" .. connector .. "/order", '{"data":' .. EVENT_DATA .. "}")
    end)
  end
end

--- The clock runs until everything that was accepted is delivered and recorded.
local function events(g)
  return function()
    return measured(g.process.pid, function()
      local before = g:metric("perilune_deliveries_delivered_total")
      local start = process.now()
      local result = wrk(port_of(g), "/v1/events", '{"type":"order.confirmed","data":' .. EVENT_DATA .. "}")
      support.eventually("the backlog is gone", function()
        return g:metric("perilune_deliveries_pending") == 0
      end, 120)
      result.requests = g:metric("perilune_deliveries_delivered_total") - before
      result.rate = result.requests / (process.now() - start)
      return result
    end)
  end
end

local subjects = {
  { "sink", function()
    return measured(sink.pid, function()
      return wrk(SINK_PORT, "/", EVENT_DATA)
    end)
  end },
  { "nginx", function()
    return measured(proxy.pid, function()
      return wrk(PROXY_PORT, "/", EVENT_DATA)
    end)
  end },
  { "calls", calls(one, "target") },
  { "functions", calls(one, "functions") },
  { "events", events(one) },
}

local function median(list)
  table.sort(list)
  local middle = math.floor(#list / 2)
  return #list % 2 == 1 and list[middle + 1] or (list[middle] + list[middle + 1]) / 2
end

local results = {}
for round = 1, rounds do
  for _, subject in ipairs(subjects) do
    local name, run = subject[1], subject[2]
    local result = run()
    results[name] = results[name] or { rate = {}, cpu_us = {}, p50 = {}, p99 = {}, bad = 0 }
    for _, key in ipairs({ "rate", "cpu_us", "p50", "p99" }) do
      table.insert(results[name][key], result[key])
    end
    results[name].bad = results[name].bad + result.bad
    io.stderr:write(("round %d  %-9s %8.0f/s\n"):format(round, name, result.rate))
  end
end

local base = median(results.nginx.rate)
print(("%d rounds of %d s, %d connections, one worker each; medians"):format(rounds, seconds, connections))
print(("%-9s %10s %10s %8s %8s %8s %6s"):format("", "req/s", "CPU us", "p50 ms", "p99 ms", "x nginx", "bad"))
for _, subject in ipairs(subjects) do
  local r = results[subject[1]]
  local rate = median(r.rate)
  print(("%-9s %10.0f %10.1f %8.2f %8.2f %8.2f %6d"):format(subject[1], rate, median(r.cpu_us), median(r.p50), median(r.p99),
    rate / base, r.bad))
end
print(("resident after the run: %.1f MB; longest stall of the loop: %.1f ms"):format(one.process:resident_bytes() / 2 ^ 20,
  one:metric("perilune_loop_stall_seconds_max") * 1000))

one:stop()
sink:signal("TERM")
proxy:signal("TERM")
support.finish()
