-- SPDX-License-Identifier: MIT
--- Plugins of --plugin-path: found, named by where they really are, and read anew with the scripts.
local support = require("spec.support")

local SCHEMA = "return { api = %d, summary = 'Signs', fields = { name = { type = 'string', required = true } } }\n"
local HANDLER = "return {\n  apply = function(ctx, request)\n    %s\n  end,\n}\n"
local CONNECTOR = [[return {
  authenticator = { type = "sign", name = "N" },
  webhooks = { { id = "w", url = "%s/" } },
}
]]

local function plugin(statement, api)
  return { ["sign/schema.lua"] = SCHEMA:format(api or 1), ["sign/handler.lua"] = HANDLER:format(statement) }
end

local function says(text)
  return plugin(("request:set_header('X-Sign', '%s ' .. ctx.config.name)"):format(text))
end

local function gateway_folder(url)
  return support.write(support.folder(), {
    ["gateway.lua"] = support.gateway_lua, ["connectors/a.lua"] = CONNECTOR:format(url or "http://127.0.0.1:1"),
  })
end

local function check(...)
  local code, output, errors = support.run({ support.binary, "check", ... })
  return code, output, errors
end

--- The folder's own name in front, so that messages compare.
local function without(folder, text)
  return (text:gsub(folder:gsub("%p", "%%%0"), "DIR"))
end

describe("the plugin path", function()
  local sink

  setup(function() sink = support.sink() end)
  teardown(function() support.finish() end)

  local function signed_by(gateway)
    local before = sink:count()
    assert.equal(200, gateway:post("/v1/calls/a/w", "{}").status)
    local requests = sink:wait(before + 1)
    return requests[#requests].headers["x-sign"]
  end

  it("is looked through in order, behind the gateway folder and before the bundled ones", function()
    local one, two = support.write(support.folder(), says("one")), support.write(support.folder(), says("two"))
    support.write(two, {
      ["bearer/schema.lua"] = "return { api = 1, summary = 'Ours', fields = {} }",
      ["bearer/handler.lua"] = "return { apply = function() end }",
    })
    local folder = gateway_folder(sink.url)
    support.write(folder, { ["connectors/b.lua"] =
      "return { authenticator = { type = 'bearer' }, webhooks = { { id = 'w', url = 'http://a.example/' } } }" })
    assert.equal(3, check(folder))
    assert.equal(0, check("--plugin-path", one, "--plugin-path", two, folder))
    local gateway = support.gateway({ folder = folder, arguments = { "--plugin-path", one .. ":" .. two } })
    assert.equal("one N", signed_by(gateway))

    support.write(one, says("changed"))
    assert.equal(200, gateway:post("/v1/reload", "{}").status)
    assert.equal("changed N", signed_by(gateway))

    local own = {}
    for path, text in pairs(says("own")) do own["plugins/" .. path] = text end
    support.write(folder, own)
    assert.equal(200, gateway:post("/v1/reload", "{}").status)
    assert.equal("own N", signed_by(gateway))
  end)

  it("is an environment variable, too", function()
    local dir = support.write(support.folder(), says("one"))
    local folder = gateway_folder()
    local code, output = support.run({ "env", "PERILUNE_PLUGIN_PATH=" .. dir, support.binary, "try", "--dry-run", folder, "a",
      "w" })
    assert.equal(0, code)
    assert.matches("one N", output, 1, true)
  end)

  it("has plugins whose mistakes are said at the file where they are", function()
    local folder = gateway_folder()
    local dir = support.write(support.folder(), plugin("request:set_header('A', jsn.encode(ctx.config.nam))"))
    local code, output = check("--plugin-path", dir, folder)
    assert.equal(3, code)
    assert.equal("DIR/sign/handler.lua:3: there is no global 'jsn' here, did you mean 'json'?\n"
      .. "DIR/sign/handler.lua:3: there is no ctx.config.nam, did you mean 'name'?\n", without(dir, output))

    support.write(dir, plugin("", 7))
    code, output = check("--plugin-path", dir, folder)
    assert.equal(3, code)
    assert.equal("DIR/sign/schema.lua:1: the plugin is written for version 7 of the plugin contract; this gateway has "
      .. "version 1\n", without(dir, output))
  end)

  it("has plugins whose errors at run time name that place, too", function()
    local dir = support.write(support.folder(), plugin("error('no luck')"))
    local gateway = support.gateway({ folder = gateway_folder(sink.url), arguments = { "--plugin-path", dir } })
    local answer = gateway:post("/v1/calls/a/w", "{}")
    assert.equal(502, answer.status)
    local shown = dir .. "/sign/handler.lua"
    shown = #shown < 60 and shown or "..." .. shown:sub(-56)
    assert.matches(shown .. ":3: no luck", answer.body, 1, true)
  end)

  it("with a folder that is not there is a mistake at the start: exit code 3", function()
    for _, subcommand in ipairs({ { "run" }, { "check" }, { "try", "a", "w" } }) do
      local arguments = { support.binary, subcommand[1], "--plugin-path", "/nowhere/plugins", gateway_folder(), subcommand[2],
        subcommand[3] }
      local code, output, errors = support.run(arguments)
      assert.equal(3, code)
      assert.equal("/nowhere/plugins: this folder of the plugin path cannot be read: No such file or directory\n",
        output .. errors)
    end
  end)
end)
