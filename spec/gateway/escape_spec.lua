-- SPDX-License-Identifier: MIT

--- Scripts that want more than they may: each attack is a script that an integrator could write, run
--- by a gateway with one worker and small limits. It has to end with the failure that names the limit
--- and the place, and the worker has to be as good as before.

local support = require("spec.support")
local http = support.http

-- What the attacks below may use; they are bodies of functions(ctx, v).
local TIME = {
  { "an empty loop", "while true do end" },
  { "an empty repeat loop", "repeat until false" },
  { "a numeric loop", "for i = 1, math.huge do end" },
  { "a goto", "::again:: goto again" },
  { "a counter", "local n = 0 while true do n = n + 1 end" },
  { "a loop with calls", "local function f() end while true do f() end" },
  { "tail calls", "local function f() return f() end return f()" },
  { "mutual tail calls", "local f, g f = function() return g() end g = function() return f() end return f()" },
  { "recursion that is caught", "local function f() pcall(f) pcall(f) end while true do f() end" },
  { "a caught loop", "while true do pcall(function() while true do end end) end" },
  { "pcall within pcall", "local function f() while true do pcall(pcall, pcall, f) end end f()" },
  { "pcall as a tail call", "return pcall(function() while true do end end)" },
  { "a chain of tail calls of pcall",
    "local function f(n) if n == 0 then while true do end end return pcall(f, n - 1) end return f(50)" },
  { "a handler of xpcall", "xpcall(error, function() while true do end end)" },
  { "a function that is its own handler", "local function f() while true do xpcall(f, f) end end f()" },
  { "xpcall in a loop", "while true do xpcall(function() while true do end end, function() while true do end end) end" },
  { "__tostring", "local o = setmetatable({}, { __tostring = function() while true do end end }) return tostring(o)" },
  { "__tostring in string.format",
    "local o = setmetatable({}, { __tostring = function() while true do end end }) return ('%s'):format(o)" },
  { "an error object with __tostring",
    "error(setmetatable({}, { __tostring = function() while true do end end, __index = function() while true do end end }))",
    "raised a table" },
  { "__index", "local o = setmetatable({}, { __index = function() while true do end end }) return o.x" },
  { "an endless __index", "local o o = setmetatable({}, { __index = function(_, k) return o[k + 1] end }) "
    .. "while true do pcall(function() return o[1] end) end" },
  { "__index of a request", "ctx.http.get(setmetatable({}, { __index = function() while true do end end }))" },
  { "__index of fields", "return url.query(setmetatable({}, { __index = function() while true do end end }))" },
  { "__index of options", "return json.decode('1', setmetatable({}, { __index = function() while true do end end }))" },
  { "__index of a replacement", "return (('x'):gsub('x', setmetatable({}, { __index = function() while true do end end })))" },
  { "__index of names for a template",
    "return template.compile('{{ a }}')(setmetatable({}, { __index = function() while true do end end }))" },
  { "__newindex", "local o = setmetatable({}, { __newindex = function() while true do end end }) o.x = 1" },
  { "__concat", "local o = setmetatable({}, { __concat = function() while true do end end }) return 'x' .. o" },
  { "__eq", "local m = { __eq = function() while true do end end } "
    .. "return setmetatable({}, m) == setmetatable({}, m) and 'x'" },
  { "__lt", "local m = { __lt = function() while true do end end } "
    .. "return setmetatable({}, m) < setmetatable({}, m) and 'x'" },
  { "__unm", "return -setmetatable({}, { __unm = function() while true do end end })" },
  { "__call", "return setmetatable({}, { __call = function() while true do end end })()" },
  { "a comparator of table.sort", "table.sort({ 3, 1, 2 }, function() while true do end end)" },
  { "a comparator that never agrees", "local t = {} for i = 1, 3000 do t[i] = i end "
    .. "while true do pcall(table.sort, t, function(a, b) return a ~= b end) end" },
  { "items that sort in squared time", "while true do local t = {} for i = 1, 5000 do t[i] = i % 2 == 0 and i or -i end table.sort(t) end" },
  { "a callback of gsub", "return (('x'):rep(10):gsub('.', function() while true do end end))" },
  { "gsub of many", "local s = ('x'):rep(100000) while true do s = s:gsub('x', 'x') end" },
  { "an iterator that never ends", "for _ in function() return 1 end do end" },
  { "next without end", "local t = { a = 1 } while true do for k in next, t do t[k] = 2 end end" },
  { "gmatch of nothing", "while true do for _ in (''):gmatch('') do end end" },
  { "string.format", "while true do local s = ('%99.99f'):format(1e300) end" },
  { "string.rep of nothing", "while true do local s = (''):rep(1e9) end" },
  { "unpack", "local t = {} for i = 1, 200 do t[i] = i end while true do local a = select('#', unpack(t)) end" },
  { "unpack of too much", "while true do pcall(unpack, {}, 1, 1e8) end" },
  { "select", "while true do pcall(select, -1e9, 1) end" },
  { "table.concat", "local t = {} for i = 1, 5000 do t[i] = 'x' end while true do local s = table.concat(t, ',') end" },
  { "table.insert at the front", "local t = {} while true do table.insert(t, 1, 1) if #t > 1000 then t = {} end end" },
  { "table.insert far below", "while true do pcall(table.insert, {}, -2147483647, 1) end" },
  { "table.insert far above", "while true do pcall(table.insert, {}, 2147483647, 1) end" },
  { "json.encode in a loop", "while true do local s = json.encode { 1, 2, 3 } end" },
  { "json.encode of a table that doubles",
    "local t = { 1 } for i = 1, 40 do t = { t, t } end return json.encode(t)" },
  { "a result that doubles", "local t = { 1 } for i = 1, 40 do t = { t, t } end return t" },
  { "string.find of a text in a text", "local a, b = ('a'):rep(500000), ('a'):rep(250000) .. 'b' while true do a:find(b, 1, true) end" },
  { "a pattern that goes back and forth", "local s = ('a'):rep(40) return s:match(('a?'):rep(40) .. ('a'):rep(40) .. 'b') or 'x'" },
  { "a pattern that is quadratic", "return ((' '):rep(200000) .. 'x'):gsub('%s+$', '')" },
  { "lazy repetitions", "return ('x'):rep(2000):match('.-.-.-.-b') or 'x'" },
  { "a balanced match of what never closes", "return (('('):rep(200000)):match('%b()') or 'x'" },
  { "a template that loops",
    "local fill = template.compile('{% for i in range(900) %}{% for j in range(900) %}{{ i }}{% endfor %}{% endfor %}') "
    .. "while true do fill {} end" },
  { "templates without end", "local n = 0 while true do n = n + 1 template.compile('{{ a' .. n .. ' }}') end",
    "budget exceeded" },
  { "large templates", "local n = 0 while true do n = n + 1 pcall(template.compile, ('{{ a }}'):rep(2000) .. n) end",
    "budget exceeded" },
  { "logging without end", "while true do pcall(log.debug, 'again') end" },
  { "errors without end", "while true do pcall(error, {}) end" },
  { "finalizers", "while true do setmetatable({}, { __gc = function() while true do end end }) end" },
  { "a chain of __index", "local t = {} for i = 1, 90 do t = setmetatable({}, { __index = t }) end while true do local x = t.x end" },
  { "json.decode of what nests", "local s = ('['):rep(100000) while true do json.decode(s) end" },
  { "xml.decode of what nests", "local s = ('<a>'):rep(10000) while true do xml.decode(s) end" },
  { "xml.decode of entities", "while true do xml.decode('<!DOCTYPE a [<!ENTITY b \"bbbb\">]><a>&b;</a>') end" },
  { "url.parse_query", "local s = ('a&'):rep(20000) while true do url.parse_query(s) end" },
  { "time.parse of a long text", "local s = (' '):rep(100000) while true do time.parse(s) end" },
  { "time.format of a long format", "local s = ('%A'):rep(1000) while true do time.format(0, s) end" },
  { "hashes of much", "local s = ('x'):rep(1000000) while true do hash.sha512(s) end" },
  { "keys without end", "local n = 0 while true do n = n + 1 hash.hmac('sha256', 'key' .. n, 'x') end" },
  { "signatures", "while true do hash.sign('EdDSA', ('k'):rep(32), 'x') end" },
  { "random bytes", "while true do random.bytes(65536) end" },
  { "secrets without end", "local n = 0 while true do n = n + 1 conceal('hidden-' .. n) end" },
  { "lines of the trace", "while true do ctx.trace('again') end" },
  { "waiting again and again", "while true do sleep(0) end" },
  { "requests again and again", "while true do ctx.http.get { url = 'http://10.0.0.1/' } end",
    "more than 20 HTTP requests in one call of a script (limits.script_requests)" },
  { "requests again and again, caught", "while true do pcall(ctx.http.get, { url = 'http://10.0.0.1/' }) end" },
  { "closures without end", "local f = function() end while true do local g = f f = function() return g end end",
    "budget exceeded" },
}

local MEMORY = {
  { "a text that doubles", "local s = 'x' while true do s = s .. s end" },
  { "one large text", "local s = ('x'):rep(5e7) return s" },
  { "one large text, caught", "while true do pcall(string.rep, 'x', 5e7) end" },
  { "a table without end", "local t = {} while true do t[#t + 1] = 1 end" },
  { "tables in tables", "local t = {} while true do t = { t, {}, {}, {} } end" },
  { "keys without end", "local t, n = {}, 0 while true do n = n + 1 t['k' .. n] = n end" },
  { "a table without end, caught", "local t = {} while true do pcall(function() while true do t[#t + 1] = {} end end) end" },
  { "texts kept by gsub", "local t = {} while true do t[#t + 1] = (('x'):rep(1000):gsub('x', 'yy')) .. #t end" },
  { "a replacement that is large", "return (('x'):rep(100000):gsub('x', ('y'):rep(100000)))" },
  { "table.concat of one text", "local t, s = {}, ('x'):rep(100000) for i = 1, 10000 do t[i] = s end return table.concat(t)" },
  { "deep recursion", "local function f(t) return 1 + f({ t }) end return f()", { "stack overflow", "memory budget exceeded" } },
  { "json.decode of much", "local s = '[' .. ('[],'):rep(500000) .. '1]' return #json.decode(s)" },
}

-- A table that is small, and without end as a text.
local DOUBLES = "(function() local t = { a = '1' } for i = 1, 40 do t = { x = t, y = t } end return t end)()"

-- Attacks through other fields than `body`: the field, the webhook's text, and the outcome when it is
-- not `script`.
local FIELDS = {
  { "url", "url = function() while true do end end" },
  { "method", "url = '/x', method = function() while true do end end" },
  { "a header", "url = '/x', headers = { A = function() while true do end end }" },
  { "a param", "url = '/x', params = { a = function() while true do end end }" },
  { "success", "url = '/x', success = function() while true do end end", "map" },
  { "the mapper", "url = '/x', response = { mapper = function() while true do end end }", "map" },
  { "a variable", "url = '/x', response = { variables = { a = function() while true do end end } }", "map" },
  { "a body of XML", "url = '/x', content_type = 'application/xml', body = function() return { r = " .. DOUBLES .. " } end" },
  { "a line of the trace", "url = '/x', body = function(ctx) ctx.trace('x', " .. DOUBLES .. ") return '1' end" },
  { "an entry of the cache", "url = '/x', body = function(ctx) while true do pcall(ctx.cache.set, 'k', " .. DOUBLES .. ", 10) end end" },
  { "the fill of a key", "url = '/x', body = function(ctx) return ctx.cache.fetch('k', 10, function() while true do end end) end" },
  { "a template that writes a value", "url = '/x', context = { d = " .. DOUBLES .. " }, body = '{{ d }}'" },
  { "a template that sorts", "url = '/x?a={{ range(1000000)|map(\"string\")|sort|length }}'" },
  { "a filter of a plugin", "url = '/x', body = { a = '{{ 1|evil.loop }}' }" },
  { "a function of a plugin", "url = '/x?a={{ evil.spin() }}'" },
  { "a test of a plugin", "url = '/x', body = '{% if 1 is evil.never %}{% endif %}1'" },
  { "a filter in a loop of a template", "url = '/x', body = '{% for i in range(1000000) %}{% if i|evil.slow %}{% endif %}{% endfor %}1'" },
  { "loops in a template", "url = '/x', body = '{% for i in range(900) %}{% for j in range(900) %}{{ [i, j]|tojson|length|string|upper|replace(1, 2) }},{% endfor %}{% endfor %}1'" },
}

local EVIL = [[
local function never() while true do end end
return {
  filters = { loop = never, slow = function(n) local x = 0 for i = 1, 100 do x = x + i end return n < 0 end },
  functions = { spin = never, fake = function()
    return setmetatable({}, { kind = "function", call = function(_, rt) rt.loops = 1e300 return "in" end,
      text = function() return "in" end, sequence = function() return { "in" }, 1 end })
  end },
  tests = { never = never },
}]]

-- So small that an attack is over soon, and so large that what is done beside it is not one.
local LIMITS = { "--workers", "1", "--limits-script-time", "0.06", "--limits-script-memory", "8M" }

--- A connector with a webhook for each attack, each of which begins on a line of its own.
local function connector(attacks, write)
  local lines = { "return { base_url = 'SINK', webhooks = {" }
  for i, attack in ipairs(attacks) do
    lines[#lines + 1] = ("  { id = 'a%d', %s },"):format(i, write(attack))
  end
  lines[#lines + 1] = "} }"
  return table.concat(lines, "\n")
end

local function as_body(attack)
  return ("url = '/x', body = function(ctx, v) %s end"):format(attack[2])
end

describe("a script", function()
  local sink, gateway

  setup(function()
    sink = support.sink("--body", '{"a":1}')
    local function file(attacks, write) return (connector(attacks, write):gsub("SINK", sink.url)) end
    gateway = support.gateway({
      files = {
        ["gateway.lua"] = support.gateway_lua,
        ["connectors/time.lua"] = file(TIME, as_body),
        ["connectors/memory.lua"] = file(MEMORY, as_body),
        ["connectors/fields.lua"] = file(FIELDS, function(attack) return attack[2] end),
        ["connectors/good.lua"] = ([[
local function sorted(list)
  table.sort(list)
  return table.concat(list, ",")
end
return { base_url = "%s", webhooks = {
  { id = "good", url = "/good", body = function(ctx, v) return { sorted = sorted { "b", "a" }, data = v.data } end,
    response = { variables = { a = "response.a" } } },
  { on = "fire", url = function() while true do end end, retry = false },
  { on = "fire.when", id = "never", url = "/when", when = function() while true do end end, retry = false },
} }]]):format(sink.url),
        ["connectors/honest.lua"] = ([[
return { base_url = "%s", webhooks = {
  { id = "trimmed", url = "/x", body = function(ctx, v) return { text = v.data.text:match("^%%s*(.-)%%s*$") } end },
  { id = "split", url = "/x", body = function(ctx, v) return { text = v.data.text:gsub("%%s+$", "") } end },
  { id = "asked", url = function(ctx, v) return v.data.text:find(".-.-.-.-!") and "/loud" or "/x" end },
} }]]):format(sink.url),
        ["connectors/fake.lua"] = ([[
return { base_url = "%s", webhooks = {
  { id = "written", url = "/x?a={{ evil.fake() }}" },
  { id = "called", url = "/x?a={{ evil.fake()() }}" },
  { id = "walked", url = "/x?a={%% for x in evil.fake() %%}{{ x }}{%% endfor %%}" },
} }]]):format(sink.url),
        ["connectors/grows.lua"] = ([[
return { base_url = "%s", authenticator = { apply = function(ctx, request)
  local s = ("x"):rep(1000000)
  while true do
    request:set_body(s)
  end
end }, webhooks = { { id = "grows", url = "/x" } } }]]):format(sink.url),
        ["connectors/zeal.lua"] = ([[
return { base_url = "%s", webhooks = { { on = "fire.when", url = "/zeal", when = function() return true end } } }]])
          :format(sink.url),
        ["plugins/evil/handler.lua"] = EVIL,
        ["plugins/evil/schema.lua"] = "return { api = 1, summary = 'Loops.', fields = {} }",
      },
      arguments = LIMITS,
    })
  end)

  teardown(function() support.finish() end)

  local function check_worker()
    local answer = gateway:post("/v1/calls/good/good", '{"data":{"n":1}}')
    assert.equal(200, answer.status, answer.body)
    assert.equal(1, answer.json.variables.a)
  end

  local function attack(connector_id, number)
    return gateway:post(("/v1/calls/%s/a%d"):format(connector_id, number), '{"data":{}}')
  end

  local function says(detail, expected)
    for _, text in ipairs(type(expected) == "table" and expected or { expected }) do
      if detail:find(text, 1, true) then return true end
    end
    return false
  end

  for number, case in ipairs(TIME) do
    it("gets no more than its time from " .. case[1], function()
      local answer = attack("time", number)
      assert.equal(502, answer.status, answer.body)
      assert.equal("script", answer.json.outcome)
      assert.is_true(says(answer.json.detail, case[3] or "time budget exceeded (limits.script_time, 60 ms)"),
        answer.json.detail)
      check_worker()
    end)
  end

  for number, case in ipairs(MEMORY) do
    it("gets no more than its memory from " .. case[1], function()
      local answer = attack("memory", number)
      assert.equal(502, answer.status, answer.body)
      assert.equal("script", answer.json.outcome)
      assert.is_true(says(answer.json.detail, case[3] or "budget exceeded (limits.script_"), answer.json.detail)
      check_worker()
    end)
  end

  for number, case in ipairs(FIELDS) do
    it("gets no more than it may have in " .. case[1], function()
      local answer = attack("fields", number)
      assert.equal(502, answer.status, answer.body)
      assert.equal(case[3] or "script", answer.json.outcome)
      assert.matches("budget exceeded (limits.script_", answer.json.detail, 1, true)
      check_worker()
    end)
  end

  for id, said in pairs {
    called = "is not callable", written = "cannot be written in a template", walked = "is not iterable",
  } do
    it("cannot pretend that its table is an object of templates, which is " .. id, function()
      local answer = gateway:post("/v1/calls/fake/" .. id, '{"data":{}}')
      assert.equal(502, answer.status, answer.body)
      assert.matches(said, answer.json.detail, 1, true)
    end)
  end

  it("is stopped at the line where it was", function()
    assert.matches("connectors/time.lua:2: time budget exceeded", attack("time", 1).json.detail, 1, true)
    assert.matches("connectors/memory.lua:3: memory budget exceeded (limits.script_memory, 8 MB)",
      attack("memory", 2).json.detail, 1, true)
  end)

  it("gets no memory outside of Lua by a request that it sets again and again", function()
    local answer = gateway:post("/v1/calls/grows/grows", '{"data":{}}')
    assert.equal(502, answer.status, answer.body)
    assert.matches("connectors/grows.lua:4: memory budget exceeded (limits.script_memory, 8 MB)",
      answer.json.detail, 1, true)
    check_worker()
  end)

  -- What an event can do to a script that means well.
  for id, text in pairs {
    trimmed = (" "):rep(60000) .. "x" .. (" "):rep(60000) .. "x", split = (" "):rep(200000) .. "x", asked = ("a"):rep(3000),
  } do
    it("that is honest gets no more than its time from a hostile event: " .. id, function()
      local answer = gateway:post("/v1/calls/honest/" .. id, support.json.encode { data = { text = text } })
      assert.equal(502, answer.status, answer.body)
      assert.equal("script", answer.json.outcome)
      assert.matches("connectors/honest.lua:%d: time budget exceeded", answer.json.detail)
      answer = gateway:post("/v1/calls/honest/" .. id, '{"data":{"text":" plain! "}}')
      assert.equal(200, answer.status, answer.body)
    end)
  end

  it("lets others of its worker be answered while it runs", function()
    local connections = {}
    for i = 1, 4 do
      connections[i] = http.connect(gateway.url)
      connections[i]:send(http.format("localhost", "POST", "/v1/calls/time/a" .. i, '{"data":{}}',
        { ["Content-Type"] = "application/json" }))
    end
    check_worker()
    assert.equal(200, gateway:get("/healthz").status)
    for _, connection in ipairs(connections) do
      assert.equal(502, http.read(connection).status)
      connection:close()
    end
  end)

  it("fails the attempt of a delivery, and that alone", function()
    local answer = gateway:post("/v1/events", '{"type":"fire","data":{}}')
    assert.equal(202, answer.status, answer.body)
    local row = gateway:wait_feed("type=fire", 1)[1]
    support.eventually("the attempt has failed", function()
      row = gateway:delivery(row.id)
      return row.state == "failed"
    end)
    assert.matches("time budget exceeded", support.json.encode(row), 1, true)
    check_worker()
  end)

  it("keeps no webhook of another connector from an event by its `when`", function()
    assert.equal(202, gateway:post("/v1/events", '{"type":"fire.when","data":{}}').status)
    support.eventually("the other webhook has fired", function()
      for _, request in ipairs(sink:requests()) do
        if request.path == "/zeal" then return true end
      end
    end)
    for _, request in ipairs(sink:requests()) do assert.not_equal("/when", request.path) end
  end)
end)

describe("a file", function()
  teardown(function() support.finish() end)

  local function check(text)
    local folder = support.write(support.folder(), { ["gateway.lua"] = "return {}", ["connectors/a.lua"] = text })
    return support.run({ support.binary, "check", folder },
      { PERILUNE_LIMITS_SCRIPT_LOAD_TIME = "0.1", PERILUNE_LIMITS_SCRIPT_MEMORY = "8M" })
  end

  for what, case in pairs {
    ["loops"] = { "\nwhile true do end", "connectors/a.lua:2: time budget exceeded (limits.script_load_time, 100 ms)" },
    ["catches what stops it"] = { "while true do\npcall(function() while true do end end) end",
      "connectors/a.lua:2: time budget exceeded (limits.script_load_time, 100 ms)" },
    ["needs much memory"] = { "local t = {}\nfor i = 1, 1e9 do t[i] = {} end",
      "connectors/a.lua:2: memory budget exceeded (limits.script_memory, 8 MB)" },
    ["returns a table that loops when it is read"] = {
      "return setmetatable({}, { __index = function()\nwhile true do end end })",
      "connectors/a.lua:2: time budget exceeded (limits.script_load_time, 100 ms)" },
  } do
    it("that " .. what .. " is a mistake of the folder", function()
      local code, output = check(case[1])
      assert.equal(3, code, output)
      assert.matches(case[2], output, 1, true)
    end)
  end
end)
