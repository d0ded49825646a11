-- SPDX-License-Identifier: MIT

--- Expressions as trees: precedence climbing. Weakest first, as Jinja has it:
---
---     x if c else y  <  or  <  and  <  not  <  == != < <= > >= in  <  ~  <  . [] |filter is test
---
--- To add an infix operator: give it a level in LEVELS and a function in INFIX; the compiler makes
--- code of the node. A node is { op = ..., line = ..., ... }.

local lexer = require "perilune.template.lexer"

local parser = {}

local LEVELS = {
  ["or"] = 1, ["and"] = 2, ["not"] = 4, ["in"] = 4,
  ["=="] = 4, ["!="] = 4, ["<"] = 4, ["<="] = 4, [">"] = 4, [">="] = 4,
  ["~"] = 5,
}
local LEVEL_NOT, LEVEL_COMPARE = 3, 4

local RESERVED = {
  ["and"] = true, ["or"] = true, ["not"] = true, ["if"] = true, ["else"] = true,
  ["in"] = true, ["is"] = true,
}
local CONSTANTS = {
  ["true"] = "true", ["True"] = "true", ["false"] = "false", ["False"] = "false",
  none = "null", None = "null",
}

local Parser = {}
Parser.__index = Parser

function Parser:peek() return self.tokens[self.at] end

function Parser:next()
  local token = self.tokens[self.at]
  if token.kind ~= "end" then self.at = self.at + 1 end
  return token
end

function Parser:fail(message)
  error({ line = self:peek().line, message = message }, 0)
end

function Parser:is(text)
  local token = self:peek()
  return token.text == text and (token.kind == "operator" or token.kind == "name")
end

function Parser:accept(text)
  if not self:is(text) then return false end
  self.at = self.at + 1
  return true
end

local function shown(token)
  return token.kind == "end" and "the end of the expression" or ("'%s'"):format(token.text)
end

function Parser:expect(text)
  if not self:accept(text) then
    self:fail(("expected '%s', got %s"):format(text, shown(self:peek())))
  end
end

function Parser:expect_name(what)
  local token = self:peek()
  if token.kind ~= "name" then self:fail(("expected %s, got %s"):format(what, shown(token))) end
  self.at = self.at + 1
  return token.text
end

--- How the template wrote a node, for "'a.b' is undefined".
local function path_of(node)
  if node.op == "name" then return node.name end
  if node.op ~= "get" then return "the value" end
  if node.key.op == "string" then return path_of(node.object) .. "." .. node.key.value end
  if node.key.op == "number" then return path_of(node.object) .. "[" .. node.key.text .. "]" end
  return path_of(node.object) .. "[...]"
end

--- Expressions up to the closer, with commas between.
function Parser:items(closer)
  local items = {}
  while not self:accept(closer) do
    if #items > 0 then
      self:expect(",")
      if self:accept(closer) then break end
    end
    items[#items + 1] = self:conditional()
  end
  return items
end

function Parser:string(token)
  local text = token.text
  -- Adjacent string literals are one, as in Python.
  while self:peek().kind == "string" do text = text .. self:next().text end
  return { op = "string", value = text, line = token.line }
end

function Parser:parenthesised(token)
  local first = self:conditional()
  if self:accept(")") then return first end
  self:expect(",")
  local items = self:items(")")
  table.insert(items, 1, first)
  return { op = "list", items = items, line = token.line }
end

function Parser:primary()
  local token = self:peek()
  if token.kind == "end" or RESERVED[token.text] and token.kind == "name" then
    self:fail(("expected an expression, got %s"):format(shown(token)))
  end
  self:next()
  if token.kind == "string" then return self:string(token) end
  if token.kind == "integer" or token.kind == "float" then
    return { op = "number", text = token.text, line = token.line }
  end
  if token.kind == "name" then
    local constant = CONSTANTS[token.text]
    if constant then return { op = "constant", code = constant, line = token.line } end
    return { op = "name", name = token.text, line = token.line }
  end
  if token.text == "(" then return self:parenthesised(token) end
  if token.text == "[" then
    return { op = "list", items = self:items("]"), line = token.line }
  end
  self.at = self.at - 1
  return self:fail(("unexpected '%s'"):format(token.text))
end

function Parser:attribute(object, line)
  local token = self:peek()
  local key
  if token.kind == "integer" then
    self:next()
    key = { op = "number", text = token.text, line = line }
  elseif token.kind == "float" and token.text:find("^%d+%.%d+$") then
    -- "a.0.1" reads as a, then the number 0.1
    self:next()
    local first, second = token.text:match("^(%d+)%.(%d+)$")
    object = { op = "get", object = object, key = { op = "number", text = first }, line = line,
      path = path_of(object) }
    key = { op = "number", text = second, line = line }
  else
    key = { op = "string", value = self:expect_name("a name behind '.'"), line = line }
  end
  return { op = "get", object = object, key = key, line = line, path = path_of(object) }
end

function Parser:filter(node, line)
  local name = self:expect_name("the name of a filter behind '|'")
  while self:accept(".") do name = name .. "." .. self:expect_name("a name behind '.'") end
  local arguments = self:accept("(") and self:items(")") or {}
  return { op = "filter", name = name, value = node, arguments = arguments, line = line }
end

function Parser:test(node, line)
  local negated = self:accept("not")
  local name = self:expect_name("the name of a test behind 'is'")
  local test = { op = "test", name = name, value = node, line = line }
  return negated and { op = "not", value = test, line = line } or test
end

--- What stands behind a primary: attributes, subscripts, filters, tests.
function Parser:postfix(node)
  while true do
    local line = self:peek().line
    if self:accept(".") then
      node = self:attribute(node, line)
    elseif self:accept("[") then
      local key = self:conditional()
      self:expect("]")
      node = { op = "get", object = node, key = key, line = line, path = path_of(node) }
    elseif self:accept("|") then
      node = self:filter(node, line)
    elseif self:accept("is") then
      node = self:test(node, line)
    elseif self:is("(") then
      self:fail("functions cannot be called in a template")
    else
      return node
    end
  end
end

function Parser:prefix()
  local token = self:peek()
  if self:accept("not") then
    return { op = "not", value = self:expression(LEVEL_NOT), line = token.line }
  end
  if self:accept("-") then
    local number = self:next()
    if number.kind ~= "integer" and number.kind ~= "float" then
      self.at = self.at - 1
      self:fail("'-' wants a number behind it")
    end
    return self:postfix({ op = "number", text = "-" .. number.text, line = token.line })
  end
  return self:postfix(self:primary())
end

local INFIX = {}

local function logical(p, left, name)
  local token = p:next()
  local right = p:expression(LEVELS[name] + 1)
  return { op = name, left = left, right = right, line = token.line }
end

INFIX["or"] = function(p, left) return logical(p, left, "or") end
INFIX["and"] = function(p, left) return logical(p, left, "and") end

INFIX["~"] = function(p, left)
  local token = p:next()
  return { op = "~", left = left, right = p:expression(LEVELS["~"] + 1), line = token.line }
end

--- a < b < c is one node: a < b and b < c.
local function comparison(p, left)
  local node = { op = "compare", first = left, rest = {}, line = p:peek().line }
  while LEVELS[p:peek().text] == LEVEL_COMPARE and p:is(p:peek().text) do
    local operator = p:next().text
    if operator == "not" then
      p:expect("in")
      operator = "not in"
    end
    node.rest[#node.rest + 1] = { operator = operator, value = p:expression(LEVEL_COMPARE + 1) }
  end
  return node
end
for name, level in pairs(LEVELS) do
  if level == LEVEL_COMPARE then INFIX[name] = comparison end
end

function Parser:expression(lowest)
  local left = self:prefix()
  while true do
    local token = self:peek()
    local level = self:is(token.text) and LEVELS[token.text]
    if not level or level < lowest then return left end
    left = INFIX[token.text](self, left)
  end
end

function Parser:conditional()
  local node = self:expression(1)
  while self:is("if") do
    local line = self:next().line
    local condition = self:expression(1)
    local otherwise = self:accept("else") and self:conditional() or nil
    node = { op = "if", condition = condition, value = node, otherwise = otherwise, line = line }
  end
  return node
end

--- The tree of one expression. Raises {line=, message=}.
---@param source string
---@param line integer   of its first line
---@return table node
function parser.expression(source, line)
  local p = setmetatable({ tokens = lexer.tokens(source, line), at = 1 }, Parser)
  local node = p:conditional()
  if p:peek().kind ~= "end" then
    p:fail(("unexpected %s behind the expression"):format(shown(p:peek())))
  end
  return node
end

--- The nodes of a template: { op = "text", text= } and { op = "output", value= }. Raises
--- {line=, message=}.
---@param source string
---@return table[] nodes
function parser.template(source)
  local nodes = {}
  for i, piece in ipairs(lexer.pieces(source)) do
    if piece.kind == "tag" then
      local tag = piece.text:match("^%s*([%w_]*)")
      error({ line = piece.line, message = ("tags are not known here: {%% %s %%}"):format(tag) }, 0)
    elseif piece.kind == "text" then
      nodes[i] = { op = "text", text = piece.text, line = piece.line }
    else
      local value = parser.expression(piece.text, piece.line)
      nodes[i] = { op = "output", value = value, line = piece.line }
    end
  end
  return nodes
end

return parser
