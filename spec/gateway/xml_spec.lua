-- SPDX-License-Identifier: MIT
--- Answers that are not JSON, and bodies in XML, between the real binary and real peers.

local support = require("spec.support")

local ORDER = [[<?xml version="1.0" encoding="ISO-8859-1"?>
<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>
  <order xmlns="urn:shop" id="9007199254740993"><name>Caf]] .. "\233" .. [[</name>
    <lines><line sku="a"/>%s</lines></order>
</s:Body></s:Envelope>]]

local CONNECTOR = [[
return {
  base_url = "%s",
  webhooks = {
    { id = "order", url = "/", params = { body = "{{ data.body }}", type = "{{ data.type }}",
                                           status = "{{ data.status }}" },
      method = "GET",
      response = { type = "auto", variables = {
        id = "response.Envelope.Body.order['@id']", name = "response.Envelope.Body.order.name",
        sku = "response.Envelope.Body.order.lines.line[0]['@sku']",
        tag = "headers['ETag']", status = "status" } } },
    { id = "token", url = "/", params = { body = "{{ data.body }}", type = "{{ data.type }}" },
      method = "GET",
      response = { type = "form", variables = { token = { "access_token", required = true },
                                                scope = { "scope", default = "none" } } } },
    { on = "order.confirmed", url = "%s/orders", content_type = "xml",
      body = json.ordered { { "order", json.ordered { { "@id", "{{ data.id }}" }, { "name", "{{ data.name }}" },
                                                      { "line", "{{ data.lines }}" } } } } },
  },
}]]

describe("XML and forms", function()
  local receiver, sink, gateway

  setup(function()
    receiver = support.start({ "python3", "spec/support/answers.py" })
    local port = support.eventually("the receiver listens", function()
      return receiver:errors():match("listening on 127%.0%.0%.1:(%d+)")
    end)
    sink = support.sink()
    gateway = support.gateway({ files = {
      ["gateway.lua"] = support.gateway_lua,
      ["connectors/shop.lua"] = CONNECTOR:format("http://127.0.0.1:" .. port, sink.url),
    }, arguments = { "--workers", "1" } })
  end)

  teardown(function() support.finish() end)

  local function call(webhook, data)
    return gateway:post("/v1/calls/shop/" .. webhook, support.json.encode({ data = data })).json
  end

  --- What the attempt of a call says, once it is on record.
  local function recorded_error(answer)
    local recorded = support.eventually("the call is recorded", function()
      local row = gateway:get("/v1/deliveries/" .. answer.attempt)
      return row.status == 200 and row.json
    end)
    return recorded.attempts[1].error
  end

  --- The receiver gets the body in the query, as UTF-8; a body in another character set is told as bytes.
  local function utf8(text) return (text:gsub("\233", "é"):gsub("ISO%-8859%-1", "UTF-8")) end

  it("answers are read by their Content-Type", function()
    for _, more in ipairs { "", '<line sku="b"/>' } do
      local answer = call("order", { type = "text/xml", body = utf8(ORDER:format(more)) })
      assert.is_true(answer.ok)
      assert.same({ id = "9007199254740993", name = "Café", sku = "a", tag = "v1", status = 200 },
        answer.variables)
    end
  end)

  it("an answer that is no XML says so in the attempt, and the other variables are there", function()
    local answer = call("order", { type = "application/soap+xml", body = "<a>" })
    assert.is_true(answer.ok)
    assert.same({ id = support.json.null, name = support.json.null, sku = support.json.null, tag = "v1", status = 200 },
      answer.variables)
    assert.matches("^the answer is not valid XML: no element found %(line 1, column 4%); variable 'id': not found",
      recorded_error(answer))
  end)

  it("a DOCTYPE is refused", function()
    local answer = call("order", { type = "text/xml",
      body = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>' })
    assert.equal(support.json.null, answer.variables.id)
    assert.matches("a DOCTYPE is not taken", recorded_error(answer), 1, true)
  end)

  it("forms are objects; a required variable that is missing fails the call", function()
    local answer = call("token", { type = "text/plain", body = "access_token=a%2Bb&expires=5" })
    assert.is_true(answer.ok)
    assert.same({ token = "a+b", scope = "none" }, answer.variables)
    answer = call("token", { type = "text/plain", body = "error=denied" })
    assert.is_false(answer.ok)
    assert.equal("urn:perilune:map", answer.type)
    assert.matches("variable 'token' is required: not found in the answer", answer.detail, 1, true)
  end)

  it("bodies of tables are written, lists repeat their element", function()
    gateway:post("/v1/events", [[{"type":"order.confirmed","data":{"id":9007199254740993,"name":"A & B",
      "lines":[{"@sku":"a","#text":"1"},{"qty":2}]}}]])
    local request = sink:wait(1)[1]
    assert.equal("application/xml", request.headers["content-type"])
    assert.equal('<?xml version="1.0" encoding="UTF-8"?>\n<order id="9007199254740993"><name>A &amp; B</name>'
      .. '<line sku="a">1</line><line><qty>2</qty></line></order>', request.body)
  end)
end)
