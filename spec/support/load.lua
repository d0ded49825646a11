-- SPDX-License-Identifier: MIT
--- Clients under whose load a gateway is killed or stopped: several connections post events with ids of their own and
--- note each 202. What was noted must arrive.

local http = require("spec.support.http")

local load = {}

local Load = {}
Load.__index = Load

--- @param prefix string          of the events' ids
--- @param connections integer
function load.new(prefix, connections)
  return setmetatable({ prefix = prefix, connections = connections, posted = 0, accepted = {},
    accepted_count = 0 }, Load)
end

local function post(self, client, host)
  self.posted = self.posted + 1
  local id = ("%s-%06d"):format(self.prefix, self.posted)
  local body = ('{"id":"%s","type":"load","data":{"n":%d,"key":%d}}'):format(id, self.posted, client.number)
  local sent = client.socket:send(http.format(host, "POST", "/v1/events", body,
    { ["Content-Type"] = "application/json" }))
  return sent and id
end

--- Posts until every connection is broken or refused, or `enough` says so after a round. Each connection has one
--- event under way at a time.
---@param url string
---@param enough? fun(): boolean
function Load:run(url, enough)
  local open = {}
  for i = 1, self.connections do
    local ok, connection = pcall(http.connect, url)
    if ok then open[#open + 1] = { socket = connection, number = i } end
  end
  while #open > 0 and not (enough and enough()) do
    for _, client in ipairs(open) do client.id = post(self, client, url:match("//(.+)$")) end
    local alive = {}
    for _, client in ipairs(open) do
      local ok, answer = pcall(http.read, client.socket)
      if client.id and ok and answer.status == 202 then
        self.accepted[client.id] = true
        self.accepted_count = self.accepted_count + 1
        alive[#alive + 1] = client
      else
        client.socket:close()
      end
    end
    open = alive
  end
  for _, client in ipairs(open) do client.socket:close() end
end

--- The lines of a sink's requests for a path; for all of them without one.
local function requests(sink, path)
  local wanted = path and ('"path":"%s"'):format(path) or '"path":'
  local next_line = sink.process:output():gmatch("[^\n]+")
  return function()
    for line in next_line do
      if line:find(wanted, 1, true) then return line end
    end
  end
end

--- How many of the accepted events are not among a sink's requests, and how many requests were repeats.
---@param sink table
---@param path? string   count only those for this path
---@return integer missing
---@return integer repeats
function Load:missing(sink, path)
  local seen, repeats = {}, 0
  for line in requests(sink, path) do
    local id = line:match('\\"id\\":\\"(' .. self.prefix:gsub("%-", "%%-") .. '%-%d+)\\"')
    if id and seen[id] then repeats = repeats + 1 end
    if id then seen[id] = true end
  end
  local missing = 0
  for id in pairs(self.accepted) do
    if not seen[id] then missing = missing + 1 end
  end
  return missing, repeats
end

--- How many of a sink's requests came after one that was posted later on the same connection.
---@param sink table
---@param path string
function load.disordered(sink, path)
  local newest, count = {}, 0
  for line in requests(sink, path) do
    local n, key = line:match('\\"n\\":(%d+),\\"key\\":(%d+)')
    n = tonumber(n)
    if n < (newest[key] or 0) then count = count + 1 end
    newest[key] = math.max(n, newest[key] or 0)
  end
  return count
end

return load
