-- SPDX-License-Identifier: MIT
--- Names that fail, take long, change, or lead to where nobody may go: the resolver is replaced below the real code, by
--- LD_PRELOAD (spec/support/names.c), the addresses are the machine's own. The release binary runs: a sanitizer's library would
--- have to be loaded before ours.
local support = require("spec.support")
local socket = require("socket")

--- A private address that this machine has, or nil.
local function private_address()
  local pipe = io.popen("hostname -I 2>/dev/null")
  local list = pipe:read("*a")
  pipe:close()
  for address in list:gmatch("%S+") do
    local first, second = address:match("^(%d+)%.(%d+)%.")
    if first == "10" or first == "192" and second == "168" or first == "172" and tonumber(second) >= 16 and tonumber(second) < 32
      or address:find("^f[cd]") then return address end
  end
  return nil
end

local function bracketed(address) return address:find(":", 1, true) and "[" .. address .. "]" or address end

describe("names", function()
  local names, env

  setup(function()
    local folder = support.folder()
    local library = folder .. "/names.so"
    local code, _, err = support.run({ "cc", "-shared", "-fPIC", "-o", library, "spec/support/names.c", "-ldl" })
    assert.equal(0, code, err)
    names = folder .. "/names"
    env = { LD_PRELOAD = library, NAMES_FILE = names }
  end)

  teardown(function() support.finish() end)

  --- What the resolver says from now on: lines of names.c.
  local function say(...)
    support.write("", { [names .. ".new"] = table.concat({ ... }, "\n") .. "\n" })
    assert(os.rename(names .. ".new", names))
    os.remove(names .. ".asked")
  end

  local function times_asked(host)
    local file = io.open(names .. ".asked", "rb")
    if not file then return 0 end
    local _, count = ("\n" .. file:read("*a")):gsub("\n" .. host:gsub("%p", "%%%0"), "")
    file:close()
    return count
  end

  local function gateway_of(egress, connectors, ...)
    local files = { ["gateway.lua"] = ("return { egress = { %s }, breaker = { failures = 0 } }"):format(egress) }
    for id, text in pairs(connectors) do files[("connectors/%s.lua"):format(id)] = text end
    return support.gateway({ binary = "build/perilune", files = files, env = env, arguments = { "--workers", "1", ... } })
  end

  -- A connector whose requests go where the event says.
  local ANY = [[return { timeout = 5, retry = false, webhooks = { { id = "go", on = "go",
    url = function(ctx) return ctx.data.url end } } }]]

  local function try(gateway, url)
    local answer = gateway:post("/v1/connectors/any/webhooks/go/try", { event = { data = { url = url } } })
    assert.equal(200, answer.status, answer.body)
    return answer.json
  end

  describe("and the egress guard:", function()
    local address = private_address()
    if not address then
      pending("this machine has no private address: entries of egress.allow that are hosts are not tested")
    else
      it("a host that is allowed is reached on a private network, and only by its name", function()
        local sink = support.sink("--listen", bracketed(address) .. ":0")
        say("erp.test " .. address, "a.far.test " .. address, "far.test " .. address, "other.test " .. address)
        local gateway = gateway_of('allow = { "erp.test", "*.far.test" }', { any = ANY })
        for _, host in ipairs({ "erp.test", "ERP.test", "a.far.test" }) do
          local tried = try(gateway, ("http://%s:%d/"):format(host, sink.port))
          assert.equal("ok", tried.outcome, tried.error)
        end
        assert.equal(3, #sink:requests())
        for _, host in ipairs({ "other.test", "far.test", bracketed(address) }) do
          local tried = try(gateway, ("http://%s:%d/"):format(host, sink.port))
          assert.equal("egress", tried.outcome, host)
          assert.matches("private network address", tried.error, 1, true)
        end
        assert.equal(3, #sink:requests())
        assert.equal(0, gateway:stop())
      end)
    end

    it("a host that is allowed leads nowhere but to private networks", function()
      say("erp.test 127.0.0.1", "meta.test 169.254.169.254", "mapped.test ::ffff:169.254.169.254", "link.test fe80::1")
      local sink = support.sink()
      local gateway = gateway_of('allow = { "*.test" }', { any = ANY })
      for host, kind in pairs({ erp = "loopback", meta = "metadata", mapped = "metadata", link = "link-local" }) do
        local tried = try(gateway, ("http://%s.test:%d/"):format(host, sink.port))
        assert.equal("egress", tried.outcome, host)
        assert.matches(kind, tried.error, 1, true)
      end
      assert.equal(0, sink:count())
      assert.equal(0, gateway:stop())
    end)

    it("a name that changes between two requests is judged by what it is then", function()
      local inner = support.sink("--listen", "127.0.0.2:0")
      local outer = support.sink("--listen", "127.0.0.1:" .. inner.port)
      local url = ("http://rebind.test:%d/"):format(inner.port)
      say("rebind.test 127.0.0.1")
      local gateway = gateway_of('allow = { "127.0.0.1" }', { any = ANY }, "--timeouts-names", "0")
      assert.equal("ok", try(gateway, url).outcome)
      assert.equal(1, times_asked("rebind.test"))
      assert.equal("ok", try(gateway, url).outcome) -- on the connection that there is
      say("rebind.test 127.0.0.2")
      outer.process:signal("TERM") -- which ends it
      assert.equal(0, outer.process:wait())
      local tried = try(gateway, url)
      assert.equal("egress", tried.outcome, tried.error)
      assert.matches("127.0.0.2", tried.error, 1, true)
      assert.is_true(times_asked("rebind.test") > 0)
      assert.equal(0, inner:count())
      assert.equal(0, gateway:stop())
    end)

    it("of several addresses those that are refused hear nothing", function()
      local inner = support.sink("--listen", "127.0.0.2:0")
      local outer = support.sink("--listen", "127.0.0.1:" .. inner.port)
      say("both.test 127.0.0.2,127.0.0.1", "none.test 127.0.0.2,10.0.0.1")
      local gateway = gateway_of('allow = { "127.0.0.1" }', { any = ANY })
      local tried = try(gateway, ("http://both.test:%d/"):format(inner.port))
      assert.equal("ok", tried.outcome, tried.error)
      assert.equal(1, outer:count())
      assert.equal("egress", try(gateway, ("http://none.test:%d/"):format(inner.port)).outcome)
      assert.equal(0, inner:count())
      assert.equal(0, gateway:stop())
    end)

    it("a proxy hears nothing of a name when one of its addresses is refused", function()
      local proxy = assert(socket.bind("127.0.0.1", 0))
      local _, port = proxy:getsockname()
      say("both.test 127.0.0.1,10.0.0.1", "inner.test 10.0.0.1")
      local gateway = gateway_of(('allow = { "127.0.0.1" }, proxy = "http://127.0.0.1:%d"'):format(port), { any = ANY })
      for _, host in ipairs({ "both.test", "inner.test" }) do
        local tried = try(gateway, ("http://%s/"):format(host))
        assert.equal("egress", tried.outcome, tried.error)
        assert.matches("10.0.0.1", tried.error, 1, true)
      end
      proxy:settimeout(0)
      assert.is_nil(proxy:accept())
      proxy:close()
      assert.equal(0, gateway:stop())
    end)
  end)

  it("that cannot be resolved for a while fail as dns, and what waits for them is delivered later", function()
    local sink = support.sink()
    say("gone.test none", "slack.test later")
    local gateway = gateway_of('allow = { "127.0.0.1" }', {
      any = ANY,
      later = ([[return { base_url = "http://slack.test:%d", retry = { base = 0.2, factor = 1, attempts = 200 },
        webhooks = { { on = "later", url = "/" } } }]]):format(sink.port),
    })
    local tried = try(gateway, "http://gone.test/")
    assert.equal("dns", tried.outcome)
    assert.matches("gone.test", tried.error, 1, true)
    assert.equal(202, gateway:post("/v1/events", '{"type":"later"}').status)
    support.eventually("an attempt has failed", function()
      local row = gateway:feed("connector=later")[1]
      return row and row.outcome == "dns"
    end)
    assert.equal(0, sink:count())
    say("slack.test 127.0.0.1")
    sink:wait(1)
    local row = gateway:wait_feed("connector=later&state=delivered")[1]
    assert.equal("dns", gateway:delivery(row.id).attempts[1].outcome)
    assert.equal(0, gateway:stop())
  end)

  it("that move are followed: what goes to the old address fails, and the next goes to the new one", function()
    local old = support.sink()
    local new = support.sink("--listen", "127.0.0.3:" .. old.port)
    say("moved.test 127.0.0.1")
    local gateway = gateway_of('allow = { "127.0.0.1", "127.0.0.3" }', {
      any = ([[return { base_url = "http://moved.test:%d", retry = { base = 0.2, factor = 1, attempts = 200 },
        webhooks = { { on = "go", url = "/" } } }]]):format(old.port),
    }, "--timeouts-names", "1")
    assert.equal(202, gateway:post("/v1/events", '{"type":"go"}').status)
    old:wait(1)
    gateway:wait_feed("state=delivered", 1)
    old.process:signal("TERM")
    assert.equal(0, old.process:wait())
    say("moved.test 127.0.0.3")
    assert.equal(202, gateway:post("/v1/events", '{"type":"go"}').status)
    new:wait(1)
    gateway:wait_feed("state=delivered", 2)
    assert.equal(0, gateway:stop())
  end)

  it("that take ten seconds hold up nobody else, end with the attempt's time, and come in the end", function()
    local sink = support.sink()
    say("slow.test 10000 127.0.0.1")
    local gateway = gateway_of('allow = { "127.0.0.1" }', {
      short = ([[return { base_url = "http://slow.test:%d", timeout = 1, retry = false, webhooks = { { on = "short", url = "/short" } } }]])
        :format(sink.port),
      long = ([[return { base_url = "http://slow.test:%d", timeout = 60, connect_timeout = 50, webhooks = { { on = "long", url = "/long" } } }]])
        :format(sink.port),
      near = ([[return { base_url = "http://127.0.0.1:%d", webhooks = { { on = "near", url = "/near" } } }]]):format(sink.port),
    })
    assert.equal(202, gateway:post("/v1/events", '{"type":"long"}').status)
    local answer = gateway:post("/v1/events", '{"type":"short"}', { Prefer = "wait=30" })
    assert.equal("timeout", answer.json.deliveries[1].outcome)
    for _ = 1, 50 do assert.equal(202, gateway:post("/v1/events", '{"type":"near"}').status) end
    sink:wait(50)
    support.eventually("those are recorded, and the resolver is still at the other", function()
      return #gateway:feed("state=pending") == 1
    end)
    gateway:wait_feed("connector=long&state=delivered", 1, 40)
    local first = sink:requests()[1]
    assert.equal("/near", first.path)
    assert.is_true(gateway:metric("perilune_loop_stall_seconds_max") < 5)
    assert.equal(0, gateway:stop())
  end)
end)
