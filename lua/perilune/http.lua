-- SPDX-License-Identifier: MIT

--- ctx.http: requests of scripts. They look synchronous: the run waits, the worker does not.
---
---     local answer, failure = ctx.http.get { url = "https://acme.example/price", params = { sku = 7 } }
---     local answers = ctx.http.all { { url = a }, { method = "POST", url = b, json = {} } }
---
--- An answer has `status`, `ok` (2xx), `headers` (names in any case), `body` and :json(). Where none
--- came there is a failure, with a `class` (dns, connect, tls, timeout, egress, ...) and a `message`,
--- which it also is as a text.

local core = require "perilune.core"
local frozen = require "perilune.util.frozen"
local schema = require "perilune.schema"
local tables = require "perilune.util.tables"
local url = require "perilune.url"

-- A text that may hold secrets: one part, or a list of them.
local PART = { one_of = { { type = "string" }, { type = "number" }, { type = "secret" } } }
local PARTS = { one_of = {
  { type = "string" }, { type = "number" }, { type = "secret" },
  { type = "list", of = PART, filled = true },
} }
local FIELDS = { type = "map", of = PARTS }

--- What a script may say of a request.
local REQUEST = { type = "record", fields = {
  method = { type = "string" },
  url = { one_of = PARTS.one_of, required = true },
  params = FIELDS,
  headers = FIELDS,
  body = PARTS,
  json = { type = "any" },
  form = FIELDS,
  timeout = { type = "number", min = 0.001, max = 3600 },
  basic = { type = "list", of = PART },
  bearer = PART,
} }

local BODIES = { "body", "json", "form" }

--- The body and its media type, or nil.
local function body_of(request)
  if request.json ~= nil then
    local text, message = core.json.encode(request.json)
    return text or error("json: " .. message, 0), "application/json"
  elseif request.form then
    return url.query(request.form), "application/x-www-form-urlencoded"
  end
  return request.body and url.joined(request.body), nil
end

local function url_of(request)
  if not request.params or next(request.params) == nil then return url.joined(request.url) end
  local separator = "?"
  if type(request.url) == "string" and request.url:find("?", 1, true) then separator = "&" end
  return core.join(url.joined(request.url), separator, url.query(request.params))
end

--- RFC 7617.
local function basic_of(pair)
  if #pair ~= 2 then error("basic: expected { user, password }", 0) end
  return core.join("Basic ", core.encoded(core.join(pair[1], ":", pair[2]), "base64"))
end

--- A request as core.fetch takes it. Raises what is wrong with it.
local function compiled(given)
  local request = schema.check(REQUEST, given, function(_, message) error(message, 0) end)
  local bodies = 0
  for _, name in ipairs(BODIES) do bodies = bodies + (given[name] ~= nil and 1 or 0) end
  if bodies > 1 then error("only one of 'body', 'json' and 'form' makes the body", 0) end
  local text, media = body_of(request)
  local flat = { request.method or "GET", url_of(request), request.timeout or false, text or false }
  local function add(name, v) flat[#flat + 1], flat[#flat + 2] = name, v end
  if media then add("Content-Type", media) end
  if request.basic then add("Authorization", basic_of(request.basic)) end
  if request.bearer then add("Authorization", core.join("Bearer ", request.bearer)) end
  for _, name in ipairs(tables.names(request.headers or {})) do
    if not core.http.is_token(name) or core.http.is_hop_by_hop(name) then
      error(("the header '%s' cannot be set"):format(name), 0)
    end
    add(name, url.joined(request.headers[name]))
  end
  return flat
end

local Answer = {}
Answer.__index = Answer

--- The body as a value; nil and a fault.
function Answer:json() return core.json.decode(self.body) end

local HEADERS = { __index = function(headers, name)
  return type(name) == "string" and rawget(headers, name:lower()) or nil
end }

local FAILURE = {
  __tostring = function(failure) return ("%s: %s"):format(failure.class, failure.message) end,
}

local function opened(answer)
  answer.ok = answer.status ~= nil and answer.status >= 200 and answer.status <= 299
  if answer.class then return setmetatable(answer, FAILURE) end
  setmetatable(answer.headers, HEADERS)
  return setmetatable(answer, Answer)
end

local function compiled_of(given, what)
  if type(given) ~= "table" then error(("%s wants a table"):format(what), 3) end
  local ok, result = pcall(compiled, given)
  return ok and result or error(("%s: %s"):format(what, tostring(result)), 3)
end

local function send(given, method, what)
  local request = compiled_of(given, what)
  if method then
    if given.method then error(what .. ": the method is in the name", 3) end
    request[1] = method
  end
  local answer = opened(core.fetch({ request })[1])
  if answer.class then return nil, answer end
  return answer
end

--- Sends all at once and waits for all: a list of answers and failures, in the order of the
--- requests.
local function all(list)
  if type(list) ~= "table" or not tables.is_list(list) then
    error("ctx.http.all wants a list of requests", 2)
  end
  local requests = {}
  for i, given in ipairs(list) do
    requests[i] = compiled_of(given, ("ctx.http.all: request %d"):format(i))
  end
  if #requests == 0 then return {} end
  local answers = core.fetch(requests)
  for i, answer in ipairs(answers) do answers[i] = opened(answer) end
  return answers
end

return frozen.new("ctx.http", {
  request = function(given) return send(given, nil, "ctx.http.request") end,
  get = function(given) return send(given, "GET", "ctx.http.get") end,
  post = function(given) return send(given, "POST", "ctx.http.post") end,
  all = all,
})
