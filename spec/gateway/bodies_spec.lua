-- SPDX-License-Identifier: MIT

--- What templates and tables make of hostile values, from the real binary to a real receiver, which reads it with Python.

local support = require("spec.support")

local HOSTILE = 'a"b\\c</x>&d=e/../f?g#h\r\n--i: \195\169\240\159\152\128'

local FILES = {
  ["gateway.lua"] = support.gateway_lua,
  ["templates/order.json.j2"] = [[
{% extends "base.json.j2" %}
{% from "macros.j2" import line, quoted %}
{% block members %}
  "title": "{{ data.title }}", /* {{ data.title }} */
  "lines": [{% for l in data.lines %}{{ line(l) }}{% if not loop.last %}, {% endif %}{% endfor %}],
  {% call quoted() %}{{ data.title }}{% endcall %}: {% include "part.json.j2" %} // done: {{ data.title }}
{% endblock %}]],
  ["templates/base.json.j2"] = '{"id": {{ data.id }}, {% block members %}{% endblock %} }',
  ["templates/macros.j2"] = '{% macro line(l) %}{"sku": {{ l.sku }}, "label": "{{ l.sku ~ "!" }}"}{% endmacro %}'
    .. '{% macro quoted() %}"{{ caller() }}"{% endmacro %}',
  ["templates/part.json.j2"] = "{{ data.total }}",
  ["templates/order.xml.j2"] = '<?xml version="1.0" encoding="UTF-8"?>\n<order id="{{ data.id }}" t=\'{{ data.title }}\'>'
    .. "{{ data.title }}<c><![CDATA[{{ data.title }}]]></c>{{ {'line': data.lines}|xml }}</order>",
  ["plugins/acme/schema.lua"] = "return { api = 1, summary = 'Acme', fields = {} }",
  ["plugins/acme/handler.lua"] = [[
return {
  filters = { slow = function(v) sleep(0.01) return v:upper() end, broken = function(v) error("no luck with " .. v) end },
}]],
  ["connectors/shop.lua"] = [[
return {
  base_url = "%s",
  webhooks = {
    { id = "json", url = "/json", body = file "order.json.j2" },
    { id = "xml", url = "/xml", body = file "order.xml.j2" },
    { id = "form", url = "/form", content_type = "form", body = "t={{ data.title }}&{{ {'u': data.title}|querystring }}" },
    { id = "multipart", url = "/multipart", content_type = "multipart",
      body = { t = "{{ data.title }}", f = { filename = "{{ data.title }}.txt", content = "{{ data.title }}" } } },
    { id = "url", method = "GET", url = "/a/{{ data.title }}/b?c={{ data.title }}&d=e", params = { f = "{{ data.title }}" } },
    { id = "slow", url = "/slow", body = '{"a": "{{ data.name|acme.slow }}"}' },
    { id = "header", url = "/header", headers = { ["X-Title"] = "{{ data.title }}" } },
    { id = "broken", url = "/broken", body = '[{{ data.id }},\n  {{ data.name|acme.broken }}]' },
    { id = "comma", url = "/comma", body = '[{%% for l in data.lines %%}{{ l.sku }},{%% endfor %%}]' },
  },
}]],
}

describe("bodies of templates", function()
  local sink, gateway

  setup(function()
    sink = support.sink()
    local files = {}
    for path, text in pairs(FILES) do files[path] = text end
    files["connectors/shop.lua"] = FILES["connectors/shop.lua"]:format(sink.url)
    gateway = support.gateway({ files = files, arguments = { "--workers", "1" } })
  end)

  teardown(function() support.finish() end)

  local DATA = '{"data":{"id":12345678901234567890,"total":120.50,"name":"Ada","title":%s,"lines":[{"sku":"\\"1"},{"sku":"2"}]}}'

  local function call(webhook)
    return gateway:post("/v1/calls/shop/" .. webhook, DATA:format(support.json.encode(HOSTILE)))
  end

  --- The request that a webhook sends.
  local function sent(webhook)
    local before = sink:count()
    local answer = call(webhook)
    assert.equal(200, answer.status, answer.body)
    return sink:wait(before + 1)[before + 1]
  end

  --- What Python reads in a text.
  local function read(kind, text, media)
    local folder = support.write(support.folder(), { case = support.json.encode({ kind, text, media or "" }) .. "\n" })
    local _, output = support.run({ "/usr/bin/python3", "spec/support/readers.py" }, nil, folder .. "/case")
    return support.json.decode(output)
  end

  it("are JSON whatever stands in strings, values, names and comments", function()
    local request = sent("json")
    assert.same({
      id = 12345678901234567890, title = HOSTILE, [HOSTILE] = 120.5,
      lines = { { sku = '"1', label = '"1!' }, { sku = "2", label = "2!" } },
    }, read("json", request.body))
    assert.matches('"id": 12345678901234567890,', request.body, 1, true)
    assert.matches(": 120.50", request.body, 1, true)
    assert.is_nil(request.body:find("done:", 1, true))
  end)

  it("are XML in text, attributes, CDATA and elements", function()
    local request = sent("xml")
    assert.equal("application/xml", request.headers["content-type"])
    -- Line ends are one character to a reader of XML, but where they are escaped (XML 1.0, section 2.11).
    assert.same({ "order", { id = "12345678901234567890", t = HOSTILE }, HOSTILE, {
      { "c", {}, (HOSTILE:gsub("\r\n", "\n")), {} },
      { "line", {}, "", { { "sku", {}, '"1', {} } } }, { "line", {}, "", { { "sku", {}, "2", {} } } },
    } }, read("xml", request.body))
  end)

  it("are forms and parts with the fields that the webhook names, and no others", function()
    assert.same({ { "t", HOSTILE }, { "u", HOSTILE } }, read("form", sent("form").body))
    local request = sent("multipart")
    local parts = read("multipart", request.body, request.headers["content-type"])
    assert.equal(2, #parts)
    assert.equal("f", parts[1].name)
    assert.equal(HOSTILE, parts[1].content)
    assert.equal((HOSTILE:gsub('["\\\r\n]', { ['"'] = "%22", ["\\"] = "%5C", ["\r"] = "%0D", ["\n"] = "%0A" }))
      .. ".txt", parts[1].filename)
    assert.same({ "t", HOSTILE }, { parts[2].name, parts[2].content })
  end)

  it("go to the path and the parameters that the webhook names", function()
    local request = sent("url")
    local url = read("url", "http://h" .. request.path .. "?" .. request.query)
    assert.same({ "a", HOSTILE, "b" }, url.segments)
    assert.same({ { "c", HOSTILE }, { "d", "e" }, { "f", HOSTILE } }, url.query)
  end)

  it("may wait in a plugin's filter", function()
    assert.equal('{"a": "ADA"}', sent("slow").body)
  end)

  it("are not sent when they fail: the attempt is a script's, with line, column and excerpt", function()
    local before = sink:count()
    for webhook, message in pairs({
      header = ":%d+:%d+: a header may not hold line breaks or control characters\n    {{ data.title }}\n +%^$",
      broken = ":12:%d+: [^ ]*/plugins/acme/handler.lua:2: no luck with Ada\n +{{ data.name|acme.broken }}]\n +%^$",
      comma = ":%d+:%d+: the body is not valid JSON: expected a value [^\n]*\n[^\n]*{%% endfor %%}]\n +%^$",
    }) do
      local answer = call(webhook)
      local attempt = support.eventually("the call is recorded", function()
        local row = answer.json.attempt and gateway:get("/v1/deliveries/" .. answer.json.attempt)
        return row and row.status == 200 and row.json.attempts[1]
      end)
      assert.equal("script", attempt.outcome)
      assert.matches("/connectors/shop.lua" .. message, attempt.error)
    end
    assert.equal(before, sink:count())
  end)

  it("with a mistake do not come into service: the old generation goes on", function()
    support.write(gateway.folder, { ["templates/order.json.j2"] = '{"a":\n  {{ data.id|tojsno }}}' })
    local answer = gateway:post("/v1/reload", "")
    assert.equal(422, answer.status)
    assert.same({ 2, 14 }, { answer.json.errors[1].line, answer.json.errors[1].column })
    assert.matches("did you mean 'tojson'?", answer.json.errors[1].message, 1, true)
    assert.equal(200, call("json").status)
  end)
end)
