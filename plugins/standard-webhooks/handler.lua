-- SPDX-License-Identifier: MIT

--- Standard Webhooks (github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md): id,
--- timestamp and body are signed, and `webhook-signature` is a list with a blank between, "v1," and
--- base64 for each shared key, "v1a," for each of Ed25519. Id and timestamp are those of the attempt,
--- which every request has: the id stays over retries, the timestamp does not.

local function fail(message, ...) error("standard-webhooks: " .. message:format(...), 0) end

local function list(keys)
  if keys == nil then return {} end
  return type(keys) == "table" and keys or { keys }
end

local function signed_content(id, timestamp, body) return id .. "." .. timestamp .. "." .. body end

local function shared_mac(key, content) return hash.hmac("sha256", hash.key(key, "whsec"), content) end

-- Whoever verifies takes what is signed apart at its full stops.
local ID = { header = "webhook-id", without = "." }
local TIMESTAMP = { header = "webhook-timestamp", without = "." }
local CONTENT = { ID, ".", TIMESTAMP, ".", { request = "body" } }

--- What stands in the header: the signatures, with a blank between.
local function signatures(config)
  local all = {}
  local function add(version, signature)
    table.insert(all, (#all > 0 and " " or "") .. version .. ",")
    table.insert(all, { base64 = signature })
  end
  for _, key in ipairs(list(config.key)) do
    add("v1", { hmac = "sha256", key = key, key_form = "whsec", of = CONTENT })
  end
  for _, key in ipairs(list(config.private_key)) do
    add("v1a", { sign = "EdDSA", key = key, key_form = "whsk", of = CONTENT })
  end
  if #all == 0 then fail "there is neither a key nor a private_key to sign with" end
  return all
end

local function credentials(config)
  return {
    { header = config.headers .. "-id", value = ID },
    { header = config.headers .. "-timestamp", value = TIMESTAMP },
    { header = config.headers .. "-signature", value = signatures(config) },
  }
end

--- Signatures of a header, as bytes, by version.
local function read(header)
  local given = { v1 = {}, v1a = {} }
  for version, text in header:gmatch "(%w+),(%S+)" do
    local bytes = base64.decode(text)
    if given[version] and bytes then table.insert(given[version], bytes) end
  end
  return given
end

local function is_genuine(config, content, given)
  for _, key in ipairs(list(config.key)) do
    local expected = shared_mac(key, content)
    for _, signature in ipairs(given.v1) do
      if hash.equal(signature, expected) then return true end
    end
  end
  for _, key in ipairs(list(config.public_key)) do
    local public = hash.key(key, "whpk")
    for _, signature in ipairs(given.v1a) do
      if hash.verify("EdDSA", public, content, signature) then return true end
    end
  end
  return false
end

local function verify(ctx, inbound)
  local config = ctx.config
  if not config.key and not config.public_key then
    fail "there is neither a key nor a public_key to verify with"
  end
  local found = {}
  for _, name in ipairs { "id", "timestamp", "signature" } do
    found[name] = inbound:header(config.headers .. "-" .. name)
    if not found[name] then fail("there is no header '%s-%s'", config.headers, name) end
  end
  local moment = found.timestamp:find "^%d+$" and tonumber(found.timestamp)
  if not moment then fail "the timestamp is none" end
  local off = math.abs(now() - moment)
  if off > config.tolerance then fail("the timestamp is off by %.0f seconds", off) end
  local content = signed_content(found.id, found.timestamp, inbound:body() or "")
  if not is_genuine(config, content, read(found.signature)) then fail "the signature is not genuine" end
  return { id = found.id, timestamp = moment }
end

-- -- loading

--- Keys that are none are found before something is to be signed.
local function check(config)
  for name, form in pairs { key = "whsec", private_key = "whsk", public_key = "whpk" } do
    for _, key in ipairs(list(config[name])) do
      local ok, raised = pcall(hash.key, key, form)
      if not ok then fail("%s: %s", name, tostring(raised)) end
    end
  end
  if not (config.key or config.private_key or config.public_key) then
    fail "one of key, private_key and public_key must be there"
  end
end

return { credentials = credentials, verify = verify, check = check }
