-- SPDX-License-Identifier: MIT
--- The example of plugins/README.md: its own spec, and the plugin in a gateway.
local support = require("spec.support")
local openssl = require("spec.support.openssl")

--- The blocks of Lua that begin with the name of a file, by that name.
local function examples()
  local files = {}
  for block in support.read("plugins/README.md"):gmatch("```lua\n(.-)```") do
    local name = block:match("^%-%- ([%w_/]+%.lua)\n")
    if name then files[name] = block end
  end
  return files
end

describe("the example of plugins/README.md", function()
  local files, plugins

  setup(function()
    files, plugins = examples(), support.folder()
    for path, text in pairs(files) do
      if path:find("^acme/") then support.write(plugins, { [path] = text }) end
    end
  end)
  teardown(function() support.finish() end)

  it("passes its spec", function()
    local code, output, errors = support.run({ "sh", "-c", ("cd '%s/acme' && busted --lua=\"$(command -v luajit)\" spec")
      :format(plugins) })
    assert.equal(0, code, output .. errors)
    assert.matches("2 successes", output, 1, true)
  end)

  it("signs, maps and filters", function()
    local sink = support.sink("--body", '{"ref":"AC-000108"}')
    local connector = files["connectors/shop.lua"]:gsub("https://api.acme.example", sink.url)
    local gateway = support.gateway({
      files = { ["gateway.lua"] = support.gateway_lua, ["connectors/shop.lua"] = connector },
      arguments = { "--plugin-path", plugins }, env = { PERILUNE_SECRET_ACME_KEY = "k-1234" },
    })
    local answer = gateway:post("/v1/calls/shop/order", '{"data":{"id":42,"total":120.50}}')
    assert.same({ order = 108 }, answer.json.variables)
    local request = sink:wait(1)[1]
    assert.equal("/orders/AC-000042", request.path)
    local time, mac = request.headers["x-acme-signature"]:match("^t=(%d+),s=(%x+)$")
    assert.equal(openssl.hmac("sha256", "k-1234", time .. '.{"total":120.50}'), mac)
  end)

  it("says what is wrong with its use", function()
    local connector = files["connectors/shop.lua"]:gsub("key = secret", "kee = secret")
    local folder = support.write(support.folder(), { ["gateway.lua"] = "return {}", ["connectors/shop.lua"] = connector })
    local code, output = support.run({ "env", "PERILUNE_SECRET_ACME_KEY=k-1234", support.binary, "check", "--plugin-path", plugins,
      folder })
    assert.equal(3, code)
    assert.matches("connectors/shop.lua:%d+: unknown key 'kee', did you mean 'key'?", output)
  end)
end)
