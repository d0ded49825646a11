-- SPDX-License-Identifier: MIT

--- ctx.http in the real gateway, against real receivers on loopback.

local support = require("spec.support")

local ECHO = [[
  local function of(answer, failure)
    if not answer then return { class = failure.class, message = failure.message, text = tostring(failure) } end
    return { status = answer.status, ok = answer.ok, body = answer.body, kind = answer.headers["Content-Type"] }
  end
]]

describe("ctx.http", function()
  local gateway, sink, peer

  --- What a body function gives that runs these lines.
  local function run(lines, arguments)
    local folder = support.write(support.folder(), {
      ["gateway.lua"] = support.gateway_lua,
      ["connectors/a.lua"] = ECHO .. ([[
        local SINK, PEER, CLOSED = %q, %q, %q
        return { base_url = SINK, timeout = 10, webhooks = { { id = "w", url = "/main", body = function(ctx, values)
          %s
        end } } }]]):format(sink.url, peer.url, "http://127.0.0.1:" .. support.closed_port(), lines),
    })
    local command = { support.binary, "try", "--dry-run" }
    for _, argument in ipairs(arguments or {}) do command[#command + 1] = argument end
    for _, word in ipairs { folder, "a", "w" } do command[#command + 1] = word end
    local _, output, errors = support.run(command, { PERILUNE_SECRET_KEY = "s3cr3t-value/+ x" })
    local shown = support.json.decode(output ~= "" and output or error(errors))
    if type(shown.error) == "string" then return nil, shown.error end
    return support.json.decode(shown.request.body), shown
  end

  setup(function()
    sink = support.sink()
    peer = support.faulty_peer()
  end)

  teardown(function() support.finish() end)

  it("is misused at a line of the script, also where that line hands it on", function()
    for lines, expected in pairs {
      ["local answer = ctx.http.get { url = {} } return answer"] = "'url' must not be empty",
      ["local text = url.query { a = false } return text"] = "expected a text, a number or a secret",
      ["return ctx.http.get { url = {} }"] = "'url' must not be empty",
      ["return conceal({})"] = "expected a text, a number or a secret",
      ["local t = {} for i = 1, 21 do t[i] = { url = SINK } end return ctx.http.all(t)"] = "more than 20 HTTP requests",
    } do
      local _, message = run(lines)
      assert.matches("connectors/a.lua:%d+: ", message)
      assert.matches(expected, message, 1, true)
      assert.not_matches("perilune/", message)
    end
  end)

  it("sends and waits for the answer", function()
    local answer = run [[
      local answer = assert(ctx.http.post { url = SINK .. "/x?a=1", params = { b = "ä &", c = 2 },
        headers = { ["X-One"] = "1", ["X-Parts"] = { "k=", secret "KEY" } }, json = { n = 1, list = json.array {} } })
      return { status = answer.status, ok = answer.ok, json = answer:json() }]]
    assert.equal(200, answer.status)
    assert.is_true(answer.ok)
    assert.equal("table", type(answer.json))
    local requests = sink:requests()
    local request = requests[#requests]
    assert.equal("POST", request.method)
    assert.equal("/x", request.path)
    assert.equal("a=1&b=%C3%A4+%26&c=2", request.query)
    assert.equal("k=s3cr3t-value/+ x", request.headers["x-parts"])
    assert.equal("application/json", request.headers["content-type"])
    assert.equal('{"list":[],"n":1}', request.body)
  end)

  it("keeps secrets closed in forms, basic and bearer", function()
    run [[
      ctx.http.post { url = SINK .. "/form", form = { id = "a b", secret = secret "KEY" }, basic = { "user", secret "KEY" } }
      ctx.http.get { url = SINK .. "/bearer", bearer = secret "KEY" }
      return {}]]
    local requests = sink:requests()
    local form, bearer = requests[#requests - 1], requests[#requests]
    assert.equal("id=a+b&secret=s3cr3t-value%2F%2B+x", form.body)
    assert.equal("Basic " .. require("mime").b64("user:s3cr3t-value/+ x"), form.headers.authorization)
    assert.equal("Bearer s3cr3t-value/+ x", bearer.headers.authorization)
    assert.equal("GET", bearer.method)
  end)

  it("gives a failure with a class where no answer came", function()
    local answer = run [[ return { of(ctx.http.get { url = CLOSED .. "/" }) } ]]
    assert.equal("connect", answer[1].class)
    assert.equal("connect: " .. answer[1].message, answer[1].text)
    assert.equal("url", run([[ return { of(ctx.http.get { url = "ftp://x/" }) } ]])[1].class)
  end)

  it("asks the egress guard", function()
    local folder = support.write(support.folder(), {
      ["gateway.lua"] = "return {}",
      ["connectors/a.lua"] = ([[return { webhooks = { { id = "w", url = "http://a.example/", body = function(ctx)
        local _, failure = ctx.http.get { url = %q }
        return { class = failure.class }
      end } } }]]):format(sink.url),
    })
    local before = sink:count()
    local _, output = support.run { support.binary, "try", "--dry-run", folder, "a", "w" }
    assert.equal('{"class":"egress"}', support.json.decode(output).request.body)
    assert.equal(before, sink:count())
  end)

  it("sends nothing that is not https where gateway.lua requires it, and neither do webhooks", function()
    gateway = support.gateway { files = {
      ["gateway.lua"] = 'return { require_https = true, egress = { allow = { "127.0.0.1" } } }',
      ["connectors/a.lua"] = ([[return { retry = false, webhooks = {
        { id = "script", url = "https://a.example/", body = function(ctx)
          local _, failure = ctx.http.get { url = { %q, secret "KEY" } }
          error(tostring(failure))
        end },
        { id = "webhook", url = function() return %q end },
        { id = "hook", url = "https://a.example/", hooks = { { before_send = function(ctx, request)
          request:set_url(%q)
        end } } },
      } }]]):format(sink.url .. "/", sink.url, sink.url),
    }, env = { PERILUNE_SECRET_KEY = "s3cr3t" } }
    local before, message = sink:count(), "the URL is not https, which gateway.lua requires (require_https)"
    local answer = gateway:post("/v1/calls/a/script", "{}")
    assert.matches("url: " .. message, answer.json.detail, 1, true)
    for _, webhook in ipairs { "webhook", "hook" } do
      answer = gateway:post("/v1/calls/a/" .. webhook, "{}")
      assert.equal("urn:perilune:url", answer.json.type, answer.body)
      assert.equal(message, answer.json.detail)
    end
    assert.equal(before, sink:count())
    assert.equal(0, gateway:stop())
  end)

  it("sends all at once", function()
    local answer = run [[
      local answers = ctx.http.all { { url = SINK .. "/1" }, { url = CLOSED }, { method = "PUT", url = SINK .. "/3", body = "x" } }
      return { #answers, answers[1].ok, answers[2].ok, answers[2].class, answers[3].status } ]]
    assert.same({ 3, true, false, "connect", 200 }, answer)
  end)

  it("has a deadline, which follows the time-out of the request", function()
    local folder = support.write(support.folder(), {
      ["gateway.lua"] = support.gateway_lua,
      ["connectors/a.lua"] = ([[return { timeout = 5, authenticator = { apply = function(ctx, request)
          local before = ctx.deadline - ctx.now
          request:set_timeout(60)
          request:set_header("X-Seconds", ("%%.0f %%.0f"):format(before, ctx.deadline - ctx.now))
        end }, webhooks = { { id = "w", url = %q } } }]]):format(sink.url),
    })
    local _, output = support.run { support.binary, "try", folder, "a", "w" }
    assert.equal(200, support.json.decode(output).response.status)
    local requests = sink:requests()
    assert.equal("5 60", requests[#requests].headers["x-seconds"])
  end)

  it("stands in the trace of the attempt, without its secrets", function()
    local _, shown = run [[
      ctx.trace("asks", { sku = 7 })
      ctx.http.get { url = SINK .. "/price", params = { key = secret "KEY" } }
      ctx.http.get { url = CLOSED }
      return {}]]
    local note, asked, failed = unpack(shown.trace)
    assert.same({ "trace", "asks", { sku = 7 } }, { note.kind, note.message, note.fields })
    assert.same({ "http", "GET", sink.url .. "/price?key=***", 200, "render" },
      { asked.kind, asked.method, asked.url, asked.status, asked.stage })
    assert.same({ "connect", support.json.null }, { failed.error, failed.status })
  end)

  it("says what is wrong with a request, and where", function()
    for lines, message in pairs {
      ["ctx.http.get {}"] = "connectors/a.lua:7: ctx.http.get: 'url' is missing",
      ["ctx.http.get { url = SINK, haeders = {} }"] = "ctx.http.get: unknown key 'haeders', did you mean 'headers'?",
      ["ctx.http.post { url = SINK, json = {}, body = '' }"] = "ctx.http.post: only one of 'body', 'json' and 'form'",
      ["ctx.http.get { url = SINK, headers = { Connection = 'x' } }"] = "the header 'Connection' cannot be set",
      ["ctx.http.get(SINK)"] = "ctx.http.get wants a table",
      ["ctx.http.post { url = SINK, json = { f = of } }"] = 'json: a function cannot be written as JSON at "/f"',
      ["ctx.http.all { { url = SINK }, {} }"] = "ctx.http.all: request 2: 'url' is missing",
      ["('x'):gsub('x', function() ctx.http.get { url = SINK } end)"] =
        "an HTTP request does not work in a function that string.gsub",
      ["for i = 1, 21 do ctx.http.get { url = SINK } end"] =
        "more than 20 HTTP requests in one call of a script (limits.script_requests)",
    } do
      local _, failure = run(lines .. " return {}")
      assert.matches(message, failure, 1, true)
    end
  end)

  it("ends with its attempt: what it has begun is cancelled", function()
    local peer_url = peer.url
    gateway = support.gateway { files = {
      ["gateway.lua"] = support.gateway_lua,
      ["connectors/a.lua"] = ([[return { base_url = %q, timeout = 0.3, webhooks = {
        { id = "hangs", url = "/ok", body = function(ctx) ctx.http.get { url = %q .. "/hang" } return {} end },
        { id = "fine", url = "/ok", method = "GET" },
      } }]]):format(sink.url, peer_url),
    } }
    for _ = 1, 5 do
      local answer = gateway:post("/v1/calls/a/hangs", "{}")
      assert.equal(504, answer.status)
      assert.matches("a script waited longer", answer.body, 1, true)
    end
    assert.equal(200, gateway:post("/v1/calls/a/fine", "{}").status)
    assert.equal(0, gateway:metric("perilune_client_transfers_in_flight"))
  end)
end)
