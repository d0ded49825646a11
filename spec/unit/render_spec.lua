-- SPDX-License-Identifier: MIT

local perilune = require "perilune"
local support = require "unit.support"

local EVENT = [[{"id":"e1","type":"t","data":{"order":{"id":"o 7/8","total":12345678901234567890,
  "lines":[{"sku":"a","n":1.0},{"sku":"b","n":null}],"none":[],"note":"say \"hi\"\n"},
  "tenant":"acme","evil":"x\r\nHost: y","host":"evil.example/","empty":""}}]]

--- One webhook on "t" with these further lines.
local function webhook(lines, connector)
  return support.connector(([[
return {
  base_url = "https://api.example/v1/",
  %s
  webhooks = { { on = "t", %s } },
}]]):format(connector or "", lines))
end

local function render(lines, connector, event)
  return support.render(webhook(lines, connector), event or EVENT)
end

local function fails(lines, connector, event)
  return support.raised(render, lines, connector, event)
end

describe("a request", function()
  it("is a POST of the event as JSON unless the webhook says otherwise", function()
    local sent = render [[url = "/hooks"]]
    assert.equal("POST", sent.method)
    assert.equal("https://api.example/v1/hooks", sent.url)
    assert.equal("<event>", sent.body)
    assert.equal("application/json", sent.headers["content-type"])
  end)

  it("does not decode the event when nothing asks for it", function()
    local event = support.event(EVENT)
    require("perilune").render(webhook [[url = "/"]], 1, event, support.TICKET, 1, 0, 1, support.request(), false)
    assert.equal(0, event.decoded)
  end)

  for _, method in ipairs({ "GET", "HEAD", "DELETE", "OPTIONS" }) do
    it("has no body with " .. method .. " unless one is given", function()
      local sent = render(([[url = "/", method = %q]]):format(method))
      assert.is_nil(sent.body)
      assert.is_nil(sent.headers["content-type"])
      assert.equal('{"a":1}', render(([[url = "/", method = %q, body = { a = 1 }]]):format(method))
        .body)
    end)
  end

  it("may have a method of a function or template", function()
    assert.equal("PUT", render [[url = "/", method = function() return "PUT" end]].method)
    assert.equal("GET", render [[url = "/", method = "{{ 'GET' if tenant else 'PUT' }}"]].method)
    assert.matches("connectors/acme.lua:4: 'a b' is not a valid method",
      fails [[url = "/", method = function() return "a b" end]], 1, true)
  end)
end)

describe("a URL", function()
  it("is used as it is when absolute", function()
    assert.equal("http://other.example/x", render [[url = "http://other.example/x"]].url)
  end)

  it("has its values percent-encoded", function()
    assert.equal("https://api.example/v1/orders/o%207%2F8?q=o%207%2F8",
      render [[url = "/orders/{{ order.id }}?q={{ data.order.id }}"]].url)
  end)

  it("takes a value as written when the template says safe", function()
    assert.equal("https://api.example/v1/a/b", render [[url = "/{{ 'a/b'|safe }}"]].url)
  end)

  it("does not encode twice what urlencode gave, and lets none of it end a segment", function()
    -- urllib.parse.quote("a/b c%ö&", safe="")
    assert.equal("https://api.example/v1/a%2Fb%20c%25%C3%B6%26?q=a%2Fb%20c%25%C3%B6%26",
      render [[url = "/{{ 'a/b c%ö&'|urlencode }}?q={{ 'a/b c%ö&'|urlencode }}"]].url)
    assert.equal("https://api.example/v1/a%2Fb?a=1&b=x+y",
      render [[url = "/{{ 'a/b' }}?{{ {'a': 1, 'b': 'x y'}|querystring }}"]].url)
  end)

  it("loses its fragment", function()
    assert.equal("https://api.example/v1/a?b=1", render [[url = "/a?b=1#c"]].url)
  end)

  it("takes letters, digits, '-' and '.' in the host, and nothing else", function()
    assert.equal("https://acme.api.example/x", render [[url = "https://{{ tenant }}.api.example/x"]]
      .url)
    local message, class = fails [[url = "https://{{ host }}.api.example/x"]]
    assert.equal("url", class)
    assert.matches("connectors/acme.lua:4:46: ", message, 1, true)
    assert.matches("\"evil.example/\" may not stand in the host", message,
      1, true)
  end)

  it("cannot climb by a value", function()
    local message, class = fails([[url = "/a/{{ up }}/b"]], "", [[{"type":"t","data":{"up":".."}}]])
    assert.equal("url", class)
    assert.matches("the path has the segment '..'", message, 1, true)
  end)

  it("keeps its segments where a value is empty", function()
    local event = [[{"type":"t","data":{"x":""}}]]
    assert.equal("https://api.example/v1//a//b", render([[url = "/{{ x }}/a/{{ nope }}/b"]], "", event).url)
  end)

  it("has no host with an empty label", function()
    for _, url in ipairs({ "https://{{ empty }}.api.example/", "https://api.{{ nope }}.example/" }) do
      local message, class = fails(("url = %q"):format(url))
      assert.equal("url", class)
      assert.matches("the host has an empty label", message, 1, true)
    end
    assert.equal("https://api.example./", render([[url = "https://{{ 'api' }}.example./"]]).url)
  end)

  it("takes base_url's values from the connector's context", function()
    local generation = support.connector [[
return {
  base_url = "https://{{ region }}.erp.example",
  context = { region = "eu1" },
  webhooks = {
    { on = "t", url = "/a" },
    { on = "u", url = "/a", context = { region = "us2" } },
  },
}]]
    assert.equal("https://eu1.erp.example/a", support.render(generation, EVENT).url)
    assert.equal("https://us2.erp.example/a", support.sent(generation, EVENT, 2).url)
  end)

  it("may be a function, whose result is checked", function()
    assert.equal("https://api.example/v1/x",
      render [[url = function(_, c) return "/" .. (c.nope or "x") end]].url)
    local _, class = fails [[url = function() return "ftp://x" end]]
    assert.equal("url", class)
    assert.matches("the URL must be a string, got nil", fails [[url = function() end]], 1, true)
  end)
end)

describe("a URL that is a secret", function()
  local count = 0

  -- Each value has a name of its own: a secret of the environment is read once.
  local function faults(value, text, gateway)
    count = count + 1
    support.setenv("PERILUNE_SECRET_SPEC_URL" .. count, value)
    return support.faults { ["connectors/a.lua"] = ("local url = secret 'SPEC_URL%d'\nreturn { %s }"):format(count, text),
      ["gateway.lua"] = gateway }
  end
  local WHOLE = "webhooks = {\n{ id = 'w', url = url } }"
  local BASE = "\nbase_url = url, webhooks = { { id = 'w', url = '/w' } }"

  it("is handed on, also as the base of others", function()
    support.setenv("PERILUNE_SECRET_SPEC_URL", "https://hooks.example/T/B")
    assert.equal("<secret>", render([[url = secret "SPEC_URL"]]).url)
    assert.equal("<secret>/orders/o%207%2F8?a=1", render([[url = "/orders/{{ data.order.id }}?a=1#f"]],
      [[base_url = secret "SPEC_URL",]]).url)
  end)

  it("is no part of an absolute one", function()
    support.setenv("PERILUNE_SECRET_SPEC_URL", "https://hooks.example/T/B")
    assert.equal("http://a.example/x", render([[url = "http://a.example/x"]], [[base_url = secret "SPEC_URL",]]).url)
  end)

  it("cannot be climbed out of", function()
    support.setenv("PERILUNE_SECRET_SPEC_URL", "https://hooks.example/T/B")
    local message, class = support.raised(render, [[url = function() return "/../x" end]], [[base_url = secret "SPEC_URL",]])
    assert.matches("the path has the segment '..'", message, 1, true)
    assert.equal("url", class)
  end)

  it("is looked at when it is loaded", function()
    assert.same({}, faults("https://hooks.example/T?sig=1", WHOLE))
    assert.same({ "connectors/a.lua:3: the secret cannot be used as a URL: the URL does not begin with http:// or https://" },
      faults("hooks.example/T", WHOLE))
    assert.same({ "connectors/a.lua:3: the secret cannot be used as a URL: the URL does not begin with http:// or https://" },
      faults("hooks.example/T", BASE))
    assert.same({ "connectors/a.lua:3: a base_url has no query; put it into params" },
      faults("https://hooks.example/T?sig=1", BASE))
    for _, text in ipairs { WHOLE, BASE } do
      assert.same({ "connectors/a.lua:3: the URL in the secret is not https, which gateway.lua requires (require_https)" },
        faults("HTTP://hooks.example/T", text, "return { require_https = true }"))
    end
  end)

  it("is not shown where connectors are described", function()
    support.setenv("PERILUNE_SECRET_SPEC_URL", "https://hooks.example/T/B")
    local shown = perilune.describe(webhook([[url = secret "SPEC_URL"]]), "acme")
    assert.equal("***", shown.webhooks[1].url)
  end)
end)

describe("params and headers", function()
  it("drop params that are empty and repeat lists", function()
    local sent = render [[url = "/?own=1", params = { b = "{{ tenant }}", a = "{{ empty }}",
      c = { "1", "{{ nope }}", "3" }, d = 5, e = function() return nil end }]]
    assert.same({ "b=acme", "c=1", "c=3", "d=5" }, sent.query)
    assert.equal("https://api.example/v1/?own=1", sent.url)
  end)

  it("of the connector hold unless the webhook says otherwise, whatever the case", function()
    local sent = render([[url = "/", headers = { ["x-a"] = "2" }, params = { p = "2" }]],
      [[headers = { ["X-A"] = "1", ["X-B"] = "{{ tenant }}" }, params = { p = "1", q = "1" },]])
    assert.equal("2", sent.headers["x-a"])
    assert.equal("acme", sent.headers["x-b"])
    assert.same({ "p=2", "q=1" }, sent.query)
  end)

  it("of the connector's own may replace the defaults", function()
    local sent = render [[url = "/", headers = { ["content-type"] = "application/x+json" }]]
    assert.equal("application/x+json", sent.headers["content-type"])
  end)

  it("never hold a line break of the template's own", function()
    assert.equal("connectors/acme.lua:4: the value of header 'X-A' holds bytes that a header may not",
      fails [[url = "/", headers = { ["X-A"] = "a\n{{ tenant }}" }]])
  end)

  it("never hold a line break of a value", function()
    assert.matches("connectors/acme.lua:4:65: a header may not hold line breaks",
      fails [[url = "/", headers = { ["X-A"] = "{{ evil }}" }]], 1, true)
  end)
end)

describe("a body", function()
  it("of a table keeps the type of a lone expression and writes keys sorted", function()
    assert.equal('{"b":["o 7/8",[]],"id":"id o 7/8","lines":[{"sku":"a","n":1.0},{"sku":"b",'
      .. '"n":null}],"no":null,"t":true,"total":12345678901234567890}',
      render [[url = "/", body = { total = "{{ order.total }}", lines = "{{ order.lines }}",
        id = "id {{ order.id }}", b = { "{{ order.id }}", "{{ order.none }}" }, t = true,
        no = "{{ nope }}" }]].body)
  end)

  it("keeps an order that is asked for, and empty arrays", function()
    assert.equal('{"z":"e1","a":[],"m":{"y":1,"x":"\\"q\\""}}',
      render [[url = "/", body = json.ordered { {"z", "{{ event.id }}"}, {"a", json.array {}},
        {"m", json.ordered { {"y", 1}, {"x", '"q"'} }} }]].body)
  end)

  it("keeps it also in what a function gives, in a hole, and in a form", function()
    assert.equal('{"z":1,"a":{"y":2,"x":3}}', render [[url = "/", body = function()
      local o = json.ordered { {"z", 1}, {"a", json.ordered { {"y", 2}, {"x", 3} }} }
      assert(o.a.y == 2)
      return o end]].body)
    assert.equal('{"h":{"z":1,"a":2}}', render [[url = "/", body = { h = "{{ context.o }}" },
      context = { o = json.ordered { {"z", 1}, {"a", 2} } }]].body)
    assert.equal("z=1&a=2", render [[url = "/", content_type = "form",
      body = json.ordered { {"z", 1}, {"a", 2} }]].body)
  end)

  it("has no order of what is no list of names and values", function()
    for list, message in pairs {
      ["5"] = "json.ordered wants a list of {name, value}",
      ["{ { 1, 2 } }"] = "json.ordered wants {name, value} as element 1",
      ["{ { 'a', 2 }, 'b' }"] = "json.ordered wants {name, value} as element 2",
      ["{ { 'a', 2 }, { 'a', 3 } }"] = "json.ordered has the name 'a' twice",
    } do
      assert.equal("connectors/acme.lua:4: " .. message,
        fails(('url = "/", body = function() local o = json.ordered(%s) return o end'):format(list)))
    end
  end)

  it("of a text is escaped for JSON inside a string and written as a value outside", function()
    assert.equal([[{"n": "say \"hi\"\n", "l": [], "x": null, "t": 12345678901234567890}]],
      render [==[url = "/", body = [[{"n": "{{ order.note }}", "l": {{ order.none }}, ]]
        .. [["x": {{ nope }}, "t": {{ order.total|tojson }}}]]]==].body)
  end)

  it("that is no JSON after rendering is not sent", function()
    assert.matches("templates/o.json.j2:2:11: the body is not valid JSON", support.raised(function()
      support.render(support.connector([[return { webhooks = {
        { on = "t", url = "http://a.example", body = file "o.json.j2" } } }]],
        { ["templates/o.json.j2"] = '{"a":\n{{ tenant|safe }}}' }), EVENT)
    end), 1, true)
  end)

  it("of a file takes its content type from the extension", function()
    local sent = support.render(support.connector([[return { webhooks = {
      { on = "t", url = "http://a.example", body = file "note.txt" } } }]],
      { ["templates/note.txt"] = "Dear {{ order.note }}\n" }), EVENT)
    assert.equal('Dear say "hi"\n', sent.body)
    assert.equal("text/plain", sent.headers["content-type"])
  end)

  it("may be a form", function()
    local sent = render [[url = "/", content_type = "form", body = { id = "{{ order.id }}",
      tag = { "a b", "{{ tenant }}" }, none = "{{ nope }}", n = 1 }]]
    assert.equal("id=o+7%2F8&n=1&tag=a+b&tag=acme", sent.body)
    assert.equal("application/x-www-form-urlencoded", sent.headers["content-type"])
    assert.equal("a=o+7%2F8",
      render [[url = "/", content_type = "form", body = "a={{ order.id }}"]].body)
  end)

  it("may come of a function: a text, a table, or nothing", function()
    assert.equal('{"a":["acme"]}',
      render [[url = "/", body = function(_, c) return { a = { c.tenant } } end]].body)
    assert.equal('[1]', render [[url = "/", body = function() return "[1]" end]].body)
    assert.is_nil(render [[url = "/", body = function() end]].body)
    assert.matches("not valid JSON", fails [[url = "/", body = function() return "x" end]], 1, true)
    assert.matches("an array with holes or with keys cannot be written as JSON",
      fails [[url = "/", body = function() return { 1, a = 2 } end]], 1, true)
  end)
end)

describe("an error", function()
  it("names template and line", function()
    assert.matches("connectors/acme.lua:5:23: 'nope' is undefined",
      fails "url = '/',\nbody = { a = '{{ nope.x }}' }", 1, true)
  end)

  it("of a function names file and line", function()
    assert.matches("connectors/acme.lua:4: boom",
      fails [[url = "/", body = function() error("boom") end]], 1, true)
  end)

  it("stands where a secret would be written into a body", function()
    support.setenv("PERILUNE_SECRET_SPEC_SET", "abcdef")
    assert.matches("a secret cannot be written in a template",
      fails [[url = "/", body = { a = "x{{ s.key }}" },
        context = { s = { key = secret "SPEC_SET" } }]], 1, true)
    assert.matches("secret cannot be written as JSON",
      fails [[url = "/", body = { a = "{{ s.key }}" },
        context = { s = { key = secret "SPEC_SET" } }]], 1, true)
    assert.matches("connectors/acme.lua:4: a secret may not stand in a body",
      fails [[url = "/", body = { a = secret "SPEC_SET" }]], 1, true)
  end)

  it("is said at load of a secret that no header can hold", function()
    support.setenv("PERILUNE_SECRET_SPEC_LINE", "abcdef\n")
    assert.same({ "connectors/acme.lua:2: the value of header 'A' holds bytes that a header may not" },
      support.faults { ["connectors/acme.lua"] = [[return { webhooks = { {
        headers = { A = secret "SPEC_LINE" }, on = "t", url = "http://a.example" } } }]] })
  end)

  it("does not stand where a secret is a header of its own", function()
    support.setenv("PERILUNE_SECRET_SPEC_SET", "abcdef")
    assert.equal("<secret>",
      render([[url = "/", headers = { ["X-Key"] = secret "SPEC_SET" }]]).headers["x-key"])
  end)
end)

describe("an undecided when", function()
  local generation

  before_each(function()
    generation = webhook [[url = "/", when = "data.order.total > limit"]]
  end)

  local INFO = { attempt = 2, id = "d", now = 0, undecided = true }

  it("is asked again, and may say no", function()
    local sent, context = support.render(generation,
      [[{"type":"t","data":{"limit":5,"order":{"total":1}}}]], INFO)
    assert.is_nil(context)
    assert.is_nil(sent.method)
  end)

  it("raises again when it cannot say yet", function()
    assert.matches("connectors/acme.lua:4:58: 'dict object' has no attribute 'order'", support.raised(function()
      support.render(generation, [[{"type":"t","data":{}}]], INFO)
    end), 1, true)
  end)
end)

describe("what a function gives", function()
  it("is refused where it is of no use, with the place of the key", function()
    local cases = {
      [ [[url = "/", headers = { A = function() return {} end }]] ] =
        "a text, a number or a secret is wanted here, not a table",
      [ [[url = "/", headers = { A = function() return "a\1" end }]] ] =
        "the value of header 'A' holds bytes that a header may not",
      [ [[url = "/", params = { a = function() return { x = 1 } end }]] ] =
        "a text, a number or a secret is wanted here, not a table",
      [ [[url = "/", params = { a = { function() return { { 1 } } end } }]] ] =
        "a text, a number or a secret is wanted here, not a table",
      [ [[url = function() return 5 end]] ] = "the URL must be a string, got number",
      [ [[url = "/", method = function() return {} end]] ] = "is not a valid method",
      [ [[url = "/", body = function() return 5 end]] ] =
        "the body function must return a string or a table, not a number",
      [ [[url = "/", body = function() return "x" end]] ] =
        "the body is not valid JSON: expected a value (line 1, column 1 of the body)",
      [ [[url = "/", body = { a = function() return pairs end }]] ] = "a function cannot be written as JSON",
      [ [[url = "/", body = { a = function() return 0 / 0 end }]] ] =
        "a number that is not finite cannot be written as JSON",
    }
    for line, message in pairs(cases) do
      assert.matches("^connectors/acme%.lua:4: ", fails(line))
      assert.matches(message, fails(line), 1, true)
    end
  end)

  it("may be a list for a param, and a secret", function()
    support.setenv("PERILUNE_SECRET_SPEC_SET", "abcdef")
    assert.same({ "a=1", "a=2", "b=<secret>" }, render([[url = "/", params = {
      a = function() return { 1, "", 2 } end, b = function() return secret "SPEC_SET" end }]]).query)
  end)

  it("names the connector's file also where that is the base_url", function()
    assert.equal("connectors/acme.lua:2: the base_url must be a string, got number",
      support.raised(function()
        support.render(support.connector [[return { base_url = function() return 5 end, webhooks = {
          { on = "t", url = "/" } } }]], EVENT)
      end))
  end)
end)

describe("a script that changes its context", function()
  local CONNECTOR = [[return {
    name = "Acme", context = { region = "eu", hosts = json.array { "a" } },
    authenticator = { config = { key = "k", list = { 1 } }, apply = function(ctx, r)
      r:set_header("X", ctx.config.key, #ctx.config.list)
      ctx.config.key, ctx.config.list[2] = "changed", 2
    end },
    webhooks = { { on = "t", url = "http://a.example", body = function(_, c)
      local seen = { c.context.region, c.region, c.context.hosts, #c.hosts, c.connector.name,
        c.webhook.id, c.data.n.x, json.is_array(c.hosts) }
      seen = json.decode(json.encode(seen))
      c.context.region, c.connector.name, c.webhook.id, c.data.n.x = "x", "x", "x", "x"
      c.hosts[2], c.event.data = "b", nil
      assert(#c.context.hosts == 2 and c.hosts == c.context.hosts)
      return seen
    end } } }]]

  it("changes nothing for the next attempt", function()
    local generation = support.connector(CONNECTOR)
    for _ = 1, 2 do
      local sent = support.render(generation, '{"type":"t","data":{"n":{"x":1}}}')
      assert.equal('["eu","eu",["a"],1,"Acme","t",1,true]', sent.body)
      local request = support.request()
      require("perilune").authenticate(generation, 1, request, {})
      assert.equal("k1", request.sent.headers.x)
    end
  end)

  it("finds a table that contains itself as it was", function()
    local generation = support.connector [[
      local loop = { n = 1 } loop.again = loop
      return { context = { loop = loop }, webhooks = { { on = "t", url = "http://a.example",
        body = function(_, c)
          assert(c.loop ~= loop and c.loop.again == c.loop)
          c.loop.n = c.loop.n + 1
          return { c.loop.n, loop.n }
        end } } }]]
    assert.equal("[2,1]", support.render(generation, '{"type":"t"}').body)
  end)
end)

describe("the context", function()
  it("puts its own names over the constants, and the constants over the event", function()
    local sent = support.render(support.connector [[return {
      name = "Acme", context = { a = "constant", b = "constant" },
      webhooks = { { id = "x", on = "t", url = "http://a.example", body = json.ordered {
        {"a", "{{ a }}"}, {"b", "{{ b }}"}, {"d", "{{ d }}"}, {"attempt", "{{ attempt }}"}, {"w", "{{ webhook.id }}"},
        {"c", "{{ connector.name }}/{{ connector.id }}"}, {"k", "{{ context.a }}"},
        {"now", "{{ now }}"} } } } }]],
      [[{"type":"t","data":{"a":"data","d":"data","attempt":"data","webhook":"data"}}]])
    assert.equal('{"a":"constant","b":"constant","d":"data","attempt":1,"w":"x","c":"Acme/acme","k":"constant",'
      .. '"now":1700000000.75}', sent.body)
  end)
end)

describe("the place of an error in a template", function()
  local function place_of(body)
    local generation = support.connector("return { webhooks = {\n { on = 't', url = 'http://h/', body = "
      .. body .. " } } }")
    return support.raised(support.render, generation, EVENT):match("^connectors/acme.lua:(%d+:%d+): ")
  end

  it("is the line of the file, whether the template's lines are lines of the file or not", function()
    assert.equal("2:46", place_of "'{{ a.b.c }}'")
    assert.equal("2:8", place_of "'[1,\\n  {{ a.b.c }}]'")
    assert.equal("4:6", place_of "[==[\n[1,\n{{ a.b.c }}]]==]")
  end)
end)
