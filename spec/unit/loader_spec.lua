-- SPDX-License-Identifier: MIT

local support = require "unit.support"

--- The faults of a gateway folder with one connector of these lines.
local function faults(text, files)
  files = files or {}
  files["connectors/acme.lua"] = text
  return support.faults(files)
end

local function webhooks(text, files)
  return faults('return { base_url = "https://a.example", webhooks = {\n' .. text .. "\n} }", files)
end

describe("the loader says with file and line", function()
  it("what LuaJIT cannot compile", function()
    local found = faults("return {\n  webhooks = {\n")
    assert.equal(1, #found)
    assert.matches("^connectors/acme.lua:%d+: .*near '<eof>'", found[1])
  end)

  it("what a file raises while it runs", function()
    assert.same({ "connectors/acme.lua:2: boom" }, faults("local x = 1\nerror('boom')"))
  end)

  it("the same in a folder with a long name, which LuaJIT shortens", function()
    local root = ("/a/long/name"):rep(9) .. "/"
    for _, text in ipairs { "local x = 1\nerror('boom')", "local x = 1\nerror({})",
      "local x = 1\nlocal y = secret 'NOT_SET_EITHER' return { webhooks = {} }" } do
      for _, fault in ipairs(support.faults({ ["connectors/acme.lua"] = text }, root)) do
        assert.equal(root .. "connectors/acme.lua:", fault:sub(1, #root + 20))
        if text:find("boom") then assert.equal("2: boom", fault:sub(#root + 21)) end
      end
    end
  end)

  it("which file returns no table", function()
    assert.same({ "connectors/acme.lua:1: the file must return a table, not nothing" }, faults(""))
    assert.same({ "connectors/acme.lua:1: the file must return a table, not a number" },
      faults("return 5"))
  end)

  it("a compiled file", function()
    assert.same({ "connectors/acme.lua:1: this is compiled Lua; give the source" }, faults("\27LJ\2"))
  end)

  it("unknown keys and the nearest known one", function()
    assert.same({
      "connectors/acme.lua:2: unknown key 'methd', did you mean 'method'?",
      "connectors/acme.lua:3: unknown key 'headrs', did you mean 'headers'?",
    }, webhooks('{ on = "a", url = "/", methd = "PUT" },\n{ on = "b", url = "/", headrs = {} },'))
  end)

  it("wrong types and what was expected", function()
    assert.same({
      "connectors/acme.lua:2: 'webhooks[1].timeout' wants a number, got a string",
      "connectors/acme.lua:2: 'webhooks[1].url' wants a string or a function or a secret, got a table",
      "connectors/acme.lua:3: 'webhooks[2].response.type' must be one of "
        .. "'json', 'xml', 'form', 'text', 'auto'",
      "connectors/acme.lua:4: 'webhooks[3].retry.jitter' must be between 0 and 1",
    }, webhooks([[{ on = "a", url = {}, timeout = "5" },
{ on = "b", url = "/", response = { type = "yaml" } },
{ on = "c", url = "/", retry = { jitter = 2 } },]]))
  end)

  it("an authenticator that does not exist, and those that do", function()
    local text = 'return {\n  authenticator = "acm",\n  webhooks = { { on = "a", url = "http://b" } } }'
    assert.same({
      "connectors/acme.lua:2: there is no authenticator 'acm'; the folder authenticators/ has none",
    }, faults(text))
    assert.same({ "connectors/acme.lua:2: there is no authenticator 'acm', did you mean 'acme'?" },
      faults(text, { ["authenticators/acme.lua"] = 'return { type = "none" }' }))
    assert.same({ "connectors/acme.lua:2: there is no authenticator 'acm'; authenticators are other, y" },
      faults(text, { ["authenticators/other.lua"] = 'return { type = "none" }',
        ["authenticators/y.lua"] = 'return { type = "none" }' }))
  end)

  it("an authenticator's mistakes", function()
    assert.same({
      "authenticators/a.lua:1: there is no authenticator plugin 'bearr', did you mean 'bearer'?",
      "authenticators/b.lua:1: 'token' is missing",
      "authenticators/b.lua:2: unknown key 'tokn', did you mean 'token'?",
      "authenticators/c.lua:1: an authenticator wants a 'type' (the name of a plugin) or an 'apply'",
      "authenticators/d.lua:2: 'apply' wants a function, got a string",
    }, support.faults {
      ["authenticators/a.lua"] = 'return { type = "bearr" }',
      ["authenticators/b.lua"] = 'return { type = "bearer",\n tokn = "x" }',
      ["authenticators/c.lua"] = "return {}",
      ["authenticators/d.lua"] = 'return {\n apply = "x" }',
    })
  end)

  it("a relative URL without base_url", function()
    assert.same({
      "connectors/acme.lua:2: the URL '/x' is relative, and the connector has no base_url",
    }, faults('return { webhooks = {\n{ on = "a", url = "/x" } } }'))
  end)

  it("a URL that cannot be used", function()
    local found = webhooks('{ on = "a",\nurl = "ftp://x" },')
    assert.equal(1, #found)
    assert.matches("^connectors/acme.lua:3: the URL 'ftp://x' cannot be used: ", found[1])
  end)

  it("a trigger used twice", function()
    assert.same({ "connectors/acme.lua:3: the trigger 'a' is used twice; first in line 2" },
      webhooks('{ on = "a", url = "/1" },\n{ on = "a", url = "/2", id = "other" },'))
  end)

  it("an id used twice", function()
    assert.same({ "connectors/acme.lua:3: the id 'a' is used twice; first in line 2" },
      webhooks('{ on = "a", url = "/1" },\n{ id = "a", url = "/2" },'))
  end)

  it("a webhook with neither on nor id, or without url", function()
    assert.same({
      "connectors/acme.lua:2: a webhook wants 'on' (a trigger) or 'id' (then it fires by a call only)",
      "connectors/acme.lua:3: 'url' is missing",
    }, webhooks('{ url = "/1" },\n{ on = "a" },'))
  end)

  it("a connector without webhooks", function()
    assert.same({ "connectors/acme.lua:1: 'webhooks' is missing" }, faults("return {}"))
    assert.same({ "connectors/acme.lua:2: a connector wants at least one webhook" },
      faults("return {\n webhooks = {} }"))
  end)

  describe("with a declared vocabulary", function()
    local GATEWAY = 'return { events = { "created", field_update = { key = "field" } } }'

    it("an unknown trigger and the nearest known one", function()
      assert.same({ "connectors/acme.lua:2: unknown trigger 'creatd', did you mean 'created'?" },
        webhooks('{ on = "creatd", url = "/" },', { ["gateway.lua"] = GATEWAY }))
    end)

    it("a keyed trigger without its key, or twice for one key", function()
      assert.same({
        "connectors/acme.lua:2: the trigger 'field_update' wants its key 'field'",
        "connectors/acme.lua:5: the trigger 'field_update' is used twice for 'x'; first in line 3",
      }, webhooks([[{ on = "field_update", url = "/" },
{ on = "field_update", field = "x", url = "/" },
{ on = "field_update", field = "y", url = "/" },
{ on = "field_update", field = "x", url = "/" },]], { ["gateway.lua"] = GATEWAY }))
    end)

    it("operator events, which need not be declared, and cannot be", function()
      assert.same({}, webhooks('{ on = "perilune.backlog", url = "/" },', { ["gateway.lua"] = GATEWAY }))
      assert.same({ "connectors/acme.lua:2: there is no operator event 'perilune.backlogs', did you mean 'perilune.backlog'?" },
        webhooks('{ on = "perilune.backlogs", url = "/" },', { ["gateway.lua"] = GATEWAY }))
      assert.same({ "gateway.lua:2: 'perilune.x' is the gateway's own: operator events are known without this" },
        support.faults { ["gateway.lua"] = 'return { events = {\n "perilune.x" } }' })
    end)

    it("a key at a trigger that has none", function()
      assert.same({
        "connectors/acme.lua:2: 'field' is the key of the trigger 'field_update', not of 'created'",
      }, webhooks('{ on = "created", field = "x", url = "/" },', { ["gateway.lua"] = GATEWAY }))
    end)

    it("a vocabulary that cannot be", function()
      assert.same({
        "gateway.lua:2: 'url' cannot be the key of a trigger: webhooks use the name",
        "gateway.lua:3: 'events.b' wants a table, got a number",
      }, support.faults { ["gateway.lua"] =
        'return { events = {\n a = { key = "url" },\n b = 5 } }' })
    end)
  end)

  it("invalid header names and methods", function()
    assert.same({
      "connectors/acme.lua:2: 'X Y' is not a valid header name",
      "connectors/acme.lua:3: 'GE T' is not a valid method",
    }, webhooks([[{ on = "a", url = "/", headers = { ["X Y"] = "1" } },
{ on = "b", url = "/", method = "GE T" },]]))
  end)

  it("template mistakes, in the line of the template", function()
    assert.same({
      "connectors/acme.lua:3:13: expected '}}', got the end of the template, "
        .. "where '{{' of line 3 is not closed",
      "connectors/acme.lua:4:34: No filter named 'uper', did you mean 'upper'?",
      "connectors/acme.lua:6:4: the body of a 'for' must end where it begins: "
        .. "it begins outside of strings and ends inside a string",
      "templates/t.json.j2:2:4: expected an expression, got '}}'",
    }, webhooks([==[{ on = "a",
url = "/{{ x" },
{ on = "b", url = "/", when = "x|uper" },
{ on = "c", url = "/", body = [[{"a":
{% for i in l %}"{% endfor %}}]] },
{ on = "d", url = "/", body = file "t.json.j2" },]==], {
      ["templates/t.json.j2"] = '{"a":\n{{ }}}' }))
  end)

  it("nothing of templates that are parts of others", function()
    assert.same({}, support.faults({
      ["templates/part.j2"] = '"x": 1', ["templates/head.json.j2"] = '{"a": [',
      ["templates/words.j2"] = '{% if a %}"{% endif %} say',
      ["connectors/acme.lua"] = [[return { webhooks = { { on = "t", url = "http://h/",
        body = '{ {% include "part.j2" %} }' } } }]],
    }))
  end)

  it("a template or mapper that does not exist", function()
    assert.same({
      "connectors/acme.lua:2: there is no template 'ordr.json.j2', did you mean 'order.json.j2'?",
      "connectors/acme.lua:3: there is no mapper 'm'",
    }, webhooks([[{ on = "a", url = "/", body = file "ordr.json.j2" },
{ on = "b", url = "/", response = { mapper = "m" } },]], {
      ["templates/order.json.j2"] = "{}" }))
  end)

  it("a fixed body that is no JSON", function()
    local found = webhooks('{ on = "a", url = "/", body = [[{"a":\n]] },')
    assert.equal(1, #found)
    assert.matches("^connectors/acme.lua:2:33: the body is not valid JSON: ", found[1])
  end)

  it("bodies that do not fit their content type", function()
    assert.same({
      "connectors/acme.lua:2: content_type 'xml' wants a body: the event is JSON",
      "connectors/acme.lua:3: a table cannot be written as 'text/plain'; give a text",
      "connectors/acme.lua:4: content_type 'form' wants a body: the event is JSON",
    }, webhooks([[{ on = "a", url = "/", content_type = "xml" },
{ on = "b", url = "/", content_type = "text/plain", body = { a = 1 } },
{ on = "c", url = "/", content_type = "form" },]]))
  end)

  it("a secret that is not set, and goes on", function()
    local found = faults([[return {
  authenticator = { type = "bearer",
    token = secret "SPEC_NEVER_SET" },
  webhooks = { { on = "a", url = "http://a.example", x = 1 } } }]])
    assert.equal(2, #found)
    assert.matches("^connectors/acme.lua:3: .*SPEC_NEVER_SET", found[1])
    assert.matches("^connectors/acme.lua:4: unknown key 'x'", found[2])
  end)

  it("settings that are wrong", function()
    assert.same({
      "gateway.lua:1: unknown key 'lissten', did you mean 'listen'?",
      "gateway.lua:2: 'limits.body' must be a whole number of bytes, or a text such as "
        .. '"64k", "1M" or "1G"',
      "gateway.lua:3: unknown key 'heders', did you mean 'headers'?",
      "gateway.lua:4: 'timeouts.call' wants a number, got a string",
      "gateway.lua:5: 'workers' wants a whole number, got a number",
      "gateway.lua:6: 'tokens.admin' wants a string, a secret or a list, got a boolean",
    }, support.faults { ["gateway.lua"] = [[return { lissten = "x",
limits = { body = "1 MB",
  heders = 5 },
timeouts = { call = "5" },
workers = 1.5,
tokens = { admin = true } }]] })
  end)

  it("what gateway.lua requires of connectors", function()
    assert.same({
      "connectors/acme.lua:1: the connector has no authenticator, which gateway.lua requires "
        .. "(require_authenticator)",
      "connectors/acme.lua:2: the URL is not https, which gateway.lua requires (require_https)",
    }, faults('return { base_url = "https://a.example", webhooks = {\n'
      .. '{ on = "a", url = "http://b.example" }, { on = "b", url = "/x" } } }', {
      ["gateway.lua"] = "return { require_authenticator = true, require_https = true }" }))
  end)

  it("entries of egress.allow that are none or open nothing", function()
    assert.same({
      "gateway.lua:1: egress.allow: '10.0.0.0/99' is no address, no CIDR block and no host name",
      "gateway.lua:1: egress.allow: '127.0.0.0/8' opens nothing: a block opens private networks; "
        .. "loopback, link-local and other special addresses are named one by one",
    }, faults('return { webhooks = { { on = "a", url = "http://127.0.0.1/" } } }', {
      ["gateway.lua"] = 'return { egress = { allow = { "10.0.0.0/99", "127.0.0.0/8", "a.internal" } } }' }))
  end)

  it("addresses that the egress guard refuses, where they stand in a URL", function()
    local refused = {
      { "http://127.0.0.1/x", "loopback address 127.0.0.1" },
      { "https://10.0.0.1:8443/{{ data.x }}", "private network address 10.0.0.1" },
      { "http://[::1]/", "loopback address ::1" },
      { "http://[::ffff:10.0.0.1]", "private network address ::ffff:10.0.0.1" },
      { "http://0x7f000001/", "loopback address 127.0.0.1" },
      { "http://2130706433/", "loopback address 127.0.0.1" },
      { "http://127.1/?q={{ data.q }}", "loopback address 127.0.0.1" },
      { "http://LOCALHOST:80/", "loopback address 127.0.0.1" },
      { "HTTP://169.254.169.254/latest/meta-data/", "cloud metadata address 169.254.169.254" },
    }
    for _, case in ipairs(refused) do
      local message = case[2] .. " refused by the egress guard (egress.allow)"
      assert.same({ "connectors/acme.lua:2: " .. message },
        faults(('return { webhooks = {\n{ on = "a", url = %q } } }'):format(case[1])), case[1])
      if not case[1]:find("?", 1, true) then
        assert.same({ "connectors/acme.lua:2: " .. message },
          faults(('return {\nbase_url = %q, webhooks = { { on = "a", url = "/x" } } }'):format(case[1])), case[1])
      end
    end
  end)

  it("no address that is allowed, and no host that only a resolver or an event knows", function()
    for _, url in ipairs { "http://127.0.0.1/", "http://8.8.8.8/", "http://erp.internal/", "http://{{ data.host }}/",
      "http://10.{{ data.n }}.0.1/", "http://localhost/", "http://10.0.0.1.example/" } do
      assert.same({}, faults(('return { webhooks = { { on = "a", url = %q } } }'):format(url), {
        ["gateway.lua"] = 'return { egress = { allow = { "127.0.0.1" } } }' }), url)
    end
  end)

  it("mistakes in a connector that is switched off", function()
    assert.equal(1, #faults("return { enabled = false }"))
  end)

  it("a missing gateway.lua", function()
    local _, found = require("perilune").load({}, { root = "" })
    assert.same({ { file = "gateway.lua", line = 0, message = "the file is missing" } }, found)
  end)

  it("all of it at once, sorted, with the prefix of the folder", function()
    assert.same({
      "examples/x/connectors/a.lua:1: 'webhooks' is missing",
      "examples/x/connectors/a.lua:2: unknown key 'nam', did you mean 'name'?",
      "examples/x/connectors/b.lua:1: 'url' is missing",
      "examples/x/gateway.lua:1: unknown key 'stor', did you mean 'store'?",
      "examples/x/mappers/m.lua:1: a mapper wants a 'type' (the name of a plugin) or a 'map'",
      "examples/x/templates/t.txt:1:3: expected an expression, got the end of the template, "
        .. "where '{{' of line 1 is not closed",
    }, support.faults({
      ["gateway.lua"] = "return { stor = 1 }",
      ["connectors/b.lua"] = 'return { webhooks = { { on = "a" } } }',
      ["connectors/a.lua"] = 'return {\nnam = "x" }',
      ["mappers/m.lua"] = "return {}",
      ["templates/t.txt"] = "{{",
    }, "examples/x/"))
  end)
end)

describe("a generation", function()
  it("has policies with the defaults, the connector's and the webhook's values", function()
    local generation = support.load {
      ["connectors/a.lua"] = 'return { webhooks = { { on = "x", url = "http://a.example" } } }',
      ["connectors/b.lua"] = [[return { timeout = 3, retry = { schedule = { 1 }, jitter = 0 },
        webhooks = {
          { on = "x", url = "http://a.example" },
          { on = "y", url = "http://a.example", retry = false, timeout = 4 },
          { on = "z", url = "http://a.example", retry = { jitter = 0.5 }, connect_timeout = 1 },
        } }]],
    }
    local gone = { { 410, 410 } }
    assert.same({
      { connector = "a", webhook = "x", retry = { 5, 300, 1800, 7200, 18000, 36000, 36000 },
        jitter = 0.1, disable_on = gone },
      { connector = "b", webhook = "x", retry = { 1 }, jitter = 0, timeout = 3, disable_on = gone },
      { connector = "b", webhook = "y", retry = {}, jitter = 0.1, timeout = 4, disable_on = gone },
      { connector = "b", webhook = "z", retry = { 1 }, jitter = 0.5, timeout = 3,
        connect_timeout = 1, disable_on = gone },
    }, generation.policies)
    assert.same({ a = { x = 1 }, b = { x = 2, y = 3, z = 4 } }, support.by_id(generation))
  end)

  it("knows webhooks by id, trigger, or trigger and key", function()
    local generation = support.connector([[return { webhooks = {
      { on = "a", url = "http://a.example" },
      { on = "f", field = "x", url = "http://a.example" },
      { on = "b", id = "own", url = "http://a.example" },
      { id = "callable", url = "http://a.example" } } }]], {
      ["gateway.lua"] = 'return { events = { "a", "b", f = { key = "field" } } }' })
    assert.same({ acme = { a = 1, ["f.x"] = 2, own = 3, callable = 4 } }, support.by_id(generation))
  end)

  it("leaves out connectors that are switched off", function()
    local generation = support.connector(
      'return { enabled = false, webhooks = { { on = "a", url = "http://a.example" } } }')
    assert.same({}, generation.policies)
  end)

  it("has the settings flat", function()
    assert.same({ ["limits.body"] = "64k", workers = 2, ["tokens.ingest"] = { "abc" },
      ["egress.allow"] = { "10.0.0.0/8" } }, support.load { ["gateway.lua"] = [[return {
        name = "x", limits = { body = "64k" }, workers = 2, tokens = { ingest = "abc" },
        egress = { allow = { "10.0.0.0/8" } } }]] }.settings)
  end)

  it("describes itself", function()
    local perilune = require "perilune"
    local generation = support.connector([[return { name = "Acme", base_url = "http://a.example",
      authenticator = { type = "bearer", token = "abcd" }, webhooks = {
      { on = "a", url = "/x/{{ y }}" }, { id = "c", method = "GET", url = function() end } } }]])
    local acme = perilune.describe(generation, "acme")
    assert.same({ id = "acme", name = "Acme", base_url = "http://a.example",
      authenticator = "bearer", webhooks = {
        { id = "a", on = "a", method = "POST", url = "/x/{{ y }}" },
        { id = "c", method = "GET", url = "(function)" } } }, acme)
    assert.same({ connectors = { acme }, sources = {} }, perilune.describe(generation, nil))
    assert.is_nil(perilune.describe(generation, "nobody"))
  end)
end)
