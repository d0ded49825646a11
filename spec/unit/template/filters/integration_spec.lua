-- SPDX-License-Identifier: MIT

--- Compared with filters made of Python's standard library: hashlib, hmac, base64, uuid, datetime,
--- zoneinfo, re.

local core = require "perilune.core"
local filters = require "perilune.template.filters"
local oracle = require "unit.template.filters.oracle"
local support = require "unit.support"

local SCRIPT = "spec/unit/template/filters/integration_oracle.py"

local CONTEXT = [=[{
  "s": "Hello, wörld 😀", "n": 42, "none": null, "empty": "", "key": "sécret", "epoch": 1700000000, "fraction": 1700000000.75,
  "time": "2024-02-29T13:05:09+01:00", "list": [1, 2], "order": "order-0042 of 2024",
  "fields": {"q": "a b&c", "n": null, "l": ["x", null, 1], "ä/": "=~", "t": true, "e": ""}
}]=]

describe("digests and encodings", function()
  local cases = {
    "{{ s|hmac(key) }}", "{{ s|hmac(key, 'sha1') }}", "{{ s|hmac(key, algorithm='sha512', encoding='base64') }}",
    "{{ s|hmac(key, encoding='base64url') }}", "{{ s|hmac(nope) }}", "{{ s|hmac(none) }}", "{{ s|hmac(key, 'md7') }}",
    "{{ s|hmac(n) }}", "{{ s|hmac(key, encoding='binary') }}", "{{ s|sha256('base64') }}", "{{ s|sha256(encoding='base64url') }}",
    "{{ s|md5('x') }}", "{{ s|b64encode }}", "{{ s|b64encode(true) }}", "{{ '>>>???'|b64encode(urlsafe=true) }}",
    "{{ '>>>???'|b64encode }}", "{{ s|b64encode|b64decode }}", "{{ s|b64encode(true)|b64decode }}", "{{ 'YQ'|b64decode }}",
    "{{ 'YQ=='|b64decode }}", "{{ '!'|b64decode }}", "{{ 'Y'|b64decode }}", "{{ s|hex }}", "{{ n|hex }}", "{{ ''|hex }}|",
    "{{ s|uuid }}", "{{ s|uuid('dns') }}", "{{ s|uuid(namespace='x500') }}", "{{ 'a'|uuid('oid') }}", "{{ n|uuid }}",
    "{{ s|uuid('6ba7b810-9dad-11d1-80b4-00c04fd430c8') }}", "{{ s|uuid('nope') }}",
  }
  for _, algorithm in ipairs({ "md5", "sha1", "sha256", "sha512" }) do
    for _, subject in ipairs({ "s", "n", "none", "empty", "list", "nope" }) do
      cases[#cases + 1] = ("{{ %s|%s }}"):format(subject, algorithm)
    end
  end
  oracle.agrees(it, cases, CONTEXT, SCRIPT)

  it("take a secret as the key of hmac", function()
    local secret = core.secret_of("Jefe")
    -- RFC 4231, test case 2
    assert.equal("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
      filters.hmac.run("what do ya want for nothing?", secret))
  end)

  it("say which encodings there are", function()
    assert.equal("md5: the encoding is hex, base64 or base64url, not 'x'",
      support.raised(filters.md5.run, "a", "x"))
  end)
end)

describe("json_decode, xml, querystring", function()
  oracle.agrees(it, {
    [[{{ '{"b": [1, null, true], "a": {}}'|json_decode }}]], [[{{ ('{"b": {"c": 5}}'|json_decode).b.c }}]],
    "{{ '[1, 2'|json_decode }}", "{{ ''|json_decode }}", "{{ '5'|json_decode + 1 }}", "{{ none|json_decode }}",
    [[{{ '"\\u00e4"'|json_decode }}]], "{{ '<a b=\"c\">&\\'d\\'</a>'|xml }}", "{{ n|xml }}", "{{ nope|xml }}|",
    "{{ '<'|xml|xml }}", "{{ fields|querystring }}", "{{ [('a', 1), ('a', 2)]|querystring }}", "{{ {}|querystring }}|",
    "{{ 'a=b'|querystring }}", "{{ none|querystring }}", "{{ nope|querystring }}", "{{ [1]|querystring }}",
    "{{ {'a': nope, 'b': (1, 2)}|querystring }}", "{{ fields|querystring is escaped }}",
  }, CONTEXT, SCRIPT)

  it("makes elements of a mapping", function()
    local v = assert(core.json.decode('{"a": {"@id": 1, "b": [1, "<"]}, "c": ""}'))
    assert.equal('<a id="1"><b>1</b><b>&lt;</b></a><c/>', filters.xml.run(v).text)
  end)

  it("says where JSON is wrong", function()
    assert.matches("^json_decode: .+ %(line 2, column 1%)$",
      support.raised(filters.json_decode.run, "[1,\n]"))
  end)
end)

describe("date", function()
  local cases = {
    "{{ epoch|date }}", "{{ fraction|date }}", "{{ time|date }}", "{{ epoch|date('%d.%m.%Y') }}",
    "{{ epoch|date(tz='Europe/Berlin', format='%H:%M %Z %z') }}", "{{ time|date('%A %B %j %p %I', 'America/New_York') }}",
    "{{ none|date }}", "{{ nope|date }}", "{{ list|date }}", "{{ 'yesterday'|date }}", "{{ epoch|date('%Y', 'Nowhere/Else') }}",
    "{{ 0|date }}", "{{ -1|date }}", "{{ '2024-02-30'|date }}", "{{ '2024-02-29'|date('%a %d %b') }}", "{{ true|date }}",
    "{{ '2024-01-31T12:00:00Z'|date('%H%%') }}", "{{ epoch|date('plain ä') }}",
  }
  for _, zone in ipairs({ "Asia/Kolkata", "Australia/Lord_Howe", "America/Sao_Paulo", "UTC" }) do
    for _, instant in ipairs({ "0", "1711846800", "1729990800", "4102444800" }) do
      cases[#cases + 1] = ("{{ %s|date('%%Y-%%m-%%d %%H:%%M:%%S %%z', '%s') }}"):format(instant, zone)
    end
  end
  oracle.agrees(it, cases, CONTEXT, SCRIPT)
end)

describe("regex_replace, regex_match, regex_search", function()
  oracle.agrees(it, {
    "{{ order|regex_replace('[0-9]+', '#') }}", "{{ order|regex_replace('[0-9]+', '#', 1) }}",
    "{{ order|regex_replace('(\\\\w+)-(\\\\d+)', '\\\\2-\\\\1') }}", "{{ order|regex_replace('ORDER', 'x') }}",
    "{{ order|regex_replace('ORDER', 'x', ignorecase=true) }}", "{{ order|regex_replace('(?P<n>\\\\d+)', '<\\\\g<n>>') }}",
    "{{ order|regex_replace('(', 'x') }}", "{{ s|regex_replace('ö', 'oe') }}", "{{ n|regex_replace('4', '5') }}",
    "{{ order|regex_replace('', '.', count=3) }}", "{{ order|regex_replace('o', '\\\\9') }}", "{{ order|regex_match('order') }}",
    "{{ order|regex_match('0042') }}", "{{ order|regex_search('0042') }}", "{{ order|regex_search('-(\\\\d+) of (\\\\d+)') }}",
    "{{ order|regex_match('(order)(x)?') }}", "{{ order|regex_match('ORDER', true) }}", "{{ order|regex_search('nope') }}",
    "{{ order|regex_search('(?i)OF') }}", "{{ none|regex_match('N') }}", "{{ nope|regex_match('') }}|", "{{ order|regex_match('[') }}",
    "{% if order|regex_match('order-') %}yes{% endif %}", "{{ (order|regex_search('-(\\\\d+)'))[0]|int }}", "{{ s|regex_search('.$') }}",
    "{{ s|regex_search('\\\\w+$') }}", "{{ s|regex_search('w\\\\w+d') }}",
  }, CONTEXT, SCRIPT)
end)
