-- SPDX-License-Identifier: MIT

--- What an authenticator sets, as data. A handler's `credentials(config)` is asked once, when the
--- folder is loaded. What it gives is carried out for each attempt: by C alone where all of it is data
--- (core/script/authenticator.h), else by the function that `credentials.applier` makes; so too where C
--- finds that it cannot be done, since the function says why. The two set the same.
---
---     credential   { header = NAME, value = TEXT }, { query = NAME, value = TEXT },
---                  { cookie = NAME, value = TEXT }, { basic = { USER, PASSWORD } }
---     TEXT         a part, or a list of parts, which are joined; USER and PASSWORD are such, too
---     part         a string, a number, a secret, one of OPERATIONS,
---                  or function(ctx, request) that gives a string, a number or a secret

local core = require "perilune.core"
local nearest = require "perilune.util.nearest"
local schema = require "perilune.schema"
local tables = require "perilune.util.tables"

local credentials = {}

---@class perilune.credentials
---@field list table[]       what is set, in order; each has a `kind`, each text is a list of parts
---@field is_data boolean    no part is a function

-- -- what there is

--- What a function of `hash` says of a name that it does not know.
local function unknown(run, ...)
  local ok, message = pcall(run, ...)
  message = not ok and tostring(message):match "there is no .*"
  return message and "is wrong: " .. message or nil
end

local TEXT = { type = "any", required = true }
local HASH = { type = "string", required = true,
  check = function(name) return unknown(core.crypto.of, name, "") end }
local ALGORITHM = { type = "string", required = true,
  check = function(name) return unknown(core.crypto.sign, name, "", "") end }
local KEY_FORM = { type = "string", default = "raw",
  check = function(name) return unknown(core.crypto.key, "?", name) end }

-- By the key that tells them apart, with all keys that they have.
local OPERATIONS = {
  -- Of the request as it stands: what was set before is there already.
  request = { request = { type = "string", required = true,
    values = { "method", "url", "path", "query", "body" } } },
  -- A field that has to be there; with `without`, a text that must not be in it.
  header = { header = { type = "string", required = true, filled = true },
    without = { type = "string", filled = true } },
  -- When the attempt began, since 1970.
  now = { now = { type = "string", required = true, values = { "seconds", "milliseconds" } } },
  hash = { hash = HASH, of = TEXT },
  hmac = { hmac = HASH, key = TEXT, key_form = KEY_FORM, of = TEXT },
  sign = { sign = ALGORITHM, key = TEXT, key_form = KEY_FORM, of = TEXT },
  base64 = { base64 = TEXT },
  base64url = { base64url = TEXT },
  hex = { hex = TEXT },
  -- The text, behind the prefix unless it begins with that, in upper or in lower case.
  prefix = { prefix = { type = "string", required = true, filled = true }, of = TEXT },
}

local function header_fault(name)
  if not core.http.is_token(name) then return "cannot be the name of a header" end
  return core.http.is_hop_by_hop(name) and "is a header that the gateway sets itself" or nil
end

local function cookie_fault(name)
  return not core.http.is_token(name) and "cannot be the name of a cookie" or nil
end

local KINDS = {
  header = { header = { type = "string", required = true, check = header_fault }, value = TEXT },
  query = { query = { type = "string", required = true }, value = TEXT },
  cookie = { cookie = { type = "string", required = true, check = cookie_fault }, value = TEXT },
  basic = { basic = { type = "list", of = { type = "any" }, required = true,
    check = function(pair) return #pair ~= 2 and "wants a user and a password" or nil end } },
}

-- -- loading

local MAX_STEPS = 32 -- of a path to an operation; a table that leads to itself has no end

---@class perilune.credentials_reading
---@field report fun(path: any[], message: string)
---@field is_data boolean

--- The table of one of these kinds, as checked, and which it is. Nil after a fault.
local function checked(reading, kinds, v, path)
  local names = tables.names(kinds)
  for _, kind in ipairs(names) do
    if v[kind] ~= nil then
      return schema.check({ type = "record", fields = kinds[kind] }, v, reading.report, path), kind
    end
  end
  local given = tables.names(v)[1]
  reading.report(path, given and ("unknown key '%s'%s"):format(given,
    nearest.hint(given, names, "one of these is wanted:"))
    or ("'%s' wants one of %s"):format(tables.path_text(path), table.concat(names, ", ")))
  return nil, nil
end

local text

--- An operation: its `kind`, and what it wants, by name.
local function operation(reading, v, path)
  if #path > MAX_STEPS then
    reading.report(path, "credentials are nested too deep")
    return nil
  end
  local given, kind = checked(reading, OPERATIONS, v, path)
  if not given then return nil end
  local made = { kind = kind, argument = given[kind], without = given.without, key_form = given.key_form }
  for name, spec in pairs(OPERATIONS[kind]) do
    if spec == TEXT then
      made[name == kind and "of" or name] = text(reading, given[name], tables.extend(path, name))
    end
  end
  return made
end

local function part(reading, v, path)
  if type(v) == "string" or core.is_secret(v) then return v end
  if type(v) == "number" and v - v == 0 then return core.join(v) end
  if type(v) == "table" then return operation(reading, v, path) end
  if type(v) ~= "function" then
    reading.report(path, ("'%s' wants a text, a number, a secret, a table or a function, got %s")
      :format(tables.path_text(path), schema.kind(v)))
  end
  reading.is_data = false
  return v
end

--- A list of parts, neighbouring strings as one.
function text(reading, v, path)
  local is_list = type(v) == "table" and not core.is_secret(v) and (v[1] ~= nil or next(v) == nil)
  local parts = {}
  for i, item in ipairs(is_list and v or { v }) do
    local made = part(reading, item, is_list and tables.extend(path, i) or path)
    if type(made) == "string" and type(parts[#parts]) == "string" then
      parts[#parts] = parts[#parts] .. made
    elseif made ~= "" then
      parts[#parts + 1] = made
    end
  end
  return parts
end

local function credential(reading, v, path)
  local given, kind = checked(reading, KINDS, v, path)
  if not given then return nil end
  if kind == "basic" then
    local where, pair = tables.extend(path, kind), given.basic or {}
    return { kind = kind, user = text(reading, pair[1], tables.extend(where, 1)),
      password = text(reading, pair[2], tables.extend(where, 2)) }
  end
  return { kind = kind, name = given[kind], value = text(reading, given.value, tables.extend(path, "value")) }
end

--- Reads what a handler has given. What is wrong goes to `report`; the result is good for nothing then.
---@param given any
---@param report fun(message: string)
---@return perilune.credentials
function credentials.compile(given, report)
  local function placed(path, message)
    local place = tables.path_text(path)
    report(message:find(place, 1, true) and message or ("%s: %s"):format(place, message))
  end
  local reading, list = { report = placed, is_data = true }, {}
  local items = schema.check({ type = "list", of = { type = "table" } }, given, placed, { "credentials" })
  for i, item in ipairs(items or {}) do
    list[#list + 1] = credential(reading, item, { "credentials", i })
  end
  return { list = list, is_data = reading.is_data }
end

-- -- carrying out

local put_all

--- What the parts are joined to: a text, or a secret when one is in it.
local function joined(parts, ctx, request)
  local values = {}
  put_all(values, parts, ctx, request)
  return core.join(unpack(values))
end

local function key_of(v, ctx, request)
  local key = joined(v.key, ctx, request)
  return v.key_form == "raw" and key or core.crypto.key(key, v.key_form)
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
function credentials.applier(made)
  return function(ctx, request)
    for _, item in ipairs(made.list) do set(item, ctx, request) end
  end
end

return credentials
