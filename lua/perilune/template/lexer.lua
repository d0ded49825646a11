-- SPDX-License-Identifier: MIT

--- Templates as tokens. Two levels: the template splits into text, {{ output }}, {% tag %} and
--- {# comment #}; the inside of the first two splits into expression tokens.
---
--- Lines count from 1, the first line of the template. "-" at a delimiter strips white space beside
--- it, and one newline at the very end of a template is dropped, as Jinja does by default.

local lexer = {}

---@class perilune.piece
---@field kind "text"|"output"|"tag"
---@field text string
---@field line integer

---@class perilune.template_token
---@field kind "name"|"string"|"integer"|"float"|"operator"|"end"
---@field text string
---@field line integer

local CLOSERS = { ["{{"] = "}}", ["{%"] = "%}", ["{#"] = "#}" }
local KINDS = { ["{{"] = "output", ["{%"] = "tag" }

local LONG_OPERATORS = {
  ["=="] = true, ["!="] = true, ["<="] = true, [">="] = true, ["//"] = true, ["**"] = true,
}

local ESCAPES = { n = "\n", t = "\t", r = "\r", b = "\b", f = "\f", v = "\v" }

local function newlines(text)
  local _, count = text:gsub("\n", "")
  return count
end

local function fail(line, message)
  error({ line = line, message = message }, 0)
end

--- The end of a quoted string that begins at `at`.
local function string_end(text, at)
  local quote, i = text:sub(at, at), at + 1
  while i <= #text do
    local c = text:sub(i, i)
    if c == "\\" then i = i + 1 elseif c == quote then return i end
    i = i + 1
  end
  return nil
end

--- First and last byte of the delimiter that closes `opener`, strings skipped.
local function find_closer(text, at, opener, line)
  local closer = CLOSERS[opener]
  while opener ~= "{#" do
    local quote = text:find("[\"']", at)
    local close = text:find(closer, at, true)
    if not quote or not close or close < quote then break end
    at = string_end(text, quote)
    if not at then fail(line, ("a string behind '%s' is not closed"):format(opener)) end
    at = at + 1
  end
  local first, last = text:find(closer, at, true)
  if not first then fail(line, ("'%s' is not closed with '%s'"):format(opener, closer)) end
  return first, last
end

--- Splits a template into its pieces. Raises {line=, message=}.
---@param text string
---@return perilune.piece[]
function lexer.pieces(text)
  text = text:gsub("\r\n?", "\n"):gsub("\n$", "")
  local pieces, at, line = {}, 1, 1
  local strip_next = false
  local function add_text(chunk, strip_end)
    local shown = chunk
    if strip_next then shown = shown:gsub("^%s+", "") end
    if strip_end then shown = shown:gsub("%s+$", "") end
    if shown ~= "" then pieces[#pieces + 1] = { kind = "text", text = shown, line = line } end
    line = line + newlines(chunk)
  end
  while true do
    local open = text:find("{[{%%#]", at)
    if not open then break end
    local opener = text:sub(open, open + 1)
    local strips_before = text:sub(open + 2, open + 2) == "-"
    add_text(text:sub(at, open - 1), strips_before)
    local inside = open + 2 + (strips_before and 1 or 0)
    local first, last = find_closer(text, inside, opener, line)
    strip_next = first > inside and text:sub(first - 1, first - 1) == "-"
    if KINDS[opener] then
      local source = text:sub(inside, first - 1 - (strip_next and 1 or 0))
      pieces[#pieces + 1] = { kind = KINDS[opener], text = source, line = line }
    end
    line = line + newlines(text:sub(open, last))
    at = last + 1
  end
  add_text(text:sub(at), false)
  return pieces
end

--- A backslash before anything else stays, as in Python.
local function unescape(text)
  return (text:gsub("\\(.)(%x?%x?)", function(c, hex)
    if c == "x" and #hex == 2 then return string.char(tonumber(hex, 16)) end
    if c == "\\" or c == "'" or c == '"' then return c .. hex end
    return (ESCAPES[c] or "\\" .. c) .. hex
  end))
end

--- Kind, length and text of the expression token at `at`.
local function scan(source, at, line)
  local found = source:match("^[%a_][%w_]*", at)
  if found then return "name", #found, found end
  found = source:match("^%d[%d_]*%.%d+[eE][+-]?%d+", at) or source:match("^%d[%d_]*%.%d+", at)
    or source:match("^%d+[eE][+-]?%d+", at)
  if found then return "float", #found, (found:gsub("_", "")) end
  found = source:match("^%d[%d_]*", at)
  if found then return "integer", #found, (found:gsub("_", "")) end
  local c = source:sub(at, at)
  if c == "'" or c == '"' then
    local last = string_end(source, at)
    if not last then fail(line, "a string is not closed") end
    return "string", last - at + 1, unescape(source:sub(at + 1, last - 1))
  end
  local two = source:sub(at, at + 1)
  if LONG_OPERATORS[two] then return "operator", 2, two end
  if c:find("[%.%[%](){},:|~<>+*/%%=-]") then return "operator", 1, c end
  return fail(line, ("unexpected character '%s'"):format(c))
end

--- The tokens of an expression that begins in `line`. Raises {line=, message=}.
---@param source string
---@param line integer
---@return perilune.template_token[]
function lexer.tokens(source, line)
  local tokens, at = {}, 1
  while true do
    local start = source:find("%S", at)
    line = line + newlines(source:sub(at, (start or #source + 1) - 1))
    if not start then break end
    local kind, length, text = scan(source, start, line)
    tokens[#tokens + 1] = { kind = kind, text = text, line = line }
    line = line + newlines(source:sub(start, start + length - 1))
    at = start + length
  end
  tokens[#tokens + 1] = { kind = "end", text = "", line = line }
  return tokens
end

return lexer
