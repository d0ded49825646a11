-- SPDX-License-Identifier: MIT
--- Credentials that libcurl applies, against receivers that judge them by other means: Digest by Python's hashlib,
--- NTLM by gss-ntlmssp, certificates by nginx and by Python's ssl; made by the openssl command line.

local certificates = require("spec.support.certificates")
local support = require("spec.support")

local PASSWORD = [[Pa55 "word"\!]]
local PASSPHRASE = "open-sesame-7"

--- A receiver of spec/support/auth_peer.py.
local function auth_peer(...)
  local process = support.start({ "/usr/bin/python3", "spec/support/auth_peer.py", ... })
  local port = support.eventually("the receiver listens", function()
    return process:errors():match("listening on 127%.0%.0%.1:(%d+)")
  end)
  return { process = process, address = "127.0.0.1:" .. port }
end

--- What a receiver got since it was last asked.
local function requests(peer)
  local all, new = {}, {}
  for line in peer.process:output():gmatch("([^\n]*)\n") do
    local request = support.json.decode(line)
    if request.user == support.json.null then request.user = nil end
    all[#all + 1] = request
  end
  for i = (peer.seen or 0) + 1, #all do new[#new + 1] = all[i] end
  peer.seen = #all
  return new
end

--- nginx that wants certificates of `ca`, and says whose it got and on which connection.
local function nginx(folder)
  local port = support.closed_port()
  support.write(folder, { ["nginx.conf"] = ([[
    daemon off; pid nginx.pid; error_log stderr;
    events { worker_connections 64; }
    http {
      access_log off; default_type application/json; client_body_temp_path temp;
      server {
        listen 127.0.0.1:%d ssl;
        ssl_certificate good.pem; ssl_certificate_key good.key;
        ssl_client_certificate ca.pem; ssl_verify_client on;
        location / { return 200 '{"subject":"$ssl_client_s_dn","connection":$connection}'; }
      }
    }]]):format(port) })
  support.start({ "nginx", "-e", "stderr", "-p", folder, "-c", folder .. "/nginx.conf" })
  local socket = require("socket")
  support.eventually("nginx listens", function()
    local connection = socket.connect("127.0.0.1", port)
    return connection and connection:close()
  end)
  return "https://127.0.0.1:" .. port
end

describe("credentials of a request:", function()
  local ours, theirs, gateway, digest, ntlm, tls, judge, elsewhere

  --- One connector for each authenticator; the URL comes with the event.
  local function connectors(authenticators)
    local files = { ["gateway.lua"] = support.gateway_lua, ["ca.pem"] = support.read(ours .. "/ca.pem") }
    for id, text in pairs(authenticators) do
      files[("connectors/%s.lua"):format(id)] = ([[
        return { authenticator = { %s }, retry = false, webhooks = {
          { on = %q, url = function(ctx) return ctx.data.url end, body = { text = "the body" } } } }
      ]]):format(text, id)
    end
    return files
  end

  setup(function()
    ours, theirs = certificates.make(support.folder()), certificates.make(support.folder())
    for _, name in ipairs({ "anna", "berta" }) do certificates.client(ours, name) end
    certificates.client(theirs, "carla")
    certificates.encrypt(ours, "anna.key", "anna.encrypted", PASSPHRASE)
    local users = support.write(support.folder(), { users = "CORP:anna:Pa55 word!\nCORP:berta:other\n" }) .. "/users"
    digest, ntlm = auth_peer("digest", "anna", PASSWORD), auth_peer("ntlm", users)
    tls = auth_peer("tls", ours .. "/good.pem", ours .. "/good.key", ours .. "/ca.pem")
    judge = nginx(ours)
    elsewhere = support.faulty_peer("--tls", theirs .. "/good.pem", theirs .. "/good.key")
    local function mtls(certificate, key, more)
      return ([[type = "mtls", certificate = secret "%s", key = secret "%s" %s]]):format(certificate, key, more or "")
    end
    gateway = support.gateway({
      files = connectors({
        digest = [[type = "digest", username = "anna", password = secret "PASSWORD"]],
        digest_wrong = [[type = "digest", username = "anna", password = secret "OTHER"]],
        ntlm = [[type = "ntlm", username = "CORP\\anna", password = secret "NTLM_PASSWORD"]],
        ntlm_berta = [[type = "ntlm", username = "CORP\\berta", password = secret "OTHER"]],
        ntlm_wrong = [[type = "ntlm", username = "CORP\\anna", password = secret "OTHER"]],
        none = [[type = "none"]],
        anna = mtls("ANNA", "ANNA_KEY"),
        berta = mtls("BERTA", "BERTA_KEY"),
        carla = mtls("CARLA", "CARLA_KEY"),
        one_text = [[type = "mtls", certificate = secret "ANNA_BOTH"]],
        encrypted = mtls("ANNA", "ANNA_ENCRYPTED", [[, passphrase = secret "PASSPHRASE"]]),
        wrong_key = mtls("ANNA", "BERTA_KEY"),
        wrong_passphrase = mtls("ANNA", "ANNA_ENCRYPTED", [[, passphrase = secret "OTHER"]]),
        no_passphrase = mtls("ANNA", "ANNA_ENCRYPTED"),
        not_pem = mtls("PASSPHRASE", "ANNA_KEY"),
        their_ca = mtls("ANNA", "ANNA_KEY", [[, ca = secret "THEIR_CA"]]),
      }),
      env = {
        PERILUNE_SECRET_PASSWORD = PASSWORD,
        PERILUNE_SECRET_NTLM_PASSWORD = "Pa55 word!",
        PERILUNE_SECRET_OTHER = "other",
        PERILUNE_SECRET_PASSPHRASE = PASSPHRASE,
        PERILUNE_SECRET_ANNA = support.read(ours .. "/anna.pem"),
        PERILUNE_SECRET_ANNA_KEY = support.read(ours .. "/anna.key"),
        PERILUNE_SECRET_ANNA_BOTH = support.read(ours .. "/anna.key") .. support.read(ours .. "/anna.pem"),
        PERILUNE_SECRET_ANNA_ENCRYPTED = support.read(ours .. "/anna.encrypted"),
        PERILUNE_SECRET_BERTA = support.read(ours .. "/berta.pem"),
        PERILUNE_SECRET_BERTA_KEY = support.read(ours .. "/berta.key"),
        PERILUNE_SECRET_CARLA = support.read(theirs .. "/carla.pem"),
        PERILUNE_SECRET_CARLA_KEY = support.read(theirs .. "/carla.key"),
        PERILUNE_SECRET_THEIR_CA = support.read(theirs .. "/ca.pem"),
      },
      arguments = { "--egress-ca-file", "ca.pem", "--workers", "1" },
    })
  end)

  teardown(function() support.finish() end)

  --- One attempt of a connector at a URL: as it was recorded, with `answer`, the JSON of the answer's body.
  local function attempt(connector, url)
    local answer = gateway:post("/v1/events", { type = connector, data = { url = url } }, { Prefer = "wait=20" })
    assert.equal(200, answer.status, answer.body)
    local recorded = gateway:delivery(answer.json.deliveries[1].id).attempts[1]
    local body = type(recorded.response) == "table" and recorded.response.body
    local is_json, value = pcall(support.json.decode, body)
    recorded.answer = is_json and value or nil
    return recorded
  end

  --- An attempt that failed in `class`, with this in its text.
  local function failed(class, text, connector, url)
    local a = attempt(connector, url)
    assert.equal(class, a.outcome, a.error)
    assert.matches(text, a.error, 1, true)
    return a
  end

  describe("digest", function()
    local function url(path) return "http://" .. digest.address .. path end

    for _, algorithm in ipairs({ "MD5", "MD5-sess", "SHA-256", "SHA-256-sess" }) do
      it("answers a question in " .. algorithm .. ", and records the last answer only", function()
        local a = attempt("digest", url("/" .. algorithm))
        assert.equal("ok", a.outcome, a.error)
        assert.equal("anna", a.answer.user)
        assert.equal(200, a.response.status)
        assert.is_nil(support.json.encode(a.response):find("X-Challenge", 1, true))
        local first, second, more = unpack(requests(digest))
        assert.same({ 401, "", nil }, { first.status, first.body, first.headers.Authorization })
        assert.same({ 200, "anna", '{"text":"the body"}' }, { second.status, second.user, second.body })
        assert.is_nil(more)
      end)
    end

    it("shows that there was an authorization, and not which", function()
      local a = attempt("digest", url("/SHA-256"))
      local text = support.json.encode(a.request)
      assert.matches("Digest ***", text, 1, true)
      assert.is_nil(text:find("nonce", 1, true))
    end)

    it("takes another nonce for one that is stale", function()
      requests(digest)
      assert.equal("anna", attempt("digest", url("/MD5/stale")).answer.user)
      assert.equal(3, #requests(digest))
    end)

    it("goes on over another connection where the first ends with the question", function()
      requests(digest)
      assert.equal("anna", attempt("digest", url("/SHA-256/closing")).answer.user)
      local first, second = unpack(requests(digest))
      assert.not_equal(first.connection, second.connection)
    end)

    it("gives up on who calls every nonce stale", function()
      failed("auth", "over and over", "digest", url("/MD5/always"))
    end)

    it("records the 401 of who is not convinced", function()
      local a = failed("http_status", "401", "digest_wrong", url("/MD5"))
      assert.is_false(a.answer.ok)
    end)

    it("records the 401 of who asks for something else", function()
      requests(digest)
      failed("http_status", "401", "digest", url("/basic"))
      assert.equal(1, #requests(digest))
    end)

    it("sends no body to who does not ask", function()
      requests(digest)
      failed("auth", "did not ask for the authentication", "digest", url("/open"))
      local first, more = unpack(requests(digest))
      assert.equal("", first.body)
      assert.is_nil(more)
    end)
  end)

  describe("ntlm", function()
    local function url(path) return "http://" .. ntlm.address .. path end

    it("makes a connection the user's, and keeps to it", function()
      local a = attempt("ntlm", url("/a"))
      assert.equal("anna", a.answer.user:lower():match("%a+$"), a.error)
      local opening, answer = unpack(requests(ntlm))
      assert.same({ 401, "" }, { opening.status, opening.body })
      assert.same({ 200, '{"text":"the body"}' }, { answer.status, answer.body })
      assert.is_nil(support.json.encode(a.response):find("X-Challenge", 1, true))

      local again = attempt("ntlm", url("/a"))
      assert.equal(a.answer.user, again.answer.user)
      assert.is_true(again.connection_reused)
      local only, more = unpack(requests(ntlm))
      assert.same({ answer.connection, nil, nil }, { only.connection, only.headers.Authorization, more })
    end)

    it("gives the connection to no other user, and to nobody without one", function()
      local anna = attempt("ntlm", url("/b"))
      local berta = attempt("ntlm_berta", url("/b"))
      assert.equal("berta", berta.answer.user:lower():match("%a+$"))
      assert.not_equal(anna.answer.user, berta.answer.user)
      failed("http_status", "401", "none", url("/b"))
      local users = {}
      for _, request in ipairs(requests(ntlm)) do
        local before = users[request.connection]
        assert.is_true(before == nil or before == request.user)
        users[request.connection] = request.user
      end
    end)

    it("records the 401 of who is not convinced", function()
      attempt("ntlm", url("/c"))
      failed("http_status", "401", "ntlm_wrong", url("/c"))
    end)

    it("sends no body to who does not ask", function()
      requests(ntlm)
      -- anna's connection is hers and needs no asking
      failed("auth", "did not ask for the authentication", "ntlm_wrong", url("/open"))
      for _, request in ipairs(requests(ntlm)) do assert.equal("", request.body) end
    end)
  end)

  describe("mtls", function()
    it("shows the certificate, each on connections of its own", function()
      local anna, berta = attempt("anna", judge .. "/"), attempt("berta", judge .. "/")
      assert.equal("CN=anna", anna.answer.subject, anna.error)
      assert.equal("CN=berta", berta.answer.subject, berta.error)
      assert.is_false(berta.connection_reused)
      local again = attempt("anna", judge .. "/")
      assert.same({ "CN=anna", anna.answer.connection }, { again.answer.subject, again.answer.connection })
      assert.is_true(again.connection_reused)
    end)

    it("takes an encrypted key, and a key beside its certificate", function()
      assert.equal("CN=anna", attempt("encrypted", judge .. "/").answer.subject)
      assert.equal("CN=anna", attempt("one_text", judge .. "/").answer.subject)
    end)

    it("fails with what cannot be applied, though the right one has a connection open", function()
      assert.equal("ok", attempt("anna", judge .. "/").outcome)
      assert.equal("ok", attempt("encrypted", judge .. "/").outcome)
      for _, connector in ipairs({ "wrong_key", "wrong_passphrase", "no_passphrase" }) do
        failed("auth", "the client certificate or its key cannot be used: ", connector, judge .. "/")
      end
      local a = failed("auth", "the client certificate is not PEM", "not_pem", judge .. "/")
      assert.is_nil(a.error:find(PASSPHRASE, 1, true))
    end)

    it("shows nothing on a connection that is not TLS, and so sends nothing", function()
      requests(digest)
      failed("auth", "want an https URL", "anna", "http://" .. digest.address .. "/open")
      assert.equal(0, #requests(digest))
    end)

    it("names a receiver that refuses what it is shown, or wants to be shown something", function()
      assert.equal("anna", attempt("anna", "https://" .. tls.address .. "/").answer.user)
      failed("tls", "alert", "carla", "https://" .. tls.address .. "/")
      failed("tls", "certificate", "none", "https://" .. tls.address .. "/")
      local a = failed("http_status", "400", "none", judge .. "/") -- nginx says it in HTTP
      assert.equal(400, a.response.status)
    end)

    it("judges the receiver by authorities of its own, and by no others", function()
      local there = elsewhere.url:gsub("^http:", "https:") .. "/ok"
      failed("tls", "certificate", "anna", there)
      assert.equal("ok", attempt("their_ca", there).outcome)
      failed("tls", "certificate", "anna", there)
      assert.equal("ok", attempt("anna", judge .. "/").outcome)
      failed("tls", "certificate", "their_ca", judge .. "/")
    end)
  end)

  describe("an authenticator of a script", function()
    local sink, other

    --- The request that it made of one, or the attempt that it made fail; `apply` is the body of the function.
    local function applied(apply)
      other = support.gateway({
        files = {
          ["gateway.lua"] = support.gateway_lua,
          ["connectors/own.lua"] = ([[
            return { retry = false, webhooks = { { on = "own", url = "%s/a?b=c" } }, headers = { ["X-Kept"] = "1" },
              authenticator = { apply = function(_, request) %s end } }]]):format(sink.url, apply),
        },
        env = { PERILUNE_SECRET_KEY = "the-key-itself" },
      })
      local before = #sink:requests()
      local answer = other:post("/v1/events", { type = "own", data = { n = 1 } }, { Prefer = "wait=20" })
      local recorded = other:delivery(answer.json.deliveries[1].id).attempts[1]
      assert.equal(0, other:stop())
      return recorded, sink:requests()[before + 1]
    end

    setup(function() sink = support.sink() end)

    it("reads headers, with what secrets gave masked, and removes them", function()
      local recorded, request = applied [[
        request:set_header("Authorization", "Key ", secret "KEY")
        local seen = request:headers()
        request:set_header("X-Seen", seen["x-kept"], " ", seen.authorization)
        request:remove_header("x-KEPT")
        request:remove_header("X-Never")]]
      assert.equal("ok", recorded.outcome, recorded.error)
      assert.equal("1 Key ***", request.headers["x-seen"])
      assert.equal("Key the-key-itself", request.headers.authorization)
      assert.is_nil(request.headers["x-kept"])
    end)

    it("adds cookies to those that are there", function()
      local recorded, request = applied [[
        request:add_cookie("a", "1")
        request:add_cookie("session", "v1.", secret "KEY")
        request:add_cookie("b", 2)]]
      assert.equal("a=1; session=v1.the-key-itself; b=2", request.headers.cookie)
      assert.matches("a=1; session=v1.***; b=2", support.json.encode(recorded.request), 1, true)
    end)

    it("makes the attempt fail as one that could not be authenticated, whatever it raises", function()
      for raised, text in pairs({
        ['error("no key today")'] = "no key today",
        ["error({})"] = "raised a table instead of a message",
        ["local key; request:set_header(key.name)"] = "attempt to index local 'key'",
      }) do
        local recorded, request = applied(raised)
        assert.equal("auth", recorded.outcome)
        assert.matches(text, recorded.error, 1, true)
        assert.is_nil(request)
      end
      assert.equal("url", applied([[error { class = "url", message = "nowhere" }]]).outcome)
    end)

    it("is told of a cookie that is none", function()
      local recorded = applied [[request:add_cookie("a", "b c")]]
      assert.equal("auth", recorded.outcome)
      assert.matches('connectors/own.lua:%d+: .*cannot stand in the cookie: "a"', recorded.error)
      local _, request = applied [[
        local refused = 0
        for _, value in ipairs({ "a b", "a;b", "a,b", 'a"b', "a\\b", "\195\164", "a\nb", "a\127", "a\0" }) do
          if not pcall(request.add_cookie, request, "a", value) then refused = refused + 1 end
        end
        if not pcall(request.add_cookie, request, "a b", "c") then refused = refused + 1 end
        request:set_header("X-Refused", refused)]]
      assert.equal("10", request.headers["x-refused"])
      assert.is_nil(request.headers.cookie)
    end)

    it("is told of credentials that cannot be sent", function()
      for call, text in pairs({
        ['set_ntlm("anna", "p\195\164ss")'] = "of ASCII only",
        ['set_digest("an:na", "x")'] = "cannot hold a colon",
        ['set_digest("", "x")'] = "the user name is empty",
        ['set_ca("/etc/ca.pem")'] = "the list of authorities is not PEM",
        ['set_client_certificate("-----BEGIN X-----", {})'] = "expected a text or a secret",
      }) do
        local recorded, request = applied("request:" .. call)
        assert.equal("auth", recorded.outcome)
        assert.matches("connectors/own.lua:%d+: ", recorded.error)
        assert.matches(text, recorded.error, 1, true)
        assert.is_nil(request)
      end
    end)
  end)

  it("none of it is shown", function()
    local key = support.read(ours .. "/anna.key"):match("\n([%w+/=]+)\n")
    local shown = gateway.process:errors() .. gateway.process:output()
    for _, row in ipairs(gateway:feed("limit=200")) do
      shown = shown .. gateway:get("/v1/deliveries/" .. row.id).body
    end
    assert.matches("the body", shown, 1, true)
    for _, value in ipairs({ "Pa55", PASSPHRASE, key }) do
      assert.is_nil(shown:find(value, 1, true), value)
    end
    assert.equal(0, gateway:stop())
  end)
end)
