-- SPDX-License-Identifier: MIT

--- A template as tokens, one at a time, as Jinja splits it:
---
---     Dear {{ name|upper }},     data "Dear "  {{  name "name"  |  name "upper"  }}  data ","
---
--- Outside of tags everything is text; comments and the marks of raw blocks vanish here. A "-" at a
--- delimiter strips the white space beside it, "+" is read and means nothing (as with Jinja's
--- default settings). Inside a tag its end counts only where all brackets are closed, so that the
--- braces in {{ {"a": {}} }} do not end it.

local core = require "perilune.core"
local literals = require "perilune.template.syntax.literals"
local source = require "perilune.template.syntax.source"

local skip_spaces = source.skip_spaces

local lexer = {}

---@class perilune.template_token
---@field kind string    "data", "name", "string", "int", "float", "eof", "{{", "}}", "{%", "%}", or
---                      the operator itself
---@field value? string  of data, names and literals: what they say; of "eof": what is still open
---@field line integer
---@field column integer in code points
---@field at integer     its first byte in the normalised text
---@field behind integer the byte behind it, with the white space that it strips

local LONG_OPERATORS = {
  ["=="] = true, ["!="] = true, ["<="] = true, [">="] = true, ["//"] = true, ["**"] = true,
}
local OPERATOR = "^[][+%-/*%%~(){}<>=.:|,;]"
local CLOSERS = { ["("] = ")", ["["] = "]", ["{"] = "}" }
local IS_CLOSER = { [")"] = true, ["]"] = true, ["}"] = true }

-- How the end of a tag looks, with the sign that strips what is behind it.
local TAG_ENDS = { ["{{"] = "^(%-?)}}()", ["{%"] = "^([+-]?)%%}()" }
local TAG_CLOSERS = { ["{{"] = "}}", ["{%"] = "%}" }

-- What somebody meant who wrote a character that the language does not have.
local HINTS = {
  ["&"] = ", write 'and'", ["!"] = ", write 'not'", ["?"] = ", write 'a if b else c'",
}

---@class perilune.template_lexer
---@field text string                          normalised
---@field cursor perilune.template_cursor
---@field tag? perilune.template_token         the "{{" or "{%" that is open
---@field brackets perilune.template_token[]   the brackets that are open in it
local Lexer = {}
Lexer.__index = Lexer

--- Reads a template.
---@param text string
---@return perilune.template_lexer
function lexer.new(text)
  text = source.normalise(text)
  return setmetatable({ text = text, cursor = source.cursor(text), brackets = {} }, Lexer)
end

--- Reads the inside of a {{ }}.
---@param text string
---@return perilune.template_lexer
function lexer.of_expression(text)
  local self = lexer.new(text)
  self.tag = { kind = "{{", is_implied = true }
  return self
end

--- Raises a fault at the byte `at`.
function Lexer:fail(at, message)
  self.cursor:move(at)
  error({ line = self.cursor.line, column = self.cursor.column, message = message }, 0)
end

--- A token from `at` up to the byte `behind` it, where reading goes on.
function Lexer:token(kind, at, behind, value)
  local cursor = self.cursor
  cursor:move(at)
  local token = {
    kind = kind, value = value, line = cursor.line, column = cursor.column, at = at,
    behind = behind,
  }
  cursor:move(behind)
  return token
end

-- -- outside of tags

--- Text, which goes on at the byte `behind`; nothing when there is none.
function Lexer:data(at, behind, value)
  if value ~= "" then return self:token("data", at, behind, value) end
  self.cursor:move(behind)
  return nil
end

--- The byte behind a "raw" or "endraw" tag, with what it strips, when one goes on at `at` behind
--- its sign; else nil.
local function word_tag(text, at, word, closer)
  local _, last = text:find("^" .. word, skip_spaces(text, at))
  if not last then return nil end
  local sign, behind = text:match(closer, skip_spaces(text, last + 1))
  if sign == "-" then return skip_spaces(text, behind) end
  return behind
end

--- The text of a raw block that begins at `at`.
function Lexer:raw(open, at)
  local text, from = self.text, at
  -- Jinja takes an end of template right here for an empty block.
  if at > #text then return self:data(at, at, "") end
  while true do
    local first = text:find("{%", from, true)
    if not first then self:fail(open, "'raw' is not closed: expected '{% endraw %}'") end
    local sign, inside = text:match("^([+-]?)()", first + 2)
    local behind = word_tag(text, inside, "endraw", TAG_ENDS["{%"])
    if behind then
      local value = text:sub(at, first - 1)
      if sign == "-" then value = source.trim_end(value) end
      return self:data(at, behind, value)
    end
    from = first + 2
  end
end

--- Skips the comment whose text begins at `at`.
function Lexer:comment(open, at)
  local text = self.text
  -- As for a raw block.
  if at > #text then return self.cursor:move(at) end
  local first, last = text:find("#}", at, true)
  if not first then self:fail(open, "the comment is not closed: expected '#}'") end
  local strips = first > at and text:sub(first - 1, first - 1) == "-"
  self.cursor:move(strips and skip_spaces(text, last + 1) or last + 1)
end

--- A token of the text outside of tags: data, or the beginning of a tag. Nil when what was here
--- gives none, such as a comment.
function Lexer:outer()
  local text, at = self.text, self.cursor.at
  local open = text:find("{[{%%#]", at)
  if not open then return self:data(at, #text + 1, text:sub(at)) end
  local opener = text:sub(open, open + 1)
  local sign, inside = text:match("^([+-]?)()", open + 2)
  if open > at then
    local value = text:sub(at, open - 1)
    return self:data(at, open, sign == "-" and source.trim_end(value) or value)
  end
  if opener == "{#" then return self:comment(open, inside) end
  local raw = opener == "{%" and word_tag(text, inside, "raw", "^(%-?)%%}()")
  if raw then return self:raw(open, raw) end
  self.tag = self:token(opener, open, inside)
  return self.tag
end

-- -- inside of tags

--- The end of the tag when it is at `at`.
function Lexer:tag_end(at)
  if #self.brackets > 0 or self.tag.is_implied then return nil end
  local opener = self.tag.kind
  local sign, behind = self.text:match(TAG_ENDS[opener], at)
  if not sign then return nil end
  if sign == "-" then behind = skip_spaces(self.text, behind) end
  self.tag = nil
  return self:token(TAG_CLOSERS[opener], at, behind)
end

--- The first byte of a character beyond ASCII that is white space, or nil.
local function wide_space(word)
  for at, character in word:gmatch("()([\194-\244][\128-\191]*)") do
    if source.is_wide_space(character) then return at end
  end
  return nil
end

function Lexer:name(at, word)
  if word:find("[\128-\255]") then
    word = word:sub(1, (wide_space(word) or 0) - 1)
    if not core.text.is(word, "identifier") then
      self:fail(at, ("'%s' is not a name: it holds a character that no name may have"):format(word))
    end
  end
  return self:token("name", at, at + #word, word)
end

function Lexer:string(at)
  local last, value = literals.string(self.text, at)
  if not last then self:fail(at, value) end
  return self:token("string", at, last + 1, value)
end

function Lexer:number(at)
  local kind, last, value = literals.number(self.text, at)
  return self:token(kind, at, last + 1, value)
end

--- A closing bracket must fit the innermost open one.
function Lexer:close(at, bracket)
  local open = table.remove(self.brackets)
  if not open then self:fail(at, ("unexpected '%s': no bracket is open"):format(bracket)) end
  local closer = CLOSERS[open.kind]
  if closer ~= bracket then
    self:fail(at, ("unexpected '%s': expected '%s' for the '%s' of line %d"):format(bracket, closer,
      open.kind, open.line))
  end
end

function Lexer:operator(at)
  local two = self.text:sub(at, at + 1)
  local kind = LONG_OPERATORS[two] and two or self.text:match(OPERATOR, at)
  if not kind then
    local c = two:sub(1, 1)
    self:fail(at, ("unexpected character '%s'%s"):format(c, HINTS[c] or ""))
  end
  if IS_CLOSER[kind] then self:close(at, kind) end
  local token = self:token(kind, at, at + #kind)
  if CLOSERS[kind] then self.brackets[#self.brackets + 1] = token end
  return token
end

--- A token of the inside of a tag; nil at the end of the text.
function Lexer:inner()
  local text = self.text
  local at = skip_spaces(text, self.cursor.at)
  self.cursor:move(at)
  if at > #text then return nil end
  local tag_end = self:tag_end(at)
  if tag_end then return tag_end end
  local c = text:sub(at, at)
  if c == "'" or c == '"' then return self:string(at) end
  if c:find("%d") then return self:number(at) end
  local word = text:match("^[%w_\128-\255]+", at)
  if word then return self:name(at, word) end
  return self:operator(at)
end

--- What is open at the end of the text, for the message.
function Lexer:unclosed()
  local open = self.brackets[#self.brackets] or self.tag
  if not open or open.is_implied then return nil end
  return ("'%s' of line %d"):format(open.kind, open.line)
end

--- The next token; at the end of the text "eof", again and again. Raises {line=, column=,
--- message=}.
---@return perilune.template_token
function Lexer:next()
  while self.cursor.at <= #self.text do
    local token
    if self.tag then token = self:inner() else token = self:outer() end
    if token then return token end
  end
  local at = self.cursor.at
  return self:token("eof", at, at, self:unclosed())
end

return lexer
