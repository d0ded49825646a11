-- SPDX-License-Identifier: MIT

--- What templates of one kind share: the filters, tests and functions that they know, the templates
--- that they can include, import and extend, and their compiled code.

local compiler = require "perilune.template.compiler"
local filters = require "perilune.template.filters"
local functions = require "perilune.template.functions"
local nearest = require "perilune.util.nearest"
local parser = require "perilune.template.parser"
local report = require "perilune.template.report"
local tables = require "perilune.util.tables"
local tests = require "perilune.template.tests"

local environment = {}

-- Chunk names of compiled code; what follows is a number.
environment.PREFIX = "perilune/template:"

---@class perilune.environment_options
---@field templates? table<string, string>|fun(name: string): string|nil
---@field shown? string        in front of names of templates in messages
---@field filters? table<string, perilune.callable>   besides the built-in ones
---@field tests? table<string, perilune.callable>
---@field functions? table<string, perilune.callable|table<string, perilune.callable>>
---@field check_names? boolean   templates that are named in a template must exist when it is loaded

---@class perilune.template_environment
---@field templates table<string, string>|fun(name: string): string|nil
---@field shown string
---@field filters table<string, perilune.callable>
---@field tests table<string, perilune.callable>
---@field functions table<string, perilune.callable|table>
---@field check_names boolean
---@field buffers table      string buffers to write into
---@field runtimes perilune.template_runtime[]   of renderings that are over
---@field codes table<string, perilune.template_code>
---@field checked table<string, boolean>   named templates that were looked at, by what they are for
---@field chunks table<string, { code: perilune.template_code, name?: string, text: string }>
---@field count integer      chunks that were made
local Environment = {}
Environment.__index = Environment

local function on_top(extra, built_in)
  if not extra or next(extra) == nil then return built_in end
  local all = {}
  for name, callable in pairs(extra) do all[name] = callable end
  return setmetatable(all, { __index = built_in })
end

---@param options? perilune.environment_options
---@return perilune.template_environment
function environment.new(options)
  options = options or {}
  return setmetatable({
    templates = options.templates or {}, shown = options.shown or "",
    filters = on_top(options.filters, filters), tests = on_top(options.tests, tests),
    functions = on_top(options.functions, functions), check_names = options.check_names or false,
    codes = {}, checked = {}, chunks = {}, count = 0, buffers = {},
    runtimes = {},
  }, Environment)
end

--- The text of a template, or nil.
function Environment:text(name)
  if type(self.templates) == "function" then return self.templates(name) end
  return self.templates[name]
end

function Environment:has(name) return self:text(name) ~= nil end

--- That there is no such template, and which one may be meant.
function Environment:missing(name)
  local known = type(self.templates) == "table" and tables.names(self.templates) or {}
  return ("there is no template '%s'%s"):format(name, nearest.hint(name, known, "templates are"))
end

--- Compiles what `parse` gives, as `compile` does it. Raises {line=, column=, message=}.
function Environment:make(text, parse, compile, options)
  self.count = self.count + 1
  options.env, options.chunk = self, environment.PREFIX .. self.count
  local code = compile(parse(text), options)
  self.chunks[options.chunk] = { code = code, text = text }
  return code
end

--- The code of a text, made once.
---@param kind "template"|"expression"
---@param text string
---@param options perilune.compiler_options
---@return perilune.template_code
function Environment:compiled(kind, text, options)
  local key = ("%s %s %s %s\n%s"):format(kind, options.mode, tostring(options.state),
    tostring(options.is_lenient), text)
  local code = self.codes[key]
  if not code then
    code = self:make(text, parser[kind], compiler[kind], options)
    self.codes[key] = code
  end
  return code
end

--- A mistake of a template that another one uses: the message tells its own place.
local function raise_in(self, name, text, mistake)
  if type(mistake) ~= "table" or mistake.is_located or not mistake.line then error(mistake, 0) end
  local line, column = mistake.line, mistake.column
  error({ is_located = true, message = report.located(self.shown .. name, line, column,
    mistake.message, report.excerpt(text, line, column)) }, 0)
end

--- The code of a template of the environment for a mode and a state of escaping, made once.
---@param name string   of one that there is
---@param mode string
---@param state? string
---@return perilune.template_code
function Environment:code(name, mode, state)
  local key = ("named %s %s\n%s"):format(mode, tostring(state), name)
  local code = self.codes[key]
  if code then return code end
  local text = self:text(name)
  local ok, made = pcall(self.make, self, text, parser.template, compiler.template,
    { mode = mode, state = state, is_library = true })
  if not ok then raise_in(self, name, text, made) end
  self.codes[key] = made
  self.chunks[made.chunk].name = name
  return made
end

--- What is wrong with the name of a template that is to be used in a place, or nil.
---@param name string
---@param mode string
---@param state? string
---@return string|nil
function Environment:fault(name, mode, state)
  if not self:has(name) then return self:missing(name) end
  local key = ("%s %s\n%s"):format(mode, tostring(state), name)
  if self.checked[key] then return nil end -- or being checked: it uses itself
  self.checked[key] = true
  local ok, made = pcall(self.code, self, name, mode, state)
  if not ok then return type(made) == "table" and made.message or made end
  if state and made.final ~= state then
    return ("the template '%s' does not end in the place where it is included"):format(name)
  end
  return nil
end

return environment
