-- SPDX-License-Identifier: MIT

--- The outline of a body writes what the body itself renders, byte for byte, or gives up.

local body = require "perilune.body"
local context = require "perilune.context"
local core = require "perilune.core"
local document = require "perilune.document"
local errors = require "perilune.errors"
local payload = require "perilune.payload"
local random_source = require "unit.template.outline_random"
local scope = require "perilune.scope"
local template = require "perilune.template"

local JSON = [[{"data": {"s": "a\"b &=\u00e9", "n": 120.50, "yes": true, "no": null, "l": [1, {"k" : "v"}], "e": ""}}]]

local function event_path(chain)
  return chain:find("^data%f[.%z]") and chain or "data." .. chain, true
end

local function values_of(json)
  local entry = { context = {}, event_paths = {} }
  return context.new(entry, document.new(core.json.open(json)), { attempt = 1, now = 0 })
end

local function compiled(v, content_type, templates)
  local faults = errors.collector()
  local env = template.environment({ templates = templates })
  local file = scope.new("acme.lua", "return {}", { faults = faults, templates = templates or {}, root = "", environment = env })
  local render, _, outline = body.compile(file, { "webhooks", 1, "body" }, v, content_type)
  assert.same({}, faults.items)
  return render, outline
end

--- What C writes, and whether it has to be checked; first what Lua renders.
local function both(v, content_type, templates)
  local render, outline = compiled(v, content_type, templates)
  local operations, is_checked = outline(event_path)
  local text, reason = core.outline(assert(operations, "no outline")):write(JSON)
  return render(values_of(JSON), {}), text or reason, is_checked
end

describe("the outline of a body", function()
  it("that is a text is checked if it is JSON", function()
    local expected = '{"a": "a\\"b &=é", "b": 120.50}'
    local text = '{"a": {{ data.s }}, "b": {{ n }}}'
    assert.same({ expected, expected, true }, { both(text) })
    assert.same({ expected, expected, true }, { both(payload.file("a.json.j2"), nil, { ["a.json.j2"] = text }) })
    assert.same({ "n=120.50&s=a%22b+%26%3D%C3%A9", "n=120.50&s=a%22b+%26%3D%C3%A9", false },
      { both("n={{ n }}&s={{ s }}", "form") })
    assert.same({ "a\"b &=é", "a\"b &=é", false }, { both("{{ s }}", "text/plain") })
  end)

  it("that is a table is JSON by itself", function()
    local table_ = core.json.ordered {
      { "s", "{{ data.s }}" }, { "t", 'x "{{ s }}" {{ yes }}' }, { "c", 'é"' }, { "n", 1.5 }, { "nope", "{{ nope }}" },
      { "l", { "{{ l }}", { k = "{{ l[1] }}", j = "{{ 'a' if yes }}" }, true } }, { "no", "{{ no }}" }, { "cat", "{{ n ~ '-' ~ s }}" },
    }
    local expected = [[{"s":"a\"b &=é","t":"x \"a\"b &=é\" True","c":"é\"","n":1.5,"nope":null,]]
      .. [["l":[[1,{"k":"v"}],{"j":"a","k":{"k":"v"}},true],"no":null,"cat":"120.50-a\"b &=é"}]]
    assert.same({ expected, expected, nil }, { both(table_) })
  end)

  it("that is a form leaves out what is not there", function()
    local fields = core.json.ordered {
      { "nope", "{{ nope }}" }, { "no", "{{ no }}" }, { "a b", "{{ s }}" }, { "n", { "{{ n }}", "{{ nope }}", 7 } }, { "e", "{{ e }}" },
      { "t", "{{ yes }} x" }, { "none", core.json.null },
    }
    local expected = "a+b=a%22b+%26%3D%C3%A9&n=120.50&n=7&e=&t=True+x"
    assert.same({ expected, expected }, { both(fields, "form") })
    assert.same({ "", "" }, { both({ a = "{{ nope }}" }, "form") })
    assert.same({ "l=1", "l=1" }, { both({ l = "{{ l[0] }}" }, "form") })
  end)

  it("is not there for what is more than values", function()
    for _, v in ipairs { { a = function() end }, { a = "{{ s|title }}" }, { a = { "{{ attempt + 1 }}" } } } do
      assert.is_nil(select(2, compiled(v))(event_path))
    end
    assert.is_nil(select(2, compiled({ a = "{{ s|title }}" }, "form"))(event_path))
    assert.is_nil(select(2, compiled({ a = "x" }, "xml")))
    assert.is_nil(select(2, compiled(function() end)))
    assert.is_nil(select(2, compiled(nil)))
  end)
end)

-- -- random tables

local KEYS = { "a", "b", 'c"', "é", "x-y" }

local function leaf()
  local kind = math.random(6)
  if kind <= 3 then return "{{ " .. random_source.expression() .. " }}" end
  if kind <= 5 then return random_source.template("text") end
  return ({ "é\"", 1.5, true, "" })[math.random(4)]
end

local function random_table(depth, only_fields)
  local t = {}
  for i = 1, math.random(0, 4) do
    local is_table = not only_fields and depth < 3 and math.random(5) == 1
    t[depth % 2 == 0 and KEYS[math.random(#KEYS)] or i] = is_table and random_table(depth + 1) or leaf()
  end
  return t
end

local function compare_random(content_type)
  local written, outlined, all = 0, 0, 400
  for _ = 1, all do
    local ok, render, outline = pcall(compiled, random_table(0, content_type == "form"), content_type)
    local operations = ok and outline and outline(event_path)
    local json = '{"data":' .. random_source.document() .. "}"
    local text = operations and core.outline(operations):write(json)
    outlined = outlined + (operations and 1 or 0)
    if text then
      written = written + 1
      assert.equal(render(values_of(json), {}), text)
    end
  end
  local reached = ("%d tables, %d outlines, %d written"):format(all, outlined, written)
  assert.is_true(outlined > all / 8 and written > outlined / 8, reached)
end

describe("outline and body write the same", function()
  it("of random tables as JSON", function()
    math.randomseed(11)
    compare_random("json")
  end)

  it("of random forms", function()
    math.randomseed(12)
    compare_random("form")
  end)
end)
