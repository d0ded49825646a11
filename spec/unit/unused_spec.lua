-- SPDX-License-Identifier: MIT

local perilune = require "perilune"
local support = require "unit.support"

--- Warnings of a folder that loads, as "file:line: message".
local function warnings(files)
  local generation, found = perilune.load(support.files(files), { root = "r/", warns = true })
  assert.is_truthy(generation, found and found[1] and found[1].message)
  local texts = {}
  for i, warning in ipairs(found) do
    texts[i] = ("%s:%d: %s"):format(warning.file, warning.line, warning.message)
  end
  return texts
end

--- A folder with one connector of these lines.
local function connector(lines, files)
  files = files or {}
  files["connectors/acme.lua"] = "return { base_url = 'https://a.example',\n" .. lines .. "\n}"
  return files
end

local WEBHOOK = "webhooks = { { on = 't', url = '/' } }"

describe("a folder's files", function()
  it("are warned of when nothing names them", function()
    assert.same({
      "r/authenticators/old.lua:0: nothing uses the authenticator 'old'",
      "r/mappers/ids.lua:0: nothing uses the mapper 'ids'",
      "r/templates/order.json.j2:0: nothing uses the template 'order.json.j2'",
    }, warnings(connector(WEBHOOK, {
      ["authenticators/old.lua"] = "return { type = 'none' } -- old",
      ["mappers/ids.lua"] = "return function() return { ids = 1 } end",
      ["templates/order.json.j2"] = "{}",
    })))
  end)

  it("are not when a file uses them", function()
    assert.same({}, warnings(connector([[authenticator = "old", webhooks = { { on = 't', url = '/',
      body = file "order.json.j2", response = { mapper = "ids" } } }]], {
      ["authenticators/old.lua"] = "return { type = 'none' }",
      ["mappers/ids.lua"] = "return function() return {} end",
      ["templates/order.json.j2"] = "{% include 'parts/line.j2' %}{% import \"macros.j2\" as m %}",
      ["templates/parts/line.j2"] = "{}", ["templates/macros.j2"] = "",
    })))
  end)

  it("are not when their name is put together", function()
    assert.same({}, warnings(connector([[authenticator = ("o"):rep(1) .. "ld",
      webhooks = { { on = 't', url = '/', body = file(("order"):rep(1) .. ".json.j2") } }]], {
      ["authenticators/old.lua"] = "return { type = 'none' }",
      ["templates/order.json.j2"] = "{}",
    })))
  end)

  it("are not when a template includes what is known later only", function()
    for _, tag in ipairs { "include part", "extends layout", "import data.macros as m",
      "from data.macros import m" } do
      assert.same({}, warnings(connector(WEBHOOK:gsub("'/'", "'/', body = file 'a.txt'"), {
        ["templates/a.txt"] = "{%- " .. tag .. " %}", ["templates/b.txt"] = "" })))
    end
  end)
end)

describe("a field of a plugin's schema", function()
  local SCHEMA = support.schema "\n  key = { type = 'string' },\n  nmae = { type = 'string' },\n"
  local USER = "authenticator = { type = 'sign', nmae = 'x' },\n" .. WEBHOOK

  it("is warned of when no file of the plugin reads it", function()
    assert.same({ "r/plugins/sign/schema.lua:3: no file of the plugin reads the field 'nmae'" },
      warnings(connector(USER, {
        ["plugins/sign/schema.lua"] = SCHEMA,
        ["plugins/sign/handler.lua"] = "-- nmae\nlocal lib = require 'lib'\n"
          .. "return { apply = function(ctx, r) r:set_header('A', lib.of(ctx.config)) end }",
        ["plugins/sign/lib.lua"] = "return { of = function(c) return c.key end }",
        ["plugins/sign/README.md"] = "nmae",
        ["plugins/sign/spec/sign_spec.lua"] = "return 'nmae'",
      })))
  end)

  it("is read by a module, under a name in brackets and by a template", function()
    for _, use in ipairs { "c.key, c.nmae", "c['key'], c['nmae']", "'{{ nmae }} {{ config.key }}'" } do
      assert.same({}, warnings(connector(USER, {
        ["plugins/sign/schema.lua"] = SCHEMA,
        ["plugins/sign/handler.lua"] = "local lib = require 'lib'\n"
          .. "return { apply = function(ctx, r) r:set_header('A', lib.of(ctx.config)) end }",
        ["plugins/sign/lib.lua"] = "return { of = function(c) return " .. use .. " end }",
      })))
    end
  end)

  it("of the bundled plugins is read", function()
    local files = {}
    for path in io.popen("find plugins -type f"):lines() do
      local file = assert(io.open(path))
      files[path] = file:read("*a")
      file:close()
    end
    assert.is_truthy(files["plugins/bearer/handler.lua"])
    assert.same({}, warnings(files))
  end)
end)

describe("a key of a context", function()
  local function asked(context, url, files)
    return warnings(connector(("context = {\n  tenant = 'a',\n  %s },\nwebhooks = { { on = 't', url = %s } }")
      :format(context, url), files))
  end

  it("is warned of when nothing asks for it", function()
    assert.same({ "r/connectors/acme.lua:4: nothing asks for the key 'reigon' of this context" },
      asked("reigon = 'b'", "'/{{ tenant }}/{{ region }}'"))
    assert.same({
      "r/connectors/acme.lua:3: nothing asks for the key 'area' of this context",
      "r/connectors/acme.lua:4: nothing asks for the key 'area' of this context",
    }, warnings(connector("webhooks = {\n{ on = 't', url = '/', context = { area = 1 } },\n"
      .. "{ on = 'u', url = '/', context = { area = 2 } } }")))
  end)

  it("is asked for by a template, a function, a part, a mapper, an authenticator", function()
    assert.same({}, asked("", "'/{{ context.tenant }}'"))
    assert.same({}, asked("", "function(_, v) return '/' .. v.tenant end"))
    assert.same({}, asked("", "'/', body = file 'a.json'",
      { ["templates/a.json"] = '{"a": "{{ tenant }}"}' }))
    assert.same({}, asked("", "'/', response = { mapper = 'm' }",
      { ["mappers/m.lua"] = "return function(ctx) return { t = ctx.values.tenant } end" }))
    assert.same({}, warnings(connector("context = { tenant = 'a' }, authenticator = 'm', " .. WEBHOOK, {
      ["authenticators/m.lua"] = "return { apply = function(c, r) r:set_header('T', c.values['tenant']) end }",
    })))
  end)

  it("may be asked for where the context is handed on as a whole", function()
    assert.same({}, asked("", "'/{{ context|tojson }}'"))
    assert.same({}, asked("", "function(_, v) local t for k in pairs(v.context) do t = k end return '/' .. t end"))
    assert.same({}, asked("", "'/', body = '{% for k in context %}{% endfor %}'"))
  end)
end)
