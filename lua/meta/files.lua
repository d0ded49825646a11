-- SPDX-License-Identifier: MIT

--- The generated files of the source tree: what each of them is to say.

local writer = require "meta.writer"

local files = {}

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

local function listed(command)
  local names = {}
  local list = io.popen(command)
  for name in list:lines() do names[#names + 1] = name end
  list:close()
  return names
end

--- Fields and summaries of the bundled plugins' schemas, which are data, by name; and which of them
--- are presets.
local function schemas(root)
  local plugins, summaries, presets = {}, {}, {}
  for _, path in ipairs(listed(("find '%s/plugins' -name schema.lua | sort"):format(root))) do
    local chunk = assert(loadfile(path))
    local name, schema = path:match("([^/]+)/schema%.lua$"), setfenv(chunk, {})()
    plugins[name], summaries[name] = schema.fields, schema.summary
    local handler = read(path:gsub("schema%.lua$", "handler.lua"))
    presets[name] = handler:find("  connector = function", 1, true) ~= nil
  end
  return plugins, summaries, presets
end

--- Text by path from the root of the source tree.
---@param root string
---@return table<string, string>
function files.all(root)
  local plugins, summaries, presets = schemas(root)
  local all = {
    ["lua/meta/luacheck_std.lua"] = writer.luacheck(),
    ["lua/meta/perilune.lua"] = writer.definitions(plugins, presets),
    ["lua/SCRIPTS.md"] = writer.fill(read(root .. "/lua/SCRIPTS.md"), writer.part),
    ["plugins/README.md"] = writer.fill(read(root .. "/plugins/README.md"),
      function() return writer.summaries(summaries) end),
  }
  for name, fields in pairs(plugins) do
    local path = ("plugins/%s/README.md"):format(name)
    all[path] = writer.fill(read(root .. "/" .. path), function() return writer.fields(fields) end)
  end
  return all
end

return files
