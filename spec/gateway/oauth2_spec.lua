-- SPDX-License-Identifier: MIT
--- The authenticator oauth2 against a token endpoint that judges by the RFCs (spec/support/token_server.py).

local http = require("spec.support.http")
local support = require("spec.support")

-- What a form and a Basic header must encode, each in its way.
local CLIENT_ID = "perilune & co:7"
local CLIENT_SECRET = "cl1ent s3cret+/%:&=ä"
local PASSPHRASE = "open-sesame-7"

local WORKERS, CALLS = 3, 50

local TestServer = {}
TestServer.__index = TestServer

local function token_server(keys)
  local process = support.start({ "/usr/bin/python3", "spec/support/token_server.py", CLIENT_ID, CLIENT_SECRET, keys })
  local port = support.eventually("the token server listens", function()
    return process:errors():match("listening on 127%.0%.0%.1:(%d+)")
  end)
  return setmetatable({ process = process, url = "http://127.0.0.1:" .. port }, TestServer)
end

--- All requests to what is NAME's, in order: { path, status, form, client, shown }.
function TestServer:requests(kind, name)
  local list = {}
  for line in self.process:output():gmatch("([^\n]*)\n") do
    local request = support.json.decode(line)
    local path = request.path:match("^[^?]*")
    if path == ("/%s/%s"):format(kind, name) then list[#list + 1] = request end
  end
  return list
end

--- Keys of both halves for signing: NAME.key, and NAME.pem for who checks.
local function make_keys(folder)
  local makers = {
    RS256 = "-algorithm RSA -pkeyopt rsa_keygen_bits:2048", PS256 = "-algorithm RSA -pkeyopt rsa_keygen_bits:2048",
    ES256 = "-algorithm EC -pkeyopt ec_paramgen_curve:P-256", ES512 = "-algorithm EC -pkeyopt ec_paramgen_curve:P-521",
    EdDSA = "-algorithm ED25519",
  }
  for name, options in pairs(makers) do
    local path = folder .. "/" .. name
    local command = ("openssl genpkey %s -out %s.key 2>%s.log && openssl pkey -in %s.key -pubout -out %s.pem")
      :format(options, path, path, path, path)
    assert(os.execute(command) == 0, command)
  end
  assert(os.execute(("openssl pkcs8 -topk8 -in %s/ES256.key -out %s/encrypted.key -passout pass:%s"):format(folder, folder,
    PASSPHRASE)) == 0)
  return { "RS256", "PS256", "ES256", "ES512", "EdDSA" }
end

describe("the authenticator oauth2", function()
  local server, slow, gateway, open, keys, algorithms

  --- A connector NAME with a webhook for /resource/NAME and one for /refuses/NAME.
  local function connector(name, options, mode, at)
    at = at or server
    return ([[return {
      authenticator = { type = "oauth2", token_url = "%s/token/%s%s", client_id = %s, %s },
      base_url = "%s", timeout = 30, retry = false,
      webhooks = { { on = "%s", url = "/resource/%s" }, { id = "refused", url = "/refuses/%s" } } }]]):format(
      at.url, name, mode or "", options:find("client_auth = \"none\"", 1, true) and '"public"' or ("%q"):format(CLIENT_ID),
      options, at.url, name, name, name)
  end

  local SECRET = 'client_secret = secret "CLIENT"'

  setup(function()
    open = {}
    keys = support.folder()
    algorithms = make_keys(keys)
    server, slow = token_server(keys), token_server(keys)
    local env = {
      PERILUNE_SECRET_CLIENT = CLIENT_SECRET, PERILUNE_SECRET_WRONG = "wr0ng-secret",
      PERILUNE_SECRET_REFRESH = "r3fresh-token-0", PERILUNE_SECRET_PASSPHRASE = PASSPHRASE,
      PERILUNE_SECRET_ENCRYPTED = support.read(keys .. "/encrypted.key"),
    }
    local files = { ["gateway.lua"] = support.gateway_lua }
    local function add(name, options, mode, at)
      files[("connectors/%s.lua"):format(name)] = connector(name, options, mode, at)
    end
    add("basic", SECRET)
    add("post", SECRET .. ', client_auth = "client_secret_post"')
    add("none", 'client_auth = "none"')
    for _, name in ipairs(algorithms) do
      env["PERILUNE_SECRET_KEY_" .. name:upper()] = support.read(("%s/%s.key"):format(keys, name))
      add("jwt-" .. name, ('client_auth = "private_key_jwt", algorithm = %q, key_id = %q, private_key = secret "KEY_%s"')
        :format(name, name, name))
    end
    add("encrypted", 'client_auth = "private_key_jwt", algorithm = "ES256", key_id = "ES256", '
      .. 'private_key = secret "ENCRYPTED", passphrase = secret "PASSPHRASE", assertion_audience = "urn:spec"')
    add("parameters", SECRET .. ', scope = { "a b", "c" }, audience = "https://erp.example/?a=1&b", '
      .. 'resource = { "https://a.example", "https://b.example" }, parameters = { tenant = "ä&", key = secret "WRONG" }')
    add("header", SECRET .. ', header = "X-Token", prefix = "t="')
    add("many", SECRET, "?hang", slow)
    add("timeout", SECRET .. ", timeout = 0.2", "?hang", slow)
    add("short", SECRET, "?expires=2")
    add("expired", SECRET, "?expires=0")
    add("unsaid", SECRET, "?expires=none")
    add("refresh", 'grant = "refresh_token", refresh_token = secret "REFRESH", ' .. SECRET, "?expires=0&rotate")
    add("refresh-same", 'grant = "refresh_token", refresh_token = secret "REFRESH", ' .. SECRET, "?expires=0")
    add("wrong", 'client_secret = secret "WRONG"')
    add("down", SECRET, "?answer=503&times=1&body=later")
    add("broken", SECRET, "?answer=200&body=%7B%22access_token%22")
    add("empty", SECRET, "?answer=200&body=%7B%22access_token%22:%22%22,%22token_type%22:%22Bearer%22%7D")
    add("mac", SECRET, "?type=mac")
    add("lower", SECRET, "?type=bearer")
    add("echo", SECRET .. ', client_auth = "client_secret_post"', "?echo")
    files["connectors/closed.lua"] = connector("closed", SECRET, "", { url = "http://127.0.0.1:" .. support.closed_port() })
    gateway = support.gateway { arguments = { "--workers", tostring(WORKERS) }, files = files, env = env }
  end)

  teardown(function()
    for _, connection in ipairs(open or {}) do connection:close() end
    support.finish()
  end)

  local function call(name, webhook) return gateway:post(("/v1/calls/%s/%s"):format(name, webhook or name), "{}") end

  local function granted(name)
    local answer = call(name)
    assert.equal(200, answer.status, answer.body)
    return server:requests("token", name)
  end

  --- One attempt that fails closed: its text. Nothing has been sent to the resource.
  local function refused(name)
    local answer = call(name)
    assert.matches("auth", answer.json.type, 1, true)
    assert.equal(0, #server:requests("resource", name))
    return answer.json.detail
  end

  describe("shows who the client is", function()
    for name, method in pairs { basic = "basic", post = "post", none = "none" } do
      it("by " .. name, function()
        local requests = granted(name)
        assert.equal(1, #requests)
        assert.equal(method, requests[1].client)
      end)
    end

    for _, name in ipairs { "RS256", "PS256", "ES256", "ES512", "EdDSA" } do
      it("by an assertion signed with " .. name, function()
        assert.equal("jwt", granted("jwt-" .. name)[1].client)
      end)
    end

    it("by an encrypted key, with another audience", function()
      assert.equal("jwt", granted("encrypted")[1].client)
    end)

    it("says that a key does not fit, when the folder is loaded", function()
      local folder = support.write(support.folder(), { ["gateway.lua"] = "return {}",
        ["authenticators/a.lua"] = 'return { type = "oauth2", token_url = "https://login.example/", client_id = "me",\n'
          .. 'client_auth = "private_key_jwt", algorithm = "ES256", private_key = secret "KEY_RS256" }' })
      local code, output = support.run({ support.binary, "check", folder },
        { PERILUNE_SECRET_KEY_RS256 = support.read(keys .. "/RS256.key") })
      assert.equal(3, code)
      assert.matches("authenticators/a.lua:1: oauth2: the assertion cannot be signed: ES256 takes an EC key of P-256; "
        .. "this is an RSA key", output, 1, true)
    end)
  end)

  it("sends scope, audience, resource and further parameters", function()
    assert.same({
      { "grant_type", "client_credentials" }, { "scope", "a b c" }, { "audience", "https://erp.example/?a=1&b" },
      { "resource", "https://a.example" }, { "resource", "https://b.example" }, { "key", "wr0ng-secret" },
      { "tenant", "ä&" },
    }, granted("parameters")[1].form)
  end)

  it("puts the token where the receiver wants it", function()
    granted("header")
    assert.matches("^t=acc3ss%-token%-header", server:requests("resource", "header")[1].shown)
  end)

  it("asks once for all calls on all workers", function()
    local all = {}
    for i = 1, CALLS do
      all[i] = http.connect(gateway.url)
      open[#open + 1] = all[i]
      all[i]:send(http.format("localhost", "POST", "/v1/calls/many/many", "{}"))
    end
    support.eventually("all but one wait", function() return gateway:metric("perilune_cache_waiting") == CALLS - 1 end)
    assert.equal(0, #slow:requests("token", "many"))
    local failed = call("timeout")
    assert.matches("gave no answer: timeout: ", failed.json.detail, 1, true)
    assert.matches("auth", failed.json.type, 1, true)
    http.request(slow.url, "GET", "/release")
    for _, connection in ipairs(all) do assert.equal(200, http.read(connection).status) end
    assert.equal(1, #slow:requests("token", "many"))
    assert.equal(CALLS, #slow:requests("resource", "many"))
  end)

  describe("keeps a token", function()
    it("and uses it again", function()
      local before = #granted("basic")
      for _ = 1, 5 do assert.equal(before, #granted("basic")) end
    end)

    it("no longer than it holds", function()
      assert.equal(1, #granted("expired"))
      assert.equal(2, #granted("expired"))
    end)

    it("and renews it", function()
      support.eventually("a second token", function() return #granted("short") >= 2 end)
      for _, request in ipairs(server:requests("resource", "short")) do assert.equal(200, request.status) end
    end)

    it("for a while when the answer does not say how long", function()
      assert.equal(1, #granted("unsaid"))
      assert.equal(1, #granted("unsaid"))
    end)

    it("over a reload, unless what it is for has changed", function()
      local function reload(text)
        support.write(gateway.folder, { ["connectors/header.lua"] = text })
        assert.equal(200, gateway:post("/v1/reload", "").status)
      end
      local before = #granted("header")
      local own = support.read(gateway.folder .. "/connectors/header.lua")
      reload(own .. "\n-- read again")
      assert.equal(before, #granted("header"))
      reload((own:gsub('prefix = "t="', '%0, scope = "more"')))
      assert.same({ "scope", "more" }, granted("header")[before + 1].form[2])
    end)

    it("of the type bearer in any case", function() granted("lower") end)
  end)

  describe("answered 401", function()
    it("asks for another token and goes once more", function()
      local before = #granted("post")
      -- Another client of the endpoint has got a token: ours is not the latest any more.
      http.request(server.url, "POST", "/token/post", "grant_type=client_credentials&client_id=public",
        { ["Content-Type"] = "application/x-www-form-urlencoded" })
      assert.equal(before + 2, #granted("post"))
      local resource = server:requests("resource", "post")
      assert.equal(401, resource[#resource - 1].status)
      assert.equal(200, resource[#resource].status)
      assert.not_equal(resource[#resource - 1].shown, resource[#resource].shown)
    end)

    it("ends after the second round", function()
      local before = #granted("basic")
      local answer = call("basic", "refused")
      assert.equal(401, answer.json.status, answer.body)
      assert.equal(before + 1, #server:requests("token", "basic"))
      assert.equal(2, #server:requests("refuses", "basic"))
    end)
  end)

  describe("with a refresh token", function()
    it("uses the one that the last answer brought", function()
      for n = 1, 3 do assert.equal(n, #granted("refresh")) end
      local requests = server:requests("token", "refresh")
      assert.same({ "refresh_token", "r3fresh-token-0" }, requests[1].form[2])
      assert.not_equal(requests[2].form[2][2], requests[3].form[2][2])
    end)

    it("goes on with the configured one where answers bring none", function()
      for _ = 1, 2 do granted("refresh-same") end
      for _, request in ipairs(server:requests("token", "refresh-same")) do
        assert.same({ "refresh_token", "r3fresh-token-0" }, request.form[2])
      end
    end)
  end)

  describe("fails closed", function()
    local function url(name, mode) return ("%s/token/%s%s"):format(server.url, name, mode or "") end

    it("when the client is refused", function()
      assert.equal(("oauth2: the token endpoint %s answered 401 (invalid_client: wrong id or secret)"):format(url("wrong")),
        refused("wrong"))
    end)

    it("when the endpoint fails, and asks again the next time", function()
      assert.matches("answered 503", refused("down"), 1, true)
      assert.equal(2, #granted("down"))
    end)

    it("when the endpoint cannot be reached", function()
      assert.matches("^oauth2: the token endpoint http://127.0.0.1:%d+/token/closed gave no answer: connect: ",
        call("closed").json.detail)
    end)

    it("and masks what the endpoint repeats", function()
      assert.matches("(invalid_request: *** in grant_type=client_credentials&client_id=perilune+%26+co%3A7&client_secret=***)",
        refused("echo"), 1, true)
    end)

    it("when the answer is none", function()
      assert.matches("answered 200 without a JSON object", refused("broken"), 1, true)
      assert.matches("answered 200 with no access_token", refused("empty"), 1, true)
      assert.matches("answered 200 with a token of the type 'mac', not Bearer", refused("mac"), 1, true)
    end)
  end)

  it("is in the trace, and leaves no secret anywhere", function()
    local answer = gateway:post("/v1/events", { type = "expired", data = {} }, { Prefer = "wait=20" })
    local delivery = gateway:get("/v1/deliveries/" .. answer.json.deliveries[1].id)
    local trace = delivery.json.attempts[1].trace
    local asked
    for _, line in ipairs(trace) do asked = line.kind == "http" and line or asked end
    assert.same({ "POST", server.url .. "/token/expired?expires=0", 200, "authenticate" },
      { asked.method, asked.url, asked.status, asked.stage })
    gateway:post("/v1/events", { type = "refresh", data = {} }, { Prefer = "wait=20" })
    gateway:post("/v1/events", { type = "post", data = {} }, { Prefer = "wait=20" })
    local told = { delivery.body, gateway:get("/v1/deliveries").body, gateway.process:errors() }
    for _, row in ipairs(gateway:feed()) do told[#told + 1] = gateway:get("/v1/deliveries/" .. row.id).body end
    gateway:stop()
    told[#told + 1] = gateway.process:errors()
    local store = io.popen("cat " .. gateway.store .. "*")
    told[#told + 1] = store:read("*a")
    store:close()
    local text = table.concat(told, "\n")
    assert.matches("/token/expired", text, 1, true)
    for _, secret in ipairs { "cl1ent s3cret", "cl1ent+s3cret", "cl1ent%20s3cret", "acc3ss-token", "r3fresh-token", "wr0ng-secret",
      PASSPHRASE, "PRIVATE KEY" } do
      assert.is_nil(text:find(secret, 1, true), secret)
    end
  end)
end)
