-- SPDX-License-Identifier: MIT
--- Credentials that are data, at random, each by two connectors that differ in one thing: the second has a hook, so that Lua
--- carries out the list that C carries out for the first. Both send the same, show the same of it, and fail with the same
--- words. What the plugin hmac signs is judged by Python.
local support = require("spec.support")
local gettime = require("socket").gettime
local json = support.json

local COUNT = 150
local SEED = os.getenv "PERILUNE_SEED" or os.time()

local SECRETS = {
  TOKEN = "tok-4711/abc+def==", BEARER = "bEARER already-there", COLON = "user:name", BREAK = "no\nheader",
  RAW = "key of an hmac", BASE64 = "a2V5IG9mIGFuIGhtYWM=", HEX = "6b6579206f6620616e20686d6163", NONE = "!",
  WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
  WHSK = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==",
}

local function any(...) return (select(math.random(select("#", ...)), ...)) end

local function chance(n) return math.random(n) == 1 end

local function secret(name) return ("secret %q"):format(name) end

local function repeated(most, make)
  local items = {}
  for i = 1, math.random(most) do items[i] = make() end
  return table.concat(items, ", ")
end

-- -- what is tried, as texts of Lua

local text

local function bytes(depth)
  return any(
    function() return ('{ hash = %q, of = %s }'):format(any("md5", "sha256", "sha3_384"), text(depth)) end,
    function()
      local form = any("raw", "base64", "hex")
      return ('{ hmac = %q, key = %s, key_form = %q, of = %s }'):format(any("sha1", "sha256", "sha512"),
        secret(chance(12) and "NONE" or form:upper()), form, text(depth))
    end,
    function() return ('{ sign = "EdDSA", key = %s, key_form = "whsk", of = %s }'):format(secret "WHSK", text(depth)) end,
    function() return ('{ sign = "HS256", key = { "k", %s }, of = %s }'):format(secret "RAW", text(depth)) end)()
end

local function part(depth)
  if depth == 0 or chance(2) then
    return any('"literal"', '"%% ä"', "7", "0.5", secret "TOKEN", '{ request = "method" }', '{ request = "url" }',
      '{ request = "path" }', '{ request = "query" }', '{ header = "X-A" }', '{ header = "x-a", without = "?" }',
      chance(8) and '{ header = "X-Not" }' or '"there"', chance(8) and '{ header = "X-A", without = "of" }' or '""',
      chance(8) and secret "BREAK" or '"fine"')
  end
  return any(
    function() return ("{ %s = %s }"):format(any("base64", "base64url", "hex"), any(bytes, text)(depth - 1)) end,
    function() return ("{ %s = { request = 'body' } }"):format(any("base64", "base64url", "hex")) end,
    function() return ("{ prefix = %q, of = %s }"):format(any("Bearer ", "TOK-", "v1,"), text(depth - 1)) end)()
end

function text(depth)
  if chance(3) then return part(depth) end
  return ("{ %s }"):format(repeated(3, function() return part(depth) end))
end

local function item()
  return any(
    function() return ('{ header = %q, value = %s }'):format(any("X-B", "authorization", "x-a"), text(3)) end,
    function() return ('{ query = %q, value = %s }'):format(any("k", "a b"), text(3)) end,
    function() return ('{ cookie = "c", value = %s }'):format(chance(2) and text(2) or secret "TOKEN") end,
    function() return ('{ basic = { %s, %s } }'):format(chance(8) and secret "COLON" or '"user"', text(2)) end)()
end

local MADE = {
  custom = function() return ("{ credentials = function() return { %s } end }"):format(repeated(3, item)) end,
  bearer = function() return ('{ type = "bearer", token = %s }'):format(any('"written"', secret "TOKEN", secret "BEARER")) end,
  basic = function()
    return ('{ type = "basic", username = %s, password = %s }'):format(any('"me"', secret "TOKEN", secret "COLON"), secret "RAW")
  end,
  ["api-key"] = function()
    return ('{ type = "api-key", key = %s, ["in"] = %q, name = "k", prefix = %q }'):format(
      secret(chance(8) and "BREAK" or "TOKEN"), any("header", "query", "cookie"), any("", "v1.", "Token "))
  end,
  ["standard-webhooks"] = function()
    return ('{ type = "standard-webhooks", headers = %q, %s }'):format(any("webhook", "svix"), any(
      "key = " .. secret "WHSEC", "private_key = " .. secret "WHSK",
      ("key = { %s, %s }, private_key = %s"):format(secret "WHSEC", secret "BASE64", secret "WHSK")))
  end,
  none = function() return '{ type = "none" }' end,
}

local KEYS = { raw = { "RAW", "BASE64" }, base64 = { "BASE64" }, hex = { "HEX" } }

--- A config of the plugin hmac, and its text. The time of an attempt is nobody else's, so what has it in it is not compared.
local function hmac()
  local form = any("raw", "base64", "hex")
  local config = {
    algorithm = any("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256"), encoding = any("hex", "base64", "base64url"),
    key_form = form, sign_with = any("first", "all"), timestamp_unit = any("seconds", "milliseconds"), keys = {},
    content = any("{body}", "{method}\n{path}\n{query}\n{body}", "{url}{body}", "v0:{timestamp}:{body}", "{header:x-a}.{header:X-Z}{}"),
    format = any("{signature}", "sha={signature}", "t={timestamp},v1={signature}"),
  }
  local keys = {}
  for i, name in ipairs(KEYS[form]) do config.keys[i], keys[i] = SECRETS[name], secret(name) end
  config.has_time = (config.content .. config.format):find("{timestamp}", 1, true) ~= nil
  return ([[{ type = "hmac", key = { %s }, algorithm = %q, encoding = %q, key_form = %q, sign_with = %q, timestamp_unit = %q,
    content = %q, format = %q, header = "X-Signature", timestamp_header = "X-Time", headers = { ["X-Z"] = "{method}-{header:X-A}" } }]])
    :format(table.concat(keys, ", "), config.algorithm, config.encoding, form, config.sign_with, config.timestamp_unit,
      config.content, config.format), config
end

local function authenticator()
  local names = {}
  for name in pairs(MADE) do names[#names + 1] = name end
  table.sort(names)
  local function one()
    if chance(4) then return MADE.custom() end
    return MADE[any(unpack(names))]()
  end
  if chance(3) then return hmac() end
  return chance(4) and ("{ %s, %s }"):format(one(), one()) or one()
end

local function connector(base, case, hook)
  return ([[return { base_url = %q, retry = false, authenticator = %s, %s
    headers = { ["webhook-id"] = "msg_1", ["webhook-timestamp"] = "1614265330", ["X-A"] = "of the connector", Cookie = "a=1" },
    webhooks = { { id = "w", method = %q, url = %q, body = %q } } }]]):format(base, case.made, hook, case.method,
    case.url, case.body)
end

describe("credentials that are data", function()
  local gateway, sink
  local cases = {}

  setup(function()
    math.randomseed(SEED)
    sink = support.sink()
    local files, env = { ["gateway.lua"] = support.gateway_lua }, {}
    for name, value in pairs(SECRETS) do env["PERILUNE_SECRET_" .. name] = value end
    for i = 1, COUNT do
      local made, config = authenticator()
      cases[i] = { made = made, config = config, method = any("POST", "PUT"), body = any("{}", '{"a": "ä"}'),
        url = any("/", "/orders/7", "/orders/7?b=%20&a", "?a=1") }
      for name, hook in pairs { c = "", l = "hooks = { { before_send = function() end } }," } do
        files[("connectors/%s%d.lua"):format(name, i)] = connector(sink.url, cases[i], hook)
      end
    end
    gateway = support.gateway { files = files, env = env }
  end)

  teardown(function() support.finish() end)

  --- The answer to a try of a connector, and the request that came of it, if one did; between which seconds it was made.
  local function tried(id)
    local before, from = sink:count(), gettime()
    local answer = gateway:post(("/v1/connectors/%s/webhooks/w/try"):format(id), '{"event":{"id":"e"}}').json
    local request = sink:count() > before and sink:requests()[before + 1] or nil
    if request then request.from, request.to = from, gettime() end
    return answer, request
  end

  --- A request that the plugin hmac has signed: the time is that of the attempt, in the unit of the config.
  local function check_time(request, config)
    local unit = config.timestamp_unit == "seconds" and 1 or 1000
    local time = tonumber(request.headers["x-time"])
    assert.is_true(math.floor(request.from * unit) <= time and time <= request.to * unit, request.headers["x-time"])
  end

  local function same_failure(ours, theirs, about)
    assert.same({ ours.outcome, (tostring(ours.error):gsub("connectors/c", "connectors/l")) },
      { theirs.outcome, tostring(theirs.error) }, about)
    assert.equal("auth", ours.outcome, about)
    assert.matches("connectors/c%d+%.lua:3: ", ours.error, about)
    assert.same(theirs.request, ours.request, about) -- C has left nothing behind
  end

  --- What the receiver got. X-Time is when it was tried.
  local function same_request(one, other, about)
    for _, request in ipairs { one, other } do
      for _, field in ipairs(request.header_list) do
        if field[1] == "X-Time" then field[2] = "" end
      end
    end
    assert.same({ one.method, one.path, one.query, one.header_list, one.body },
      { other.method, other.path, other.query, other.header_list, other.body }, about)
  end

  local signed = {} -- what Python judges

  local function keep_signed(request, case, about)
    check_time(request, case.config)
    request.url = sink.url .. case.url
    signed[#signed + 1] = { header = request.headers["x-signature"], about = about,
      case = json.encode { config = case.config, request = request, timestamp = request.headers["x-time"] } }
  end

  it("are the same, whether C sets them or Lua", function()
    local sent, failed = 0, 0
    for i, case in ipairs(cases) do
      local about = ("seed %s: %s"):format(SEED, case.made)
      local ours, request = tried("c" .. i)
      local theirs, other = tried("l" .. i)
      assert.equal(request == nil, other == nil, about)
      if not request then
        failed = failed + 1
        same_failure(ours, theirs, about)
      else
        sent = sent + 1
        if case.config then
          keep_signed(request, case, about)
          keep_signed(other, case, about)
        else -- as it may be seen
          assert.is_truthy(ours.request.headers)
          assert.same(theirs.request, ours.request, about)
        end
        if not (case.config and case.config.has_time) then same_request(request, other, about) end
      end
    end
    assert.is_true(sent > COUNT / 3 and failed > 3, ("%d sent, %d failed"):format(sent, failed))
  end)

  it("are what Python makes of the same config, request and time", function()
    local lines, n = {}, 0
    for i, one in ipairs(signed) do lines[i] = one.case .. "\n" end
    local folder = support.write(support.folder(), { cases = table.concat(lines) })
    local code, output, errors = support.run({ "/usr/bin/python3", "spec/support/hmac_oracle.py" }, nil, folder .. "/cases")
    assert.equal(0, code, errors)
    for line in output:gmatch "[^\n]+" do
      n = n + 1
      assert.equal(json.decode(line).header, signed[n].header, signed[n].about)
    end
    assert.is_true(n > 20 and n == #signed, n .. " signed")
  end)
end)
