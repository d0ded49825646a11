-- SPDX-License-Identifier: MIT

--- One file of the gateway folder while it is being checked and compiled: what its keys' lines are,
--- where its faults go, and how its templates become functions.

local core = require "perilune.core"
local ctx = require "perilune.ctx"
local locate = require "perilune.util.locate"
local template = require "perilune.template"

local scope = {}

---@class perilune.scope
---@field file string                  as shown in messages
---@field places perilune.place
---@field faults perilune.faults
---@field environment perilune.template_environment   what templates reach
---@field lines string[]               of the file
---@field templates table<string, string>   texts of templates/ by name
---@field root string                  put before names in messages
---@field origins table<integer, any[]>   where in the file a webhook is that a preset made, by its number
local Scope = {}
Scope.__index = Scope

---@param file string
---@param source string
---@param shared { faults: perilune.faults, templates: table, root: string,
---  environment: perilune.template_environment }
---@return perilune.scope
function scope.new(file, source, shared)
  local lines = {}
  for line in (source .. "\n"):gmatch("(.-)\r?\n") do lines[#lines + 1] = line end
  return setmetatable({
    file = file, places = locate.read(source), faults = shared.faults,
    templates = shared.templates, root = shared.root, environment = shared.environment,
    lines = lines, origins = {},
  }, Scope)
end

--- The place of a key of a webhook that a preset made: what is called so where the webhook is from,
--- else that place.
local function place_of_made(self, path)
  local place = locate.find(self.places, self.origins[path[2]])
  for at = 3, #path do
    if place.fields and place.fields[path[at]] then
      return locate.find(place, { unpack(path, at) })
    end
  end
  return place
end

local function place_of(self, path)
  local is_made = path[1] == "webhooks" and self.origins[path[2]]
  return is_made and place_of_made(self, path) or locate.find(self.places, path)
end

---@param path any[]
---@return integer
function Scope:line(path)
  return place_of(self, path).line
end

--- "file:line" of a key, for messages at run time.
---@param path any[]
---@return string
function Scope:where(path)
  return ("%s:%d"):format(self.file, self:line(path))
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

--- How many characters stand in front of a text in its line of the file; 0 when that line does not
--- show it as it is.
function Scope:offset(line, text)
  local first = text:match("^[^\n]*")
  local at = self.lines[line] and self.lines[line]:find(first, 1, true)
  return at and core.text.length(self.lines[line]:sub(1, at - 1)) or 0
end

--- Do the lines of a text that begins in a line go on in the next ones, as in a long string?
function Scope:is_spread(line, text)
  local second = text:match("^[^\n]*\n([^\n]*)")
  local shown = second and self.lines[line + 1]
  return not second or shown ~= nil and shown:find(second, 1, true) == 1
end

--- Options of template.compile for a text of this file.
---@param path any[]
---@param text string
---@param options { mode?: string, lenient?: boolean }
---@return perilune.template_options
function Scope:template_options(path, text, options)
  local line = place_of(self, path).value
  return {
    name = self.file, line = line, column = self:offset(line, text) + 1, mode = options.mode,
    lenient = options.lenient, environment = self.environment,
    on_one_line = not self:is_spread(line, text),
  }
end

local function compiled(self, made, fault)
  if not made then self.faults:add_template(self.file, fault) end
  return made
end

--- A text that may be a template: a constant text when nothing is in it to be done, else a function
--- of the values that it sees and of the frame (ctx.lua). A function is called with a ctx, numbers
--- become texts.
---@param path any[]
---@param v string|number|function|nil
---@param options { mode?: string, lenient?: boolean }
---@return string|function|nil   nil also after a fault
function Scope:text(path, v, options)
  if v == nil then return nil end
  if type(v) == "function" then return ctx.scripted(v) end
  if type(v) == "number" then return tostring(v) end
  if template.is_static(v) then return v end
  return compiled(self, template.compile(v, self:template_options(path, v, options)))
end

--- An expression: a function that gives a value.
---@param path any[]
---@param v string|function|nil
---@param options? { lenient?: boolean }
---@return function|nil
function Scope:expression(path, v, options)
  if v == nil then return nil end
  if type(v) == "function" then return ctx.scripted(v) end
  return compiled(self, template.expression(v, self:template_options(path, v, options or {})))
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
