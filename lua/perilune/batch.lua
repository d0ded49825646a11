-- SPDX-License-Identifier: MIT

--- `perilune render`: templates without a gateway around them.
---
---     local renderer = batch.new { ["layout.j2"] = "<{% block body %}{% endblock %}>" }
---     batch.line(renderer, '{"template":"{{ n }}","context":{"n":1}}')
---     --> '{"ok":true,"output":"1"}'
---
--- In the mode "text" a template is plain Jinja2: numbers of its context are what Python reads
--- ("120.50" prints 120.5), of a name that is there twice the last counts. In any other mode values
--- are escaped by position and payloads are read as the gateway reads them.

local core = require "perilune.core"
local json = require "perilune.encoding.json"
local template = require "perilune.template"

local encode, null = core.json.encode, core.json.null

local MODES = { text = true, json = true, url = true, xml = true, header = true, form = true }
local AS_PYTHON = { numbers = "double", duplicates = "last" }

-- Compiled templates that are kept for lines that come with the same text again.
local MAX_KEPT = 256
local MAX_KEPT_BYTES = 4 * 2 ^ 20

local batch = {}

---@class perilune.renderer
---@field templates table<string, string>   what include, import and extends find
---@field environment table
---@field kept table<string, function>      by mode and text
---@field count integer
---@field bytes integer                     of the texts that are kept

local function forget(renderer)
  renderer.environment = template.environment { templates = renderer.templates }
  renderer.kept, renderer.count, renderer.bytes = {}, 0, 0
end

---@param templates? table<string, string>
---@return perilune.renderer
function batch.new(templates)
  local renderer = { templates = templates or {} }
  forget(renderer)
  return renderer
end

local function raise(name, fault)
  error(("%s:%d:%d: %s%s"):format(name, fault.line, fault.column, fault.message, fault.excerpt), 0)
end

local function compile(text, name, mode, environment)
  local run, fault = template.compile(text, { name = name, mode = mode, environment = environment })
  if not run then raise(name, fault) end
  return mode == "json" and json.checked(run) or run
end

local function compile_kept(renderer, text, mode)
  local key = mode .. " " .. text
  local run = renderer.kept[key]
  if run then return run end
  if renderer.count >= MAX_KEPT or renderer.bytes >= MAX_KEPT_BYTES then forget(renderer) end
  run = compile(text, "template", mode, renderer.environment)
  renderer.kept[key] = run
  renderer.count, renderer.bytes = renderer.count + 1, renderer.bytes + #key
  return run
end

--- With templates of its own a line gets an environment of its own.
local function compile_beside(renderer, text, mode, templates)
  local all = {}
  for name, source in pairs(renderer.templates) do all[name] = source end
  for name, source in pairs(templates) do all[name] = source end
  return compile(text, "template", mode, template.environment { templates = all })
end

-- -- one line of a batch

local function is_object(v) return type(v) == "table" and core.json.is_object(v) end

local function expect(holds, message)
  if not holds then error(message, 0) end
end

local function check_templates(templates)
  expect(is_object(templates), '"templates": expected an object of texts')
  for name, source in pairs(templates) do
    expect(type(source) == "string", ('"templates"/"%s": expected a text'):format(name))
  end
end

local function check_request(request)
  expect(is_object(request), "expected an object with template and context")
  local context, mode = request.context, request.mode
  expect(type(request.template) == "string", '"template": expected a text')
  expect(context == nil or context == null or is_object(context), '"context": expected an object')
  expect(mode == nil or MODES[mode], '"mode": expected text, json, url, xml, header or form')
  if request.templates ~= nil then check_templates(request.templates) end
end

local function read(text)
  local request, fault = core.json.decode(text, AS_PYTHON)
  if fault then error(("not JSON, column %d: %s"):format(fault.column, fault.message), 0) end
  if type(request) == "table" and (request.mode or "text") ~= "text" then
    local exact
    exact, fault = core.json.decode(text)
    if fault then error(("column %d: %s"):format(fault.column, fault.message), 0) end
    return exact
  end
  return request
end

local function render(renderer, request)
  check_request(request)
  local mode = request.mode or "text"
  local run = request.templates
    and compile_beside(renderer, request.template, mode, request.templates)
    or compile_kept(renderer, request.template, mode)
  local output = run(is_object(request.context) and request.context or core.json.object())
  return encode(output) or error("the output is not valid UTF-8", 0)
end

--- Where in a template a message says that the mistake is.
local function place(message)
  local line, column = message:match("^[^\n]-:(%d+):(%d+): ")
  return line and (',"line":%s,"column":%s'):format(line, column) or ""
end

local function message_of(raised)
  local message = type(raised) == "table" and raised.message or raised
  return tostring(message)
end

local function answer(renderer, text, seen)
  local request = read(text)
  seen.id = is_object(request) and request.id or nil
  return render(renderer, request)
end

--- Renders one line of a batch; whatever is in it, there is an answer.
---@param renderer perilune.renderer
---@param text string   {"template", "context", "templates", "mode", "id"} as JSON
---@return string       {"ok", "output", "id"} or {"ok", "error", "line", "column", "id"} as JSON
function batch.line(renderer, text)
  local seen = {}
  local ok, result = pcall(answer, renderer, text, seen)
  local id = seen.id ~= nil and ',"id":' .. encode(seen.id) or ""
  if ok then return '{"ok":true,"output":' .. result .. id .. "}" end
  local message = message_of(result)
  local written = encode(message) or encode((message:gsub("[\128-\255]", "?")))
  return ('{"ok":false,"error":%s%s%s}'):format(written, place(message), id)
end

-- -- one template

local function context_of(text, name, mode)
  local context, fault = core.json.decode(text, mode == "text" and AS_PYTHON or nil)
  if fault then
    return nil, ("%s:%d:%d: %s"):format(name, fault.line, fault.column, fault.message)
  end
  if not is_object(context) then return nil, name .. ": expected an object" end
  return context
end

---@class perilune.render_job
---@field name string       of the template's file, for messages
---@field template string
---@field context string    JSON
---@field context_name string
---@field mode string

--- Renders one template.
---@param renderer perilune.renderer
---@param job perilune.render_job
---@return string|nil output
---@return string|nil message
---@return boolean|nil is_usage   the context is at fault, not the template
function batch.one(renderer, job)
  local context, reason = context_of(job.context, job.context_name, job.mode)
  if not context then return nil, reason, true end
  local ok, result = pcall(function()
    return compile(job.template, job.name, job.mode, renderer.environment)(context)
  end)
  if ok then return result end
  return nil, message_of(result)
end

return batch
