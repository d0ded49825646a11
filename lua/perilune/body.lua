-- SPDX-License-Identifier: MIT

--- The body of a request: what a webhook says about it, compiled to one function of the context
--- that gives the text (nil: no body). Content types are known here, and only here.

local core = require "perilune.core"
local nearest = require "perilune.util.nearest"
local payload = require "perilune.payload"
local tables = require "perilune.util.tables"
local template = require "perilune.template"
local value = require "perilune.template.value"

local body = {}

--- The body is the event itself, byte for byte.
body.EVENT = {}

local NAMED = { json = "application/json", form = "application/x-www-form-urlencoded" }
local LATER = { xml = true, multipart = true }
local EXTENSIONS = {
  json = "json", txt = "text/plain", xml = "application/xml", html = "text/html",
}

--- What a content type is: its media type for the header, and "json", "form" or "text".
---@param content_type string
---@return { media: string, mode: string }
local function kind_of(content_type)
  local media = NAMED[content_type] or content_type
  local name = media:lower():match("^[^;%s]*")
  if name:find("[/+]json$") then return { media = media, mode = "json" } end
  if name == NAMED.form then return { media = media, mode = "form" } end
  return { media = media, mode = "text" }
end

--- What is wrong with a content_type, or nil.
---@param content_type string
---@return string|nil
function body.content_type_fault(content_type)
  if LATER[content_type] then
    return ("'%s' cannot be written yet; give the body as text with a media type"):format(
      content_type)
  end
  local is_media = content_type:find("^[%w!#$&^_.+-]+/[%w!#$&^_.+-]+%s*;?[ -~]*$")
  if NAMED[content_type] or is_media then return nil end
  return ("must be 'json', 'form' or a media type such as 'text/plain', not '%s'"):format(
    content_type)
end

--- How the template of a file is escaped: as the content type says, else by its extension
--- ("order.json.j2" is JSON).
---@param name string
---@param content_type string|nil
---@return { media: string, mode: string }
function body.kind_of_file(name, content_type)
  local extension = name:gsub("%.j2$", ""):match("%.(%w+)$")
  return kind_of(content_type or EXTENSIONS[extension] or "json")
end

--- What makes a text no JSON, and in which line of it; or nil.
local function json_fault(text)
  local _, fault = core.json.decode(text)
  if not fault then return nil end
  return ("the body is not valid JSON: %s (line %d, column %d of the body)"):format(fault.message,
    fault.line, fault.column), fault.line
end

--- A function that renders a template and refuses what is no JSON.
local function checked_json(render, name, first_line)
  return function(ctx)
    local text = render(ctx)
    local message, line = json_fault(text)
    if message then error(("%s:%d: %s"):format(name, first_line + line - 1, message), 0) end
    return text
  end
end

--- A template that is the whole body. Nil after a fault.
local function compile_text(text, kind, options, faults)
  options.mode = kind.mode
  local render, message, line = template.compile(text, options)
  if not render then
    faults:add(options.name, line, message)
    return nil
  end
  if kind.mode ~= "json" then return render end
  if template.is_static(text) then
    local _, fault = core.json.decode(text)
    if fault then
      faults:add(options.name, options.line + fault.line - 1,
        "the body is not valid JSON: " .. fault.message)
    end
    return render
  end
  return checked_json(render, options.name, options.line)
end

--- Compiles a file of templates/. Nil after a fault.
---@param shop perilune.workshop|perilune.scope   for root, templates, cache and faults
---@param name string
---@param kind { media: string, mode: string }
---@return function|nil
function body.compile_file(shop, name, kind)
  local options = { name = shop.root .. "templates/" .. name, line = 1, cache = shop.cache }
  return compile_text(shop.templates[name], kind, options, shop.faults)
end

--- A hole of a JSON body: its value as JSON text.
local function json_hole(where, evaluate)
  return function(ctx)
    local v = evaluate(ctx)
    if v == nil then return "null" end
    local text, message
    if value.is_markup(v) then
      text, message = v.text, json_fault(v.text)
    else
      text, message = core.json.encode(v)
    end
    if message then error(where .. ": " .. message, 0) end
    return text
  end
end

local function refuse(scope, path, v)
  scope:fault(path, core.is_secret(v) and "a secret may not stand in a body"
    or ("a body may not hold a %s"):format(type(v)))
  return "null"
end

--- The leaf function of payload.plan: constants as JSON, the rest as holes.
local function json_leaf(scope)
  return function(v, path)
    if type(v) == "string" then
      local evaluate, is_constant = scope:leaf(path, v)
      if evaluate == nil then return "null" end -- a fault, said
      if is_constant then return core.json.encode(evaluate) end
      return json_hole(("%s:%d"):format(scope.file, scope:line(path)), evaluate)
    elseif type(v) == "function" then
      return json_hole(scope:where(path), v)
    elseif payload.is_file(v) then
      scope:fault(path, "a file can only be the whole body")
      return "null"
    end
    return core.json.encode(v) or refuse(scope, path, v)
  end
end

local function compile_json(scope, path, v)
  local parts, message, where = payload.plan(v, path, json_leaf(scope))
  if not parts then
    scope:fault(where, message)
    return nil
  end
  return function(ctx)
    local texts = {}
    for i, part in ipairs(parts) do texts[i] = type(part) == "string" and part or part(ctx) end
    return table.concat(texts)
  end
end

local function form_text(site)
  return function(v)
    if type(v) == "table" and not value.is_markup(v) then
      value.fail(site, "a form field cannot hold a table")
    end
    return value.text(site, v)
  end
end

--- A leaf of a form as a constant or a function.
local function form_leaf(scope, path, v)
  if type(v) == "string" then return (scope:leaf(path, v)) end
  if type(v) == "table" and core.json.is_array(v) then
    local items = {}
    for i, item in ipairs(v) do items[i] = form_leaf(scope, tables.extend(path, i), item) end
    return function(ctx)
      local list = {}
      for _, item in ipairs(items) do
        if type(item) == "function" then item = item(ctx) end
        if item ~= nil then list[#list + 1] = item end
      end
      return list
    end
  elseif type(v) == "table" then
    scope:fault(path, "a form field cannot hold a table")
  elseif core.is_secret(v) then
    refuse(scope, path, v)
  end
  return v
end

local function compile_form(scope, path, v)
  local fields, message = payload.fields(v)
  if not fields then
    scope:fault(path, message)
    return nil
  end
  for _, field in ipairs(fields) do
    field[2] = form_leaf(scope, tables.extend(path, field[1]), field[2])
  end
  local text_of = form_text({ name = scope.file, line = scope:line(path) })
  return function(ctx)
    local parts = {}
    for _, field in ipairs(fields) do
      local v_now = field[2]
      if type(v_now) == "function" then v_now = v_now(ctx) end
      payload.add_field(parts, field[1], v_now, text_of)
    end
    return table.concat(parts, "&")
  end
end

--- The text of what a body function returned.
local function result_text(result, kind, where, text_of)
  if result == nil then return nil end
  if type(result) == "string" then
    local message = kind.mode == "json" and json_fault(result)
    if message then error(where .. ": " .. message, 0) end
    return result
  end
  if type(result) ~= "table" or kind.mode == "text" then
    error(("%s: the body function must return a %s, not a %s"):format(where,
      kind.mode == "text" and "string" or "string or a table", type(result)), 0)
  end
  if kind.mode == "json" then
    local text, message = core.json.encode(result)
    return text or error(where .. ": " .. message, 0)
  end
  local fields, message = payload.fields(result)
  if not fields then error(where .. ": " .. message, 0) end
  local parts = {}
  for _, field in ipairs(fields) do payload.add_field(parts, field[1], field[2], text_of) end
  return table.concat(parts, "&")
end

local function compile_function(scope, path, run, kind)
  local where = scope:where(path)
  local text_of = form_text({ name = scope.file, line = scope:line(path) })
  return function(ctx) return result_text(run(ctx), kind, where, text_of) end
end

local function compile_table(scope, path, v, kind)
  if kind.mode == "json" then return compile_json(scope, path, v) end
  if kind.mode == "form" then return compile_form(scope, path, v) end
  scope:fault(path, ("a table cannot be written as '%s'; give a text"):format(kind.media))
  return nil
end

local function compile_named_file(scope, path, v, content_type)
  if not scope.templates[v.name] then
    scope:fault(path, ("there is no template '%s'%s"):format(v.name,
      nearest.hint(v.name, tables.names(scope.templates), "templates are")))
    return nil
  end
  local kind = body.kind_of_file(v.name, content_type)
  return body.compile_file(scope, v.name, kind), kind
end

--- Compiles the body of a webhook.
---@param scope perilune.scope
---@param path any[]
---@param v any                     the webhook's `body`
---@param content_type string|nil   as given
---@return function|table|nil render   body.EVENT, or a function of the context; nil after a fault
---@return string media                for the Content-Type header
function body.compile(scope, path, v, content_type)
  local kind = kind_of(content_type or "json")
  if v == nil then
    if kind.mode ~= "json" then
      scope:fault(path, ("content_type '%s' wants a body: the event is JSON"):format(content_type))
    end
    return body.EVENT, kind.media
  end
  local render
  if payload.is_file(v) then
    local file_kind
    render, file_kind = compile_named_file(scope, path, v, content_type)
    kind = file_kind or kind
  elseif type(v) == "string" then
    render = compile_text(v, kind, scope:template_options(path, {}), scope.faults)
  elseif type(v) == "function" then
    render = compile_function(scope, path, v, kind)
  else
    render = compile_table(scope, path, v, kind)
  end
  return render, kind.media
end

return body
