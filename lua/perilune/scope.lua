-- SPDX-License-Identifier: MIT

--- One file of the gateway folder while it is being checked and compiled: what its keys' lines are,
--- where its faults go, and how its templates become functions.

local locate = require "perilune.util.locate"
local template = require "perilune.template"

local scope = {}

---@class perilune.scope
---@field file string                  as shown in messages
---@field places perilune.place
---@field faults perilune.faults
---@field cache table                  compiled templates of the generation
---@field templates table<string, string>   texts of templates/ by name
---@field root string                  put before names in messages
local Scope = {}
Scope.__index = Scope

---@param file string
---@param source string
---@param shared { faults: perilune.faults, cache: table, templates: table, root: string }
---@return perilune.scope
function scope.new(file, source, shared)
  return setmetatable({
    file = file, places = locate.read(source), faults = shared.faults, cache = shared.cache,
    templates = shared.templates, root = shared.root,
  }, Scope)
end

---@param path any[]
---@return integer
function Scope:line(path)
  return locate.find(self.places, path).line
end

--- "file:line" of a key, for messages at run time.
---@param path any[]
---@return string
function Scope:where(path)
  return ("%s:%d"):format(self.file, self:line(path))
end

--- The same as value.lua takes it.
---@param path any[]
---@return perilune.site
function Scope:site(path)
  return { name = self.file, line = self:line(path) }
end

---@param path any[]
---@param message string
function Scope:fault(path, message)
  self.faults:add(self.file, self:line(path), message)
end

--- The report function of schema.check.
function Scope:reporter()
  return function(path, message) self:fault(path, message) end
end

function Scope:template_options(path, options)
  return {
    name = self.file, line = locate.find(self.places, path).value, mode = options.mode,
    lenient = options.lenient, cache = self.cache,
  }
end

local function compiled(self, made, message, line)
  if not made then self.faults:add(self.file, line, message) end
  return made
end

--- A text that may be a template: a constant text when nothing is in it to be done, else a function
--- of the context. Functions pass, numbers become texts.
---@param path any[]
---@param v string|number|function|nil
---@param options { mode?: string, lenient?: boolean }
---@return string|function|nil   nil also after a fault
function Scope:text(path, v, options)
  if v == nil or type(v) == "function" then return v end
  if type(v) == "number" then return tostring(v) end
  if template.is_static(v) then return v end
  return compiled(self, template.compile(v, self:template_options(path, options)))
end

--- An expression: a function of the context that gives a value.
---@param path any[]
---@param v string|function|nil
---@param options? { lenient?: boolean }
---@return function|nil
function Scope:expression(path, v, options)
  if v == nil or type(v) == "function" then return v end
  return compiled(self, template.expression(v, self:template_options(path, options or {})))
end

--- A leaf: exactly one {{ expression }} gives its value, another template gives a text. The second
--- result is true for a constant.
---@param path any[]
---@param v string
---@return any
---@return boolean is_constant
function Scope:leaf(path, v)
  local single = template.single(v)
  if single then return self:expression(path, single), false end
  local text = self:text(path, v, {})
  return text, type(text) == "string"
end

return scope
