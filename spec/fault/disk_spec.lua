-- SPDX-License-Identifier: MIT
--- A full disk: nothing is accepted that cannot be kept, what needs no disk goes on, and the gateway recovers by itself.
--- The disk is a small tmpfs, so this needs root.
local support = require("spec.support")
local http = support.http

local disk = support.folder()

local function mount()
  return os.execute(("mount -t tmpfs -o size=4m tmpfs '%s' 2>/dev/null"):format(disk)) == 0
end

local function unmount()
  os.execute(("umount '%s'"):format(disk))
end

describe("a full disk", function()
  local sink, gateway

  if not mount() then
    pending("needs root, to mount a small tmpfs: not tested")
    return
  end
  unmount() -- it could be done; it is when the examples run

  setup(function()
    assert(mount())
    sink = support.sink("--body", '{"n":1}')
    gateway = support.gateway({
      store = disk .. "/perilune.db",
      files = {
        ["gateway.lua"] = support.gateway_lua,
        ["connectors/shop.lua"] = ([[
          return { base_url = "%s", webhooks = {
            { on = "order", url = "/order", response = { variables = { n = "response.n" } } } } }
        ]]):format(sink.url),
      },
    })
  end)

  teardown(function()
    if gateway and gateway.process:is_running() then gateway:stop() end
    unmount()
    support.finish()
  end)

  local accepted, posted = {}, 0

  local function post()
    posted = posted + 1
    local id = ("disk-%04d"):format(posted)
    local answer = gateway:post("/v1/events", ('{"id":"%s","type":"order","data":"%s"}'):format(id, ("x"):rep(8000)))
    if answer.status == 202 then accepted[id] = true end
    return answer, id
  end

  local function fill()
    os.execute(("cat /dev/zero >'%s/ballast' 2>/dev/null"):format(disk))
  end

  it("makes events 503 with store_full, and readiness 503", function()
    assert.equal(202, post().status)
    fill()
    local refused
    support.eventually("the store is full", function()
      local answer = post()
      if answer.status ~= 202 then refused = answer end
      return refused
    end)
    assert.equal(503, refused.status)
    assert.equal("urn:perilune:store_full", refused.json.type)
    assert.matches("nothing was accepted", refused.json.detail, 1, true)
    assert.equal("1", refused.headers["retry-after"])
    assert.equal(503, gateway:get("/readyz").status)
    assert.equal(200, gateway:get("/healthz").status)
    assert.equal(1, gateway:metric("perilune_store_failing"))
    assert.matches("the store cannot write", gateway.process:errors(), 1, true)
  end)

  it("leaves calls working", function()
    local answer = gateway:post("/v1/calls/shop/order", "{}")
    assert.equal(200, answer.status)
    assert.same({ n = 1 }, answer.json.variables)
  end)

  it("leaves the feed readable", function()
    assert.equal(200, gateway:get("/v1/deliveries?limit=1").status)
  end)

  it("is over by itself once there is room", function()
    os.remove(disk .. "/ballast")
    support.eventually("events are taken again", function() return post().status == 202 end)
    support.eventually("it is ready", function() return gateway:get("/readyz").status == 200 end)
    assert.equal(0, gateway:metric("perilune_store_failing"))
    assert.matches("the store writes again", gateway.process:errors(), 1, true)
  end)

  it("has lost nothing that was accepted, and delivered nothing that was refused", function()
    support.eventually("nothing is pending", function() return gateway:metric("perilune_deliveries_pending") == 0 end)
    local seen = {}
    for _, request in ipairs(sink:requests()) do
      if request.json.id then seen[request.json.id] = true end
    end
    for n = 1, posted do
      local id = ("disk-%04d"):format(n)
      assert.equal(accepted[id] or false, seen[id] or false, id)
    end
    -- A refused event is free to come again.
    assert.equal(0, gateway:stop())
    gateway:restart()
    for n = 1, posted do
      local id = ("disk-%04d"):format(n)
      if not accepted[id] then
        assert.equal(202, gateway:post("/v1/events", ('{"id":"%s","type":"order"}'):format(id)).status)
        gateway:wait_feed("event=" .. id .. "&state=delivered")
        break
      end
    end
    assert.equal(200, http.request(gateway.url, "GET", "/readyz").status)
  end)
end)
