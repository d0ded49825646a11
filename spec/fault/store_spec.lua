-- SPDX-License-Identifier: MIT
--- What can be wrong with the file of the store, its disk or the clock, done for real.
--
-- A slow disk and a wrong clock are injected below the real code, by LD_PRELOAD; for those the release binary runs: a
-- sanitizer's library would have to be loaded before ours.

local support = require("spec.support")
local load = require("spec.support.load")

local PAGE = 8192

local function files(sink, retry)
  return {
    ["gateway.lua"] = support.gateway_lua,
    ["connectors/shop.lua"] = ([[return {
      base_url = "%s",
      retry = { schedule = { %s }, jitter = 0 },
      webhooks = { { on = "load", url = "/load" } } }]]):format(sink.url, retry or "0.2, 0.2, 0.2"),
  }
end

local function preload(name)
  local library = ("%s/%s.so"):format(support.folder(), name)
  local code, _, err = support.run({ "cc", "-shared", "-fPIC", "-o", library, ("spec/support/%s.c"):format(name), "-ldl" })
  assert.equal(0, code, err)
  return library
end

--- Starts a gateway that must refuse to: what it said.
local function refused(folder, store)
  local code, _, errors = support.run({ support.binary, "run", "--listen", "127.0.0.1:0", "--store", store, folder })
  assert.equal(1, code, errors)
  return errors
end

local function overwrite(path, offset, bytes)
  local file = assert(io.open(path, "r+b"))
  file:seek("set", offset)
  file:write(bytes)
  file:close()
end

--- One of the few dozen pages that hold events, which no start reads.
local function page_of_events(path)
  local code, output = support.run({ "sqlite3", path,
    "SELECT pageno FROM dbstat WHERE name = 'events' AND pagetype = 'leaf' ORDER BY pageno LIMIT 1 OFFSET 5" })
  assert.equal(0, code, output)
  return assert(tonumber(output))
end

describe("the store's file", function()
  teardown(function() support.finish() end)

  it("is one gateway's until that is gone, however it went", function()
    local gateway = support.gateway({ files = { ["gateway.lua"] = "return {}" } })
    local said = refused(gateway.folder, gateway.store)
    assert.matches(("another gateway (process %d) has it open"):format(gateway.process.pid), said, 1, true)
    assert.equal(128 + 9, gateway:kill())
    gateway:restart()
    assert.equal(200, gateway:get("/readyz").status)
    assert.equal(0, gateway:stop())
  end)

  describe("damaged", function()
    local sink, gateway, owed

    setup(function()
      local closed = support.closed_port()
      sink = { url = "http://127.0.0.1:" .. closed }
      gateway = support.gateway({ files = files(sink, "3600") })
      for n = 1, 200 do
        local body = ('{"id":"kept-%03d","type":"load","data":"%s"}'):format(n, ("x"):rep(1000))
        assert.equal(202, gateway:post("/v1/events", body).status)
      end
      support.eventually("each was tried", function() return #gateway:feed("state=pending&limit=200") == 200 end)
      assert.equal(0, gateway:stop())
      overwrite(gateway.store, (page_of_events(gateway.store) - 1) * PAGE, ("\165"):rep(PAGE))
    end)

    it("is refused at the start, with the way out", function()
      local said = refused(gateway.folder, gateway.store)
      assert.matches("cannot open the store " .. gateway.store, said, 1, true)
      assert.matches("perilune store check " .. gateway.store, said, 1, true)
      assert.matches("perilune store salvage " .. gateway.store .. " NEW", said, 1, true)
    end)

    it("is found in a file of up to store_check only, or by `store check`", function()
      gateway.options.arguments = { "--store-check", "0" }
      gateway:restart()
      assert.equal(0, gateway:stop())
      gateway.options.arguments = nil
    end)

    it("is what `store check` says", function()
      local code, output = support.run({ support.binary, "store", "check", gateway.store })
      assert.equal(1, code)
      assert.matches("damaged", output, 1, true)
    end)

    it("is saved by `store salvage`, and what was owed is delivered from there", function()
      local saved = support.folder() .. "/perilune.db"
      local code, output = support.run({ support.binary, "store", "salvage", gateway.store, saved })
      assert.is_true(code == 0 or code == 1, output)
      assert.matches("saved to " .. saved, output, 1, true)
      code, output = support.run({ support.binary, "store", "check", saved })
      assert.equal(0, code, output)
      owed = tonumber(output:match("pending%s+(%d+) rows"))
      assert.is_true(owed > 180 and owed <= 200, output)
      local receiver = support.sink()
      gateway.store = saved
      support.write(gateway.folder, files(receiver))
      gateway:restart()
      for _, row in ipairs(gateway:feed("state=pending&limit=200")) do
        assert.equal(202, gateway:post("/v1/deliveries/" .. row.id .. "/retry").status)
      end
      assert.equal(owed, #receiver:wait(owed))
      support.eventually("nothing is owed", function() return gateway:metric("perilune_deliveries_pending") == 0 end)
      assert.equal(0, gateway:stop())
    end)
  end)

  it("that was truncated is refused", function()
    local gateway = support.gateway({ files = { ["gateway.lua"] = "return {}" } })
    assert.equal(0, gateway:stop())
    assert.equal(0, os.execute(("truncate -s %d '%s'"):format(3 * PAGE, gateway.store)))
    assert.matches("perilune store salvage", refused(gateway.folder, gateway.store), 1, true)
  end)

  it("is checked beside the gateway, by the folder's name", function()
    local folder = support.folder()
    local gateway = support.gateway({ folder = folder, store = folder .. "/perilune.db", files = { ["gateway.lua"] = "return {}" } })
    local code, output = support.run({ support.binary, "store", "check", folder })
    assert.equal(0, code, output)
    assert.matches("sound\n$", output)
    local refusal, _, errors = support.run({ support.binary, "store", "salvage", gateway.store, folder .. "/new.db" })
    assert.equal(1, refusal)
    assert.matches("another gateway", errors, 1, true)
    assert.equal(0, gateway:stop())
  end)
end)

describe("a disk that only reads", function()
  local disk = support.folder()
  if os.execute(("mount -t tmpfs -o size=1m tmpfs '%s' 2>/dev/null"):format(disk)) ~= 0 then
    pending("needs root, to mount a small tmpfs: not tested")
    return
  end

  teardown(function()
    os.execute(("umount '%s'"):format(disk))
    support.finish()
  end)

  it("is said at the start", function()
    assert.equal(0, os.execute(("mount -o remount,ro '%s'"):format(disk)))
    local folder = support.write(support.folder(), { ["gateway.lua"] = "return {}" })
    assert.matches("Read-only file system", refused(folder, disk .. "/perilune.db"), 1, true)
  end)
end)

describe("a disk that takes nothing for a while", function()
  teardown(function() support.finish() end)

  for name, number in pairs({ ["fails"] = 5, ["has become read-only"] = 30 }) do -- EIO, EROFS
    it("because it " .. name .. ": nothing is accepted, nothing that was is lost, and it is over by itself", function()
      local sink = support.sink()
      local state = support.folder() .. "/state"
      local function set(text) support.write("", { [state] = text }) end
      set("0")
      local gateway = support.gateway({
        binary = "build/perilune", files = files(sink), env = { LD_PRELOAD = preload("disk"), DISK_FILE = state },
      })
      local accepted, posted = {}, 0
      local function post()
        posted = posted + 1
        local id = ("disk-%04d"):format(posted)
        local answer = gateway:post("/v1/events", ('{"id":"%s","type":"load"}'):format(id))
        accepted[id] = answer.status == 202 or nil
        return answer
      end
      for _ = 1, 20 do assert.equal(202, post().status) end
      set(tostring(number))
      local answer = support.eventually("events are refused", function()
        local answer = post()
        return answer.status ~= 202 and answer
      end)
      assert.equal(503, answer.status)
      assert.equal(503, gateway:get("/readyz").status)
      assert.equal(200, gateway:get("/v1/deliveries?limit=1").status)
      assert.equal(1, gateway:metric("perilune_store_failing"))
      for _ = 1, 5 do assert.equal(503, post().status) end
      set("0")
      support.eventually("events are taken again", function() return post().status == 202 end)
      support.eventually("nothing is pending, and it is ready", function()
        return gateway:metric("perilune_deliveries_pending") == 0 and gateway:get("/readyz").status == 200
      end)
      local seen = {}
      for _, request in ipairs(sink:requests()) do seen[request.json.id] = true end
      for id in pairs(accepted) do assert.is_true(seen[id], id) end
      assert.equal(0, gateway:stop())
      gateway:restart()
      for id in pairs(accepted) do assert.equal("delivered", gateway:feed("event=" .. id)[1].state) end
      local code, output = support.run({ support.binary, "store", "check", gateway.store })
      assert.equal(0, code, output)
      assert.equal(0, gateway:stop())
    end)
  end
end)

describe("a disk whose every sync takes half a second", function()
  teardown(function() support.finish() end)

  it("makes answers late, and is shared: nothing is refused, lost or sent twice", function()
    local sink = support.sink()
    local gateway = support.gateway({
      binary = "build/perilune",
      files = files(sink),
      env = { LD_PRELOAD = preload("slow"), SLOW_MS = "500" },
    })
    local clients = load.new("slow", 32)
    local started = support.process.now()
    clients:run(gateway.url, function() return clients.accepted_count >= 96 end)
    local seconds = support.process.now() - started
    assert.equal(clients.posted, clients.accepted_count)
    assert.is_true(seconds > 1.5) -- three rounds of at least one sync each
    support.eventually("all arrived and nothing is pending", function()
      return clients:missing(sink) == 0 and gateway:metric("perilune_deliveries_pending") == 0
    end, 60)
    local _, repeats = clients:missing(sink)
    assert.equal(0, repeats)
    assert.equal(0, gateway:metric("perilune_store_failing"))
    assert.equal(0, gateway:stop())
  end)
end)

describe("a wall clock that jumps", function()
  teardown(function() support.finish() end)

  it("neither loses nor repeats nor reorders what was accepted", function()
    local DAY = 24 * 3600
    local sink = support.sink()
    local clock = support.folder() .. "/offset"
    local function set(seconds)
      support.write("", { [clock] = tostring(seconds) })
    end
    set(0)
    local gateway = support.gateway({
      binary = "build/perilune",
      files = files(sink),
      arguments = { "--workers", "1" },
      env = { LD_PRELOAD = preload("clock"), CLOCK_FILE = clock },
    })
    local ids = {}
    for n, offset in ipairs({ 0, DAY, -DAY, 400 * DAY, -400 * DAY, 0 }) do
      set(offset)
      local answer = gateway:post("/v1/events", ('{"id":"jump-%d","type":"load"}'):format(n))
      assert.equal(202, answer.status)
      ids[n] = answer.json.deliveries[1].id
      if n > 1 then assert.is_true(ids[n - 1] < ids[n]) end
      sink:wait(n)
    end
    support.eventually("nothing is pending", function() return gateway:metric("perilune_deliveries_pending") == 0 end)
    assert.equal(6, sink:count())
    for n, row in ipairs(gateway:feed()) do
      assert.equal(ids[7 - n], row.id) -- newest first
    end
    assert.equal(0, gateway:stop())
    gateway:restart()
    assert.equal(6, #gateway:feed("state=delivered"))
    assert.equal(0, gateway:stop())
  end)

  it("back does not make what waits in the store wait longer", function()
    local peer, clock = support.faulty_peer(), support.folder() .. "/offset"
    support.write("", { [clock] = "0" })
    local gateway = support.gateway({
      binary = "build/perilune",
      files = {
        ["gateway.lua"] = support.gateway_lua,
        ["connectors/shop.lua"] = ([[return { base_url = "%s", retry = { schedule = { 5 }, jitter = 0 },
          webhooks = { { on = "turns", url = "/turns?name=clock&say=503,200" } } }]]):format(peer.url),
      },
      arguments = { "--workers", "1", "--limits-horizon", "1" },
      env = { LD_PRELOAD = preload("clock"), CLOCK_FILE = clock },
    })
    assert.equal(202, gateway:post("/v1/events", '{"type":"turns"}').status)
    support.eventually("it is in the store", function() return gateway:metric("perilune_deliveries_parked_total") == 1 end)
    support.write("", { [clock] = tostring(-24 * 3600) })
    gateway:wait_feed("state=delivered")
    assert.matches('"msg":"the wall clock was set[^\n]*"seconds":%-86%d%d%d', gateway.process:errors())
    assert.equal(0, gateway:stop())
  end)
end)

describe("a gateway forty days later", function()
  teardown(function() support.finish() end)

  it("has forgotten what it was to keep for thirty, and not what is owed", function()
    local sink = support.sink()
    local clock = support.folder() .. "/offset"
    support.write("", { [clock] = "0" })
    local more = files(sink)
    more["connectors/closed.lua"] = ([[return { base_url = "http://127.0.0.1:%d", retry = { schedule = { 2592000, 2592000 } },
      webhooks = { { on = "owed", url = "/" } } }]]):format(support.closed_port())
    local gateway = support.gateway({
      binary = "build/perilune",
      files = more,
      env = { LD_PRELOAD = preload("clock"), CLOCK_FILE = clock },
    })
    for n = 1, 50 do
      assert.equal(202, gateway:post("/v1/events", ('{"id":"old-%d","type":"load"}'):format(n)).status)
    end
    assert.equal(202, gateway:post("/v1/events", '{"id":"old","type":"owed"}').status)
    gateway:wait_feed("state=delivered&limit=100", 50)
    assert.equal(0, gateway:stop())
    support.write("", { [clock] = tostring(40 * 24 * 3600) })
    gateway:restart()
    support.eventually("they are gone", function() return gateway:metric("perilune_store_removed_total") == 50 end)
    assert.same({}, gateway:feed("state=delivered"))
    assert.equal("owed", gateway:feed("state=pending")[1].event_type)
    assert.equal(0, gateway:stop())
  end)

  it("has let go of payloads where only those were to go", function()
    local clock = support.folder() .. "/offset"
    support.write("", { [clock] = "0" })
    local gateway = support.gateway({
      binary = "build/perilune",
      files = files(support.sink()),
      arguments = { "--retention-days", "0", "--retention-payload-days", "30" },
      env = { LD_PRELOAD = preload("clock"), CLOCK_FILE = clock },
    })
    assert.equal(202, gateway:post("/v1/events", '{"id":"paid","type":"load","data":{"card":"4711"}}').status)
    local id = gateway:wait_feed("state=delivered")[1].id
    assert.equal("4711", gateway:delivery(id).event.data.card)
    assert.equal(0, gateway:stop())
    support.write("", { [clock] = tostring(40 * 24 * 3600) })
    gateway:restart()
    support.eventually("it is gone", function() return gateway:metric("perilune_store_stripped_total") == 1 end)
    local delivery = gateway:delivery(id)
    assert.equal(support.json.null, delivery.event)
    assert.equal("paid", delivery.event_id)
    local attempt = delivery.attempts[1]
    assert.same({ 200, "", true }, { attempt.response.status, attempt.response.body, attempt.response.truncated })
    assert.same({ "", true }, { attempt.request.body, attempt.request.truncated })
    local answer = gateway:post(("/v1/deliveries/%s/retry"):format(id), "")
    assert.equal(410, answer.status)
    assert.equal("urn:perilune:no_payload", answer.json.type)
    assert.equal(0, gateway:stop())
  end)
end)
