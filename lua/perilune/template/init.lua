-- SPDX-License-Identifier: MIT

--- Templates with Jinja2's syntax, as Lua functions of a context.
---
---     local greet = template.compile("Dear {{ name }}", { name = "letter.j2", line = 1 })
---     greet({ name = "Ada" })                                    --> "Dear Ada"
---
--- What a value means is in value.lua, how it is escaped in escape.lua, the language in lexer.lua
--- and parser.lua, the code made of it in compiler.lua. A compiled function raises an error that
--- begins "NAME:LINE: " when the context does not fit.

local compiler = require "perilune.template.compiler"
local lexer = require "perilune.template.lexer"

local template = {}

---@class perilune.template_options
---@field name string        of the file, for messages
---@field line? integer      in that file, of the first line (default 1)
---@field mode? "text"|"json"|"url"|"path"|"header"|"form"   how values are escaped ("text")
---@field lenient? boolean   attributes of undefined values are undefined, not errors
---@field cache? table       shared by the templates of one generation

--- Has the text nothing for the template language to do?
---@param text string
---@return boolean
function template.is_static(text)
  return not text:find("{[{%%#]")
end

--- The source of the expression when a text is exactly one {{ expression }}, else nil.
---@param text string
---@return string|nil
function template.single(text)
  local ok, pieces = pcall(lexer.pieces, text)
  if ok and #pieces == 1 and pieces[1].kind == "output" then return pieces[1].text end
  return nil
end

--- Sites of a template by its own lines.
local function sites(options)
  local offset = (options.line or 1) - 1
  return setmetatable({}, { __index = function(t, line)
    t[line] = { name = options.name, line = line + offset }
    return t[line]
  end })
end

local function instance(key, options, make)
  local factory = options.cache and options.cache[key]
  if not factory then
    local ok, made = pcall(make)
    if not ok and type(made) == "table" then
      return nil, made.message, made.line + (options.line or 1) - 1
    elseif not ok then
      error(made, 0)
    end
    factory = made
    if options.cache then options.cache[key] = factory end
  end
  return factory(sites(options))
end

--- Compiles a template: a function of a context that gives a text.
---@param text string
---@param options perilune.template_options
---@return (fun(context: table): string)|nil
---@return string|nil message   of a mistake
---@return integer|nil line     of the mistake, in the file
function template.compile(text, options)
  local mode, is_lenient = options.mode or "text", options.lenient or false
  local key = ("%s %s %s"):format(mode, tostring(is_lenient), text)
  return instance(key, options, function() return compiler.template(text, mode, is_lenient) end)
end

--- Compiles an expression: a function of a context that gives a value.
---@param text string
---@param options perilune.template_options
---@return (fun(context: table): any)|nil
---@return string|nil message
---@return integer|nil line
function template.expression(text, options)
  local is_lenient = options.lenient or false
  local key = ("expression %s %s"):format(tostring(is_lenient), text)
  return instance(key, options, function() return compiler.expression(text, is_lenient) end)
end

return template
