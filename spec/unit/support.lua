-- SPDX-License-Identifier: MIT

--- What the specs of the Lua half stand on: gateway folders made of texts, and plain tables in the
--- place of the userdata that the C half hands in. The fakes record; they decide nothing.

local core = require "perilune.core"
local ctx = require "perilune.ctx"
local perilune = require "perilune"

local support = {}

local ffi = require "ffi"
ffi.cdef "int setenv(const char *name, const char *value, int overwrite);"

--- Sets an environment variable of this process.
function support.setenv(name, value)
  assert(ffi.C.setenv(name, value, 1) == 0)
end

local function read(path)
  local f = assert(io.open(path, "rb"))
  local text = f:read("*a")
  f:close()
  return text
end

--- The Lua files of all bundled plugins, by path.
local function bundled()
  local files, list = {}, io.popen("find plugins -name '*.lua'")
  for path in list:lines() do files[path] = read(path) end
  list:close()
  return files
end

local BUNDLED = bundled()

--- The files with an empty gateway.lua, unless given, and the bundled plugins.
function support.files(files)
  local all = { ["gateway.lua"] = "return {}" }
  for path, text in pairs(BUNDLED) do all[path] = text end
  for path, text in pairs(files) do all[path] = text end
  return all
end

--- A plugin's schema.lua with these fields.
function support.schema(fields)
  return ("return { api = 1, summary = 'A plugin', fields = {%s} }"):format(fields)
end

--- Loads files that have no mistake.
function support.load(files)
  local generation, faults = perilune.load(support.files(files), { root = "" })
  if faults then
    error(("%s:%d: %s"):format(faults[1].file, faults[1].line, faults[1].message), 2)
  end
  return generation
end

--- The indices of webhooks by their ids, by connector: what C finds them by.
function support.by_id(generation)
  local found = {}
  for index, policy in ipairs(generation.policies) do
    local own = found[policy.connector] or {}
    own[policy.webhook], found[policy.connector] = index, own
  end
  return found
end

--- One connector of this text, id "acme".
function support.connector(text, files)
  files = files or {}
  files["connectors/acme.lua"] = text
  return support.load(files)
end

--- All faults of files as "file:line:column: message", without what shows the place.
function support.faults(files, root)
  local generation, faults = perilune.load(support.files(files), { root = root or "" })
  assert(generation == nil or faults == nil, "a generation or faults, not both")
  local texts = {}
  for i, fault in ipairs(faults or {}) do
    texts[i] = ("%s:%d:%s %s"):format(fault.file, fault.line,
      fault.column and fault.column .. ":" or "", fault.message:match("^[^\n]*"))
  end
  return texts
end

--- An event of its JSON. `asked` counts look-ups, `decoded` whole decodings.
function support.event(json)
  local document = assert(core.json.decode(json))
  local event = { asked = 0, decoded = 0, document = json }
  for _, name in ipairs({ "id", "type", "time", "source", "subject" }) do
    event[name] = document[name]
  end
  function event:value()
    self.decoded = self.decoded + 1
    return core.json.decode(json)
  end
  local index = assert(core.json.open(json))
  function event.read(_, path) return index:read(path) end
  function event.json(_, path) return index:json(path) end
  function event:get(path)
    self.asked = self.asked + 1
    local v = document
    for key in path:gmatch("[^.]+") do
      if type(v) ~= "table" then return nil end
      v = v[key]
    end
    return v
  end
  return event
end

local function joined(...)
  local parts = {}
  for i = 1, select("#", ...) do
    local part = select(i, ...)
    parts[i] = core.is_secret(part) and "<secret>" or tostring(part)
  end
  return table.concat(parts)
end

--- A request that records what is set: .sent.method, .url, .headers, .query, .body.
function support.request()
  local sent = { headers = {}, query = {} }
  local request = { sent = sent }
  function request.method() return sent.method end
  function request.url() return sent.url end
  function request.body() return sent.body end
  function request.headers() return sent.headers end
  function request.set_method(_, text) sent.method = text end
  function request.set_url(_, url, path)
    local whole, reason = joined(url, path or ""), nil
    if path and not core.is_secret(url) then whole, reason = core.url.whole(url, path) end
    if reason then core.fail("url", ("'%s': %s"):format(path, reason)) end
    sent.url = whole
  end
  function request.set_header(_, name, ...) sent.headers[name:lower()] = joined(...) end
  function request.header(_, name) return sent.headers[name:lower()] end
  function request.add_query(_, name, ...)
    sent.query[#sent.query + 1] = name .. "=" .. joined(...)
  end
  function request.set_body(self, body, content_type)
    sent.body = type(body) == "table" and assert(core.json.encode(body)) or body
    if content_type then self:set_header("Content-Type", content_type) end
  end
  function request.set_body_event(self, content_type) self:set_body("<event>", content_type) end
  function request.set_basic(_, user, password)
    sent.headers.authorization = "Basic " .. joined(user) .. ":" .. joined(password)
  end
  function request.add_cookie(_, name, ...) sent.headers.cookie = name .. "=" .. joined(...) end
  for _, name in ipairs({ "digest", "ntlm", "client_certificate", "ca" }) do
    request["set_" .. name] = function(_, ...)
      sent[name] = {}
      for i = 1, select("#", ...) do sent[name][i] = joined((select(i, ...))) end
    end
  end
  return request
end

function support.response(status, body, headers)
  return {
    status = status, body = body,
    header = function(_, name) return (headers or {})[name:lower()] end,
    headers = function() return headers or {} end,
  }
end

support.ID = "d-1" -- of the delivery
support.TICKET = 7 -- with which its event is read

support.INFO = {
  attempt = 1, now = 1700000000.75, deadline = 1700000010.75, undecided = false,
}

--- A request as the C half hands it to render.
local function identified()
  local request = support.request()
  request:set_header("webhook-id", support.ID)
  request:set_header("webhook-timestamp", "1700000000")
  return request
end

--- The frame of an attempt at a webhook, as a stage behind one that C has carried out gets it.
function support.frame(generation, index, json)
  local info = support.INFO
  return perilune.frame(generation, index, support.event(json), support.TICKET, info.attempt, info.now,
    info.deadline)
end

--- Renders the first webhook for an event: the request, and the frame.
function support.render(generation, json, info)
  local request = identified()
  info = info or support.INFO
  local frame = perilune.render(generation, 1, support.event(json), support.TICKET, info.attempt, info.now,
    info.deadline, request, info.undecided)
  return request.sent, frame
end

--- What a connector's authenticator, of this text, makes of a request: what is sent.
---@param text string
---@param given { method?: string, url?: string, headers?: table, body?: string, now?: number, values?: table }
function support.authenticated(text, given)
  local generation = support.connector(([[return { authenticator = %s,
    webhooks = { { on = "t", url = "http://a.example" } } }]]):format(text))
  local request, entry = support.request(), generation.entries[1]
  request:set_method(given.method or "POST")
  request:set_url(given.url or "https://a.example/")
  for name, value in pairs(given.headers or {}) do request:set_header(name, value) end
  if given.body then request:set_body(given.body) end
  local frame = ctx.frame(entry, nil, nil, 1, given.now or 1700000000.75, 1700000010.75)
  frame.base = given.values or {}
  perilune.authenticate(generation, 1, request, frame)
  return request.sent
end

--- What a verifier of this text says of a request that has come.
---@param text string
---@param given { method?: string, path?: string, query?: string, headers?: table, body?: string, now?: number }
function support.verified(text, given)
  local true_now = core.now
  if given.now then core.now = function() return given.now end end
  local ok, generation = pcall(support.load, { ["gateway.lua"] = ("return { ingress = %s }"):format(text) })
  core.now = true_now
  if not ok then error(generation, 2) end
  local inbound, headers, step = {}, {}, generation.ingress.verifiers[1]
  for name, value in pairs(given.headers or {}) do headers[name:lower()] = value end
  for _, name in ipairs { "method", "path", "query", "body" } do
    inbound[name] = function() return given[name] end
  end
  function inbound.header(_, name) return headers[name:lower()] end
  function inbound.headers() return headers end
  local frame = ctx.frame({}, nil, nil, nil, core.now(), core.now())
  local said = step.handler.verify(ctx.of_plugin(frame, step.config), inbound)
  assert(said == true or type(said) == "table", "what is let in is said by true or a table")
  return said
end

--- The request of webhook `index` as it is sent, and the frame for its answer.
function support.sent(generation, json, index)
  local request, info = identified(), support.INFO
  local frame = perilune.render(generation, index, support.event(json), support.TICKET, info.attempt, info.now,
    info.deadline, request, info.undecided)
  perilune.authenticate(generation, index, request, frame)
  return request.sent, frame
end

--- What comes of an answer to it: is it a success, its variables, and what is wrong.
function support.mapped(generation, index, frame, status, body)
  local ok, variables, message = perilune.map(generation, index, support.response(status, body), frame)
  return ok, variables and core.json.decode(variables), message
end

--- The message of what a function raises; of core.fail too, and then the class.
function support.raised(run, ...)
  local ok, raised = pcall(run, ...)
  assert(not ok, "it raised nothing")
  if type(raised) == "string" then return raised end
  return tostring(raised.message), raised.class
end

return support
