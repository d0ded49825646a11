-- SPDX-License-Identifier: MIT

--- The environment of integrators' files and of plugins: an allow-list, with the reason of each
--- entry. Every file has an environment of its own; it shares nothing and declares no globals.
---
--- Left out on purpose: load, loadstring, dofile, loadfile (code that nobody checked, which would be
--- compiled and then cannot be stopped; bytecode), getfenv, setfenv, getmetatable, debug, package
--- (ways out of here), collectgarbage (stops what bounds memory), newproxy (finalizers, in which
--- hooks rest), coroutine (the gate owns the threads: what waits, waits in it), io, print and the
--- rest of os (the world), rawset (frozen tables).

local core = require "perilune.core"
local frozen = require "perilune.util.frozen"
local log = require "perilune.log"
local nearest = require "perilune.util.nearest"
local payload = require "perilune.payload"
local tables = require "perilune.util.tables"
local templates = require "perilune.templates"
local time = require "perilune.time"
local url = require "perilune.url"
local xml = require "perilune.xml"

local sandbox = {}

-- Functions of Lua that are handed over as they are.
local BASE = {
  { "assert", "errors" }, { "error", "errors" }, { "pcall", "errors" },
  { "ipairs", "walking tables" }, { "next", "walking tables" }, { "pairs", "walking tables" },
  { "select", "varargs" }, { "unpack", "varargs" },
  { "tonumber", "conversion" }, { "tostring", "conversion" }, { "type", "conversion" },
  { "rawequal", "comparison without metamethods; reads only" },
  { "rawget", "look-up without metamethods; reads only" },
  { "setmetatable", "objects; strings and userdata are out of its reach" },
}

-- Members of libraries, which compute and touch nothing. They are the same frozen tables for all files.
local LIBRARIES = {
  -- string.dump gives bytecode, and is left out.
  string = { "byte", "char", "find", "format", "gmatch", "gsub", "len", "lower", "match", "rep",
    "reverse", "sub", "upper" },
  table = { "concat", "insert", "maxn", "remove", "sort" },
  math = { "abs", "acos", "asin", "atan", "atan2", "ceil", "cos", "cosh", "deg", "exp", "floor",
    "fmod", "frexp", "huge", "ldexp", "log", "log10", "max", "min", "modf", "pi", "pow", "rad",
    "random", "sin", "sinh", "sqrt", "tan", "tanh" },
  -- The clock, and nothing that touches the process.
  os = { "clock", "date", "time" },
  -- Arithmetic on bits, for checksums.
  bit = { "arshift", "band", "bnot", "bor", "bswap", "bxor", "lshift", "rol", "ror", "rshift",
    "tobit", "tohex" },
}

--- As Lua's, but the handler is called when the error has unwound: before, nothing could stop it, as
--- hooks rest while a message handler runs.
local function protected_call(f, handler, ...)
  local function finish(ok, ...)
    if ok then return true, ... end
    return false, select(2, pcall(handler, (...)))
  end
  return finish(pcall(f, ...))
end

local function frozen_part(name, source, members)
  local part = {}
  for _, member in ipairs(members) do part[member] = source[member] end
  return frozen.new(name, part)
end

-- Hashes, signatures and what their bytes are written in. A secret goes in as a key or as data and
-- comes out as a hash only.
local CRYPTO = {
  hash = frozen_part("hash", core.crypto, { "equal", "hmac", "key", "md5", "of", "sha1", "sha256",
    "sha384", "sha512", "sign", "verify" }),
  base64 = frozen_part("base64", core.base64, { "decode", "encode", "url_decode", "url_encode" }),
  hex = frozen_part("hex", core.hex, { "decode", "encode" }),
  -- The kernel's randomness, for nonces; math.random can be guessed.
  random = frozen_part("random", core.random, { "bytes", "hex" }),
}

local JSON = frozen_part("json", core.json, { "array", "decode", "encode", "get", "is_array",
  "is_object", "keys", "null", "object", "ordered" })

-- Members that could hold a worker, as they are in Lua: ours end with the budget of a run.
local BOUNDED = { string = core.string, table = core.table }

local function frozen_library(name)
  local source, bounded, members = _G[name] or require(name), BOUNDED[name] or {}, {}
  for _, member in ipairs(LIBRARIES[name]) do members[member] = bounded[member] or source[member] end
  return frozen.new(name, members)
end

local FROZEN = {}
for name in pairs(LIBRARIES) do FROZEN[name] = frozen_library(name) end

-- Texts into values and back; they touch nothing.
local TEXTS = {
  -- Encodes secrets too, which stay secrets.
  url = frozen_part("url", url, { "decode", "decode_form", "encode", "encode_form", "is_absolute",
    "join", "parse", "parse_query", "query" }),
  -- Refuses a DOCTYPE, and what is large beyond reason.
  xml = frozen_part("xml", xml, { "decode", "encode" }),
  time = frozen_part("time", time, { "format", "http", "parse" }),
  -- Sees what it is given and nothing of the folder.
  template = frozen_part("template", templates, { "compile" }),
}

---@class perilune.sandbox_options
---@field secret fun(name: string): any    what `secret "X"` does
---@field require fun(name: string): any  of the gateway folder's lib/, or of the plugin's own files

--- What differs from place to place (staging, production) and is no secret: `env "PORT"` reads the
--- environment variable PERILUNE_VAR_PORT. Without a default it has to be set.
---@param name string
---@param default? string
---@return string
local function environment(name, default)
  local value = core.env(name) or default
  if value == nil then
    error(("the environment variable PERILUNE_VAR_%s is not set"):format(tostring(name)), 2)
  end
  return value
end

--- A text that came at run time as a secret: an access token, or what is put together with a secret.
---@param ... string|number|userdata
---@return userdata
local function conceal(...)
  local joined = core.join(...)
  return core.is_secret(joined) and joined or core.secret_of(joined)
end

--- Everything that an environment offers.
local function contents(options)
  local env = {
    -- The clock, identifiers, a wait that holds nobody up, a line of the log.
    now = core.now, uuid = core.uuid, uuid4 = core.random.uuid, sleep = core.sleep, log = log,
    -- What is said outside of the files: variables of one prefix, and handles that show nothing.
    env = environment, secret = options.secret, conceal = conceal,
    -- Marks, which the loader reads.
    file = payload.file, use = payload.use,
    -- Files of the folder's lib/, or of the plugin, and no others.
    require = options.require,
    -- Documents without loss.
    json = JSON,
    -- Ours: a handler of Lua's could not be stopped.
    xpcall = protected_call,
  }
  for _, entry in ipairs(BASE) do env[entry[1]] = _G[entry[1]] end
  for _, libraries in ipairs { FROZEN, CRYPTO, TEXTS } do
    for name, library in pairs(libraries) do env[name] = library end
  end
  return env
end

local function nothing() end

--- What the sandbox offers, by name: true, or for a library its members in the same way.
---@return perilune.vocabulary
function sandbox.vocabulary() return frozen.vocabulary(contents { secret = nothing, require = nothing }) end

--- Every name that the sandbox offers, sorted.
---@return string[]
function sandbox.names() return tables.names(sandbox.vocabulary()) end

--- What is said of a name that the sandbox does not offer.
---@param name string
---@return string
function sandbox.unknown(name)
  return ("there is no global '%s' here%s"):format(name,
    nearest.hint(name, sandbox.names(), "there are"))
end

--- What is said of an assignment to a name that is no local.
---@param name string
---@return string
function sandbox.assigned(name)
  return ("'%s' would be a global; write 'local %s'"):format(name, name)
end

local GUARD = {
  __index = function(_, name) error(sandbox.unknown(tostring(name)), 2) end,
  __newindex = function(_, name) error(sandbox.assigned(tostring(name)), 2) end,
  __metatable = false,
}

--- A new environment.
---@param options perilune.sandbox_options
---@return table env
function sandbox.new(options) return setmetatable(contents(options), GUARD) end

return sandbox
