-- SPDX-License-Identifier: MIT

--- What XML becomes is compared with what Python's parser makes of the same documents
--- (spec/support/xml_shape.py); the rules one by one are in spec/core/xml/.

local core = require "perilune.core"
local value = require "perilune.template.value"
local xml = require "perilune.xml"

local ORDERS = [[<?xml version="1.0"?>
<!-- an answer -->
<response xmlns="urn:shop" xmlns:x="urn:x">
  <order id="7" x:state="new">
    <lines>
      <line sku="a"><qty>2</qty></line>
      <line sku="b"><qty>1</qty></line>
    </lines>
    <note>Hello &amp; <b>good</b> bye</note>
    <empty/>
    <gone xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/>
  </order>
</response>]]

local function decoded(text, options)
  return assert(xml.decode(text, options))
end

local function json(v) return (assert(core.json.encode(v))) end

describe("an XML document", function()
  it("is a table in the order of the source", function()
    assert.equal('{"response":{"order":{"@id":"7","@state":"new","lines":{"line":['
      .. '{"@sku":"a","qty":"2"},{"@sku":"b","qty":"1"}]},"note":{"#text":"Hello &  bye",'
      .. '"b":"good"},"empty":"","gone":null}}}', json(decoded(ORDERS)))
  end)

  it("is read by templates: [0] of the only one is that one, of many the first", function()
    local function first_sku(text)
      local lines = decoded(text).lines
      return value.item(value.item(value.attribute(lines, "line"), 0), "@sku")
    end
    assert.equal("a", first_sku('<lines><line sku="a"/><line sku="b"/></lines>'))
    assert.equal("a", first_sku('<lines><line sku="a"/></lines>'))
    assert.equal("a", first_sku('<lines><line sku="a"><x/></line></lines>'))
    local wide = {}
    for i = 1, 100 do wide[i] = ("<n%d/>"):format(i) end
    assert.equal("a", first_sku('<lines><line sku="a">' .. table.concat(wide) .. "</line></lines>"))
  end)

  it("has no other index where there is one only, and shows none of it", function()
    local line = decoded('<lines><line sku="a"/></lines>').lines.line
    assert.is_true(value.is_undefined(value.item(line, 1)))
    assert.same({ "@sku" }, core.json.keys(line))
    assert.equal(1, value.length(line))
    assert.equal('{"@sku":"a"}', json(line))
    assert.is_true(value.equal(line, core.json.decode '{"@sku":"a"}'))
    assert.is_nil(core.json.decode('{"@sku":"a"}')[0])
  end)

  it("has lists of one where they are asked for", function()
    local lines = decoded("<lines><line>a</line></lines>", { lists = { "line" } }).lines
    assert.equal('{"line":["a"]}', json(lines))
    assert.is_true(core.json.is_array(lines.line))
  end)

  it("keeps prefixes and declarations where that is asked for", function()
    assert.equal('{"p:a":{"@xmlns:p":"u","b":""}}',
      json(decoded('<p:a xmlns:p="u"><b/></p:a>', { prefixes = true })))
  end)

  it("that is none is refused with the place", function()
    local _, message = xml.decode("<a>\n  <b></c></a>")
    assert.equal("mismatched tag (line 2, column 8)", message)
    _, message = xml.decode('<!DOCTYPE a [<!ENTITY x SYSTEM "/etc/passwd">]><a>&x;</a>')
    assert.matches("^a DOCTYPE is not taken: XML from outside may define no entities %(line 1, ",
      message)
  end)

  it("takes options of the right kind only", function()
    assert.has_error(function() xml.decode("<a/>", { lists = "line" }) end)
    assert.has_error(function() xml.decode("<a/>", { lists = { 1 } }) end)
  end)
end)

describe("a table as XML", function()
  it("is a document behind a declaration, if that is wanted", function()
    local order = core.json.decode '{"order":{"@id":12345678901234567890,"line":["a","b"]}}'
    local text = '<order id="12345678901234567890"><line>a</line><line>b</line></order>'
    assert.equal('<?xml version="1.0" encoding="UTF-8"?>\n' .. text, xml.encode(order))
    assert.equal(text, xml.encode(order, { declaration = false }))
  end)

  it("has the members of a plain table sorted", function()
    assert.equal('<a z="1">t<b>true</b><c>1.5</c></a>', (xml.encode(
      { a = { c = 1.5, b = true, ["@z"] = 1, ["#text"] = "t" } }, { declaration = false })))
  end)

  it("may be any number of elements, or a text for any place", function()
    assert.equal("<a>1</a><b>x</b><b>y</b>", xml.elements({ a = 1, b = { "x", "y" } }))
    assert.equal("&lt;a b=&quot;&#39;&quot;&gt;", xml.elements([[<a b="'">]]))
  end)

  it("that cannot be XML is refused with the place", function()
    local _, message = xml.encode({ a = { ["b c"] = 1 } })
    assert.equal('an element with a name that XML does not allow at "/a/b c"', message)
    _, message = xml.encode({ a = { b = "\0" } })
    assert.equal('the character U+0000 cannot be in XML at "/a/b"', message)
    _, message = xml.encode({ a = { b = print } })
    assert.equal('a function cannot be written as JSON at "/a/b"', message)
    _, message = xml.encode({ a = 1, b = 2 })
    assert.equal("an XML document has one element at its top, so a table with one name is wanted",
      message)
  end)
end)

-- -- beside Python -----------------------------------------------------------------------------

local DOCUMENTS = {
  ORDERS,
  "<a/>", "<a></a>", "<a> </a>", "<a>\n</a>", "<a>t</a>", "<a i=''/>", "<a i='1'>t</a>",
  "<a i='1'> </a>", "<a>x<b/>y</a>", "<a>x<b/>y<b/> <c>d</c></a>", "<a>&lt;&#9;&#13;&#10;</a>",
  "<a i='&#9;&#10; x\n\ty'/>", "<a><![CDATA[<b>&amp;]]> x</a>", "<a>1<!-- c -->2<?p?>3</a>",
  "<a>\r\n<b>1\r2</b>\r\n</a>", "<a><b><c><d>é😀</d></c></b></a>",
  "<a><b/><c/><b>2</b><c x='1'/><b/></a>", "<été><名/></été>",
  "<s:E xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body><r xmlns='u'><id>5</id></r>"
    .. "</s:Body></s:E>",
  "<a xml:lang='en' xmlns:x='u' x:i='1'/>",
  "<a xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'><b xsi:nil='true'/>"
    .. "<b xsi:type='t'>5</b><c xsi:nil='0'/></a>",
}

--- What Python's parser makes of documents, as values of the codec.
local function shapes_of(documents)
  local path = os.tmpname()
  local file = assert(io.open(path, "wb"))
  file:write(json(documents))
  file:close()
  local pipe = assert(io.popen("/usr/bin/python3 spec/support/xml_shape.py <" .. path))
  local answer = pipe:read("*a")
  pipe:close()
  os.remove(path)
  return assert(core.json.decode(answer))
end

describe("beside Python's parser", function()
  local shapes = shapes_of(DOCUMENTS)

  it("documents are the same", function()
    for i, text in ipairs(DOCUMENTS) do assert.equal(json(shapes[i]), json(decoded(text)), text) end
  end)

  it("what is written reads as what it was, there and here", function()
    local texts = {}
    for i, shape in ipairs(shapes) do texts[i] = assert(xml.encode(shape)) end
    for i, shape in ipairs(shapes_of(texts)) do
      assert.equal(json(shapes[i]), json(shape), texts[i])
      assert.equal(json(shapes[i]), json(decoded(texts[i])), texts[i])
    end
  end)
end)
