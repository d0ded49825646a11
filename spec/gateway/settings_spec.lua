-- SPDX-License-Identifier: MIT
local support = require("spec.support")

describe("settings", function()
  teardown(function() support.finish() end)

  --- How many events a request may hold, as the refusal of ten says it.
  local function batch_limit(gateway)
    local answer = gateway:post("/v1/events", "[" .. ('{"type":"a"}'):rep(10, ",") .. "]")
    assert.equal(413, answer.status)
    return tonumber(answer.json.detail:match("more than (%d+) events"))
  end

  local files = { ["gateway.lua"] = "return {\n  limits = { batch = 2 },\n}\n" }

  it("come from gateway.lua", function()
    assert.equal(2, batch_limit(support.gateway({ files = files })))
  end)

  it("of the environment win over gateway.lua", function()
    local gateway = support.gateway({ files = files, env = { PERILUNE_LIMITS_BATCH = "3" } })
    assert.equal(3, batch_limit(gateway))
  end)

  it("of the command line win over both", function()
    local gateway = support.gateway({
      files = files, env = { PERILUNE_LIMITS_BATCH = "3" }, arguments = { "--limits-batch", "4" },
    })
    assert.equal(4, batch_limit(gateway))
  end)

  local function refused(options)
    local folder = support.write(support.folder(), options.files or files)
    local arguments = { support.binary, "run", "--listen", "127.0.0.1:0" }
    for _, argument in ipairs(options.arguments or {}) do arguments[#arguments + 1] = argument end
    arguments[#arguments + 1] = folder
    local code, _, errors = support.run(arguments, options.env)
    return code, errors, folder
  end

  it("that are wrong end the start with exit code 3, and say where and what was expected", function()
    local code, errors = refused({ env = { PERILUNE_LIMITS_BODY = "lots" } })
    assert.equal(3, code)
    assert.matches("PERILUNE_LIMITS_BODY 'lots': expected a number of bytes", errors, 1, true)
    code, errors = refused({ arguments = { "--timeouts-call", "soon" } })
    assert.equal(3, code)
    assert.matches("--timeouts-call 'soon': expected a number of seconds", errors, 1, true)
    code, errors = refused({ arguments = { "--log-level", "loud" } })
    assert.equal(3, code)
    assert.matches("--log-level 'loud': expected debug|info|warn|error|off", errors, 1, true)
    code, errors = refused({ arguments = { "--egress-allow", "10.0.0.0/8,*" } })
    assert.equal(3, code)
    assert.matches("egress.allow: '*' is no address", errors, 1, true)
    code, errors = refused({ arguments = { "--egress-ca-file", "/nowhere/ca.pem" } })
    assert.equal(3, code)
    assert.matches("egress.ca_file: /nowhere/ca.pem: No such file", errors, 1, true)
    local folder
    code, errors, folder = refused({
      files = { ["gateway.lua"] = "return {\n  limits = {\n    body = {},\n    headers = 129,\n  },\n  lissten = 1,\n}\n" },
    })
    assert.equal(3, code)
    assert.matches(folder .. "/gateway.lua:3: ", errors, 1, true)
    assert.matches(folder .. "/gateway.lua:4: 'limits.headers' must be between 1 and 128", errors, 1, true)
    assert.matches(folder .. "/gateway.lua:6: ", errors, 1, true)
    assert.matches("listen", errors:match("gateway.lua:6: (.*)"), 1, true)
  end)

  it("that are not known are a mistake of usage", function()
    local code, errors = refused({ arguments = { "--limits-bodi", "1" } })
    assert.equal(2, code)
    assert.matches("Usage: perilune run", errors, 1, true)
  end)
end)
