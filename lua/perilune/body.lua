-- SPDX-License-Identifier: MIT

--- The body of a request: what a webhook says about it, compiled to one function of (values, frame)
--- that gives the text (nil: no body) and, where it is not fixed, the media type. Content types are
--- known here, and only here; how tables are written is in encoding/.

local ctx = require "perilune.ctx"
local json = require "perilune.encoding.json"
local nearest = require "perilune.util.nearest"
local payload = require "perilune.payload"
local tables = require "perilune.util.tables"
local template = require "perilune.template"

local body = {}

--- The body is the event itself, byte for byte.
body.EVENT = {}

-- How tables are written, by kind. Text has no way.
local ENCODINGS = {
  json = json,
  form = require "perilune.encoding.form",
  multipart = require "perilune.encoding.multipart",
  xml = require "perilune.encoding.xml",
}

local NAMED = {
  json = "application/json", form = "application/x-www-form-urlencoded", xml = "application/xml",
  multipart = "multipart/form-data",
}
local EXTENSIONS = {
  json = "json", txt = "text/plain", xml = "application/xml", html = "text/html",
}

--- What a content type is: its media type for the header, and how it is written.
---@param content_type string
---@return { media: string, mode: "json"|"form"|"xml"|"multipart"|"text" }
local function kind_of(content_type)
  local media = NAMED[content_type] or content_type
  local name = media:lower():match("^[^;%s]*")
  local mode = "text"
  if name:find("[/+]json$") then mode = "json" end
  if name:find("[/+]xml$") then mode = "xml" end
  if name == NAMED.form then mode = "form" end
  if name == NAMED.multipart then mode = "multipart" end
  return { media = media, mode = mode }
end

--- What is wrong with a content_type, or nil.
---@param content_type string
---@return string|nil
function body.content_type_fault(content_type)
  local is_media = content_type:find("^[%w!#$&^_.+-]+/[%w!#$&^_.+-]+%s*;?[ -~]*$")
  if NAMED[content_type] or is_media then return nil end
  return ("must be 'json', 'form', 'xml', 'multipart' or a media type such as 'text/plain', not '%s'")
    :format(content_type)
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

--- What is wrong with a text as a body of a kind, or nil.
local function text_fault(kind)
  if kind.mode ~= "multipart" or kind.media:lower():find("boundary=", 1, true) then return nil end
  return "a text has no boundary: give a table, or a content_type with 'boundary='"
end

--- A template that is the whole body, and its outline. Nil after a fault.
local function compile_text(shop, text, kind, options)
  options.mode = kind.mode == "multipart" and "text" or kind.mode
  local render, fault = template.compile(text, options)
  if not render then
    shop.faults:add_template(options.name, fault)
    return nil
  end
  local function outline(resolve) return template.outline(render, resolve), kind.mode == "json" end
  if kind.mode ~= "json" then return render, outline end
  local checked = json.checked(render)
  if template.is_static(text) then
    local ok, message = pcall(checked, {})
    if not ok then shop.faults:add_raised(options.name, message) end
  end
  return checked, outline
end

--- Compiles a file of templates/. Nil after a fault.
---@param shop perilune.workshop|perilune.scope
---@param name string
---@param kind { media: string, mode: string }
---@return function|nil
---@return perilune.body_outline|nil
function body.compile_file(shop, name, kind)
  local options = {
    name = shop.root .. "templates/" .. name, environment = shop.environment,
  }
  return compile_text(shop, shop.templates[name], kind, options)
end

--- What a body function returned, as the body: its text. A table of JSON is left to who writes it.
local function result_text(result, kind, where)
  if result == nil then return nil end
  local encoding = ENCODINGS[kind.mode]
  if type(result) == "string" then
    local message = kind.mode == "json" and json.fault(result) or text_fault(kind)
    if message then error(where .. ": " .. message, 0) end
    return result
  elseif type(result) ~= "table" or not encoding then
    error(("%s: the body function must return a %s, not a %s"):format(where,
      encoding and "string or a table" or "string", type(result)), 0)
  end
  if kind.mode == "json" then return result end
  local text, media = encoding.write(result)
  if not text then error(where .. ": " .. media, 0) end
  return text, media
end

local function compile_function(scope, path, run, kind)
  local where = scope:where(path)
  return ctx.scripted(run, function(result) return result_text(result, kind, where) end)
end

--- What a body function returned as JSON, where it is no plain table: it has values of templates in
--- it, or cannot be written.
---@param where string
---@param result table
---@return string
function body.json_text(where, result)
  local text, message = json.write(result)
  if not text then error(where .. ": " .. message, 0) end
  return text
end

local function compile_table(scope, path, v, kind)
  local encoding = ENCODINGS[kind.mode]
  if encoding then return encoding.compile(scope, path, v) end
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
  local render, outline = body.compile_file(scope, v.name, kind)
  return render, outline, kind
end

--- The operations that write the same body without Lua (template/outline.lua), or nil; and whether
--- what they wrote has to be checked to be JSON, as the template's own text is.
---@alias perilune.body_outline fun(resolve: perilune.outline_resolve): table[]|nil, boolean|nil

--- Compiles the body of a webhook.
---@param scope perilune.scope
---@param path any[]
---@param v any                     the webhook's `body`
---@param content_type string|nil   as given
---@return function|table|nil render   body.EVENT, or a function of (values, frame) that gives a text, or
---  a table that is to be JSON; nil after a fault
---@return string media                for the Content-Type header, unless `render` gives one
---@return perilune.body_outline|nil outline   of what is written by templates
function body.compile(scope, path, v, content_type)
  local kind = kind_of(content_type or "json")
  if v == nil then
    if kind.mode ~= "json" then
      scope:fault(path, ("content_type '%s' wants a body: the event is JSON"):format(content_type))
    end
    return body.EVENT, kind.media
  end
  local render, outline
  if payload.is_file(v) then
    local file_kind
    render, outline, file_kind = compile_named_file(scope, path, v, content_type)
    kind = file_kind or kind
  elseif type(v) == "string" then
    render, outline = compile_text(scope, v, kind, scope:template_options(path, v, {}))
  elseif type(v) == "function" then
    render = compile_function(scope, path, v, kind)
  else
    render, outline = compile_table(scope, path, v, kind)
  end
  local fault = (type(v) == "string" or payload.is_file(v)) and text_fault(kind)
  if fault then scope:fault(path, fault) end
  return render, kind.media, outline
end

return body
