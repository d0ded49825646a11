-- SPDX-License-Identifier: MIT

--- What an authenticator sets, as data. A handler's `credentials(config)` is asked once, when the
--- folder is loaded, and what it gives is read here. It is carried out for each attempt by C alone where
--- all of it is data (core/script/authenticator.h), else by apply.lua.
---
---     credential   { header = NAME, value = TEXT }, { query = NAME, value = TEXT },
---                  { cookie = NAME, value = TEXT }, { basic = { USER, PASSWORD } }
---     TEXT         a part, or a list of parts, which are joined; USER and PASSWORD are such, too
---     part         a string, a number, a secret, one of OPERATIONS,
---                  or function(ctx, request) that gives a string, a number or a secret
---
--- Each of the thousands of connectors of a folder may have some, so where something stands is put into
--- words only when it is wrong.

local core = require "perilune.core"
local nearest = require "perilune.util.nearest"
local schema = require "perilune.schema"
local tables = require "perilune.util.tables"

local credentials = {}

---@class perilune.credentials
---@field list table[]       what is set, in order; each has a `kind`, each text is a list of parts
---@field is_data boolean    no part is a function

-- -- what there is

local function string_fault(v)
  if type(v) ~= "string" then return ("wants a string, got %s"):format(schema.kind(v)) end
  return v == "" and "must not be empty" or nil
end

local function one_of(...)
  local names = { ... }
  return function(v)
    for _, name in ipairs(names) do
      if v == name then return nil end
    end
    return ("must be one of '%s'"):format(table.concat(names, "', '"))
  end
end

--- What a function of `hash` says of a name that it does not know.
local function unknown(run, ...)
  local ok, message = pcall(run, ...)
  message = not ok and tostring(message):match "there is no .*"
  return message and "is wrong: " .. message or nil
end

local function hash_fault(v) return string_fault(v) or unknown(core.crypto.of, v, "") end
local function algorithm_fault(v) return string_fault(v) or unknown(core.crypto.sign, v, "", "") end
local function key_form_fault(v) return string_fault(v) or unknown(core.crypto.key, "?", v) end

local function header_fault(v)
  if string_fault(v) then return string_fault(v) end
  if not core.http.is_token(v) then return "cannot be the name of a header" end
  return core.http.is_hop_by_hop(v) and "is a header that the gateway sets itself" or nil
end

local function cookie_fault(v)
  return string_fault(v) or not core.http.is_token(v) and "cannot be the name of a cookie" or nil
end

local function pair_fault(v)
  if type(v) ~= "table" or #v ~= 2 then return "wants a list of two, a user and a password" end
  return nil
end

local function told_apart(keys) return { keys = keys, names = tables.names(keys) } end

--- A value that is a TEXT.
local TEXT = {}

-- By the key that tells them apart, all keys that they have: TEXT, or what says what is wrong with a value.
local OPERATIONS = told_apart {
  -- Of the request as it stands: what was set before is there already.
  request = { request = one_of("method", "url", "path", "query", "body") },
  -- A field that has to be there; with `without`, a text that must not be in it.
  header = { header = string_fault, without = string_fault },
  -- When the attempt began, since 1970.
  now = { now = one_of("seconds", "milliseconds") },
  hash = { hash = hash_fault, of = TEXT },
  hmac = { hmac = hash_fault, key = TEXT, key_form = key_form_fault, of = TEXT },
  sign = { sign = algorithm_fault, key = TEXT, key_form = key_form_fault, of = TEXT },
  base64 = { base64 = TEXT },
  base64url = { base64url = TEXT },
  hex = { hex = TEXT },
  -- The text, behind the prefix unless it begins with that, in upper or in lower case.
  prefix = { prefix = string_fault, of = TEXT },
}

local CREDENTIALS = told_apart {
  header = { header = header_fault, value = TEXT },
  query = { query = string_fault, value = TEXT },
  cookie = { cookie = cookie_fault, value = TEXT },
  basic = { basic = pair_fault },
}

-- Keys that need not be there.
local OPTIONAL = { without = true, key_form = true }

-- -- loading

local MAX_PARTS = 1000
local MAX_STEPS = 32 -- of a path to a part: a table that leads to itself has no end

---@class perilune.credentials_reading
---@field report fun(message: string)
---@field path any[]         to where it is
---@field parts integer      so far
---@field is_data boolean
---@field is_full boolean    there are too many parts, which was said

--- What is read of a value, with its key on the path.
local function at(reading, key, read, v)
  local depth = #reading.path + 1
  reading.path[depth] = key
  local made = read(reading, v)
  reading.path[depth] = nil
  return made
end

local function misses(reading, message)
  reading.report(("%s: %s"):format(tables.path_text(reading.path), message))
end

local function is_wrong(reading, message)
  reading.report(("'%s' %s"):format(tables.path_text(reading.path), message))
end

local function report_unknown(reading, key, known)
  at(reading, key, misses, ("unknown key '%s'%s"):format(tostring(key),
    nearest.hint(tostring(key), tables.names(known), "known are")))
end

--- Which of these a table is, by the key that tells. Nil after a fault.
local function kind_of(reading, kinds, v)
  for _, kind in ipairs(kinds.names) do
    if v[kind] ~= nil then return kind end
  end
  local key = tables.names(v)[1]
  if key then
    report_unknown(reading, key, kinds.keys)
  else
    is_wrong(reading, "wants one of " .. table.concat(kinds.names, ", "))
  end
  return nil
end

local text

--- A table of one of these kinds: its `kind`, and by key what it wants. Nil after a fault.
local function of_kind(reading, kinds, v)
  local kind = kind_of(reading, kinds, v)
  if not kind then return nil end
  local made, keys = { kind = kind }, kinds.keys[kind]
  for key in pairs(v) do
    if not keys[key] then report_unknown(reading, key, keys) end
  end
  for key, fault in pairs(keys) do
    local given = v[key]
    if given == nil then
      if not OPTIONAL[key] then misses(reading, ("'%s' is missing"):format(key)) end
    elseif fault == TEXT then
      made[key] = at(reading, key, text, given)
    else
      local message = fault(given)
      if message then at(reading, key, is_wrong, message) else made[key] = given end
    end
  end
  return made
end

--- An operation. What it tells by its own key is `of` where that is a TEXT, else `argument`.
local function operation(reading, v)
  local made = of_kind(reading, OPERATIONS, v)
  if not made then return nil end
  local name = OPERATIONS.keys[made.kind][made.kind] == TEXT and "of" or "argument"
  made[name], made[made.kind] = made[made.kind], nil
  if made.key_form == "raw" then made.key_form = nil end
  return made
end

local function is_full(reading)
  reading.parts = reading.parts + 1
  local is_over = reading.parts > MAX_PARTS or #reading.path > MAX_STEPS
  if is_over and not reading.is_full then is_wrong(reading, "is a part too many, or too deep in others") end
  reading.is_full = reading.is_full or is_over
  return reading.is_full
end

local function part(reading, v)
  if is_full(reading) then return "" end
  if type(v) == "string" or core.is_secret(v) then return v end
  if type(v) == "number" and v - v == 0 then return core.join(v) end
  if type(v) == "table" then return operation(reading, v) end
  reading.is_data = false
  if type(v) ~= "function" then
    is_wrong(reading, "wants a text, a number, a secret, a table or a function, got " .. schema.kind(v))
  end
  return v
end

--- A list of parts, neighbouring strings as one.
function text(reading, v)
  local parts = {}
  local function add(made)
    if type(made) == "string" and type(parts[#parts]) == "string" then
      parts[#parts] = parts[#parts] .. made
    elseif made ~= "" then
      parts[#parts + 1] = made
    end
  end
  if type(v) == "table" and (v[1] ~= nil or next(v) == nil) then
    for i, item in ipairs(v) do add(at(reading, i, part, item)) end
  else
    add(part(reading, v))
  end
  return parts
end

local function pair(reading, v)
  return { user = at(reading, 1, text, v[1]), password = at(reading, 2, text, v[2]) }
end

local function credential(reading, v)
  if type(v) ~= "table" then return is_wrong(reading, "wants a table, got " .. schema.kind(v)) end
  local made = of_kind(reading, CREDENTIALS, v)
  if not made then return nil end
  made.name, made[made.kind] = made[made.kind], nil
  if made.kind == "basic" and made.name then
    local both = at(reading, "basic", pair, made.name)
    return { kind = "basic", user = both.user, password = both.password }
  end
  return made
end

--- Reads what a handler has given. What is wrong goes to `report`; the result is good for nothing then.
---@param given any
---@param report fun(message: string)
---@return perilune.credentials
function credentials.compile(given, report)
  local reading = { report = report, path = { "credentials" }, parts = 0, is_data = true, is_full = false }
  local list = {}
  if type(given) == "table" and tables.is_list(given) then
    for i, item in ipairs(given) do list[i] = at(reading, i, credential, item) end
  else
    is_wrong(reading, "wants a list, got " .. schema.kind(given))
  end
  return { list = list, is_data = reading.is_data }
end

return credentials
