-- SPDX-License-Identifier: MIT

--- What C needs to carry out the stages of a webhook without running Lua: a recipe, plain data that
--- is worked out of a compiled entry when it is loaded (core/script/recipe.h). Where something in it
--- is a function, a secret or whatever else only Lua can say, there is none for that stage.
---
--- A recipe knows the plain way only: where it meets anything else, it gives up, and Lua runs the
--- stage as if there were none. So it says what render.lua and map.lua say, or nothing.

local body = require "perilune.body"
local context = require "perilune.context"
local render = require "perilune.render"

local recipe = {}

--- A text that is known now. Nil for what is not.
local function text_of(v)
  return type(v) == "string" and v or nil
end

--- { name, value }s; nil when one of them is not plain. A text that is left out when it is empty is
--- left out here.
local function fields_of(list, drops_empty)
  local fields = {}
  for _, given in ipairs(list) do
    local values = type(given.value) == "table" and given.value or { given.value }
    for i = 1, #values do
      local text = text_of(values[i])
      if not text then return nil end
      if text ~= "" or not drops_empty then
        fields[#fields + 1] = { name = given.name, value = text }
      end
    end
  end
  return fields
end

--- Of the URL: all of it, or what it is made of, base (nil without one) and path; or nothing.
local function url_of(entry)
  if entry.whole_url then return { whole = entry.whole_url } end
  local path, base = text_of(entry.url), text_of(entry.base_url)
  if not path or entry.base_url ~= nil and not base then return nil end
  return { path = path, base = base }
end

--- The proxy as request:set_proxy takes it, nil without one; second: it is not plain.
local function proxy_of(given)
  if given == nil then return nil, false end
  local proxy = type(given) == "table" and given or { url = given or "" }
  for _, v in pairs(proxy) do
    if not text_of(v) then return nil, true end
  end
  return proxy, false
end

--- The body, if there is one: the event. Second: it is not plain.
local function body_of(entry)
  if not render.has_body(entry, entry.method) then return nil, false end
  local is_event = entry.body == body.EVENT
  return is_event and { is_event = true, media = entry.media } or nil, not is_event
end

local function render_of(entry)
  if type(entry.method) ~= "string" then return nil end
  local url = url_of(entry)
  local params, headers = fields_of(entry.params, true), fields_of(entry.headers, false)
  local proxy, has_odd_proxy = proxy_of(entry.proxy)
  local sent, has_odd_body = body_of(entry)
  local is_plain = url and params and headers and not has_odd_proxy and not has_odd_body
  return is_plain and {
    method = entry.method, url = url, params = params, headers = headers, proxy = proxy, body = sent,
  } or nil
end

--- Where a variable stands, in the answer or in the event; nil where it has to be worked out.
local function variable_of(entry, variable)
  local path = variable.chain and context.body_path(entry, variable.chain)
  if path == nil then return nil end
  local of_event = path == false
  path = path or context.event_path(entry, variable.chain)
  return path and { member = variable.member, path = path, of_event = of_event } or nil
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
---@field value string

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
