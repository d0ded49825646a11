-- SPDX-License-Identifier: MIT
--- No worker waits for a disk or a resolver: with both made slow, the loop's own watchdog says how long it was ever busy.
--
-- The delay is injected below the real code, by LD_PRELOAD, and is far longer than any stall that is allowed.

local support = require("spec.support")

local SLOW_MS = 500

describe("a worker's loop", function()
  local sink, gateway

  setup(function()
    local library = support.folder() .. "/slow.so"
    local code, _, err = support.run({ "cc", "-shared", "-fPIC", "-o", library, "spec/support/slow.c", "-ldl" })
    assert.equal(0, code, err)
    sink = support.sink()
    gateway = support.gateway({
      -- The release binary: a sanitizer's library would have to be loaded before ours.
      binary = "build/perilune",
      files = {
        ["gateway.lua"] = [[return { egress = { allow = { "127.0.0.1", "::1" } } }]],
        ["connectors/near.lua"] = ([[return { base_url = "http://localhost:%s",
          webhooks = { { on = "x", url = "/x" }, { id = "far", url = "http://nowhere.invalid/" } } }]]):format(sink.port),
      },
      arguments = { "--workers", "1" },
      env = { LD_PRELOAD = library, SLOW_MS = tostring(SLOW_MS) },
    })
  end)

  teardown(function() support.finish() end)

  it("goes on while a sync takes long and a name is being resolved", function()
    local started = support.process.now()
    for _ = 1, 3 do
      assert.equal(202, gateway:post("/v1/events", { type = "x", data = {} }).status)
    end
    assert.is_true(support.process.now() - started > 3 * SLOW_MS / 1000) -- the disk was slow indeed
    local asked = support.process.now()
    assert.equal("urn:perilune:dns", gateway:post("/v1/calls/near/far", {}).json.type)
    assert.is_true(support.process.now() - asked > SLOW_MS / 1000) -- and so was the resolver
    sink:wait(3)
    assert.is_true(gateway:metric("perilune_loop_stall_seconds_max") < SLOW_MS / 1000 / 2)
  end)
end)
