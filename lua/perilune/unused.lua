-- SPDX-License-Identifier: MIT

--- What a gateway folder without mistakes has and does not use: files that nothing names, fields of
--- a plugin's schema that the plugin does not read, keys of a `context` that nothing asks for. These
--- are warnings. Looking for a name as a word of what the other files say errs on the side of silence:
--- what is warned of is named nowhere at all.

local bytecode = require "perilune.util.bytecode"
local core = require "perilune.core"
local errors = require "perilune.errors"
local tables = require "perilune.util.tables"

local unused = {}

---@class perilune.searched
---@field shop perilune.workshop
---@field found perilune.faults
---@field said table<string, string[]>     by path: text constants of Lua, or a file's whole text
---@field values string[]                  texts of connectors that were put together as they loaded

--- Documentation and specs of a plugin are no use of anything.
local function is_source(path)
  return not path:find("%.md$") and not path:find("^plugins/[^/]+/spec/")
end

local function said_by(path, text)
  if not path:find("%.lua$") then return { text } end
  local chunk = core.load(text, "@" .. path, {})
  return chunk and bytecode.strings(chunk) or {}
end

local function all_said(files)
  local said = {}
  for path, text in pairs(files) do
    if is_source(path) then said[path] = said_by(path, text) end
  end
  return said
end

local function collect_values(v, seen, list)
  if type(v) == "string" then
    list[#list + 1] = v
  elseif type(v) == "table" and not seen[v] then
    seen[v] = true
    for _, item in pairs(v) do collect_values(item, seen, list) end
  end
  return list
end

--- How often a text has a name as a word of its own.
local function count_word(text, name)
  local count, at = 0, 1
  while true do
    local first, last = text:find(name, at, true)
    if not first then return count end
    local before, after = text:sub(first - 1, first - 1), text:sub(last + 1, last + 1)
    local is_part = first > 1 and before:find("[%w_]") or after:find("[%w_]")
    if not is_part then count = count + 1 end
    at = last + 1
  end
end

local function has_word(texts, name)
  for _, text in ipairs(texts) do
    if count_word(text, name) > 0 then return true end
  end
  return false
end

--- Does a file (of a folder, when one is given) other than `except` have the name?
local function is_named(searched, name, except, folder)
  for path, texts in pairs(searched.said) do
    local counts = path ~= except and path:sub(1, #(folder or "")) == (folder or "")
    if counts and has_word(texts, name) then return true end
  end
  return false
end

local function warn(searched, path, line, message)
  searched.found:add(searched.shop:shown(path), line, message)
end

-- -- files

local function look_at_folder(searched, folder, what)
  for _, file in ipairs(searched.shop:list(folder)) do
    if not is_named(searched, file.id, file.path) and not has_word(searched.values, file.id) then
      warn(searched, file.path, 0, ("nothing uses the %s '%s'"):format(what, file.id))
    end
  end
end

--- Is a template included under a name that is only known when it is rendered?
local function has_open_include(searched)
  for _, texts in pairs(searched.said) do
    for _, text in ipairs(texts) do
      for _, word in ipairs { "include", "import", "extends", "from" } do
        if text:find("{%%[-+]?%s*" .. word .. "%s+[^%s\"']") then return true end
      end
    end
  end
  return false
end

local function look_at_templates(searched)
  if has_open_include(searched) then return end
  for _, name in ipairs(tables.names(searched.shop.templates)) do
    local path = "templates/" .. name
    if not is_named(searched, name, path) and not has_word(searched.values, name) then
      warn(searched, path, 0, ("nothing uses the template '%s'"):format(name))
    end
  end
end

-- -- fields of plugins

local function look_at_plugin(searched, plugins, name)
  local path = ("plugins/%s/schema.lua"):format(name)
  if not searched.shop.files[path] then return end
  local scope = searched.shop:scope(path)
  for _, field in ipairs(tables.names(plugins:get(name).schema)) do
    if not is_named(searched, field, path, ("plugins/%s/"):format(name)) then
      warn(searched, path, scope:line({ "fields", field }),
        ("no file of the plugin reads the field '%s'"):format(field))
    end
  end
end

-- -- keys of `context`

--- Where a connector's `context` and those of its webhooks stand, and the tables.
local function contexts_of(made)
  local contexts = { { path = { "context" }, value = made.given.context } }
  for i, webhook in ipairs(made.given.webhooks or {}) do
    contexts[#contexts + 1] = { path = { "webhooks", i, "context" }, value = webhook.context }
  end
  return contexts
end

--- Is `context` handed on as a whole somewhere? Then its keys need not be named.
local function is_handed_on(files)
  for path, text in pairs(files) do
    if is_source(path) and text:find("%f[%w_]context%f[^%w_]%s*[|}%%),%]]") then return true end
  end
  return false
end

--- In its own file a key stands once for each time that it is declared; more is a use.
local function is_asked_for(searched, path, key, declared)
  return count_word(searched.shop.files[path], key) > declared or is_named(searched, key, path)
end

local function look_at_contexts(searched, made)
  local path = ("connectors/%s.lua"):format(made.id)
  local scope, contexts, declared = searched.shop:scope(path), contexts_of(made), {}
  for _, context in ipairs(contexts) do
    for key in pairs(context.value or {}) do declared[key] = (declared[key] or 0) + 1 end
  end
  for _, context in ipairs(contexts) do
    for _, key in ipairs(tables.names(context.value or {})) do
      if not is_asked_for(searched, path, key, declared[key]) then
        warn(searched, path, scope:line(tables.extend(context.path, key)),
          ("nothing asks for the key '%s' of this context"):format(key))
      end
    end
  end
end

--- All warnings of a folder that loaded.
---@param shop perilune.workshop
---@param plugins perilune.plugins
---@param list table[]   connectors, as connector.compile gave them
---@return perilune.fault[]   by file and line
function unused.find(shop, plugins, list)
  local values = {}
  for _, made in ipairs(list) do collect_values(made.given, {}, values) end
  local searched = { shop = shop, found = errors.collector(), said = all_said(shop.files),
    values = values }
  look_at_folder(searched, "authenticators", "authenticator")
  look_at_folder(searched, "mappers", "mapper")
  look_at_folder(searched, "lib", "module")
  look_at_templates(searched)
  for path in pairs(shop.files) do
    local name = path:match("^plugins/([^/]+)/handler%.lua$")
    if name then look_at_plugin(searched, plugins, name) end
  end
  if not is_handed_on(shop.files) then
    for _, made in ipairs(list) do look_at_contexts(searched, made) end
  end
  return searched.found:sorted()
end

return unused
