-- SPDX-License-Identifier: MIT

--- A webhook and an event to a request: method, URL, headers, params, body. `compile` turns what
--- the connector's file says into an entry, once; `run` carries an entry out, for each attempt.

local core = require "perilune.core"
local body = require "perilune.body"
local ctx = require "perilune.ctx"
local tables = require "perilune.util.tables"
local value = require "perilune.template.value"

local render = {}

local BODYLESS = { GET = true, HEAD = true, DELETE = true, OPTIONS = true }

local evaluate = ctx.evaluate

---@class perilune.rendered_field
---@field name string
---@field value any                 text, secret or function, of params also a list of them
---@field unchecked function|nil    the function without the check of what it gives

--- Names and compiled values of headers or params, the webhook's over the connector's, by name.
---@return perilune.rendered_field[]
local function merged(connector, webhook, path, key, compile_one, normal)
  local by_name = {}
  local function add(owner, owner_path)
    for name, v in pairs(owner[key] or {}) do
      local where = tables.extend(tables.extend(owner_path, key), name)
      local compiled, unchecked = compile_one(where, name, v)
      by_name[normal(name)] = { name = name, value = compiled, unchecked = unchecked }
    end
  end
  add(connector, {})
  add(webhook, path)
  local list = {}
  for i, name in ipairs(tables.names(by_name)) do list[i] = by_name[name] end
  return list
end

--- Text of what a function of the integrator gave; secrets pass, nil and null are nil.
local function text_of(where, v)
  if type(v) == "string" then return v end
  if v == nil or v == core.json.null then return nil end
  if core.is_secret(v) then return v end
  if type(v) == "table" and not value.is_markup(v) then
    error(where .. ": a text, a number or a secret is wanted here, not a table", 0)
  end
  return value.text(v)
end

--- A header whose text is only known when it is rendered: a template, too, may have line breaks.
local function checked_header(where, name, run)
  return function(values, frame)
    local v = text_of(where, run(values, frame))
    if v ~= nil and not core.http.is_field_value(v) then
      error(("%s: the value of header '%s' holds bytes that a header may not"):format(where, name),
        0)
    end
    return v
  end
end

--- The function may give a list, for a param that is there several times.
local function param_of_function(where, run)
  return ctx.scripted(run, function(v)
    if type(v) ~= "table" or value.is_markup(v) or not tables.is_list(v) then
      return text_of(where, v)
    end
    local items = {}
    for i, item in ipairs(v) do items[i] = text_of(where, item) end
    return items
  end)
end

local function compile_header(scope)
  return function(path, name, v)
    if not core.http.is_token(name) then
      scope:fault(path, ("'%s' is not a valid header name"):format(name))
    elseif core.http.is_hop_by_hop(name) then
      scope:fault(path, ("the header '%s' belongs to the connection and cannot be set"):format(
        name))
    end
    local compiled = core.is_secret(v) and v or scope:text(path, v, { mode = "header" })
    if type(compiled) == "function" then
      return checked_header(scope:where(path), name, compiled), compiled
    elseif compiled and not core.http.is_field_value(compiled) then
      scope:fault(path, ("the value of header '%s' holds bytes that a header may not"):format(name))
    end
    return compiled
  end
end

local function compile_param(scope)
  return function(path, _, v)
    if core.is_secret(v) then return v end
    if type(v) == "function" then return param_of_function(scope:where(path), v) end
    if type(v) ~= "table" then return scope:text(path, v, {}) end
    local items = {}
    for i, item in ipairs(v) do
      local where = tables.extend(path, i)
      items[i] = type(item) == "function" and param_of_function(scope:where(where), item)
        or scope:text(where, item, {})
    end
    return items
  end
end

local function compile_method(scope, path, v)
  local method = scope:text(path, v, {})
  if type(method) == "string" and not core.http.is_token(method) then
    scope:fault(path, ("'%s' is not a valid method"):format(method))
  end
  return method
end

--- Does the URL, before any template is rendered, begin with http? Then it will.
local function is_plain_http(base, url)
  local text = url
  if type(url) == "string" and not core.url.is_absolute(url) and not url:find("^{{") then
    text = base
  end
  return type(text) == "string" and text:lower():find("^http://") ~= nil
end

--- What can be said of a URL that is a secret, before it is sent.
local function check_secret(scope, path, v, require_https)
  local scheme, reason = core.url.of_secret(v)
  if not scheme and reason then
    scope:fault(path, "the secret cannot be used as a URL: " .. reason)
  elseif require_https and scheme == "http" then
    scope:fault(path, "the URL in the secret is not https, which gateway.lua requires (require_https)")
  end
end

--- The host of a URL, where no template has a part in it.
local function fixed_host(text)
  local authority = type(text) == "string" and text:match("^[%a]+://([^/?#]+)")
  if not authority or authority:find("{[{%%#]") then return nil end
  local parts = core.url.parse("http://" .. authority .. "/")
  return parts and parts.host
end

--- Would the egress guard refuse an address that stands in the file? What a name is, it asks later.
local function check_host(scope, path, text, allow)
  local host = allow and fixed_host(text)
  local reason = host and core.egress.refusal(allow, host)
  if reason then scope:fault(path, reason) end
end

local function check_url(scope, path, entry, sources, options)
  local base, url = sources.base, sources.url
  if core.is_secret(url) then return check_secret(scope, path, url, options.require_https) end
  local is_relative = type(url) == "string" and not core.url.is_absolute(url)
    and not url:find("^{{")
  if is_relative and base == nil then
    scope:fault(path, ("the URL '%s' is relative, and the connector has no base_url"):format(url))
  elseif is_relative and core.is_secret(base) then
    check_secret(scope, { "base_url" }, base, options.require_https)
  elseif options.require_https and is_plain_http(base, url) then
    scope:fault(path, "the URL is not https, which gateway.lua requires (require_https)")
  end
  local fixed_base = type(entry.base_url) == "string" and entry.base_url or nil
  if type(entry.url) == "string" and (fixed_base or core.url.is_absolute(entry.url)) then
    local whole, reason = core.url.whole(fixed_base, entry.url)
    if reason then scope:fault(path, ("the URL '%s' cannot be used: %s"):format(url, reason)) end
    entry.whole_url = whole
  end
  check_host(scope, path, url, options.egress_allow)
end

--- What a connector's base_url is made of; compiled once per connector.
---@param scope perilune.scope
---@param base_url string|function|perilune.secret|nil
---@param egress_allow string[]|nil   nil: it is not to be judged by them
---@return string|function|perilune.secret|nil
function render.compile_base(scope, base_url, egress_allow)
  if core.is_secret(base_url) then
    local scheme, has_query = core.url.of_secret(base_url)
    if scheme and has_query then
      scope:fault({ "base_url" }, "a base_url has no query; put it into params")
    end
    return base_url
  end
  local compiled = scope:text({ "base_url" }, base_url, { mode = "url" })
  if type(base_url) == "string" and base_url:find("?", 1, true) then
    scope:fault({ "base_url" }, "a base_url has no query; put it into params")
  elseif type(compiled) == "string" then
    local _, reason = core.url.parse(compiled)
    if reason then
      scope:fault({ "base_url" }, ("the base_url '%s' cannot be used: %s"):format(compiled, reason))
    end
  end
  check_host(scope, { "base_url" }, base_url, egress_allow)
  return compiled
end

--- Fills the render part of an entry.
---@param entry perilune.entry
---@param scope perilune.scope
---@param connector table   checked
---@param webhook table     checked
---@param path any[]        of the webhook
---@param options { base_url: any, require_https: boolean, egress_allow: string[]|nil }
function render.compile(entry, scope, connector, webhook, path, options)
  local url_path = tables.extend(path, "url")
  entry.where, entry.event_paths = scope:where(path), {}
  entry.when_is_script = type(webhook.when) == "function"
  entry.when = scope:expression(tables.extend(path, "when"), webhook.when)
  entry.base_url = options.base_url
  entry.method = compile_method(scope, webhook.method and tables.extend(path, "method")
    or { "method" }, webhook.method or connector.method or "POST")
  local url = webhook.url
  if url ~= nil then
    local is_path = type(url) == "string" and url:find("^/") ~= nil
    entry.url = core.is_secret(url) and url
      or scope:text(url_path, url, { mode = is_path and "path" or "url" })
    check_url(scope, url_path, entry, { base = connector.base_url, url = url }, options)
  end
  entry.headers = merged(connector, webhook, path, "headers", compile_header(scope), string.lower)
  entry.params = merged(connector, webhook, path, "params", compile_param(scope),
    function(name) return name end)
  local content_type = webhook.content_type or connector.content_type
  if webhook.body == nil and BODYLESS[entry.method] then return end
  if webhook.body == nil then content_type = webhook.content_type end
  local body_path = tables.extend(path, "body")
  entry.body_where = scope:where(body_path)
  entry.body, entry.media, entry.outline = body.compile(scope, body_path, webhook.body, content_type)
end

local function set_method(entry, frame, request)
  local method = entry.method
  if type(method) ~= "string" then
    method = evaluate(method, frame)
    if type(method) ~= "string" or not core.http.is_token(method) then
      error(("%s: '%s' is not a valid method"):format(entry.where, tostring(method)), 0)
    end
  end
  request:set_method(method)
  return method
end

--- Behind a base that is a secret. Only the path can be looked at here.
local function set_url_behind(entry, base, path, request)
  path = path:gsub("#.*$", "")
  local dots = core.url.dot_segment(path:match("^[^?]*"))
  if dots then
    core.fail("url", ("%s: '%s': the path has the segment '%s'"):format(entry.where, path, dots))
  end
  request:set_url(base, path)
end

local function set_url(entry, frame, request)
  if entry.whole_url then return request:set_url(entry.whole_url) end
  local path = evaluate(entry.url, frame)
  local base = evaluate(entry.base_url, frame)
  if type(path) == "string" and (base == nil or type(base) == "string") then
    return request:set_url(base, path)
  end
  if core.is_secret(path) then return request:set_url(path) end
  if core.is_secret(base) then
    if type(path) == "string" and not core.url.is_absolute(path) then
      return set_url_behind(entry, base, path, request)
    end
    base = nil
  end
  if type(path) ~= "string" then
    error(("%s: the URL must be a string, got %s"):format(entry.where, type(path)), 0)
  elseif base ~= nil and type(base) ~= "string" then
    error(("%s: the base_url must be a string, got %s"):format(entry.where, type(base)), 0)
  end
  request:set_url(base, path)
end

--- An empty value drops the param.
local function add_param(request, frame, name, given)
  local v = evaluate(given, frame)
  if type(v) == "table" then
    for _, item in ipairs(v) do add_param(request, frame, name, item) end
  elseif v ~= nil and v ~= "" then
    request:add_query(name, v)
  end
end

local function add_params(entry, frame, request)
  local params = entry.params
  for i = 1, #params do add_param(request, frame, params[i].name, params[i].value) end
end

local function set_headers(entry, frame, request)
  local headers = entry.headers
  for i = 1, #headers do
    local v = evaluate(headers[i].value, frame)
    if v ~= nil then request:set_header(headers[i].name, v) end
  end
end

local function set_proxy(entry, request)
  local proxy = entry.proxy
  if type(proxy) == "table" then
    request:set_proxy(proxy.url, proxy.user, proxy.password)
  elseif proxy ~= nil then
    request:set_proxy(proxy)
  end
end

--- Does a request with this method have a body?
---@param entry perilune.entry
---@param method string
---@return boolean
function render.has_body(entry, method)
  return entry.body ~= nil and not (entry.body == body.EVENT and BODYLESS[method])
end

--- A table as the body. Most need no look at each of their values before they are written.
local function set_json(entry, request, v, media)
  if pcall(request.set_body, request, v, media) then return end
  request:set_body(body.json_text(entry.body_where, v), media)
end

--- Before the connector's own headers, which may say otherwise of what the body is.
local function set_body(entry, frame, request, method)
  if not render.has_body(entry, method) then return end
  if entry.body == body.EVENT then return request:set_body_event(entry.media) end
  local v, media = evaluate(entry.body, frame)
  if v == nil then return end
  media = media or entry.media
  if type(v) == "table" then return set_json(entry, request, v, media) end
  request:set_body(v, media)
end

--- Does a webhook want the event after all, when routing could not ask?
local function is_wanted(entry, frame)
  if entry.when and not value.truthy(evaluate(entry.when, frame)) then return false end
  evaluate(entry.order_key, frame) -- one that has no key yet fails visibly
  return true
end

--- Renders one attempt.
---@param entry perilune.entry
---@param frame perilune.ctx_frame
---@param request any          the request userdata, filled
---@param undecided boolean    `when` and `order_by` could not be asked when the event was routed
---@return boolean is_wanted   false: an undecided `when` said no
function render.run(entry, frame, request, undecided)
  if undecided and not is_wanted(entry, frame) then return false end
  local method = set_method(entry, frame, request)
  set_url(entry, frame, request)
  set_proxy(entry, request)
  add_params(entry, frame, request)
  set_body(entry, frame, request, method)
  set_headers(entry, frame, request)
  return true
end

return render
