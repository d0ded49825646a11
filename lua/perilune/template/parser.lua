-- SPDX-License-Identifier: MIT

--- Templates as trees: the statements. Nodes are named and shaped as in Jinja's own nodes.py, each
--- with the line and column of its token:
---
---     Dear {% if a %}{{ a }}{% endif %}
---     Template { body = { Output { nodes = { TemplateData } },
---                         If { test = Name, body = { Output { nodes = { Name } } } } } }
---
--- To add a tag: a function in TAGS that reads what stands behind the tag's name.

local bodies = require "perilune.template.syntax.bodies"
local expressions = require "perilune.template.syntax.expressions"
local lexer = require "perilune.template.lexer"
local source = require "perilune.template.syntax.source"
local stream = require "perilune.template.syntax.stream"

local node, body = stream.node, bodies.body
local expression = expressions.expression

local parser = {}

local TAGS = {}

-- -- control

TAGS["for"] = function(p, token)
  local s = p.s
  local target = expressions.target(s)
  s:expect_word("in")
  local made = node("For", token, { target = target, else_ = {} })
  made.iter = expressions.tuple_without_if(s)
  if s:accept_name("if") then made.test = expression(s) end
  made.recursive = s:accept_name("recursive") ~= nil
  local last
  made.body, last = body(p, token, "endfor", "else")
  if last.value == "else" then made.else_ = body(p, token, "endfor") end
  return made
end

--- The test and body of an `if` or `elif`, and the token of the tag behind.
local function branch(p, token, opener)
  local made = node("If", token, { elif_ = {}, else_ = {} })
  made.test = expressions.tuple_without_if(p.s)
  local last
  made.body, last = body(p, opener, "elif", "else", "endif")
  return made, last
end

TAGS["if"] = function(p, token)
  local made, last = branch(p, token, token)
  while last.value == "elif" do
    made.elif_[#made.elif_ + 1], last = branch(p, last, token)
  end
  if last.value == "else" then made.else_ = body(p, token, "endif") end
  return made
end

TAGS["break"] = function(_, token) return node("Break", token) end

TAGS["continue"] = function(_, token) return node("Continue", token) end

--- The lexer knows a raw block, when nothing else stands in its tag.
TAGS["raw"] = function(p) return p.s:fail("expected '%}' or '-%}' right behind 'raw'") end

-- -- values

--- The target of a `set`: also an attribute of a namespace.
local function set_target(p)
  local s = p.s
  if s:look().kind ~= "." then return expressions.target(s) end
  local token = s:expect_name("the name of a namespace in front of '.'")
  s:expect(".")
  local attr = s:expect_name("the name of an attribute behind '.'").value
  return node("NSRef", token, { name = token.value, attr = attr })
end

TAGS["set"] = function(p, token)
  local s = p.s
  local target = set_target(p)
  if s:accept("=") then
    return node("Assign", token, { target = target, node = expressions.tuple(s) })
  end
  local filter = s:accept("|") and expressions.filters(s) or nil
  if not filter and not s:is(":") and not s:is("%}") then s:fail_expected("'=', '|' or '%}'") end
  return node("AssignBlock", token, {
    target = target, filter = filter, body = body(p, token, "endset"),
  })
end

TAGS["with"] = function(p, token)
  local s, made = p.s, node("With", token, { targets = {}, values = {} })
  while not s:is("%}") do
    local i = #made.targets + 1
    if i > 1 then s:expect(",") end
    made.targets[i] = expressions.target(s)
    s:expect("=")
    made.values[i] = expression(s)
  end
  made.body = body(p, token, "endwith")
  return made
end

TAGS["do"] = function(p, token)
  return node("ExprStmt", token, { node = expressions.tuple(p.s) })
end

TAGS["print"] = function(p, token)
  local s, nodes = p.s, {}
  while not s:is("%}") do
    if #nodes > 0 then s:expect(",") end
    nodes[#nodes + 1] = expression(s)
  end
  return node("Output", token, { nodes = nodes })
end

-- -- macros, and what works on a body

--- The parameters of a macro or call block in brackets, into the fields of `made`.
local function parameters(s, made)
  s:expect("(")
  while not s:accept(")") do
    if #made.args > 0 then s:expect(",") end
    made.args[#made.args + 1] = expressions.name_target(s, "the name of a parameter")
    if s:accept("=") then
      made.defaults[#made.defaults + 1] = expression(s)
    elseif #made.defaults > 0 then
      s:fail("a parameter without default cannot stand behind one that has one",
        made.args[#made.args])
    end
  end
end

TAGS["macro"] = function(p, token)
  local made = node("Macro", token, { args = {}, defaults = {} })
  made.name = expressions.name_target(p.s, "the name of the macro").name
  parameters(p.s, made)
  made.body = body(p, token, "endmacro")
  return made
end

TAGS["call"] = function(p, token)
  local s, made = p.s, node("CallBlock", token, { args = {}, defaults = {} })
  if s:is("(") then parameters(s, made) end
  made.call = expression(s)
  if made.call.kind ~= "Call" then
    s:fail("expected a call behind 'call', as in {% call name() %}", token)
  end
  made.body = body(p, token, "endcall")
  return made
end

TAGS["filter"] = function(p, token)
  local made = node("FilterBlock", token, { filter = expressions.filters(p.s) })
  made.body = body(p, token, "endfilter")
  return made
end

TAGS["autoescape"] = function(p, token)
  local made = node("Autoescape", token, { value = expression(p.s) })
  made.body = body(p, token, "endautoescape")
  return made
end

-- -- other templates

--- A required block holds nothing: others must give it.
local function check_required(p, made)
  for _, child in ipairs(made.body) do
    for _, part in ipairs(child.kind == "Output" and child.nodes or { child }) do
      if part.kind ~= "TemplateData" or not source.is_blank(part.data) then
        p.s:fail(("the required block '%s' may hold only comments and white space"):format(
          made.name), part)
      end
    end
  end
end

TAGS["block"] = function(p, token)
  local s = p.s
  local made = node("Block", token, { name = s:expect_name("the name of the block").value })
  made.scoped = s:accept_name("scoped") ~= nil
  made.required = s:accept_name("required") ~= nil
  if s:is("-") then s:fail("the name of a block may not hold '-': write '_'") end
  made.body = body(p, token, "endblock")
  if made.required then check_required(p, made) end
  s:accept_name(made.name)
  if s:is("name") then
    s:fail(("expected 'endblock' or 'endblock %s', got %s"):format(made.name, s:shown()))
  end
  return made
end

TAGS["extends"] = function(p, token)
  return node("Extends", token, { template = expression(p.s) })
end

--- "with context" or "without context": true or false; nil when there is neither.
local function import_context(s)
  local is_with = s:are_names("with", "context")
  if not is_with and not s:are_names("without", "context") then return nil end
  s:next()
  s:next()
  return is_with
end

TAGS["include"] = function(p, token)
  local s, made = p.s, node("Include", token, { template = expression(p.s) })
  made.ignore_missing = s:are_names("ignore", "missing")
  if made.ignore_missing then
    s:next()
    s:next()
  end
  made.with_context = import_context(s) ~= false
  return made
end

TAGS["import"] = function(p, token)
  local s, made = p.s, node("Import", token, { template = expression(p.s) })
  s:expect_word("as")
  made.target = expressions.name_target(s, "a name behind 'as'").name
  made.with_context = import_context(s) or false
  return made
end

--- A name that is imported, and what it is called here.
local function imported(s)
  local target = expressions.name_target(s, "a name to import")
  if target.name:find("^_") then
    s:fail("names that begin with an underscore cannot be imported", target)
  end
  local alias = s:accept_name("as") and expressions.name_target(s, "a name behind 'as'").name
  return { name = target.name, alias = alias or target.name }
end

TAGS["from"] = function(p, token)
  local s, made = p.s, node("FromImport", token, { template = expression(p.s), names = {} })
  s:expect_word("import")
  local context = import_context(s)
  -- The context may also stand behind a comma.
  while context == nil do
    made.names[#made.names + 1] = imported(s)
    context = import_context(s)
    if context ~= nil or not s:accept(",") then break end
    context = import_context(s)
  end
  made.with_context = context or false
  return made
end

-- -- public

--- The tree of a template. Raises {line=, column=, message=}.
---@param text string
---@return perilune.template_node
function parser.template(text)
  local p = bodies.parser(stream.new(lexer.new(text), "template", expression), TAGS)
  return node("Template", { line = 1, column = 1 }, { body = bodies.statements(p) })
end

--- The tree of a text that is one expression, as it may stand between "{{" and "}}". Raises
--- {line=, column=, message=}.
---@param text string
---@return perilune.template_node
function parser.expression(text)
  local s = stream.new(lexer.of_expression(text), "expression", expression)
  local made = expressions.tuple(s)
  if not s:is("eof") then
    s:fail(("unexpected %s behind the expression"):format(s:shown()))
  end
  return made
end

--- The first and the last token of the expression, when there is nothing else; else nil.
local function only_output(s)
  if not s:accept("{{") then return nil end
  local first, last = s.current, nil
  while not s:is("}}") and not s:is("eof") do last = s:next() end
  if not s:accept("}}") or not s:is("eof") then return nil end
  return first, last
end

--- When a text is exactly one {{ expression }} and nothing else: the source of the expression and
--- where it begins; else nil, also when it holds a mistake.
---@param text string
---@return string|nil expression
---@return integer|nil line
---@return integer|nil column
function parser.single(text)
  local reader = lexer.new(text)
  local is_read, first, last = pcall(function()
    return only_output(stream.new(reader, "template", expression))
  end)
  if not is_read or not last then return nil end
  return reader.text:sub(first.at, last.behind - 1), first.line, first.column
end

return parser
