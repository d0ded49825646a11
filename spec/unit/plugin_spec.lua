-- SPDX-License-Identifier: MIT

--- The contract of plugins: what schema.lua and handler.lua may say, and what is done with it.

local perilune = require "perilune"
local support = require "unit.support"

local CONNECTOR = [[return { %s webhooks = { { on = "t", url = "http://a.example" } } }]]

--- The faults of a plugin "p" with these files, and of a connector that says these lines.
local function faults(schema, handler, lines)
  return support.faults {
    ["plugins/p/schema.lua"] = schema, ["plugins/p/handler.lua"] = handler or "return {}",
    ["connectors/c.lua"] = CONNECTOR:format(lines or ""),
  }
end

describe("a plugin's schema.lua", function()
  it("has a version, a summary and fields", function()
    assert.same({ "plugins/p/schema.lua:1: 'api' is missing", "plugins/p/schema.lua:1: 'fields' is missing",
      "plugins/p/schema.lua:1: 'summary' is missing" }, faults "return {}")
    assert.same({ "plugins/p/schema.lua:0: a plugin wants a schema.lua: { api = 1, summary = ..., fields = {} }" },
      support.faults { ["plugins/p/handler.lua"] = "return {}" })
  end)

  it("is for this version of the contract", function()
    assert.same({ "plugins/p/schema.lua:2: the plugin is written for version 2 of the plugin contract; this gateway "
      .. "has version 1" }, faults "return {\n api = 2, whatever = 1 }")
  end)

  it("is data, and all of its mistakes are said with their lines", function()
    assert.same({
      "plugins/p/schema.lua:2: the field 'a' has the unknown type 'strng', did you mean 'string'?",
      "plugins/p/schema.lua:3: a field has no key 'requird', did you mean 'required'?",
      "plugins/p/schema.lua:4: 'min' wants a number, got a string",
      "plugins/p/schema.lua:5: the field 'd' does not say of what it is a list",
      "plugins/p/schema.lua:6: the field 'e' must be a table, not a function",
      "plugins/p/schema.lua:7: a field has no key 'check'; known are description, example, fields, filled, "
        .. "first, max, min, of, one_of, required, secret, type, values",
    }, faults(support.schema [[

      a = { type = "strng" },
      b = { type = "string", requird = true },
      c = { type = "number", min = "1" },
      d = { type = "list" },
      e = function() end,
      f = { one_of = { { type = "string", check = function() end } } }]]))
  end)

  it("has defaults that its fields take", function()
    assert.same({ "plugins/p/schema.lua:1: the default is none: 'n' must be at most 5" },
      faults(support.schema "n = { type = 'number', max = 5, default = 7 }"))
  end)
end)

describe("a plugin's handler.lua", function()
  it("has functions of the contract and no others", function()
    assert.same({ "plugins/p/handler.lua:2: 'map' wants a function, got a number",
      "plugins/p/handler.lua:3: unknown key 'aply', did you mean 'apply'?" },
      faults(support.schema "", "return {\n map = 5,\n aply = function() end }"))
  end)
end)

describe("an instance", function()
  local HANDLER = "return { map = function() return {} end }"

  it("is of a plugin that can be used so", function()
    assert.same({ "connectors/c.lua:1: the plugin 'p' is no authenticator: it has no apply, credentials" },
      faults(support.schema "", HANDLER, "authenticator = { type = 'p' },"))
    assert.same({ "connectors/c.lua:1: the plugin 'p' is no hook: it has no before_send, after_receive, on_failed" },
      faults(support.schema "", HANDLER, "hooks = { { type = 'p' } },"))
    assert.same({ "connectors/c.lua:1: there is no hook plugin 'beaer', did you mean 'bearer'?" },
      faults(support.schema "", HANDLER, "hooks = { { type = 'beaer' } },"))
    assert.same({ "connectors/c.lua:1: a hook wants a 'type' (the name of a plugin) or one of 'before_send', "
      .. "'after_receive', 'on_failed'" }, faults(support.schema "", HANDLER, "hooks = { { } },"))
  end)

  it("has its config checked, with the line of each mistake", function()
    assert.same({ "connectors/c.lua:1: 'key' is missing", "connectors/c.lua:2: unknown key 'kee', did you mean 'key'?",
      "connectors/c.lua:3: 'authenticator.n' must be between 1 and 3" },
      faults(support.schema "key = { type = 'string', required = true }, n = { type = 'integer', min = 1, max = 3 }",
        "return { apply = function() end }", "authenticator = { type = 'p',\n kee = 1,\n n = 7 },"))
  end)

  it("has its config checked by the plugin, once the schema takes it", function()
    local schema = support.schema "a = { type = 'integer' }, b = { type = 'integer' }"
    local handler = [[return { apply = function() end, check = function(config)
      if config.a == config.b then error("a and b cannot both be " .. config.a, 0) end
    end }]]
    assert.same({ "connectors/c.lua:1: a and b cannot both be 1" },
      faults(schema, handler, "authenticator = { type = 'p', a = 1, b = 1 },"))
    assert.same({ "connectors/c.lua:1: 'authenticator.b' wants a whole number, got a string" },
      faults(schema, handler, "authenticator = { type = 'p', a = 1, b = '1' },"))
    assert.same({}, faults(schema, handler, "authenticator = { type = 'p', a = 1, b = 2 },"))
  end)

  it("of a mapper reads variables by its config", function()
    local generation = support.connector([[return { webhooks = { { on = "t", url = "http://a.example",
      response = { mapper = { type = "p", name = "erp" } } } } }]], {
      ["plugins/p/schema.lua"] = support.schema "name = { type = 'string' }",
      ["plugins/p/handler.lua"] =
        "return { map = function(ctx, response) return { [ctx.config.name] = response.status } end }" })
    local _, frame = support.render(generation, '{"type":"t"}')
    local ok, variables = perilune.map(generation, 1, support.response(200, "{}"), frame)
    assert.same({ true, '{"erp":200}' }, { ok, variables })
  end)
end)

describe("a list of authenticators", function()
  it("is applied one after the other", function()
    local generation = support.connector([[return {
      authenticator = { "first", { apply = function(_, r) r:set_header("B", r:header("A") .. "2") end } },
      webhooks = { { on = "t", url = "http://a.example" } } }]],
      { ["authenticators/first.lua"] = "return { apply = function(_, r) r:set_header('A', '1') end }" })
    local request = support.request()
    perilune.authenticate(generation, 1, request, {})
    assert.equal("12", request.sent.headers.b)
    assert.equal("custom + custom", perilune.describe(generation, "acme").authenticator)
  end)

  it("has the mistakes of each said", function()
    assert.same({ "connectors/c.lua:1: there is no authenticator 'x'; the folder authenticators/ has none",
      "connectors/c.lua:1: a list of authenticators wants ids and tables",
      "connectors/c.lua:1: there is no authenticator plugin 'beaer', did you mean 'bearer'?" },
      support.faults { ["connectors/c.lua"] = CONNECTOR:format "authenticator = { 'x', 5, { type = 'beaer' } }," })
  end)

  it("asks all of them when a request was answered 401", function()
    local generation = support.connector([[
      local function says(v) return { apply = function() end, on_unauthorized = function(_, r) return v and r.status == 401 end } end
      return { authenticator = { says(false), { apply = function() end }, says(true) },
      webhooks = { { on = "t", url = "http://a.example" } } }]])
    assert.is_true(generation.policies[1].has_on_unauthorized)
    assert.is_true(perilune.unauthorized(generation, 1, support.response(401, ""), {}))
  end)
end)

describe("hooks", function()
  local generation

  setup(function()
    generation = support.connector([[
      local function note(name)
        return { before_send = function(_, request)
            request:set_header("Seen", (request:header("Seen") or "") .. name)
          end,
          after_receive = function(_, response)
            if response.status == 299 then error(name .. " does not like it") end
          end }
      end
      return {
        hooks = { note "a", { type = "p", text = "b" } },
        authenticator = { apply = function(_, request) request:set_header("Signed", request:header("Seen")) end },
        webhooks = { { on = "t", url = "http://a.example", hooks = { note "c" } } } }]], {
      ["plugins/p/schema.lua"] = support.schema "text = { type = 'string' }",
      ["plugins/p/handler.lua"] = [[return {
        before_send = function(ctx, request) request:set_header("Seen", request:header("Seen") .. ctx.config.text) end,
        on_failed = function(ctx, failure) error(failure.message .. ctx.config.text) end }]],
    })
  end)

  it("run in the order in which they are written, before the authenticators", function()
    local request = support.request()
    perilune.authenticate(generation, 1, request, {})
    assert.equal("abc", request.sent.headers.seen)
    assert.equal("abc", request.sent.headers.signed)
  end)

  it("see the answer before it is mapped", function()
    local _, frame = support.render(generation, '{"type":"t"}')
    assert.equal("connectors/acme.lua:6: a does not like it",
      support.raised(perilune.map, generation, 1, support.response(299, ""), frame))
  end)

  it("are told of failures, and cannot fail themselves", function()
    assert.is_true(generation.policies[1].has_on_failed)
    perilune.failed(generation, 1, { class = "dns", message = "no such host" },
      support.frame(generation, 1, "{}"))
  end)
end)
