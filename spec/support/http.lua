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

--- The next chunk of a body, "" for the last.
local function read_chunk(connection)
  local size = tonumber(assert(connection:receive("*l")):match("^%x+"), 16)
  local chunk = size > 0 and assert(connection:receive(size)) or ""
  assert(connection:receive("*l"))
  return chunk
end

local function read_chunked(connection)
  local parts = {}
  repeat
    parts[#parts + 1] = read_chunk(connection)
  until parts[#parts] == ""
  return table.concat(parts)
end

--- The head of one response: { status, reason, headers (lower-case names) }.
local function read_head(connection)
  local line = assert(connection:receive("*l"))
  local status, reason = line:match("^HTTP/1%.1 (%d%d%d) ?(.*)$")
  local response = { status = assert(tonumber(status), line), reason = reason, headers = {} }
  for header in function() return assert(connection:receive("*l")) end do
    if header == "" then break end
    local name, value = header:match("^([^:]+):%s*(.-)%s*$")
    response.headers[name:lower()] = value
  end
  return response
end

--- Reads one response: { status, reason, headers (lower-case names), body, json }.
---@param is_head? boolean the request was HEAD
function http.read(connection, is_head)
  local response = read_head(connection)
  if response.status == 100 then return http.read(connection, is_head) end
  local length = tonumber(response.headers["content-length"] or 0)
  if is_head or response.status == 204 then
    response.body = ""
  elseif response.headers["transfer-encoding"] == "chunked" then
    response.body = read_chunked(connection)
  else
    response.body = length == 0 and "" or assert(connection:receive(length))
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

local Stream = {}
Stream.__index = Stream

--- Opens a stream of server-sent events; its `head` is the response without a body.
---@param url string
---@param path string
---@param headers? table<string, string>
function http.stream(url, path, headers)
  local stream = setmetatable({ connection = http.connect(url), bytes = "" }, Stream)
  assert(stream.connection:send(http.format(url:match("//(.+)$"), "GET", path, nil, headers)))
  stream.head = read_head(stream.connection)
  return stream
end

--- Waits for the next event: its fields (event, id, data); nil when the stream has ended. Comments are passed over.
function Stream:next()
  while true do
    local event, rest = self.bytes:match("^(.-)\n\n(.*)$")
    if event then
      self.bytes = rest
      local fields = {}
      for name, value in ("\n" .. event):gmatch("\n(%w+): ([^\n]*)") do
        fields[name] = value
      end
      if next(fields) then return fields end
    else
      local chunk = read_chunk(self.connection)
      if chunk == "" then return nil end
      self.bytes = self.bytes .. chunk
    end
  end
end

function Stream:close()
  self.connection:close()
end

return http
