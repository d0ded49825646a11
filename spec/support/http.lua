-- SPDX-License-Identifier: MIT
--- A small HTTP/1.1 client for specs, over a plain socket, so that a spec can also say what no client library would.

local socket = require("socket")
local cjson = require("cjson")

local http = {}

local TIMEOUT_S = 30

--- A connection to "http://host:port" or "host:port".
function http.connect(url)
  local host, port = url:match("^h?t?t?p?:?/?/?([^:/]+):(%d+)")
  local connection = assert(socket.tcp())
  connection:settimeout(TIMEOUT_S)
  assert(connection:connect(host, tonumber(port)))
  connection:setoption("tcp-nodelay", true)
  return connection
end

local function read_chunked(connection)
  local parts = {}
  while true do
    local size = tonumber(assert(connection:receive("*l")):match("^%x+"), 16)
    if size > 0 then parts[#parts + 1] = assert(connection:receive(size)) end
    assert(connection:receive("*l"))
    if size == 0 then return table.concat(parts) end
  end
end

--- Reads one response: { status, reason, headers (lower-case names), body, json }.
---@param is_head? boolean the request was HEAD
function http.read(connection, is_head)
  local line = assert(connection:receive("*l"))
  local status, reason = line:match("^HTTP/1%.1 (%d%d%d) ?(.*)$")
  local response = { status = assert(tonumber(status), line), reason = reason, headers = {} }
  for header in function() return assert(connection:receive("*l")) end do
    if header == "" then break end
    local name, value = header:match("^([^:]+):%s*(.-)%s*$")
    response.headers[name:lower()] = value
  end
  if response.status == 100 then return http.read(connection, is_head) end
  if response.headers["transfer-encoding"] == "chunked" then
    response.body = read_chunked(connection)
  else
    local length = tonumber(response.headers["content-length"] or 0)
    response.body = (is_head or length == 0) and "" or assert(connection:receive(length))
  end
  if (response.headers["content-type"] or ""):find("json", 1, true) and response.body ~= "" then
    response.json = cjson.decode(response.body)
  end
  return response
end

--- The bytes of a request.
function http.format(host, method, path, body, headers)
  local lines = { method .. " " .. path .. " HTTP/1.1", "Host: " .. host }
  for name, value in pairs(headers or {}) do
    lines[#lines + 1] = name .. ": " .. value
  end
  if body then lines[#lines + 1] = "Content-Length: " .. #body end
  lines[#lines + 1] = "\r\n"
  return table.concat(lines, "\r\n") .. (body or "")
end

--- One request on a connection of its own.
function http.request(url, method, path, body, headers)
  local connection = http.connect(url)
  headers = headers or {}
  headers.Connection = headers.Connection or "close"
  assert(connection:send(http.format(url:match("//(.+)$") or url, method, path, body, headers)))
  local response = http.read(connection, method == "HEAD")
  connection:close()
  return response
end

--- Raw bytes on a connection of its own, and the response to them.
function http.raw(url, bytes)
  local connection = http.connect(url)
  assert(connection:send(bytes))
  local response = http.read(connection)
  connection:close()
  return response
end

return http
