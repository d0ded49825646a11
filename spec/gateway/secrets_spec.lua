-- SPDX-License-Identifier: MIT
--- A gateway with a secret wherever there can be one, and a receiver that sends them all back. Everything that comes out
--- of the gateway, but for the requests themselves, is kept and searched for every value in every encoding.
local support = require("spec.support")
local http, json = support.http, support.json

local VALUES = {
  basic = "pa/ss+wo?rd~of=basic", bearer = "eyJhbGciOiJIUzI1NiJ9.bearer-value.c2ln",
  header = 'a "quoted" \\header value', query = "query value & more/even+more",
  key = "key of an hmac", folder = "from the folder of secrets", lower = "from a file in lower case",
  file = "from a file of its own", admin = "admin-token-from-the-folder", plain = "written-in-the-file",
  cookie = "key-in-a-cookie/with+base64==", client = "client secret & its/encodings+",
  encoded = "decoded, and then for hmac",
  before = "rotated: before?", after = "rotated: after!!", passing = "access-token>of<some.run",
}

-- Is no secret, and so is found: that shows what the search is worth.
local CONTROL = "no secret/at all & found+everywhere>"

-- By the names of environment variables.
local ENVIRONMENT = {
  PERILUNE_SECRET_BASIC = VALUES.basic, PERILUNE_SECRET_BEARER = VALUES.bearer,
  PERILUNE_SECRET_HEADER = VALUES.header, PERILUNE_SECRET_QUERY = VALUES.query,
  PERILUNE_SECRET_KEY = VALUES.key, PERILUNE_SECRET_COOKIE = VALUES.cookie,
  PERILUNE_SECRET_CLIENT = VALUES.client,
  PERILUNE_SECRET_ENCODED = "ZGVjb2RlZCwgYW5kIHRoZW4gZm9yIGhtYWM=", -- by coreutils' base64
}

local CONNECTORS = {
  basic = [[ authenticator = { type = "basic", username = "me", password = secret "BASIC" }, ]],
  bearer = [[ authenticator = { type = "bearer", token = secret "BEARER" }, ]],
  plain = [[ authenticator = { type = "bearer", token = "written-in-the-file" }, ]],
  rotated = [[ authenticator = { type = "bearer", token = secret "ROTATED" }, ]],
  parts = [[ headers = { ["X-Header"] = secret "HEADER", ["X-Folder"] = secret "FOLDER",
    ["X-Control"] = "no secret/at all & found+everywhere>" },
    params = { query = secret "QUERY", lower = secret "LOWER" }, ]],
  cookie = [[ authenticator = { type = "api-key", ["in"] = "cookie", name = "key", key = secret "COOKIE" }, ]],
  -- Data, in which secrets are encoded together with what stands beside them.
  said = [[ authenticator = { credentials = function() return {
      { header = "X-Said", value = { "v1=", { base64 = { "<", secret "FILE", ">" } } } },
      { query = "said", value = { { hex = { secret "KEY", "." } } } },
      { cookie = "said", value = { base64url = { "..", secret "QUERY" } } },
      { header = "X-Key", value = "decoded, and " .. "then for hmac" }, -- the key, known from here on
      { header = "X-Mac", value = { base64 = { hmac = "sha256", key = secret "ENCODED", key_form = "base64", of = "x" } } },
    } end }, ]],
  -- Asks for a token as OAuth has it, keeps it for all workers, and is not careful with the answer.
  asking = [[ authenticator = { apply = function(ctx, request)
      local token = ctx.cache.fetch("token", 0.01, function()
        local answer = ctx.http.post { url = "%s/echo-encoded", basic = { "client", secret "CLIENT" },
          params = { key = { "<", secret "QUERY", ">" } }, form = { client_secret = secret "CLIENT" } }
        ctx.trace("the answer", answer:json())
        ctx.log.info(answer.body, { body = answer.body })
        return conceal("access-token" .. ">of<some.run")
      end)
      request:set_header("Authorization", "Bearer ", token)
    end }, ]],
  custom = [[ authenticator = { apply = function(ctx, request)
      request:add_query("file", "<", secret "FILE", ">")
      request:set_header("X-Signature", hash.hmac("sha256", secret "KEY", request:body() or ""):gsub(".", function(c)
        return ("%02x"):format(c:byte()) end))
    end }, ]],
}

-- The text is known to the script, which is not careful with it.
local PASSING = [[
  local function token() local text = "access-token" .. ">of<some.run" return conceal(text), text end
  return { base_url = "%s", webhooks = {
    { on = "passing", url = "/echo-encoded?token=none", content_type = "form",
      headers = { ["X-Token"] = function() return (token()) end },
      body = function(ctx, values)
        local _, text = token()
        ctx.log.debug("the token is " .. text, { token = text })
        return { client_secret = text, grant_type = "client_credentials" }
      end,
      response = { variables = { raw = "response.raw", all = "response" } } },
    { on = "failing", retry = false, url = function(ctx)
        local _, text = token()
        log.info(text)
        error("cannot use " .. text .. " as it is")
      end },
  } }]]

local function connector(url, fields)
  return ([[return { base_url = "%s", %s webhooks = {
    { on = "any", url = "/echo-encoded", body = { id = "{{ event.id }}" },
      response = { variables = { raw = "response.raw", base64 = "response.base64", all = "response" } } } } }]])
    :format(url, fields)
end

describe("secrets", function()
  local peer, gateway, folder, own
  local posted = 0
  local kept = {} -- name -> text: what came out

  local function keep(name, text)
    kept[#kept + 1] = { name, text }
    return text
  end

  local function ask(method, path, body, status)
    local answer = gateway:request(method, path, body, { ["Content-Type"] = body and "application/json", Prefer = "wait=10" })
    keep(method .. " " .. path, answer.body)
    assert.equal(status or 200, answer.status, answer.body)
    return answer.json
  end

  local function run(name, ...)
    local env = { PERILUNE_TOKEN = VALUES.admin, PERILUNE_SECRETS_DIR = folder .. "/secrets" }
    for variable, value in pairs(ENVIRONMENT) do env[variable] = value end
    env.PERILUNE_SECRET_FILE_FILE = own .. "/file"
    local code, output, errors = support.run({ support.binary, ... }, env)
    keep(name, output .. errors)
    return code, output .. errors
  end

  local function delivered(type)
    posted = posted + 1
    return ask("POST", "/v1/events", ('{"id":"e-%d","type":"%s","data":{}}'):format(posted, type))
  end

  setup(function()
    peer = support.faulty_peer("--show")
    folder, own = support.folder(), support.folder()
    support.write(own, { file = VALUES.file .. "\n" })
    local files = {
      ["gateway.lua"] = 'return { tokens = { admin = secret "ADMIN" }, secrets = { dir = "secrets" },\n'
        .. 'egress = { allow = { "127.0.0.1" } } }',
      ["secrets/FOLDER"] = VALUES.folder, ["secrets/lower"] = VALUES.lower .. "\n",
      ["secrets/ROTATED"] = VALUES.before, ["secrets/ADMIN"] = VALUES.admin,
      ["connectors/passing.lua"] = PASSING:format(peer.url),
    }
    for id, fields in pairs(CONNECTORS) do files["connectors/" .. id .. ".lua"] = connector(peer.url, fields:gsub("%%s", peer.url)) end
    support.write(folder, files)
    local env = { PERILUNE_SECRET_FILE_FILE = own .. "/file" }
    for name, value in pairs(ENVIRONMENT) do env[name] = value end
    gateway = support.gateway({ folder = folder, env = env, token = VALUES.admin,
      arguments = { "--log-level", "debug", "--workers", "2" } })
  end)

  teardown(function() support.finish() end)

  it("reach the receiver", function()
    local stream = http.stream(gateway.url, "/v1/feed", { Authorization = "Bearer " .. VALUES.admin })
    assert.equal(9, #delivered("any").deliveries)
    for _ = 1, 9 do
      local event = stream:next()
      keep("GET /v1/feed", event.data)
      assert.equal("delivered", json.decode(event.data).state, event.data)
    end
    stream:close()
    for _, text in ipairs {
      "authorization: basic bWU6cGEvc3Mrd28/cmR+b2Y9YmFzaWM=", -- by coreutils' base64
      "Bearer " .. VALUES.bearer, "Bearer " .. VALUES.plain, "Bearer " .. VALUES.before,
      "X-Header: " .. VALUES.header, "Cookie: key=" .. VALUES.cookie, "Bearer " .. VALUES.passing,
      "client_secret=client+secret+%26+its%2Fencodings%2B", -- by Python's quote_plus
 "X-Folder: " .. VALUES.folder,
      "X-Said: v1=PGZyb20gYSBmaWxlIG9mIGl0cyBvd24+", -- by coreutils' base64
    } do
      assert.is_truthy(peer.process:errors():lower():find(text:lower(), 1, true), text)
    end
  end)

  it("are in calls, tries and failures", function()
    for id in pairs(CONNECTORS) do
      local answer = ask("POST", "/v1/calls/" .. id .. "/any", "{}")
      assert.is_truthy(answer.variables.raw:find("***", 1, true), answer.variables.raw)
      if id == "said" then assert.matches("X%-Said: v1=%*%*%*%s", answer.variables.raw) end
      ask("POST", "/v1/connectors/" .. id .. "/webhooks/any/try", '{"event":{}}')
      ask("POST", "/v1/connectors/" .. id .. "/webhooks/any/try", '{"event":{},"dry_run":true}')
    end
    ask("POST", "/v1/connectors/passing/webhooks/passing/try", '{"event":{}}')
    ask("POST", "/v1/connectors/passing/webhooks/passing/try", '{"event":{},"dry_run":true}')
    ask("POST", "/v1/calls/passing/passing", "{}")
    delivered("passing")
    local said = ask("POST", "/v1/calls/passing/failing", "{}", 502)
    assert.is_truthy(said.detail:find("cannot use *** as it is", 1, true), said.detail)
    delivered("failing")
  end)

  it("change with their files, without a restart", function()
    support.write(folder, { ["secrets/next"] = VALUES.after })
    assert(os.rename(folder .. "/secrets/next", folder .. "/secrets/ROTATED"))
    support.eventually("the new value is in use", function()
      ask("POST", "/v1/connectors/rotated/webhooks/any/try", '{"event":{}}')
      return peer.process:errors():find("Bearer " .. VALUES.after, 1, true)
    end)
    assert.is_truthy(gateway.process:errors():find('"msg":"a secret has changed","secret":"ROTATED"', 1, true))
    -- One that has gone, and is still in use, and still masked.
    assert(os.remove(folder .. "/secrets/FOLDER"))
    support.eventually("that is said", function()
      return gateway.process:errors():find("the secret stays as it was", 1, true)
    end)
    assert.equal("delivered", delivered("any").deliveries[1].state)
  end)

  it("that were emptied fail the attempt, of class auth", function()
    support.write(folder, { ["secrets/ROTATED"] = "\n" })
    support.eventually("that is said", function()
      return gateway.process:errors():find("what needs the secret fails", 1, true)
    end)
    local said = ask("POST", "/v1/calls/rotated/any", "{}", 502)
    assert.equal("urn:perilune:auth", said.type)
    assert.is_truthy(said.detail:find('the secret "ROTATED" has no value', 1, true), said.detail)
    support.write(folder, { ["secrets/ROTATED"] = VALUES.after })
    support.eventually("it is back", function()
      return ask("POST", "/v1/connectors/rotated/webhooks/any/try", '{"event":{}}').ok
    end)
  end)

  it("are in what can be asked", function()
    local rows = ask("GET", "/v1/deliveries?limit=200").deliveries
    assert.is_true(#rows > 20)
    for _, row in ipairs(rows) do ask("GET", "/v1/deliveries/" .. row.id) end
    for _, path in ipairs { "/v1/connectors", "/v1/connectors/basic", "/v1/connectors/custom", "/healthz", "/metrics" } do
      keep(path, gateway:get(path).body)
    end
    for _, value in pairs(VALUES) do
      keep("a search", gateway:get("/v1/deliveries?text=" .. (value:gsub("[^%w]", function(c) return ("%%%02X"):format(c:byte()) end))).body)
    end
  end)

  it("are in reloads that fail", function()
    support.write(folder, {
      ["connectors/broken.lua"] = 'local text = "access-token" .. ">of<some.run"\nlocal handle = conceal(text)\n'
        .. 'error("not with " .. text .. tostring(handle))',
      ["connectors/missing.lua"] = 'return {\nauthenticator = { type = "bearer", token = secret "MISSING" },\nwebhooks = {} }',
    })
    local said = ask("POST", "/v1/reload", nil, 422)
    assert.is_truthy(said.errors[1].message:find("not with ******", 1, true))
    assert.equal(2, said.errors[2].line)
    assert.is_truthy(said.errors[2].message:find('no file "MISSING" in the folder', 1, true))
    local code = run("perilune check", "check", folder)
    assert.equal(3, code)
    for _, name in ipairs { "broken", "missing" } do os.remove(folder .. "/connectors/" .. name .. ".lua") end
  end)

  it("are in what the command line prints", function()
    local code, said = run("perilune check", "check", folder)
    assert.equal(3, code)
    assert.is_truthy(said:find('connectors/parts.lua:1: the secret "FOLDER" is not set', 1, true), said)
    support.write(folder, { ["secrets/FOLDER"] = VALUES.folder })
    code, said = run("perilune check", "check", folder)
    assert.equal(0, code, said)
    code, said = run("perilune check", "check", "--secrets-dir", "nowhere", folder)
    assert.equal(3, code)
    assert.is_truthy(said:find('no file "FOLDER" in the folder ' .. folder .. "/nowhere", 1, true), said)
    for id in pairs(CONNECTORS) do
      code, said = run("perilune try", "try", folder, id, "any")
      assert.equal(0, code, said)
      assert.equal(0, (run("perilune try --dry-run", "try", "--dry-run", folder, id, "any")))
    end
    assert.equal(1, (run("perilune try", "try", folder, "passing", "failing")))
    assert.equal(0, (run("perilune feed", "feed", "--url", gateway.url)))
    assert.equal(0, (run("perilune feed --json", "feed", "--json", "--url", gateway.url)))
  end)

  --- Name and encoding of what is in the outputs -> the first of these.
  local function search(values)
    support.write(own, { values = json.encode(values) })
    local code, forms, errors = support.run({ "python3", "spec/support/encodings.py" }, nil, own .. "/values")
    assert.equal(0, code, errors)
    local found = {}
    for _, form in ipairs(json.decode(forms)) do
      assert.is_true(#form[3] > 8)
      for _, output in ipairs(kept) do
        if output[2]:find(form[3], 1, true) then found[form[1] .. ", " .. form[2]] = output[1] end
      end
    end
    return found
  end

  it("are found nowhere", function()
    assert.equal(0, gateway:stop())
    keep("the log", gateway.process:errors() .. gateway.process:output())
    for _, end_of_name in ipairs { "", "-wal" } do
      local file = io.open(gateway.store .. end_of_name, "rb")
      if file then
        keep("the database", file:read("*a"))
        file:close()
      end
    end
    assert.same({}, search(VALUES))
    local found = search({ control = CONTROL })
    for _, how in ipairs { "as it is", "URL", "form", "hex", "HEX" } do
      assert.is_truthy(found["control, " .. how], how)
    end
    for _, how in ipairs { "base64", "base64url" } do
      assert.is_truthy(found["control, " .. how .. " at 0"] or found["control, " .. how .. " at 1"]
        or found["control, " .. how .. " at 2"], how)
    end
  end)
end)
