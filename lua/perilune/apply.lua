-- SPDX-License-Identifier: MIT

--- Carries out what an authenticator has said as data (credentials.lua), as its `apply` would: where a
--- part is a function, or beside authenticators and hooks that are scripts. core/script/authenticator.h
--- does the same where all of it is data; what that cannot do is done again here, for the reason.

local core = require "perilune.core"

local apply = {}

local put_all

--- What the parts are joined to: a text, or a secret when one is in it.
local function joined(parts, ctx, request)
  local values = {}
  put_all(values, parts, ctx, request)
  return core.join(unpack(values))
end

local function key_of(v, ctx, request)
  local key = joined(v.key, ctx, request)
  return v.key_form and core.crypto.key(key, v.key_form) or key
end

local function encoded(v, ctx, request) return core.encoded(joined(v.of, ctx, request), v.kind) end

local function path_and_query(request)
  local path, query = request:url():match "^%a[%w+.-]*://[^/?#]*([^?#]*)%??([^#]*)"
  return path ~= "" and path or "/", query or ""
end

-- Of the request, by name.
local READ = {
  method = function(request) return request:method() end,
  url = function(request) return request:url() end,
  path = function(request) return (path_and_query(request)) end,
  query = function(request) return (select(2, path_and_query(request))) end,
  body = function(request) return request:body() or "" end,
}

-- By kind: the values of an operation.
local EVALUATE = {
  base64 = encoded, base64url = encoded, hex = encoded,
  request = function(v, _, request) return READ[v.argument](request) end,
  header = function(v, _, request)
    local value = request:header(v.argument)
    if not value then
      error(("the request has no header '%s', which credentials are made of"):format(v.argument), 0)
    elseif v.without and value:find(v.without, 1, true) then
      error(("the header '%s' must be without '%s', since credentials are made of it")
        :format(v.argument, v.without), 0)
    end
    return value
  end,
  now = function(v, ctx)
    -- It is one of whole milliseconds, which the fraction only comes near.
    local ms = math.floor(ctx.now * 1000 + 0.5)
    return ("%.0f"):format(v.argument == "seconds" and math.floor(ms / 1000) or ms)
  end,
  hash = function(v, ctx, request) return core.crypto.of(v.argument, joined(v.of, ctx, request)) end,
  hmac = function(v, ctx, request)
    return core.crypto.hmac(v.argument, key_of(v, ctx, request), joined(v.of, ctx, request))
  end,
  sign = function(v, ctx, request)
    return core.crypto.sign(v.argument, key_of(v, ctx, request), joined(v.of, ctx, request))
  end,
  prefix = function(v, ctx, request)
    local value = joined(v.of, ctx, request)
    if core.begins(value, v.argument) then return value end
    return v.argument, value
  end,
}

local function put(values, ...)
  for i = 1, select("#", ...) do values[#values + 1] = (select(i, ...)) end
end

function put_all(values, parts, ctx, request)
  for _, v in ipairs(parts) do
    if type(v) == "function" then
      put(values, core.join((v(ctx, request))))
    elseif type(v) == "table" then
      put(values, EVALUATE[v.kind](v, ctx, request))
    else
      put(values, v)
    end
  end
end

local METHODS = { header = "set_header", query = "add_query", cookie = "add_cookie" }

local function set(item, ctx, request)
  if item.kind == "basic" then
    request:set_basic(joined(item.user, ctx, request), joined(item.password, ctx, request))
    return
  end
  local values = {}
  put_all(values, item.value, ctx, request)
  request[METHODS[item.kind]](request, item.name, unpack(values))
end

--- The function that does what a handler's `apply` does. Raises what cannot be done.
---@param made perilune.credentials
---@return fun(ctx: perilune.ctx, request: any)
function apply.of(made)
  return function(ctx, request)
    for _, item in ipairs(made.list) do set(item, ctx, request) end
  end
end

return apply
