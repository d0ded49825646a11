-- SPDX-License-Identifier: MIT

--- The openssl command as the other side: it makes keys, signs what we verify, verifies what we sign.

local process = require "spec.support.process"

local openssl = {}

--- Runs `openssl ARGUMENTS` in a folder; what it prints, or nil when it fails.
local function run(folder, arguments)
  local pipe = io.popen(("cd '%s' && openssl %s 2>>openssl.log && echo done"):format(folder, arguments))
  local output = pipe:read("*a")
  pipe:close()
  return output:match("^(.*)done\n$")
end

local function write(folder, name, bytes)
  local file = assert(io.open(folder .. "/" .. name, "wb"))
  file:write(bytes)
  file:close()
end

local function read(folder, name)
  local file = assert(io.open(folder .. "/" .. name, "rb"))
  local bytes = file:read("*a")
  file:close()
  return bytes
end

--- The HMAC of a text, in hexadecimal.
---@param digest string   "sha256"
---@param key string
---@param data string
function openssl.hmac(digest, key, data)
  local folder = process.folder()
  local hex_key = key:gsub(".", function(byte) return ("%02x"):format(byte:byte()) end)
  write(folder, "data", data)
  local output = assert(run(folder, ("dgst -%s -mac HMAC -macopt hexkey:%s -r data"):format(digest, hex_key)))
  return output:match("^%x+")
end

-- -- keys

local PAIR = {}
PAIR.__index = PAIR

--- A new pair: `private` in PKCS#8 and `public`, as PEM.
---@param options string of `openssl genpkey`: "-algorithm ED25519"
function openssl.pair(options)
  local pair = setmetatable({ folder = process.folder() }, PAIR)
  assert(run(pair.folder, "genpkey " .. options .. " -out private.pem"))
  assert(run(pair.folder, "pkey -in private.pem -pubout -out public.pem"))
  pair.private, pair.public = read(pair.folder, "private.pem"), read(pair.folder, "public.pem")
  return pair
end

--- The pair in another form: what a command makes of `private.pem`.
function PAIR:converted(command)
  return assert(run(self.folder, command))
end

--- A signature by openssl: `options` are those of `pkeyutl -sign`.
function PAIR:sign(data, options)
  write(self.folder, "data", data)
  assert(run(self.folder, "pkeyutl -sign -inkey private.pem -rawin -in data -out signature " .. options))
  return read(self.folder, "signature")
end

--- Does openssl take a signature for genuine?
function PAIR:verifies(data, signature, options)
  write(self.folder, "data", data)
  write(self.folder, "signature", signature)
  return run(self.folder, "pkeyutl -verify -pubin -inkey public.pem -rawin -in data -sigfile signature " .. options)
    ~= nil
end

return openssl
