-- SPDX-License-Identifier: MIT

--- `use "name" { ... }`: a plugin as a connector.

local support = require "unit.support"

local FILES = {
  ["plugins/chat/schema.lua"] = support.schema [[
    channel = { type = "string", required = true },
    on = { type = "string", required = true }]],
  ["plugins/chat/handler.lua"] = [[return { connector = function(config)
    if config.channel == "#broken" then return { webhooks = { { on = config.on, url = "{{" } } } end
    if config.channel == "#none" then return end
    return { name = "Chat", base_url = "https://chat.example", timeout = 7, webhooks = {
      { on = config.on, url = "/post", body = { channel = config.channel, text = "{{ data.text }}" } } } }
  end }]],
}

local function with(text)
  local files = { ["connectors/acme.lua"] = text }
  for path, content in pairs(FILES) do files[path] = content end
  return files
end

describe("a preset", function()
  it("is a connector", function()
    local generation = support.load(with 'return use "chat" { channel = "#a", on = "t" }')
    local sent = support.render(generation, '{"type":"t","data":{"text":"hi"}}')
    assert.equal("https://chat.example/post", sent.url)
    assert.equal('{"channel":"#a","text":"hi"}', sent.body)
    assert.equal(7, generation.policies[1].timeout)
  end)

  it("can be said more of", function()
    local generation = support.load(with [[return use "chat" {
      channel = "#a", on = "t", name = "Ours", timeout = 3,
      webhooks = { { id = "own", url = "/own" } },
    }]])
    assert.equal("Ours", generation.loaded[1].given.name)
    assert.equal(3, generation.policies[1].timeout)
    assert.same({ t = 1, own = 2 }, support.by_id(generation).acme)
  end)

  it("has its parameters checked, with the line of each mistake", function()
    assert.same({ "connectors/acme.lua:1: 'on' is missing", "connectors/acme.lua:2: 'channel' wants a string, got a number" },
      support.faults(with 'return use "chat" {\n channel = 5 }'))
    assert.same({ "connectors/acme.lua:3: unknown key 'chanel', did you mean 'channel'?" },
      support.faults(with 'return use "chat" {\n channel = "#a", on = "t",\n chanel = 5 }'))
  end)

  it("says what is wrong with what the plugin made", function()
    assert.matches("^connectors/acme.lua:1:", support.faults(with 'return use "chat" { channel = "#broken", on = "t" }')[1])
    assert.same({ "connectors/acme.lua:1: the preset 'chat': it gave no connector" },
      support.faults(with 'return use "chat" { channel = "#none", on = "t" }'))
  end)

  it("has the faults of a webhook where it is from, and those of the file's own where they are", function()
    local files = with [[return use "lists" {
      messages = {
        { on = "a", text = "x" },
        { on = "b",
          more = { { text = "{{" } } },
        { on = "a", text = "x" },
      },
      webhooks = {
        { id = "own",
          url = "{{" },
      },
    }]]
    files["plugins/lists/schema.lua"] = support.schema "messages = { type = 'list', of = { type = 'table' } }"
    files["plugins/lists/handler.lua"] = [[return { connector = function(config)
      local webhooks = {}
      for i, m in ipairs(config.messages) do
        webhooks[i] = { from = { "messages", i }, on = m.on, url = "http://a.example", body = { text = m.text, more = m.more } }
      end
      return { webhooks = webhooks }
    end }]]
    local lines = {}
    for i, fault in ipairs(support.faults(files)) do lines[i] = fault:match("^connectors/acme.lua:(%d+):") end
    assert.same({ "5", "6", "10" }, lines)
  end)

  it("is a plugin that makes connectors", function()
    assert.same({ "connectors/acme.lua:1: there is no preset 'chatt', did you mean 'chat'?" },
      support.faults(with 'return use "chatt" {}'))
    assert.same({ "connectors/acme.lua:1: the plugin 'bearer' is no preset: it has no connector" },
      support.faults(with 'return use "bearer" {}'))
    assert.same({ "connectors/acme.lua:1: use wants the name of a plugin" }, support.faults(with "local x = use(5) return x"))
    assert.same({ 'connectors/acme.lua:1: use "chat" wants a table' }, support.faults(with 'local x = use "chat" (5) return x'))
  end)
end)
