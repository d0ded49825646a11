-- SPDX-License-Identifier: MIT
local support = require("spec.support")
local http, json, process = support.http, support.json, support.process

local SUBCOMMANDS = { "run", "check", "try", "render", "feed", "replay", "sink", "store", "version", "webhook" }

local function perilune(...)
  return support.run({ support.binary, ... })
end

local function lines_of(text)
  local lines = {}
  for line in text:gmatch("[^\n]+") do lines[#lines + 1] = line end
  return lines
end

describe("perilune", function()
  teardown(function() support.finish() end)

  it("alone, or with a subcommand that is none, is a mistake of usage: exit code 2", function()
    local code, output, errors = perilune()
    assert.equal(2, code)
    assert.equal("", output)
    assert.matches("Usage: perilune SUBCOMMAND", errors, 1, true)
    code, output, errors = perilune("fly")
    assert.equal(2, code)
    assert.equal("", output)
    assert.matches("there is no subcommand 'fly'", errors, 1, true)
  end)

  it("--help names every subcommand", function()
    local code, output = perilune("--help")
    assert.equal(0, code)
    for _, name in ipairs(SUBCOMMANDS) do assert.matches("\n  " .. name .. " ", output, 1, true) end
  end)

  it("version and --version print it", function()
    local version = support.read("CMakeLists.txt"):match("project%(perilune VERSION ([%d.]+)")
    for _, argument in ipairs({ "version", "--version" }) do
      local code, output = perilune(argument)
      assert.equal(0, code)
      assert.equal("perilune " .. version .. "\n", output)
    end
  end)

  for _, name in ipairs(SUBCOMMANDS) do
    it(name .. " --help explains it", function()
      local code, output, errors = perilune(name, "--help")
      assert.equal(0, code)
      assert.equal("", errors)
      assert.matches("^Usage: perilune " .. name, output)
      assert.matches("\n  --help ", output, 1, true)
    end)

    it(name .. " refuses an option that it does not know with exit code 2", function()
      local code, _, errors = perilune(name, "--no-such-option")
      assert.equal(2, code)
      assert.matches("Usage: perilune " .. name, errors, 1, true)
    end)
  end

  describe("check", function()
    it("says of a good folder what it holds", function()
      local code, output = perilune("check", "examples/quickstart")
      assert.equal(0, code)
      assert.equal("examples/quickstart: no mistakes (connectors: 1, webhooks: 3)\n", output)
    end)

    it("prints every mistake as file:line: message, and ends with 3", function()
      local folder = support.write(support.folder(), {
        ["gateway.lua"] = "return {\n  lissten = '127.0.0.1:0',\n}\n",
        ["connectors/a.lua"] = "return {\n  webhooks = {\n    { on = 'x', url = '/relative' },\n    { on = 'x', url = 'http://h/' },\n  },\n}\n",
        ["connectors/b.lua"] = "return {\n  webhooks = {\n",
      })
      local code, output = perilune("check", folder)
      assert.equal(3, code)
      local places = {}
      for _, line in ipairs(lines_of(output)) do
        local place, message = line:match("^" .. folder:gsub("%p", "%%%0") .. "/(%S+:%d+): (.+)$")
        assert.is_truthy(message, line)
        places[#places + 1] = place
      end
      assert.same({ "connectors/a.lua:3", "connectors/a.lua:4", "connectors/b.lua:3", "gateway.lua:2" }, places)
    end)

    it("finds in functions that nobody calls what the sandbox does not have", function()
      local folder = support.write(support.folder(), {
        ["gateway.lua"] = "return {}",
        ["connectors/a.lua"] = "return { webhooks = { { id = 'x', url = 'http://h/', body = function()\n"
          .. "  count = 1\n  return json.encod({ prnt })\nend } } }\n",
        ["plugins/p/schema.lua"] = "return { api = 1, summary = 'P', fields = {} }",
        ["plugins/p/handler.lua"] = "local lib = require 'lib'\nreturn { apply = function() return lib end }",
        ["plugins/p/lib.lua"] = "return {\n  sign = function() return sting.rep end }",
      })
      local code, output = perilune("check", folder)
      assert.equal(3, code)
      local messages = {}
      for i, line in ipairs(lines_of(output)) do messages[i] = line:sub(#folder + 2) end
      assert.equal("connectors/a.lua:2: 'count' would be a global; write 'local count'", messages[1])
      assert.equal("connectors/a.lua:3: there is no json.encod, did you mean 'encode'?", messages[2])
      assert.matches("connectors/a.lua:3: there is no global 'prnt' here", messages[3], 1, true)
      assert.equal("plugins/p/lib.lua:2: there is no global 'sting' here, did you mean 'string'?", messages[4])
      assert.equal(4, #messages)
    end)

    it("knows the settings that no form shows to be wrong", function()
      local folder = support.write(support.folder(), {
        ["gateway.lua"] = 'return { tokens = { admin = "" } }',
      })
      local code, output = perilune("check", folder)
      assert.equal(3, code)
      assert.same({ folder .. "/gateway.lua: tokens.admin: a token must not be empty" }, lines_of(output))
    end)

    it("knows addresses that the egress guard would refuse, by what the environment allows", function()
      local folder = support.write(support.folder(), {
        ["gateway.lua"] = 'return { egress = { allow = { "10.0.0.0/8" } } }',
        ["connectors/erp.lua"] = 'return { webhooks = {\n{ on = "a", url = "http://10.1.2.3/" },\n'
          .. '{ on = "b", url = "http://192.168.7.9/" } } }',
      })
      local code, output = perilune("check", folder)
      local message = "%s/connectors/erp.lua:%d: private network address %s refused by the egress guard (egress.allow)"
      assert.equal(3, code)
      assert.same({ message:format(folder, 3, "192.168.7.9") }, lines_of(output))
      code, output = support.run({ support.binary, "check", folder }, { PERILUNE_EGRESS_ALLOW = "192.168.7.9" })
      assert.equal(3, code)
      assert.same({ message:format(folder, 2, "10.1.2.3") }, lines_of(output))
    end)

    describe("of a folder that has what it does not use", function()
      local folder

      setup(function()
        folder = support.write(support.folder(), {
          ["gateway.lua"] = "return {}",
          ["connectors/a.lua"] = "return {\n  context = {\n    tenant = 'x' },\n"
            .. "  webhooks = { { id = 'x', url = 'http://h/' } } }",
          ["mappers/old.lua"] = "return function() return {} end",
        })
      end)

      it("warns, and ends with 0", function()
        local code, output = perilune("check", folder)
        assert.equal(0, code)
        assert.same({
          folder .. "/connectors/a.lua:3: warning: nothing asks for the key 'tenant' of this context",
          folder .. "/mappers/old.lua: warning: nothing uses the mapper 'old'",
          folder .. ": no mistakes (connectors: 1, webhooks: 1, warnings: 2)",
        }, lines_of(output))
      end)

      it("takes warnings for mistakes with --strict", function()
        local code, output = perilune("check", "--strict", folder)
        assert.equal(3, code)
        assert.equal(3, #lines_of(output))
        assert.equal(0, (perilune("check", "--strict", "examples/quickstart")))
      end)

      it("gives an object in each line with --format json", function()
        local code, output = perilune("check", "--format", "json", folder)
        assert.equal(0, code)
        local found = {}
        for i, line in ipairs(lines_of(output)) do found[i] = json.decode(line) end
        assert.same({
          { file = folder .. "/connectors/a.lua", line = 3, column = 0, level = "warning",
            message = "nothing asks for the key 'tenant' of this context" },
          { file = folder .. "/mappers/old.lua", line = 0, column = 0, level = "warning",
            message = "nothing uses the mapper 'old'" },
        }, found)
      end)

      it("says nothing of it when it runs or tries it", function()
        local code, _, errors = perilune("try", "--dry-run", folder, "a", "x")
        assert.equal(0, code)
        assert.equal("", errors)
      end)
    end)

    it("gives mistakes as JSON with their columns, and refuses other formats", function()
      local folder = support.write(support.folder(), {
        ["gateway.lua"] = "return {}",
        ["connectors/a.lua"] = "return { webhooks = {\n  { id = 'x', url = 'http://h/{{ a b }}' } } }",
      })
      local code, output = perilune("check", "--format", "json", folder)
      assert.equal(3, code)
      local fault = json.decode(output)
      assert.equal("error", fault.level)
      assert.equal(folder .. "/connectors/a.lua", fault.file)
      assert.equal(2, fault.line)
      assert.equal(36, fault.column) -- of the b
      local errors
      code, output, errors = perilune("check", "--format", "xml", folder)
      assert.equal(2, code)
      assert.equal("", output)
      assert.equal("--format 'xml': expected text or json\n", errors)
    end)

    it("of what is no gateway folder ends with 3", function()
      assert.equal(3, (perilune("check", "/nowhere/at/all")))
      assert.equal(3, (perilune("check", support.folder())))
      assert.equal(2, (perilune("check")))
      assert.equal(2, (perilune("check", "a", "b")))
    end)
  end)

  describe("run", function()
    it("ends with 3 for a folder with mistakes, and prints them", function()
      local folder = support.write(support.folder(), { ["gateway.lua"] = "return {\n  nonsense = 1,\n}\n" })
      local code, _, errors = perilune("run", folder)
      assert.equal(3, code)
      assert.matches(folder .. "/gateway.lua:2: ", errors, 1, true)
      assert.equal(3, (perilune("run", "/nowhere/at/all")))
    end)

    it("ends with 1 when it cannot listen or open its store", function()
      local folder = support.write(support.folder(), { ["gateway.lua"] = "return {}" })
      local code, _, errors = perilune("run", "--listen", "127.0.0.1:none", "--store", folder .. "/a.db", folder)
      assert.equal(1, code)
      assert.matches("cannot listen on 127.0.0.1:none", errors, 1, true)
      local other = support.sink()
      code, _, errors = perilune("run", "--listen", "127.0.0.1:" .. other.port, "--store", folder .. "/a.db", folder)
      assert.equal(1, code)
      assert.matches("in use", errors, 1, true)
      code, _, errors = perilune("run", "--listen", "127.0.0.1:0", "--store", folder .. "/no/such/folder.db", folder)
      assert.equal(1, code)
      assert.matches("folder.db", errors, 1, true)
      support.write(folder, { ["not.db"] = ("this is no database\n"):rep(100) })
      code = perilune("run", "--listen", "127.0.0.1:0", "--store", folder .. "/not.db", folder)
      assert.equal(1, code)
    end)

    it("ends with 1 when another gateway has the store open", function()
      local gateway = support.gateway({ files = { ["gateway.lua"] = "return {}" } })
      local code, _, errors = perilune("run", "--listen", "127.0.0.1:0", "--store", gateway.store, gateway.folder)
      assert.equal(1, code)
      assert.matches(gateway.store, errors, 1, true)
      assert.equal(200, gateway:get("/readyz").status)
      assert.equal(0, gateway:stop())
    end)
  end)

  describe("try", function()
    local sink, folder

    setup(function()
      sink = support.sink("--body", '{"order":{"id":"erp-1"}}')
      folder = support.write(support.folder(), {
        ["gateway.lua"] = support.gateway_lua,
        ["event.json"] = '{"data":{"id":7}}',
        ["broken.json"] = '{"data":\n {]}',
        ["connectors/shop.lua"] = ([[
          return { base_url = "%s", webhooks = {
            { on = "a", url = "/orders/{{ data.id }}", response = { variables = { id = "response.order.id" } } },
            { id = "closed", url = "http://127.0.0.1:%d/" } } }
        ]]):format(sink.url, support.closed_port()),
      })
    end)

    it("sends, and prints request, response and variables as JSON", function()
      local code, output, errors = perilune("try", "--event", folder .. "/event.json", folder, "shop", "a")
      assert.equal("", errors)
      assert.equal(0, code)
      local tried = json.decode(output)
      assert.equal(sink.url .. "/orders/7", tried.request.url)
      assert.equal(200, tried.response.status)
      assert.same({ id = "erp-1" }, tried.variables)
      assert.equal("/orders/7", sink:wait(1)[1].path)
    end)

    it("--dry-run sends nothing", function()
      local before = sink:count()
      local code, output = perilune("try", "--dry-run", "--event", folder .. "/event.json", folder, "shop", "a")
      assert.equal(0, code)
      assert.is_true(json.decode(output).dry_run)
      assert.equal(before, sink:count())
    end)

    it("ends with 1 when the attempt failed, and says how", function()
      local code, output = perilune("try", folder, "shop", "closed")
      assert.equal(1, code)
      assert.equal("connect", json.decode(output).outcome)
    end)

    it("ends with 2 for a connector, webhook or event that is not there, naming what is", function()
      local code, _, errors = perilune("try", folder, "shop", "b")
      assert.equal(2, code)
      assert.matches("connector 'shop' has no webhook 'b'; there are: shop/a shop/closed", errors, 1, true)
      code, _, errors = perilune("try", folder, "store", "a")
      assert.equal(2, code)
      assert.matches("no connector 'store' is loaded", errors, 1, true)
      code, _, errors = perilune("try", "--event", folder .. "/broken.json", folder, "shop", "a")
      assert.equal(2, code)
      assert.matches("broken.json:2:3: ", errors, 1, true)
      assert.equal(2, (perilune("try", "--event", folder .. "/nothing.json", folder, "shop", "a")))
    end)
  end)

  describe("feed", function()
    local gateway

    setup(function()
      local sink = support.sink()
      gateway = support.gateway({
        files = {
          ["gateway.lua"] = support.gateway_lua,
          ["connectors/shop.lua"] = ([[
            return { base_url = "%s", webhooks = { { on = "a", url = "/a" }, { on = "b", url = "/b" } } }
          ]]):format(sink.url),
        },
        arguments = { "--tokens-admin", "the-admin-token" },
        token = "the-admin-token",
      })
      for _, id in ipairs({ "cli-1", "cli-2" }) do
        local type = id == "cli-1" and "a" or "b"
        gateway:post("/v1/events", ('{"id":"%s","type":"%s"}'):format(id, type), { Prefer = "wait=10" })
      end
    end)

    local function feed(...)
      return perilune("feed", "--url", gateway.url, "--token", "the-admin-token", ...)
    end

    it("prints a table, newest first", function()
      local code, output = feed()
      assert.equal(0, code)
      local lines = lines_of(output)
      assert.equal(3, #lines)
      assert.matches("^TIME%s+STATE%s+CONNECTOR%s+WEBHOOK%s+EVENT%s+TRY%s+STATUS%s+OUTCOME%s+ID%s*$", lines[1])
      assert.matches("^%S+Z%s+delivered%s+shop%s+b%s+b%s+1%s+200%s+ok%s+%x+%-", lines[2])
      assert.matches("^%S+Z%s+delivered%s+shop%s+a%s+a%s+1%s+200%s+ok%s+%x+%-", lines[3])
    end)

    it("--json prints an object a line", function()
      local code, output = feed("--json", "--webhook", "a")
      assert.equal(0, code)
      local lines = lines_of(output)
      assert.equal(1, #lines)
      assert.equal("cli-1", json.decode(lines[1]).event_id)
    end)

    it("takes a URL with a slash at its end", function()
      local code, output = perilune("feed", "--url", gateway.url .. "/", "--token", "the-admin-token")
      assert.equal(0, code)
      assert.equal(3, #lines_of(output))
    end)

    it("filters", function()
      local _, output = feed("--state", "failed")
      assert.equal(1, #lines_of(output))
      _, output = feed("--limit", "1", "--json")
      assert.equal("cli-2", json.decode(output).event_id)
      local code, _, errors = feed("--state", "lost")
      assert.equal(1, code)
      assert.matches("400, state 'lost': expected pending", errors, 1, true)
      code, output, errors = feed("--follow", "--state", "failed")
      assert.equal(1, code)
      assert.equal("", output)
      assert.matches("400, unknown parameter 'state'", errors, 1, true)
    end)

    it("--follow shows attempts as they are made", function()
      local follower = support.start({ support.binary, "feed", "--url", gateway.url, "--follow" },
        { PERILUNE_TOKEN = "the-admin-token" })
      support.eventually("the follower is connected", function()
        return gateway:metric("perilune_server_connections") == 2
      end)
      gateway:post("/v1/events", '{"id":"cli-3","type":"a"}')
      local line = support.eventually("the attempt is shown", function() return lines_of(follower:output())[2] end)
      assert.matches("^%S+Z%s+delivered%s+shop%s+a%s+a%s+1%s+200%s+ok%s+%x+%-", line)
      follower:signal("TERM")
      follower:wait()
    end)

    it("ends with 1 when the gateway does not answer, or wants a token", function()
      local code, _, errors = perilune("feed", "--url", "http://127.0.0.1:" .. support.closed_port())
      assert.equal(1, code)
      assert.matches("127.0.0.1", errors, 1, true)
      code, _, errors = perilune("feed", "--url", gateway.url)
      assert.equal(1, code)
      assert.matches("401", errors, 1, true)
    end)
  end)

  describe("sink", function()
    local function statuses(sink, n)
      local list = {}
      for i = 1, n do list[i] = http.request(sink.url, "GET", "/").status end
      return list
    end

    it("prints each request as text", function()
      local sink = support.start({ support.binary, "sink", "--listen", "127.0.0.1:0" })
      local port = support.eventually("it listens", function() return sink:errors():match("127%.0%.0%.1:(%d+)") end)
      http.request("http://127.0.0.1:" .. port, "PUT", "/a?b=c", "the body", { ["X-One"] = "1" })
      local text = support.eventually("it prints", function()
        return sink:output():find("-> 200", 1, true) and sink:output()
      end)
      assert.matches("^#1 PUT /a%?b=c\n", text)
      assert.matches("\n   X-One: 1\n", text, 1, true)
      assert.matches("\n   the body\n", text, 1, true)
      sink:signal("TERM")
      assert.equal(0, sink:wait())
      assert.matches("sink: 1 requests", sink:errors(), 1, true)
    end)

    it("--json prints an object a line", function()
      local sink = support.sink()
      http.request(sink.url, "POST", "/a?b=c", '{"x":1}', { ["X-One"] = "1" })
      local request = sink:wait(1)[1]
      assert.equal(1, request.n)
      assert.equal("POST", request.method)
      assert.equal("/a", request.path)
      assert.equal("b=c", request.query)
      assert.equal("1", request.headers["x-one"])
      assert.same({ x = 1 }, request.json)
    end)

    it("--quiet prints nothing", function()
      local sink = support.sink("--quiet")
      http.request(sink.url, "GET", "/")
      assert.equal(1, sink:count())
      assert.equal("", sink.process:output())
    end)

    it("--status, --body and --content-type say what to answer", function()
      local sink = support.sink("--status", "418", "--body", "short and stout", "--content-type", "text/plain")
      local answer = http.request(sink.url, "GET", "/")
      assert.equal(418, answer.status)
      assert.equal("short and stout", answer.body)
      assert.equal("text/plain", answer.headers["content-type"])
    end)

    it("--body @FILE answers with a file", function()
      local sink = support.sink("--body", "@examples/quickstart/answer.json")
      assert.equal(support.read("examples/quickstart/answer.json"), http.request(sink.url, "GET", "/").body)
      assert.is_true((perilune("sink", "--body", "@/nowhere")) ~= 0)
    end)

    it("--echo answers with the request's body", function()
      assert.equal('"again"', http.request(support.sink("--echo").url, "POST", "/", '"again"').body)
    end)

    it("--fail-first fails the first ones", function()
      assert.same({ 503, 503, 200, 200 }, statuses(support.sink("--fail-first", "2"), 4))
    end)

    it("--fail-every fails each Nth one, with --fail-status", function()
      assert.same({ 200, 500, 200, 500, 200 }, statuses(support.sink("--fail-every", "2", "--fail-status", "500"), 5))
    end)

    it("--delay waits before each answer, and holds up no other", function()
      local sink = support.sink("--delay", "0.3")
      local began, connections = process.now(), {}
      for i = 1, 5 do
        connections[i] = http.connect(sink.url)
        connections[i]:send(http.format("localhost", "GET", "/"))
      end
      support.eventually("all are held at once", function() return sink:count() == 5 end)
      for _, connection in ipairs(connections) do
        assert.equal(200, http.read(connection).status)
        connection:close()
      end
      assert.is_true(process.now() - began >= 0.3)
    end)

    it("--count stops after so many", function()
      local sink = support.sink("--count", "2")
      assert.same({ 200, 200 }, statuses(sink, 2))
      assert.equal(0, sink.process:wait())
      assert.matches("sink: 2 requests", sink.process:errors(), 1, true)
    end)

    it("counts, without counting who asks", function()
      local sink = support.sink()
      statuses(sink, 3)
      assert.equal(3, sink:count())
      assert.equal(3, sink:count())
    end)

    it("refuses numbers that are none", function()
      assert.equal(2, (perilune("sink", "--status", "fine")))
      assert.equal(2, (perilune("sink", "--status", "99")))
      assert.equal(2, (perilune("sink", "--delay", "-1")))
      assert.equal(1, (perilune("sink", "--listen", "127.0.0.1:none")))
    end)
  end)

  describe("does what the examples in its help say:", function()
    local gateway, files
    setup(function()
      local stopped = support.gateway({ files = { ["gateway.lua"] = "return {}" } })
      assert.equal(0, stopped:stop())
      gateway = support.gateway({ files = {
        ["gateway.lua"] = "return {}",
        ["connectors/acme.lua"] = [[return { webhooks = { { on = "order.created", url = "https://acme.example/" } } }]],
      } })
      files = { ["perilune.db"] = stopped.store, ["saved.db"] = support.folder() .. "/saved.db" }
    end)

    -- The last one of an option counts: examples get addresses and files of this spec.
    local function placed(name)
      if name == "sink" then return { "--listen", "127.0.0.1:0" } end
      if name == "feed" or name == "replay" or name == "webhook" then return { "--url", gateway.url } end
      if name == "run" then return { "--listen", "127.0.0.1:0", "--store", support.folder() .. "/perilune.db" } end
      return {}
    end

    for _, name in ipairs(SUBCOMMANDS) do
      local help = io.popen(support.binary .. " " .. name .. " --help")
      local examples = help:read("*a"):match("\nExamples:\n(.*)$") or ""
      help:close()
      for example in examples:gmatch("  (perilune [^\n]+)") do
        it(example, function()
          local arguments = {}
          for word in example:gmatch("%S+") do arguments[#arguments + 1] = files[word] or word end
          arguments[1] = support.binary
          for _, argument in ipairs(placed(name)) do arguments[#arguments + 1] = argument end
          local p = support.start(arguments)
          if name == "sink" or name == "run" then
            support.eventually("it listens", function()
              assert.is_true(p:is_running(), p:errors())
              return p:errors():find("listening", 1, true)
            end)
            p:signal("TERM")
          end
          assert.equal(0, p:wait(), p:errors())
        end)
      end
    end
  end)
end)
