-- SPDX-License-Identifier: MIT

--- What plugins add to templates. The handler of a plugin "acme" that returns
---
---     { filters = { slug = function(text) ... end }, tests = { ... }, functions = { ... } }
---
--- gives `{{ title|acme.slug }}`, `{% if n is acme.prime %}` and `{{ acme.price(sku) }}`: under the
--- plugin's name, so that none hides a built-in one. They get plain Lua values as the JSON decoder
--- makes them (nil for undefined; named arguments as a table behind the others) and give one.

local core = require "perilune.core"
local signature = require "perilune.template.signature"
local value = require "perilune.template.value"

local extension = {}

--- What a handler may add to templates.
extension.KINDS = { filters = true, tests = true, functions = true }

local KINDS = { "filters", "tests", "functions" }

local function plain(v)
  if value.is_undefined(v) then return nil end
  return value.export(v)
end

--- The result of a plugin's function, or an error when templates cannot hold it.
local function checked(what, v)
  if type(v) == "function" or type(v) == "thread" or core.is_secret(v) then
    local kind = core.is_secret(v) and "secret" or type(v)
    value.fail(("%s gave a %s, which a template cannot use"):format(what, kind))
  end
  return v
end

local function arguments(args, kwargs)
  local list, count = {}, args.n
  for i = 1, count do list[i] = plain(args[i]) end
  if kwargs then
    count = count + 1
    list[count] = plain(kwargs)
  end
  return list, count
end

-- How a function of a kind is called: filters and tests have a subject.
local WRAPPERS = {
  filters = function(what, run)
    return function(v, args, kwargs)
      local list, count = arguments(args, kwargs)
      return checked(what, (run(plain(v), unpack(list, 1, count))))
    end
  end,
  functions = function(what, run)
    return function(args, kwargs)
      local list, count = arguments(args, kwargs)
      return checked(what, (run(unpack(list, 1, count))))
    end
  end,
  tests = function(_, run)
    return function(v, args, kwargs)
      local list, count = arguments(args, kwargs)
      return value.truthy((run(plain(v), unpack(list, 1, count))))
    end
  end,
}

--- What is wrong with what a handler offers, or nil.
---@param handler table
---@return string|nil
function extension.fault(handler)
  for _, kind in ipairs(KINDS) do
    local offered = handler[kind]
    if offered ~= nil and type(offered) ~= "table" then
      return ("'%s' must be a table of functions, not a %s"):format(kind, type(offered))
    end
    for name, run in pairs(offered or {}) do
      if type(name) ~= "string" or not name:find("^[%a_][%w_]*$") or type(run) ~= "function" then
        return ("'%s' must have names of letters, digits and '_' with functions; '%s' is a %s")
          :format(kind, tostring(name), type(run))
      end
    end
  end
  return nil
end

--- What plugins offer, as template.environment takes it.
---@param plugins perilune.plugins
---@return { filters: table, tests: table, functions: table }
function extension.collect(plugins)
  local all = { filters = {}, tests = {}, functions = {} }
  for _, plugin_name in ipairs(plugins:names()) do
    local handler = plugins:get(plugin_name).handler
    for _, kind in ipairs(extension.fault(handler) and {} or KINDS) do
      for name, run in pairs(handler[kind] or {}) do
        local full = plugin_name .. "." .. name
        local callable = signature.variadic(WRAPPERS[kind](("'%s'"):format(full), run))
        if kind == "functions" then
          all.functions[plugin_name] = all.functions[plugin_name] or {}
          all.functions[plugin_name][name] = callable
        else
          all[kind][full] = callable
        end
      end
    end
  end
  return all
end

return extension
