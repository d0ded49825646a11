-- SPDX-License-Identifier: MIT

--- HMAC over a text made of the request. Senders differ in the text (`content`) and in how the
--- signature stands in its header (`format`); both are texts with places, as {body}.
---
--- A format is a list of elements, "t={timestamp},v1={signature}", of which each has one place. That
--- makes it something to write, with the element of the signature once for each key that signs, as
--- well as something to read: what a sender adds is passed over.

local PLACE = "{(%a+):?([%w_-]*)}"

local DECODE = { hex = hex.decode, base64 = base64.decode, base64url = base64.url_decode }

local function fail(message, ...) error(message:format(...), 0) end

-- -- the content that is verified

--- Names and values of a form as Twilio signs them: sorted, each pair once, with nothing between.
local function sorted_form(message)
  local media = message.header "content-type" or ""
  if not media:lower():find("^application/x%-www%-form%-urlencoded") then return "" end
  local fields, all = url.parse_query(message.body)
  if not fields then fail("hmac: the body is no form: %s", all) end
  table.sort(all, function(a, b)
    if a[1] ~= b[1] then return a[1] < b[1] end
    return a[2] < b[2]
  end)
  local texts, last = {}, {}
  for _, pair in ipairs(all) do
    if pair[1] ~= last[1] or pair[2] ~= last[2] then table.insert(texts, pair[1] .. pair[2]) end
    last = pair
  end
  return table.concat(texts)
end

-- What may stand in braces, each a function of the message and of what stands behind a colon.
local PLACES = {
  body = function(message) return message.body end,
  form = sorted_form,
  header = function(message, name)
    return message.header(name) or fail("hmac: the content wants the header '%s', which is not there", name)
  end,
  method = function(message) return message.method end,
  nonce = function() fail "hmac: a {nonce} is for headers" end,
  path = function(message) return message.path end,
  query = function(message) return message.query end,
  timestamp = function(message) return message.timestamp end,
  url = function(message)
    return message.url or fail "hmac: {url} can be verified with a base_url only"
  end,
}

local function filled(text, message)
  return (text:gsub(PLACE, function(name, argument)
    local place = PLACES[name]
    if not place then fail("hmac: there is no place {%s}", name) end
    return place(message, argument)
  end))
end

-- -- the format

--- Its elements: { before =, place =, after = }.
local function elements_of(config)
  local elements, has_signature = {}, false
  for text in (config.format .. config.separator):gmatch("(.-)" .. config.separator:gsub("%p", "%%%0")) do
    local before, place, after = text:match "^(.-){(%a+)}(.*)$"
    if place and place ~= "signature" and place ~= "timestamp" then
      fail("hmac: a format has no place {%s}", place)
    end
    has_signature = has_signature or place == "signature"
    table.insert(elements, { before = before or text, place = place, after = after or "" })
  end
  if not has_signature then fail("hmac: the format '%s' has no {signature}", config.format) end
  return elements
end

--- The header, as parts: `values` are parts by place, lists of them.
local function written(config, values)
  local parts = {}
  for _, element in ipairs(elements_of(config)) do
    for _, value in ipairs(element.place and values[element.place] or { "" }) do
      table.insert(parts, (#parts > 0 and config.separator or "") .. element.before)
      table.insert(parts, value)
      table.insert(parts, element.after)
    end
  end
  return parts
end

--- What stands in the place of an element, if a text is one.
local function value_in(element, text)
  local before, after = element.before, element.after
  if element.place and #text > #before + #after and text:sub(1, #before) == before
    and text:sub(#text - #after + 1) == after then
    return text:sub(#before + 1, #text - #after)
  end
  return nil
end

--- The opposite of `written`: lists of texts by place.
local function read(config, header)
  local values = { signature = {}, timestamp = {} }
  local elements = elements_of(config)
  for text in (header .. config.separator):gmatch("%s*(.-)%s*" .. config.separator:gsub("%p", "%%%0")) do
    for _, element in ipairs(elements) do
      local value = value_in(element, text)
      if value then table.insert(values[element.place], value) end
    end
  end
  return values
end

-- -- keys

local function mac(config, key, content)
  if config.key_form ~= "raw" then key = hash.key(key, config.key_form) end
  return hash.hmac(config.algorithm, key, content)
end

local function keys_of(config) return type(config.key) == "table" and config.key or { config.key } end

local function is_genuine(config, content, signatures)
  local decoded = {}
  for _, text in ipairs(signatures) do table.insert(decoded, (DECODE[config.encoding](text))) end
  for _, key in ipairs(keys_of(config)) do
    local expected = mac(config, key, content)
    for _, given in ipairs(decoded) do
      if hash.equal(given, expected) then return true end
    end
  end
  return false
end

-- -- sending

-- By attempt: what its {nonce} is, wherever that stands.
local nonces = setmetatable({}, { __mode = "k" })

local function nonce(ctx)
  nonces[ctx] = nonces[ctx] or random.hex(16)
  return nonces[ctx]
end

local function form(_, request)
  return sorted_form { body = request:body() or "", header = function(name) return request:header(name) end }
end

-- The places of what is sent, each a function of the config and of what stands behind a colon.
local SENT = {
  form = function() return form end,
  header = function(_, name) return { header = name } end,
  nonce = function() return nonce end,
  timestamp = function(config) return { now = config.timestamp_unit } end,
}
for _, name in ipairs { "body", "method", "path", "query", "url" } do
  SENT[name] = function() return { request = name } end
end

--- A text with places, as parts.
local function parts_of(config, text)
  local parts, rest = {}, 1
  for first, name, argument, behind in text:gmatch("()" .. PLACE .. "()") do
    table.insert(parts, text:sub(rest, first - 1))
    table.insert(parts, SENT[name](config, argument))
    rest = behind
  end
  table.insert(parts, text:sub(rest))
  return parts
end

local function signatures(config)
  if config.content:find "{nonce:?[%w_-]*}" then fail "hmac: a {nonce} is for headers" end
  local all, keys = {}, keys_of(config)
  for i = 1, config.sign_with == "all" and #keys or 1 do
    all[i] = { [config.encoding] = { hmac = config.algorithm, key = keys[i], key_form = config.key_form,
      of = parts_of(config, config.content) } }
  end
  return all
end

--- The header with the signature comes last: the others may be signed.
local function credentials(config)
  local timestamp, names, all = { now = config.timestamp_unit }, {}, {}
  if config.timestamp_header then all[1] = { header = config.timestamp_header, value = timestamp } end
  for name in pairs(config.headers or {}) do table.insert(names, name) end
  table.sort(names)
  for _, name in ipairs(names) do
    table.insert(all, { header = name, value = parts_of(config, config.headers[name]) })
  end
  table.insert(all, { header = config.header,
    value = written(config, { signature = signatures(config), timestamp = { timestamp } }) })
  return all
end

-- -- verifying

local function unit_of(config) return config.timestamp_unit == "milliseconds" and 1000 or 1 end

local function incoming(config, inbound, timestamp)
  local path, query = inbound:path(), inbound:query() or ""
  return {
    body = inbound:body() or "", method = inbound:method(), path = path, query = query,
    url = config.base_url and config.base_url .. path .. (query ~= "" and "?" .. query or ""),
    header = function(name) return inbound:header(name) end,
    timestamp = timestamp,
  }
end

--- The timestamp that the sender has signed, once it is recent enough.
local function recent(config, text)
  local moment = text and text:find "^%d+$" and tonumber(text) / unit_of(config)
  if not moment then fail "hmac: there is no timestamp" end
  local off = math.abs(now() - moment)
  if off > config.tolerance then fail("hmac: the timestamp is off by %.0f seconds", off) end
  return text
end

local function verify(ctx, inbound)
  local config = ctx.config
  local header = inbound:header(config.header)
  if not header then fail("hmac: there is no header '%s'", config.header) end
  local given = read(config, header)
  local timestamp
  if config.content:find("{timestamp}", 1, true) then
    timestamp = recent(config, config.timestamp_header and inbound:header(config.timestamp_header)
      or given.timestamp[1])
  end
  local content = filled(config.content, incoming(config, inbound, timestamp))
  if not is_genuine(config, content, given.signature) then fail "hmac: the signature is not genuine" end
  return true
end

-- -- loading

local function check_places(text)
  for name in text:gmatch(PLACE) do
    if not PLACES[name] then fail("hmac: there is no place {%s}", name) end
  end
end

local function check(config)
  elements_of(config)
  check_places(config.content)
  for _, text in pairs(config.headers or {}) do check_places(text) end
end

return { credentials = credentials, verify = verify, check = check }
