-- SPDX-License-Identifier: MIT

--- The tokens of a template as the parser sees them: the current one, the one behind it, and what
--- to say when another was expected.

local Stream = {}
Stream.__index = Stream

local stream = {}

-- An operand in an operand, or a tag in a tag, so deep and no deeper: each level takes some of
-- Lua's stack (of 65,500 slots up to 53 here), and again where the tree is read.
local MAX_DEPTH = 1000

---@class perilune.template_stream
---@field current perilune.template_token
---@field lexer perilune.template_lexer
---@field ahead? perilune.template_token
---@field whole string
---@field expression fun(s: perilune.template_stream): perilune.template_node   how to read one
---@field depth integer   how many operands and tags are open

---@param lexer perilune.template_lexer
---@param whole string    what is being read, for messages: "template", "expression"
---@param expression fun(s: perilune.template_stream): perilune.template_node
---@return perilune.template_stream
function stream.new(lexer, whole, expression)
  return setmetatable({
    lexer = lexer, current = lexer:next(), whole = whole, expression = expression, depth = 0,
  }, Stream)
end

--- A node of the tree: `fields` with its kind and the position of a token (or node).
---@param kind string
---@param place { line: integer, column: integer }
---@param fields? table
---@return perilune.template_node
function stream.node(kind, place, fields)
  fields = fields or {}
  fields.kind, fields.line, fields.column = kind, place.line, place.column
  return fields
end

--- Raises a fault at a token, by default the current one.
function Stream:fail(message, place)
  place = place or self.current
  error({ line = place.line, column = place.column, message = message }, 0)
end

local QUOTED = { name = true, int = true, float = true }

--- A token in the words of a message.
function Stream:shown(token)
  token = token or self.current
  if QUOTED[token.kind] then return ("'%s'"):format(token.value) end
  if token.kind == "string" then return "a string" end
  if token.kind ~= "eof" then return ("'%s'"):format(token.kind) end
  local open = token.value and (", where %s is not closed"):format(token.value) or ""
  return ("the end of the %s%s"):format(self.whole, open)
end

function Stream:fail_expected(what)
  self:fail(("expected %s, got %s"):format(what, self:shown()))
end

--- Goes on to the next token and gives the one that was current.
function Stream:next()
  local token = self.current
  self.current, self.ahead = self.ahead or self.lexer:next(), nil
  return token
end

--- The token behind the current one.
function Stream:look()
  self.ahead = self.ahead or self.lexer:next()
  return self.ahead
end

function Stream:is(kind) return self.current.kind == kind end

function Stream:is_name(word)
  return self.current.kind == "name" and self.current.value == word
end

--- Are the current token and the one behind it these names?
function Stream:are_names(first, second)
  if not self:is_name(first) then return false end
  local behind = self:look()
  return behind.kind == "name" and behind.value == second
end

--- Takes the current token when it is of this kind; else nil.
function Stream:accept(kind)
  return self.current.kind == kind and self:next() or nil
end

--- Takes the current token when it is this name; else nil.
function Stream:accept_name(word)
  return self:is_name(word) and self:next() or nil
end

function Stream:expect(kind)
  return self:accept(kind) or self:fail_expected(("'%s'"):format(kind))
end

function Stream:expect_word(word)
  return self:accept_name(word) or self:fail_expected(("'%s'"):format(word))
end

--- Takes any name; `what` says which, for the message.
function Stream:expect_name(what)
  return self:accept("name") or self:fail_expected(what)
end

--- One level deeper, until `leave`.
function Stream:enter()
  self.depth = self.depth + 1
  if self.depth > MAX_DEPTH then
    self:fail(("nested too deeply: more than %d levels"):format(MAX_DEPTH))
  end
end

function Stream:leave() self.depth = self.depth - 1 end

return stream
