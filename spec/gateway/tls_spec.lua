-- SPDX-License-Identifier: MIT
local support = require("spec.support")
local certificates = require("spec.support.certificates")
local http = support.http

describe("TLS of the listener", function()
  local folder, gateway, port

  setup(function()
    folder = certificates.make(support.folder())
    certificates.client(folder, "partner", "subjectAltName=DNS:partner.example,IP:192.0.2.7,URI:urn:partner:1")
    certificates.client(folder, "visitor")
    gateway = support.gateway({
      files = { ["gateway.lua"] = "return {}" },
      arguments = { "--tls-certificate", folder .. "/good.pem", "--tls-key", folder .. "/good.key",
        "--timeouts-header", "1", "--log-level", "debug", "--workers", "2" },
    })
    port = gateway.address:match("%d+$")
  end)

  teardown(function() support.finish() end)

  local function curl(arguments, at)
    local code, output, errors = support.run({ "sh", "-c",
      ("curl -sS --cacert '%s/ca.pem' %s https://127.0.0.1:%s/healthz"):format(folder, arguments, at or port) })
    return code, output, errors
  end

  --- What `openssl s_client` says, with `input` on its standard input.
  local function s_client(arguments, input, at)
    local _, output, errors = support.run({ "sh", "-c",
      ("printf '%%b' '%s' | timeout 20 openssl s_client -connect 127.0.0.1:%s -CAfile '%s/ca.pem' %s"):format(
        input or "", at or port, folder, arguments) })
    return output .. errors
  end

  local function metric(at, name)
    local _, text = support.run({ "curl", "-sS", "--cacert", folder .. "/ca.pem",
      "https://127.0.0.1:" .. at .. "/metrics" })
    return tonumber(("\n" .. text):match("\n" .. name .. " ([^\n]+)"))
  end

  it("is spoken with curl, which verifies the certificate", function()
    local code, output = curl("")
    assert.equal(0, code)
    assert.matches('"status":"ok"', output, 1, true)
    assert.equal(60, (curl("--cacert /etc/ssl/certs/ca-certificates.crt"))) -- it is the spec's authority that signed
  end)

  it("is TLS 1.2 or 1.3, and nothing older", function()
    for version, name in pairs({ ["-tls1_2"] = "TLSv1.2", ["-tls1_3"] = "TLSv1.3" }) do
      assert.matches("New, " .. name, s_client(version), 1, true)
    end
    local before = metric(port, "perilune_server_tls_handshakes_failed_total")
    assert.matches("alert protocol version", s_client("-tls1_1 -cipher DEFAULT@SECLEVEL=0"), 1, true)
    assert.matches("alert protocol version", s_client("-tls1 -cipher DEFAULT@SECLEVEL=0"), 1, true)
    assert.equal(before + 2, metric(port, "perilune_server_tls_handshakes_failed_total"))
    assert.matches("a TLS handshake failed", gateway.process:errors(), 1, true)
  end)

  it("has suites with forward secrecy and authenticated encryption only", function()
    for _, suite in ipairs({ "AES128-GCM-SHA256", "ECDHE-RSA-AES128-SHA256", "ECDHE-RSA-AES128-SHA" }) do
      assert.matches("alert handshake failure", s_client("-tls1_2 -cipher " .. suite), 1, true)
    end
    assert.matches("Cipher is ECDHE%-RSA%-AES", s_client("-tls1_2"))
  end)

  it("is for http/1.1: other protocols alone are refused", function()
    assert.matches("ALPN protocol: http/1.1", s_client("-alpn h2,http/1.1"), 1, true)
    assert.matches("no application protocol", s_client("-alpn h2"), 1, true)
  end)

  it("resumes a session, and does not renegotiate one", function()
    local code, output = support.run({ "sh", "-c", ("openssl s_client -connect 127.0.0.1:%s -CAfile %s/ca.pem -tls1_2 "
      .. "-sess_out %s/session </dev/null; openssl s_client -connect 127.0.0.1:%s -CAfile %s/ca.pem -tls1_2 "
      .. "-sess_in %s/session </dev/null"):format(port, folder, folder, port, folder, folder) })
    assert.equal(0, code)
    assert.matches("Reused, TLSv1.2", output, 1, true)
    local answer = s_client("-tls1_2 -crlf", "R\\n")
    assert.matches("no renegotiation", answer, 1, true)
  end)

  it("tells who speaks plain HTTP so, in plain HTTP", function()
    local answer = http.raw(gateway.address, "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert.equal(400, answer.status)
    assert.equal("only https is spoken here.\n", answer.body)
  end)

  it("ends with whoever says nothing, or no more, in the handshake", function()
    local silent, half = http.connect(gateway.address), http.connect(gateway.address)
    half:send("\22\3\1\2\0\1\0\1")
    for _, connection in ipairs({ silent, half }) do
      local nothing, why = connection:receive(1)
      assert.is_nil(nothing)
      assert.equal("closed", why)
      connection:close()
    end
    assert.equal(0, (curl("")))
  end)

  it("ends with garbage, at once", function()
    local connection = http.connect(gateway.address)
    connection:send(("\255"):rep(1000))
    connection:receive("*a")
    connection:close()
    assert.equal(0, (curl("")))
  end)

  it("is spoken by `perilune feed`, which verifies the certificate", function()
    local feed = { support.binary, "feed", "--url", "https://127.0.0.1:" .. port }
    assert.equal(0, (support.run(feed, { SSL_CERT_FILE = folder .. "/ca.pem" })))
    local code, _, errors = support.run(feed)
    assert.not_equal(0, code)
    assert.matches("certificate", errors, 1, true)
  end)

  it("says farewell: a client knows that the answer is whole", function()
    -- without close_notify s_client reports an unexpected end of file
    local said = s_client("-quiet -ign_eof", "GET /healthz HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n")
    assert.matches("HTTP/1.1 200 OK", said, 1, true)
    assert.is_nil(said:find("unexpected eof", 1, true))
  end)

  it("refuses what cannot be: exit code 3, and which file it is", function()
    os.execute(("cd '%s' && cp good.pem cut.pem && head -c 300 good.pem >cut.pem && : >empty.pem"):format(folder))
    certificates.encrypt(folder, "good.key", "locked.key", "swordfish")
    for _, case in ipairs({
      { { "--tls-certificate", "good.pem" }, "tls.certificate is set without tls.key" },
      { { "--tls-key", "good.key" }, "tls.key is set without tls.certificate" },
      { { "--tls-client-ca", "ca.pem" }, "tls.client_ca is set without tls.certificate and tls.key" },
      { { "--tls-certificate", "none.pem", "--tls-key", "good.key" }, "none.pem: No such file" },
      { { "--tls-certificate", "good.pem", "--tls-key", "none.key" }, "none.key: No such file" },
      { { "--tls-certificate", "empty.pem", "--tls-key", "good.key" }, "empty.pem: there is nothing of the kind in it" },
      { { "--tls-certificate", "cut.pem", "--tls-key", "good.key" }, "cut.pem: " },
      { { "--tls-certificate", "good.pem", "--tls-key", "other.key" }, "other.key: it is not the key of tls.certificate" },
      { { "--tls-certificate", "good.pem", "--tls-key", "locked.key" }, "locked.key: it is encrypted" },
      { { "--tls-certificate", "good.pem", "--tls-key", "good.key", "--tls-client-ca", "empty.pem" }, "tls.client_ca: " },
    }) do
      local arguments = { support.binary, "run", "--listen", "127.0.0.1:0" }
      for _, argument in ipairs(case[1]) do arguments[#arguments + 1] = argument end
      arguments[#arguments + 1] = support.write(folder, { ["gateway.lua"] = "return {}" })
      local code, _, errors = support.run(arguments)
      assert.equal(3, code, errors)
      assert.matches(case[2], errors, 1, true)
    end
  end)

  describe("with certificates of clients", function()
    local function strict(mode)
      local g = support.gateway({
        files = { ["gateway.lua"] = "return {}" },
        arguments = { "--tls-certificate", folder .. "/good.pem", "--tls-key", folder .. "/good.key",
          "--tls-client-ca", folder .. "/ca.pem", "--tls-client", mode },
      })
      return g, g.address:match("%d+$")
    end

    local function pair(name)
      return ("--cert '%s/%s.pem' --key '%s/%s.key'"):format(folder, name, folder, name)
    end

    --- Status and body of a request.
    local function ask(at, who, arguments)
      local _, output = support.run({ "sh", "-c", ("curl -sS --cacert '%s/ca.pem' %s -w '\\n%%{http_code}' %s"):format(
        folder, who and pair(who) or "", arguments:gsub("AT", "https://127.0.0.1:" .. at)) })
      local body, status = output:match("^(.*)\n(%d+)$")
      return tonumber(status), body
    end

    local function openssl(arguments)
      local _, output = support.run({ "sh", "-c", ("openssl x509 -in '%s/partner.pem' -noout %s"):format(folder, arguments) })
      return (output:match("=(.*)\n$"))
    end

    it("scripts see what the certificate says", function()
      local g = support.gateway({
        files = { ["gateway.lua"] = [[return { sources = { who = {
          verify = function(_, inbound)
            local c = inbound:certificate()
            return c ~= nil and c.subject == "CN=partner" or false
          end,
          source = function(_, inbound) return nil, { body = inbound:certificate() } end,
        } } }]] },
        arguments = { "--tls-certificate", folder .. "/good.pem", "--tls-key", folder .. "/good.key",
          "--tls-client-ca", folder .. "/ca.pem", "--tls-client", "optional" },
      })
      local at = g.address:match("%d+$")
      for _, version in ipairs({ "--tls-max 1.2", "--tlsv1.3" }) do
        local status, body = ask(at, "partner", version .. " -d '{}' AT/v1/sources/who")
        assert.equal(200, status)
        assert.same({
          subject = "CN=partner", issuer = "CN=Spec authority", serial = openssl("-serial"),
          sha256 = openssl("-fingerprint -sha256"):gsub(":", ""):lower(),
          san = { "DNS:partner.example", "IP:192.0.2.7", "URI:urn:partner:1" },
        }, support.json.decode(body))
        assert.equal(401, (ask(at, "visitor", version .. " -d '{}' AT/v1/sources/who")))
        assert.equal(401, (ask(at, nil, version .. " -d '{}' AT/v1/sources/who")))
      end
      assert.equal(0, g:stop())
    end)

    it("a token may count beside one certificate only", function()
      local fingerprint = openssl("-fingerprint -sha256"):gsub(":", "")
      local g = support.gateway({
        files = { ["gateway.lua"] = ([[return { tokens = { admin = "root",
          { name = "by-subject", scope = "ingest", token = "t-subject", certificate = "CN=partner" },
          { name = "by-hash", scope = "admin", token = "t-hash", certificate = "%s" },
          { name = "nobody", scope = "ingest", token = "t-nobody", certificate = "CN=partner,O=Acme %% Sons" },
        } }]]):format(fingerprint) },
        token = "root",
        arguments = { "--tls-certificate", folder .. "/good.pem", "--tls-key", folder .. "/good.key",
          "--tls-client-ca", folder .. "/ca.pem", "--tls-client", "optional" },
      })
      local at = g.address:match("%d+$")
      local function post(who, token)
        return ask(at, who, ([[-d '{"type":"x"}' -H 'Content-Type: application/json' -H 'Authorization: Bearer %s' AT/v1/events]])
          :format(token))
      end
      for _, token in ipairs({ "t-subject", "t-hash" }) do
        assert.equal(202, (post("partner", token)))
        for _, who in ipairs({ "visitor", false }) do
          local status, body = post(who, token)
          assert.equal(403, status)
          assert.matches("urn:perilune:certificate", body, 1, true)
        end
      end
      assert.equal(403, (post("partner", "t-nobody")))
      assert.equal(202, (post(nil, "root")))
      assert.equal(200, (ask(at, "partner", "-H 'Authorization: Bearer t-hash' AT/v1/deliveries")))
      assert.equal(0, g:stop())
    end)

    it("a token for a certificate is a mistake where clients are not asked for any", function()
      local code, _, errors = support.run({ support.binary, "run", "--listen", "127.0.0.1:0", support.write(support.folder(), {
        ["gateway.lua"] = [[return { tokens = { { name = "a", scope = "admin", token = "t", certificate = "CN=a" } } }]],
      }) })
      assert.equal(3, code, errors)
      assert.matches("the token 'a': 'certificate': without tls.client_ca no client shows one", errors, 1, true)
    end)

    for _, mode in ipairs({ "required", "optional" }) do
      it(mode .. ": one of the authority is taken, one of nobody is not", function()
        local g, at = strict(mode)
        for _, version in ipairs({ "--tls-max 1.2", "--tlsv1.3" }) do
          assert.equal(0, (curl(pair("partner") .. " " .. version, at)))
          assert.not_equal(0, (curl(pair("self") .. " " .. version, at)))
          assert.not_equal(0, (curl(pair("expired") .. " " .. version, at)))
          local code = curl(version, at)
          if mode == "optional" then assert.equal(0, code) else assert.not_equal(0, code) end
        end
        assert.matches("Acceptable client certificate CA names", s_client("-tls1_2", "", at), 1, true)
        assert.equal(0, g:stop())
      end)
    end
  end)

  describe("when the files change", function()
    local function serial(at)
      local _, output = support.run({ "sh", "-c",
        ("openssl s_client -connect 127.0.0.1:%s </dev/null 2>/dev/null | openssl x509 -noout -serial"):format(at) })
      return output
    end

    it("takes the new pair for new connections, and keeps the others, under load", function()
      local live = support.folder()
      os.execute(("cp '%s/good.pem' '%s/good.key' '%s'"):format(folder, folder, live))
      local g = support.gateway({
        files = { ["gateway.lua"] = "return {}" },
        arguments = { "--tls-certificate", live .. "/good.pem", "--tls-key", live .. "/good.key" },
      })
      local at = g.address:match("%d+$")
      local first, expires = serial(at), metric(at, "perilune_server_tls_certificate_expires_seconds")
      local load = support.start({ "python3", "spec/support/tls_load.py", at, folder .. "/ca.pem" })
      support.eventually("the load runs", function() return load:output():match("ready") end)

      os.execute(("cd '%s' && openssl req -newkey rsa:2048 -nodes -keyout next.key -out next.csr -subj /CN=next 2>/dev/null && "
        .. "printf 'subjectAltName=IP:127.0.0.1' >next.ext && openssl ca -batch -config ca.conf -cert ca.pem -keyfile ca.key "
        .. "-in next.csr -out next.pem -notext -extfile next.ext -days 60 2>/dev/null"):format(folder))
      os.execute(("cp '%s/next.pem' '%s/good.pem'"):format(folder, live))
      support.eventually("a certificate without its key is not taken", function()
        return g.process:errors():find("it is not the key of tls.certificate", 1, true)
      end)
      assert.equal(first, serial(at))
      os.execute(("cp '%s/next.key' '%s/good.key'"):format(folder, live))
      support.eventually("the new pair is in use", function() return serial(at) ~= first end)
      assert.is_true(metric(at, "perilune_server_tls_certificate_expires_seconds") > expires)

      load:signal("TERM")
      assert.equal(0, load:wait())
      local requests, failures = load:output():match("requests (%d+) failures (%d+)")
      assert.is_true(tonumber(requests) > 100)
      assert.equal("0", failures)
      assert.equal(0, g:stop())
    end)
  end)
end)
