-- SPDX-License-Identifier: MIT

--- JSON Web Tokens (RFC 7519) in their compact form (RFC 7515): header, claims and signature in
--- base64url, with full stops between. What is taken when one is verified follows RFC 8725: the
--- algorithm is the config's and not the token's, and keys of one kind never serve another.

local function fail(message, ...) error("jwt: " .. message:format(...), 0) end

local function keys_of(config) return type(config.key) == "table" and config.key or { config.key } end

local function key_from(config, key)
  if config.passphrase then return hash.key(key, "pem", config.passphrase) end
  return config.key_form == "raw" and key or hash.key(key, config.key_form)
end

local function body_hash(config, body)
  local encode = config.body_encoding == "hex" and hex.encode or base64.url_encode
  return encode(hash.sha256(body or ""))
end

-- -- signing

--- A value of the config with its texts, which are templates, filled.
local function filled(v, values)
  if type(v) == "string" then return template.compile(v)(values) end
  if type(v) ~= "table" then return v end
  local copy = json.is_array(v) and json.array {} or json.object {}
  for key, item in pairs(v) do copy[key] = filled(item, values) end
  return copy
end

local function claims_of(ctx, request)
  local config, issued = ctx.config, math.floor(ctx.now)
  local claims = {
    iat = issued, exp = issued + config.lifetime, jti = uuid(), iss = config.issuer, aud = config.audience,
    nbf = config.not_before and issued - config.not_before,
  }
  if config.body_claim then claims[config.body_claim] = body_hash(config, request:body()) end
  for name, v in pairs(config.claims or {}) do claims[name] = filled(v, ctx.values) end
  return claims
end

local function header_of(config)
  local header = { alg = config.algorithm, typ = config.typ, kid = config.kid }
  for name, v in pairs(config.header_fields or {}) do header[name] = v end
  header.alg = config.algorithm
  return header
end

local function encoded(what, v)
  local text, message = json.encode(v)
  if not text then fail("the %s cannot be written: %s", what, message) end
  return base64.url_encode(text)
end

local function apply(ctx, request)
  local config = ctx.config
  local input = encoded("header", header_of(config)) .. "." .. encoded("claims", claims_of(ctx, request))
  local key = key_from(config, keys_of(config)[1])
  local token = input .. "." .. base64.url_encode(hash.sign(config.algorithm, key, input))
  request:set_header(config.name, config.prefix, conceal(token))
end

-- -- verifying

--- The algorithms that are taken. With shared keys and pairs mixed, somebody could sign with a public
--- key as if it were a shared one.
local function allowed(config)
  local names = config.algorithms or { config.algorithm }
  local set, is_shared = {}, names[1]:find "^HS" ~= nil
  for _, name in ipairs(names) do
    if (name:find "^HS" ~= nil) ~= is_shared then fail "algorithms of shared keys and of pairs cannot be mixed" end
    set[name] = true
  end
  return set
end

local function token_of(config, inbound)
  local value = inbound:header(config.name)
  if not value then fail("there is no header '%s'", config.name) end
  if value:sub(1, #config.prefix):lower() ~= config.prefix:lower() then
    fail("the header '%s' does not begin with '%s'", config.name, config.prefix)
  end
  return value:sub(#config.prefix + 1)
end

local function decoded(what, text)
  local bytes = base64.url_decode(text)
  local v = bytes and json.decode(bytes)
  if not json.is_object(v) then fail("the %s of the token is not a JSON object", what) end
  return v
end

local function check_header(config, header)
  if not allowed(config)[header.alg] then fail("the token's algorithm is not one that is taken") end
  if header.crit ~= nil then fail "the token has critical fields, which are not understood" end
end

--- One of the keys made the signature. Those that do not fit the algorithm did not; if none fits, that
--- is what is wrong.
local function check_signature(config, algorithm, input, signature)
  local fits, why = false, nil
  for _, key in ipairs(keys_of(config)) do
    local ok, result = pcall(function()
      return hash.verify(algorithm, key_from(config, key), input, signature)
    end)
    if ok and result then return end
    fits, why = fits or ok, result
  end
  fail("%s", fits and "the signature is not genuine" or tostring(why))
end

--- A claim that is a number of seconds, or nil.
local function moment(claims, name)
  local v = claims[name]
  if v == nil then return nil end
  local ok, n = pcall(function() return v + 0 end)
  if type(v) == "string" or not ok then fail("the claim '%s' is not a number", name) end
  return n
end

local function check_times(config, claims)
  local expires, begins, issued = moment(claims, "exp"), moment(claims, "nbf"), moment(claims, "iat")
  if expires and now() >= expires + config.leeway then fail "the token has expired" end
  if begins and now() < begins - config.leeway then fail "the token does not hold yet" end
  if issued and now() < issued - config.leeway then fail "the token was issued in the future" end
end

local function is_for(audience, claim)
  for _, name in ipairs(type(claim) == "table" and claim or { claim }) do
    if name == audience then return true end
  end
  return false
end

local function check_claims(config, claims, inbound)
  for _, name in ipairs(config.required) do
    if claims[name] == nil or claims[name] == json.null then fail("the token has no claim '%s'", name) end
  end
  check_times(config, claims)
  if config.issuer and claims.iss ~= config.issuer then fail "the token is from another issuer" end
  if config.audience and not is_for(config.audience, claims.aud) then fail "the token is for another audience" end
  if config.body_claim then
    local given = claims[config.body_claim]
    if type(given) ~= "string" or not hash.equal(given, body_hash(config, inbound:body())) then
      fail "the token is of another body"
    end
  end
end

local function verify(ctx, inbound)
  local config = ctx.config
  local input, header_text, claims_text, signature_text =
    token_of(config, inbound):match "^(([%w_-]+)%.([%w_-]+))%.([%w_-]+)$"
  if not input then fail "this is no signed token" end
  local header, signature = decoded("header", header_text), base64.url_decode(signature_text)
  check_header(config, header)
  check_signature(config, header.alg, input, signature or "")
  local claims = decoded("claims", claims_text)
  check_claims(config, claims, inbound)
  return claims
end

-- -- loading

--- Compiles the templates in a value.
local function check_templates(v)
  if type(v) == "string" then template.compile(v) end
  for _, item in pairs(type(v) == "table" and v or {}) do check_templates(item) end
end

local function check(config)
  allowed(config)
  check_templates(config.claims)
end

return { apply = apply, verify = verify, check = check }
