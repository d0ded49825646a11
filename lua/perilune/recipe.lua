-- SPDX-License-Identifier: MIT

--- What C needs to carry out the stages of a webhook without running Lua: a recipe, plain data that
--- is worked out of a compiled entry (core/script/recipe.h). Where something in it is a function, a
--- secret or whatever else only Lua can say, there is none for that stage.
---
--- It is worked out when its webhook is first used, on each worker: that reads the templates once
--- more, and of thousands of webhooks most are used rarely.
---
--- A recipe knows the plain way only: where it meets anything else, it gives up, and Lua runs the
--- stage as if there were none. So it says what render.lua and map.lua say, or nothing.

local body = require "perilune.body"
local context = require "perilune.context"
local reading = require "perilune.reading"
local render = require "perilune.render"
local template = require "perilune.template"

local recipe = {}

--- A text that is known now, or the outline of a template; nil for what is neither.
---@param v any
---@param resolve perilune.outline_resolve
---@return string|table[]|nil
local function text_of(v, resolve)
  if type(v) == "string" then return v end
  return type(v) == "function" and template.outline(v, resolve) or nil
end

--- Fields of the request, a list of values one by one; nil when one of them is not plain.
---@param list perilune.rendered_field[]
---@param resolve perilune.outline_resolve
---@return perilune.recipe_field[]|nil
local function fields_of(list, resolve)
  local fields = {}
  for _, given in ipairs(list) do
    local values = type(given.value) == "table" and given.value or { given.unchecked or given.value }
    for i = 1, #values do
      local text = text_of(values[i], resolve)
      if not text then return nil end
      fields[#fields + 1] = { name = given.name, value = text }
    end
  end
  return fields
end

--- Of the URL: all of it, or what it is made of, base (nil without one) and path; or nothing.
local function url_of(entry, resolve)
  if entry.whole_url then return { whole = entry.whole_url } end
  local path, base = text_of(entry.url, resolve), text_of(entry.base_url, resolve)
  if not path or entry.base_url ~= nil and not base then return nil end
  return { path = path, base = base }
end

--- The proxy, if one is said; false: it is not plain.
local function proxy_of(given)
  if given == nil then return nil end
  local proxy = type(given) == "table" and given or { url = given or "" }
  for _, v in pairs(proxy) do
    if type(v) ~= "string" then return false end
  end
  return proxy
end

--- The body, if there is one; false: it is not plain.
local function body_of(entry, resolve)
  if not render.has_body(entry, entry.method) then return nil end
  if entry.body == body.EVENT then return { is_event = true, media = entry.media } end
  local text, must_be_json
  if entry.outline then text, must_be_json = entry.outline(resolve) end
  return text and { text = text, must_be_json = must_be_json, media = entry.media } or false
end

local function render_of(entry)
  if type(entry.method) ~= "string" then return nil end
  local resolve = context.resolver(entry)
  local made = {
    method = entry.method, url = url_of(entry, resolve), params = fields_of(entry.params, resolve),
    headers = fields_of(entry.headers, resolve), proxy = proxy_of(entry.proxy),
    body = body_of(entry, resolve),
  }
  local is_plain = made.url and made.params and made.headers and made.proxy ~= false
    and made.body ~= false
  return is_plain and made or nil
end

--- Where a variable stands, in the answer or in the event, or the outline of what it is made of; nil
--- for what is neither.
local function variable_of(entry, variable)
  local chain = variable.chain or variable.script and reading.chain(variable.script)
  if not chain then
    local made = variable.outline and variable.outline(context.resolve_answer)
    return made and { member = variable.member, value = made } or nil
  end
  local path = context.body_path(entry, chain)
  if path then return { member = variable.member, value = path } end
  path = path == false and context.event_path(entry, chain)
  return path and { member = variable.member, value = path, of_event = true } or nil
end

--- All of them; nil when one of them is not plain.
local function variables_of(entry)
  local list = {}
  for i, variable in ipairs(entry.variables) do
    list[i] = variable_of(entry, variable)
    if not list[i] then return nil end
  end
  return list
end

-- What a recipe can read of an answer that has variables.
local READABLE = { json = true, auto = true }

local function map_of(entry)
  if not entry.success_statuses or entry.mapper or #entry.after_receive > 0 then return nil end
  if #entry.variables > 0 and not READABLE[entry.answer.type] then return nil end
  local variables = variables_of(entry)
  return variables and {
    success = entry.success_statuses, variables = variables, is_auto = entry.answer.type == "auto",
  }
end

---@class perilune.recipe_field
---@field name string
---@field value string|table[]   a text, or an outline

---@class perilune.recipe
---@field render table|nil
---@field map table|nil

--- The recipe of an entry.
---@param entry perilune.entry
---@return perilune.recipe
function recipe.of(entry)
  return { render = render_of(entry), map = map_of(entry) }
end

return recipe
