-- SPDX-License-Identifier: MIT
--- What containers are told: no root, no capability, nothing to write but the folder of the store.
local support = require("spec.support")

-- Arguments: the store's folder, then the command.
local CONFINE = [[#!/bin/sh
set -e
store="$1"; shift
mount --make-rprivate /
mount -t tmpfs tmpfs "$store"
chown 65534:65534 "$store"
mount -o remount,bind,ro /
cd /
exec setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all "$@"
]]

local BINARY = support.binary:find("^/") and support.binary or (os.getenv("PWD") .. "/" .. support.binary)

describe("a confined gateway", function()
  teardown(function() support.finish() end)

  it("runs without root on a read-only root file system", function()
    local folder, store, tools = support.folder(), support.folder(), support.folder()
    local sink = support.sink()
    support.write(folder, {
      ["gateway.lua"] = support.gateway_lua,
      ["connectors/shop.lua"] = ('return { base_url = "%s", webhooks = { { on = "a", url = "/" } } }'):format(sink.url),
    })
    support.write(tools, { confine = CONFINE })
    os.execute(("chmod -R a+rX '%s' '%s' && chmod a+rx '%s/confine'"):format(folder, store, tools))
    local code, output, errors = support.run({ "unshare", "-m", tools .. "/confine", store, "sh", "-c",
      'test -x "$0" && test -r "$1/gateway.lua" && id -u && ! touch /written', BINARY, folder })
    if code ~= 0 or output ~= "65534\n" then pending("cannot be tried here: " .. errors) return end

    local p = support.start({ "unshare", "-m", tools .. "/confine", store, BINARY, "run",
      "--listen", "127.0.0.1:0", "--store", store .. "/perilune.db", "--log-format", "json", folder })
    local url = "http://" .. support.eventually("the gateway listens", function()
      if not p:is_running() then error(p:errors(), 0) end
      return p:errors():match('"msg":"listening","address":"([^"]+)"')
    end)
    local answer = support.http.request(url, "POST", "/v1/events", '{"type":"a"}', { ["Content-Type"] = "application/json" })
    assert.equal(202, answer.status)
    sink:wait(1)
    p:signal("TERM")
    assert.equal(0, p:wait())
  end)
end)
