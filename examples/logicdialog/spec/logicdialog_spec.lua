-- SPDX-License-Identifier: MIT
local support = require("spec.support")
local example = require("spec.support.example")

local KEY = "the key of the bots"

local function event(name)
  return example.event("logicdialog", name)
end

describe("logicdialog", function()
  teardown(support.finish)

  local certificates, port, receiver

  setup(function()
    certificates = support.folder()
    assert.equal(0, (support.run({ "examples/logicdialog/certificates", certificates })))
    port = example.free_port()
    receiver = support.start({ "python3", "examples/logicdialog/receiver.py", certificates .. "/receiver.pem",
      certificates .. "/receiver.key", port }, { WEBHOOK_KEY = KEY })
    example.await_port(port, "the receiver")
  end)

  --- What the receiver got so far.
  local function requests()
    local list = {}
    for line in receiver:output():gmatch("([^\n]*)\n") do
      list[#list + 1] = support.json.decode(line)
    end
    return list
  end

  local function token_of(request)
    return request.headers.Authorization:match("^Bearer (%S+)$")
  end

  --- What the receiver answers to somebody who has the headers of a request, and this body.
  local function post_to_receiver(request, body)
    local file = support.write(support.folder(), { body = body }) .. "/body"
    local arguments = { "curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", certificates .. "/ca.pem",
      "--data-binary", "@" .. file, ("https://localhost:%s%s"):format(port, request.path) }
    for _, header in ipairs({ request.headers.Authorization }) do
      arguments[#arguments + 1] = "-H"
      arguments[#arguments + 1] = "Authorization: " .. header
    end
    local _, status, errors = support.run(arguments)
    return tonumber(status) or error(errors)
  end

  local function start(options)
    options = options or {}
    return support.gateway({ folder = options.folder or "examples/logicdialog", env = {
      PERILUNE_SECRET_WEBHOOK_KEY = options.key or KEY,
      PERILUNE_VAR_RECEIVER_PORT = options.port or port,
      PERILUNE_VAR_CA_FILE = options.ca_file or certificates .. "/ca.pem",
    } })
  end

  describe("a conversation", function()
    local gateway

    setup(function() gateway = start() end)

    it("waits at a form, and goes on with the information of the answer", function()
      local answer = gateway:post("/v1/calls/support-bot/form", event("call-form"))
      assert.equal(200, answer.status)
      assert.is_true(answer.json.ok)
      assert.equal(201, answer.json.status)
      assert.same({ reference = "FR-17", title = "Dark mode" }, answer.json.variables)
    end)

    it("posts what the form collected, with the handler-name, to the URL of the bot", function()
      local request = requests()[1]
      assert.equal("/bots/support", request.path)
      assert.equal("application/json", request.headers["Content-Type"])
      assert.equal('{\n  "handler-name": "submit-feature-request",\n  "conversation": "c-2041",\n'
        .. '  "values": {"title":"Dark mode","email":"ida@acme.example","priority":2}\n}', request.body)
    end)

    it("lets the receiver validate where the request comes from", function()
      local input = support.write(support.folder(), { case = support.json.encode({ ["do"] = "decode",
        algorithm = "HS256", key = KEY, token = token_of(requests()[1]), issuer = "logicdialog" }) .. "\n" }) .. "/case"
      local _, output = support.run({ "/usr/bin/python3", "spec/support/jwt_oracle.py" }, nil, input)
      assert.equal("support-bot", support.json.decode(output).claims.sub, output)
    end)

    it("waits at a function block: another handler-name, another handler, the same URL", function()
      local answer = gateway:post("/v1/calls/support-bot/function", event("call-function"))
      assert.is_true(answer.json.ok)
      assert.same({ status = "planned", votes = 12 }, answer.json.variables)
      local request = requests()[2]
      assert.equal("/bots/support", request.path)
      assert.equal('{\n  "handler-name": "request-status",\n  "conversation": "c-2041",\n  "values": {"reference":"FR-17"}\n}',
        request.body)
    end)

    it("has another URL in another bot", function()
      assert.is_true(gateway:post("/v1/calls/sales-bot/function", event("call-function")).json.ok)
      assert.equal("/bots/sales", requests()[3].path)
    end)

    it("hears of an error of the API, with what the API said", function()
      local answer = gateway:post("/v1/calls/support-bot/function",
        { data = { ["handler-name"] = "request-status", values = { reference = "FR-99" } } })
      assert.equal(200, answer.status)
      assert.is_false(answer.json.ok)
      assert.equal(404, answer.json.status)
      assert.equal("http_status", answer.json.outcome)
      assert.same({ message = "There is no request FR-99" }, answer.json.variables)
    end)

    it("hears of a handler that is not registered", function()
      local answer = gateway:post("/v1/calls/support-bot/function",
        { data = { ["handler-name"] = "make-coffee", values = {} } })
      assert.is_false(answer.json.ok)
      assert.same({ message = "No handler make-coffee" }, answer.json.variables)
    end)

    it("hears of an answer that is not valid information", function()
      local answer = gateway:post("/v1/calls/support-bot/function",
        { data = { ["handler-name"] = "forgetful", values = {} } })
      assert.same({}, answer.json.variables)
      assert.equal("mapper: examples/logicdialog/mappers/information.lua:"
        .. example.line("examples/logicdialog/mappers/information.lua", "error(")
        .. ": the answer has no object 'information'", answer.json.error)
    end)

    it("does not wait for a form that is sent as an event: one bot's, and no other's", function()
      local before = #requests()
      local answer = gateway:post("/v1/events", event("form"))
      assert.equal(202, answer.status)
      assert.equal(1, #answer.json.deliveries)
      assert.equal("support-bot", answer.json.deliveries[1].connector)
      local row = gateway:wait_feed("kind=delivery&state=delivered", 1)[1]
      assert.equal(201, row.status)
      assert.same({ reference = "FR-17", title = "Dark mode" }, gateway:delivery(row.id).attempts[1].variables)
      assert.equal(before + 1, #requests())
    end)

    it("lets the receiver see that what was collected is what arrives", function()
      local request = requests()[1]
      assert.equal(201, post_to_receiver(request, request.body))
      assert.equal(401, post_to_receiver(request, (request.body:gsub("Dark", "Pink"))))
      assert.equal(401, post_to_receiver({ path = request.path, headers = { Authorization = "Bearer x" } }, request.body))
      assert.equal(401, post_to_receiver({ path = request.path, headers = {} }, request.body))
    end)

    it("is recorded in the feed, calls included, without key or token", function()
      local rows = gateway:wait_feed("kind=call&connector=support-bot", 4)
      assert.equal("form", rows[#rows].webhook)
      local detail = gateway:get("/v1/deliveries/" .. rows[#rows].id)
      assert.is_nil(detail.body:find(KEY, 1, true))
      assert.is_nil(detail.body:find(token_of(requests()[1]):match("^[^.]+"), 1, true))
      assert.truthy(detail.json.attempts[1].timings.tls_ms > 0)
    end)
  end)

  it("is refused by a receiver that expects another key", function()
    local answer = start({ key = "somebody-elses" }):post("/v1/calls/support-bot/form", event("call-form"))
    assert.is_false(answer.json.ok)
    assert.equal(401, answer.json.status)
    assert.same({ message = "This request is not from the bot" }, answer.json.variables)
  end)

  it("does not talk to a receiver whose certificate it cannot verify", function()
    local other = support.folder()
    assert.equal(0, (support.run({ "examples/logicdialog/certificates", other })))
    local before = #requests()
    local answer = start({ ca_file = other .. "/ca.pem" }):post("/v1/calls/support-bot/form", event("call-form"))
    assert.equal(502, answer.status)
    assert.equal("urn:perilune:tls", answer.json.type)
    assert.equal(before, #requests())
  end)

  it("fails with the reason when the API is not there", function()
    local answer = start({ port = example.free_port() }):post("/v1/calls/support-bot/form", event("call-form"))
    assert.equal(502, answer.status)
    assert.equal("urn:perilune:connect", answer.json.type)
  end)

  it("refuses a folder with a URL that is not https, or a bot without an authenticator", function()
    local env = { PERILUNE_SECRET_WEBHOOK_KEY = KEY, PERILUNE_VAR_CA_FILE = certificates .. "/ca.pem" }
    assert.equal(0, (example.check("examples/logicdialog", env)))
    local file = "connectors/sales-bot.lua"
    local folder = example.copy("logicdialog", { [file] = {
      { '"https://localhost:"', '"http://localhost:"' }, { '  authenticator = "origin",\n', "" },
    } })
    local path = folder .. "/" .. file
    local code, lines = example.check(folder, env)
    assert.equal(3, code)
    local not_https = "the URL is not https, which gateway.lua requires (require_https)"
    assert.same({
      ("%s:%d: the connector has no authenticator, which gateway.lua requires (require_authenticator)"):format(path,
        example.line(path, "return {")),
      ("%s:%d: %s"):format(path, example.line(path, 'on = "function"'), not_https),
      ("%s:%d: %s"):format(path, example.line(path, 'on = "form"'), not_https),
    }, lines)
  end)

  it("refuses a second webhook for the same kind of block", function()
    local file = "connectors/sales-bot.lua"
    local folder = example.copy("logicdialog", { [file] = { { 'on = "form"', 'on = "function"' } } })
    local path = folder .. "/" .. file
    local line = example.line(path, 'on = "function"')
    local _, lines = example.check(folder, {
      PERILUNE_SECRET_WEBHOOK_KEY = KEY, PERILUNE_VAR_CA_FILE = certificates .. "/ca.pem",
    })
    assert.same({ ("%s:%d: the trigger 'function' is used twice; first in line %d"):format(path, line + 1, line) }, lines)
  end)

  it("does what its README says", function()
    local outputs = example.readme("logicdialog", {
      ports = { RECEIVER_PORT = "9443" }, scratch = "/tmp/logicdialog",
      env = { PERILUNE_VAR_CA_FILE = "/tmp/logicdialog/ca.pem" },
    })
    assert.truthy(outputs["build/perilune feed"]:find("support-bot", 1, true))
  end)
end)
