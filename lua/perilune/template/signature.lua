-- SPDX-License-Identifier: MIT

--- What can be called from a template: filters, tests, methods and functions, each with the names
--- of its parameters, so that keyword arguments find their places as in Python.
---
---     local default = signature.define({ "default_value", "boolean" },
---       function(v, default_value, boolean) ... end)
---     signature.bind(default, { n = 1, "x" }, { boolean = true })    --> { "x", true, n = 2 }

local kinds = require "perilune.template.value.kinds"

local signature = {}

---@class perilune.callable
---@field params? string[]      names of the parameters behind the subject, in order
---@field run function
---@field is_variadic? boolean  run takes (subject, args, kwargs, rt) as they are
local Callable = kinds.class { kind = "function" }

--- Parameters with names; an argument that is not given is nil.
---@param params string[]
---@param run function
---@return perilune.callable
function signature.define(params, run)
  return setmetatable({ params = params, run = run }, Callable)
end

--- Any arguments: run(subject, args, kwargs, rt).
---@param run function
---@return perilune.callable
function signature.variadic(run)
  return setmetatable({ run = run, is_variadic = true }, Callable)
end

--- The position of a parameter, or nil.
---@param callable perilune.callable
---@param name string
---@return integer|nil
function signature.position(callable, name)
  for i, param in ipairs(callable.params) do
    if param == name then return i end
  end
  return nil
end

local function takes(callable)
  if #callable.params == 0 then return "it takes none" end
  return "it takes " .. table.concat(callable.params, ", ")
end

--- Arguments by position: a list with n = number of parameters; nil and what is wrong.
---@param callable perilune.callable   not a variadic one
---@param args table                   with n
---@param kwargs? table<string, any>
---@return table|nil bound
---@return string|nil message
function signature.bind(callable, args, kwargs)
  local count = #callable.params
  if args.n > count then
    return nil, ("%d arguments are too many: %s"):format(args.n, takes(callable))
  end
  local bound = { n = count }
  for i = 1, args.n do bound[i] = args[i] end
  for name, v in pairs(kwargs or {}) do
    local i = signature.position(callable, name)
    if not i then return nil, ("there is no argument '%s': %s"):format(name, takes(callable)) end
    if i <= args.n then return nil, ("the argument '%s' is given twice"):format(name) end
    bound[i] = v
  end
  return bound
end

return signature
