-- SPDX-License-Identifier: MIT

--- Templates with Jinja2's syntax, as Lua functions of a context.
---
---     local greet = template.compile("Dear {{ name }}", { name = "letter.j2" })
---     greet({ name = "Ada" })                                    --> "Dear Ada"
---
--- A mistake in a template is a fault when it is compiled, an error when it comes to light later; both
--- name the place. What templates share (filters, other templates) is an environment.

local core = require "perilune.core"
local environment = require "perilune.template.environment"
local escape = require "perilune.template.escape"
local parser = require "perilune.template.parser"
local compiler = require "perilune.template.compiler"
local outline = require "perilune.template.outline"
local report = require "perilune.template.report"
local runtime = require "perilune.template.runtime"

local template = {}

---@class perilune.template_options
---@field name string        of the file, for messages
---@field line? integer      in that file, of the first line (default 1)
---@field column? integer    in that line, of the first character (default 1)
---@field on_one_line? boolean   all its lines are in that one of the file: "\n" in a string of Lua
---@field mode? string       how values are escaped, a mode of escape.lua ("text")
---@field state? string      of the mode, in which the text begins
---@field lenient? boolean   attributes of undefined values are undefined, not errors
---@field environment? perilune.template_environment   (default: one with what is built in)

---@class perilune.template_fault
---@field message string
---@field line integer       in the file
---@field column integer
---@field excerpt string     "\n", the line of the template, and a caret below the column

-- Where rendered text comes from, by render function: for `located`, which gets only that.
local origins = setmetatable({}, { __mode = "k" })

template.environment = environment.new

--- Has the text nothing for the template language to do?
---@param text string
---@return boolean
function template.is_static(text)
  return not text:find("{[{%%#]")
end

--- The source of the expression when a text is exactly one {{ expression }}, and its line and column,
--- else nil.
template.single = parser.single

-- -- places

--- A place of a text as one of its file.
local function in_file(options, line, column)
  if line == 1 then column = column + (options.column or 1) - 1 end
  local before = options.on_one_line and 0 or line - 1
  return before + (options.line or 1), column
end

local function located(origin, line, column, message)
  local options = origin.options
  local file_line, file_column = in_file(options, line, column)
  return report.located(options.name, file_line, file_column, message,
    report.excerpt(origin.text, line, column))
end

--- The place of the template that is running: of a text itself, or of another template.
local function running_place(origin)
  local chunk, line = core.frame(environment.PREFIX)
  local entry = origin.env.chunks[chunk]
  if not entry then return nil end
  local positions = entry.code.positions
  while line > 1 and not positions[line] do line = line - 1 end
  local position = positions[line] or { line = 1, column = 1 }
  return entry, position.line, position.column
end

local function with_place(origin, message)
  if message:find("stack overflow", 1, true) then message = "the template calls itself too deep" end
  local entry, line, column = running_place(origin)
  if not entry then return message end
  if not entry.name then return located(origin, line, column, message) end
  local other = { text = entry.text, options = { name = origin.env.shown .. entry.name } }
  return located(other, line, column, message)
end

--- What comes out of a rendering that failed: the message with its place. Tables with a message stay
--- what they are otherwise.
local function handler_of(origin)
  return function(raised)
    if type(raised) == "string" then return with_place(origin, raised) end
    if type(raised) ~= "table" or type(rawget(raised, "message")) ~= "string" then
      return with_place(origin, ("a script raised a %s instead of a message"):format(type(raised)))
    end
    if rawget(raised, "is_located") then return raised.message end
    raised.message = with_place(origin, raised.message)
    return raised
  end
end

-- -- compiled texts

local function run(code, env, ctx)
  local rt = runtime.take(env)
  local result = code.root(runtime.context(code, ctx), rt)
  runtime.give(rt)
  return result
end

local function renderer(origin, code)
  origin.chain = code.chain
  local handle, env = handler_of(origin), origin.env
  local function render(ctx)
    local ok, result = xpcall(run, handle, code, env, ctx)
    if not ok then error(result, 0) end
    return result
  end
  origins[render] = origin
  return render
end

--- A message that names another line of the text ("the 'for' of line 3 is open").
local function with_lines_of_file(options, message)
  return (message:gsub("of line (%d+)", function(line)
    return ("of line %d"):format(in_file(options, tonumber(line), 1))
  end))
end

local function fault_of(text, options, mistake)
  if type(mistake) ~= "table" or not mistake.line then error(mistake, 0) end
  local line, column = in_file(options, mistake.line, mistake.column)
  return {
    message = with_lines_of_file(options, mistake.message), line = line, column = column,
    excerpt = report.excerpt(text, mistake.line, mistake.column),
  }
end

local function compiled(kind, text, options)
  local env = options.environment or environment.new()
  local mode = options.mode or "text"
  assert(escape.modes[mode], "unknown mode of escaping")
  local ok, code = pcall(env.compiled, env, kind, text, {
    mode = mode, state = options.state, is_lenient = options.lenient or false,
  })
  if not ok then return nil, fault_of(text, options, code) end
  return renderer({ kind = kind, text = text, options = options, env = env, mode = mode }, code)
end

--- Compiles a template: a function of a context that gives a text.
---@param text string
---@param options perilune.template_options
---@return (fun(context: table): string)|nil
---@return perilune.template_fault|nil
function template.compile(text, options)
  return compiled("template", text, options)
end

--- Compiles an expression: a function of a context that gives a value, nil for undefined.
---@param text string
---@param options perilune.template_options
---@return (fun(context: table): any)|nil
---@return perilune.template_fault|nil
function template.expression(text, options)
  local evaluate, fault = compiled("expression", text, options)
  return evaluate, fault
end

--- The names that an expression is a chain of and no more, "a.b.c"; or nil.
---@param evaluate function   of template.expression
---@return string|nil
function template.chain(evaluate)
  return origins[evaluate] and origins[evaluate].chain
end

--- The value of an expression as JSON text, read from the document of a context; nil where it has to
--- be evaluated: the expression is more than a chain of names, or the context cannot say.
---@param evaluate function   of template.expression
---@return (fun(context: table): string|nil)|nil
function template.json_reader(evaluate)
  local chain = template.chain(evaluate)
  return chain and function(ctx) return runtime.helpers.read_json(ctx, chain) end
end

-- -- without Lua

local MAX_OUTLINED_BYTES = 32768 -- of a text, which is read once more: that takes time

--- What `build` of outline.lua makes of a text.
local function outlined(build, origin, resolve, options, ...)
  if #origin.text > MAX_OUTLINED_BYTES then return nil end
  return build(parser[origin.kind](origin.text), {
    env = origin.env, mode = origin.mode, state = origin.options.state, resolve = resolve,
    inside = options.inside, is_strict = options.is_strict,
  }, ...)
end

--- The operations that do what a template does (outline.lua); nil when it does more than place values.
--- `inside`: a writer of escape.lua that all of what a plain text writes goes through.
---@param render function   of template.compile
---@param resolve perilune.outline_resolve
---@param inside? "json_string"|"form"
---@return table[]|nil
function template.outline(render, resolve, inside)
  local origin = origins[render]
  if not origin or origin.kind ~= "template" then return nil end
  return outlined(outline.template, origin, resolve, { inside = inside })
end

--- The operations that write as JSON what an expression, or the text that a template, gives: where a value
--- stands whole. They give up where it is undefined, unless that is to be `null`.
---@param evaluate function   of template.expression or template.compile
---@param resolve perilune.outline_resolve
---@param undefined? "null"
---@return table[]|nil
function template.outline_of_value(evaluate, resolve, undefined)
  local origin = origins[evaluate]
  if not origin then return nil end
  if origin.kind == "expression" then
    return outlined(outline.expression, origin, resolve, { is_strict = undefined ~= "null" })
  end
  local inner = template.outline(evaluate, resolve, "json_string")
  return inner and outline.joined { '"', inner, '"' }
end

--- The operations that write a field of a form, "name=" and what an expression or a template gives, with
--- "&" in front unless it is the first; nothing where the value is undefined or null. Nil when it does
--- more than place a value.
---@param evaluate function   of template.expression or template.compile
---@param resolve perilune.outline_resolve
---@param name string         with the "=", encoded
---@return table[]|nil
function template.outline_of_field(evaluate, resolve, name)
  local origin = origins[evaluate]
  if not origin then return nil end
  if origin.kind == "expression" then
    return outlined(outline.field, origin, resolve, { inside = "form" }, "&", name)
  end
  local inner = template.outline(evaluate, resolve, "form")
  return inner and outline.joined { outline.separator("&"), name, inner }
end

--- Texts and outlines, one behind the other.
---@type fun(parts: (string|table[])[]): table[]
template.joined_outline = outline.joined

--- The operation that separates what comes from what is there.
---@type fun(text: string): table[]
template.outline_separator = outline.separator

-- -- which place wrote what

--- The line and column behind `text`, which begins at a place.
local function behind(line, column, text)
  local _, newlines = text:gsub("\n", "")
  if newlines == 0 then return line, column + core.text.length(text) end
  return line + newlines, core.text.length(text:match("[^\n]*$")) + 1
end

--- The place of the template that writes byte `offset` (from 0) of its text.
local function place_of_byte(origin, ctx, offset)
  local env, options = origin.env, origin.options
  local code = env:make(origin.text, parser.template, compiler.template, {
    mode = origin.mode, state = options.state, is_lenient = options.lenient, is_traced = true,
  })
  env.chunks[code.chunk] = nil -- it runs once, and its errors were told already
  local text, marks = code.root(runtime.context(code, ctx), runtime.take(env))
  local start = 0
  for _, mark in ipairs(marks) do
    local place = mark.place
    if offset < mark.ends then
      if not place.is_text then return place.line, place.column end
      return behind(place.line, place.column, text:sub(start + 1, offset))
    end
    start = mark.ends
  end
  local last = marks[#marks].place
  return last.line, last.column
end

--- A message about byte `offset` (from 0) of what a template rendered, with the place of the template
--- that wrote it.
---@param render function   of template.compile
---@param ctx table         that it was called with
---@param offset integer
---@param message string
---@return string
function template.located(render, ctx, offset, message)
  local origin = origins[render]
  local ok, line, column = pcall(place_of_byte, origin, ctx, offset)
  if not ok then line, column = 1, 1 end
  return located(origin, line, column, message)
end

return template
