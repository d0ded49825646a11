-- SPDX-License-Identifier: MIT

--- How a client shows the token endpoint that it is the client (RFC 6749 section 2.3, RFC 7523).

local refuse = require "refuse"

local client = {}

local ASSERTION_SECONDS = 60 -- that an assertion holds
local ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

local function needed(config, name)
  return config[name]
    or refuse(("client_auth = %q wants a %s"):format(config.client_auth, name))
end

local function part(value) return base64.url_encode((assert(json.encode(value)))) end

--- The text of what was raised, without its place in this file.
local function text_of(raised)
  return (tostring(type(raised) == "table" and raised.message or raised):gsub("^%S+:%d+: ", ""))
end

--- A signed assertion (RFC 7523 section 3), for one request.
local function assertion(config)
  local key, issued = needed(config, "private_key"), math.floor(now())
  if type(config.client_id) ~= "string" then
    refuse "client_id must be a plain text for private_key_jwt: it stands in the assertion"
  end
  local content = part { alg = config.algorithm, typ = "JWT", kid = config.key_id } .. "." .. part {
    iss = config.client_id, sub = config.client_id,
    aud = config.assertion_audience or config.token_url,
    jti = uuid4(), iat = issued, exp = issued + ASSERTION_SECONDS,
  }
  local ok, signature = pcall(function()
    local signing = config.passphrase and hash.key(key, "pem", config.passphrase) or key
    return hash.sign(config.algorithm, signing, content)
  end)
  if not ok then refuse("the assertion cannot be signed: " .. text_of(signature)) end
  return conceal(content .. "." .. base64.url_encode(signature))
end

local METHODS = {
  none = function(config, _, fields) fields[#fields + 1] = { "client_id", config.client_id } end,
  -- Both are written as in a form first (RFC 6749 section 2.3.1).
  client_secret_basic = function(config, request)
    request.basic = { url.encode_form(config.client_id),
      url.encode_form(needed(config, "client_secret")) }
  end,
  client_secret_post = function(config, _, fields)
    fields[#fields + 1] = { "client_id", config.client_id }
    fields[#fields + 1] = { "client_secret", needed(config, "client_secret") }
  end,
  private_key_jwt = function(config, _, fields)
    fields[#fields + 1] = { "client_id", config.client_id }
    fields[#fields + 1] = { "client_assertion_type", ASSERTION_TYPE }
    fields[#fields + 1] = { "client_assertion", assertion(config) }
  end,
}

--- Adds to the request, or to its parameters, what says who asks.
function client.identify(config, request, fields)
  METHODS[config.client_auth](config, request, fields)
end

return client
