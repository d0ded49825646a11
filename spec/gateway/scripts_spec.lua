-- SPDX-License-Identifier: MIT

--- What lua/SCRIPTS.md says is so: its examples are run by a gateway, as the body of a webhook, and what it lists is
--- what the sandbox has.

local sandbox = require "perilune.sandbox"
local support = require "spec.support"

local json = support.json

local PATH = "lua/SCRIPTS.md"
local TEXT = support.read(PATH)

local ENVIRONMENT = {
  PERILUNE_SECRET_TOKEN = "s3cr3t-token",
  PERILUNE_SECRET_KEY = "Jefe",
  PERILUNE_SECRET_WEBHOOK = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
  PERILUNE_SECRET_EC_KEY = [[-----BEGIN PRIVATE KEY-----\n]]
    .. [[MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgjpsQnnGQmL+YBIff\n]]
    .. [[H1136cspYG6+0iY7X1fCE9+E9LKhRANCAAR/zc4ncPbEXUGDy+5v20t7WAczNXvp\n]]
    .. [[7xO6z248e9FURcfxRM0bvZt+hyzf7bnuufSzaV1uqQskrYpGIyiFiOWt\n-----END PRIVATE KEY-----\n]],
}

-- What a script does with the examples: `show` gives all results of a function, or its error, as a text.
local SHOW = [[
local results = {}
local function texts(ok, ...)
  if not ok then return "error: " .. tostring((...)):gsub("^[^:]+:%d+: ", "") end
  local list = {}
  for i = 1, select("#", ...) do list[i] = tostring((select(i, ...))) end
  return table.concat(list, ", ")
end
local function show(run) results[#results + 1] = texts(pcall(run)) end
]]

--- The Lua blocks of the document, in order: { line=, text= }.
local function blocks()
  local found, current, number = {}, nil, 0
  for line in (TEXT .. "\n"):gmatch("(.-)\n") do
    number = number + 1
    if line == "```lua" then
      current = { line = number + 1 }
    elseif line == "```" and current then
      current.text = table.concat(current, "\n")
      found[#found + 1], current = current, nil
    elseif current then
      current[#current + 1] = line
    end
  end
  return found
end

--- A connector whose body is the results of all examples, and the examples: { line=, code=, expected= }.
local function connector()
  local lines, examples = { SHOW }, {}
  for _, block in ipairs(blocks()) do
    lines[#lines + 1] = "local function at_" .. block.line .. "(ctx)"
    for i, line in ipairs(block) do
      local code, expected = line:match("^(.-) *%-%-> ?(.*)$")
      if code then
        examples[#examples + 1] = { line = block.line + i - 1, code = code, expected = expected }
        line = ("show(function() return %s end)"):format(code)
      end
      lines[#lines + 1] = line
    end
    lines[#lines + 1] = "end"
    examples[#examples].ends = "at_" .. block.line
  end
  lines[#lines + 1] = "return { webhooks = { { id = 'a', url = 'http://h/', body = function(ctx)"
  for _, example in ipairs(examples) do
    if example.ends then lines[#lines + 1] = example.ends .. "(ctx)" end
  end
  lines[#lines + 1] = "return json.array(results) end } } }"
  return table.concat(lines, "\n"), examples
end

describe(PATH, function()
  teardown(function() support.finish() end)

  it("has examples that give what it says", function()
    local text, examples = connector()
    local folder = support.write(support.folder(), { ["gateway.lua"] = "return {}", ["connectors/a.lua"] = text })
    local code, output, errors = support.run({ support.binary, "try", "--dry-run", folder, "a", "a" }, ENVIRONMENT)
    assert.equal(0, code, output .. errors)
    local results, faults = json.decode(json.decode(output).request.body), {}
    assert.equal(#examples, #results)
    assert.is_true(#examples > 40)
    for i, example in ipairs(examples) do
      if results[i] ~= example.expected then
        faults[#faults + 1] = ("%s:%d: %s\n  it says   %s\n  it gives  %s"):format(PATH, example.line, example.code,
          example.expected, results[i])
      end
    end
    assert.equal("", table.concat(faults, "\n"))
  end)

  --- The names in the first column of the table that begins with a row.
  local function listed(first)
    local rows = assert(TEXT:match("(\n| `" .. first .. ".-)\n\n"))
    local names = {}
    for cell in rows:gmatch("\n| (`[^|]+) |") do
      for name in cell:gmatch("`([%w_.]+)[^`]*`") do names[#names + 1] = name end
    end
    table.sort(names)
    return names
  end

  it("lists the globals that there are", function()
    local names = {}
    for _, name in ipairs(listed("json` | JSON")) do
      if not name:find("^log%.") then names[#names + 1] = name end
    end
    names[#names + 1] = "log"
    table.sort(names)
    assert.same(sandbox.names(), names)
  end)

  it("lists the functions that there are", function()
    for library, first in pairs { json = "decode", hash = "md5", base64 = "encode", random = "bytes", url = "encode",
      xml = "decode", time = "format" } do
      local vocabulary, known = sandbox.vocabulary(), {}
      for name in pairs(vocabulary[library]) do known[#known + 1] = library .. "." .. name end
      if library == "base64" then
        for name in pairs(vocabulary.hex) do known[#known + 1] = "hex." .. name end
      end
      table.sort(known)
      assert.same(known, listed(library .. "%." .. first))
    end
  end)

  it("links to what there is", function()
    for path in TEXT:gmatch("%]%(([%w_./-]+)%)") do assert.is_truthy(io.open("lua/" .. path), path) end
  end)
end)
