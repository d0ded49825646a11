-- SPDX-License-Identifier: MIT

--- The tokens of Lua source, with their lines. For finding places in files that LuaJIT has compiled
--- already: it need not complain, only never lose its way in strings and comments.

local lexer = {}

local KEYWORDS = {}
for word in ("and break do else elseif end false for function goto if in local nil not or repeat "
  .. "return then true until while"):gmatch("%a+") do
  KEYWORDS[word] = true
end

local ESCAPES = { n = "\n", t = "\t", r = "\r", a = "\a", b = "\b", f = "\f", v = "\v" }

---@class perilune.token
---@field kind "name"|"keyword"|"string"|"number"|"symbol"|"end"
---@field text string   of strings: the value
---@field line integer  where it begins
---@field first integer where what it says begins: Lua skips a newline right behind [[

local function unescape(text)
  return (text:gsub("\\(%d%d?%d?)", function(digits)
    local code = tonumber(digits)
    return code < 256 and string.char(code) or nil
  end):gsub("\\(.)", ESCAPES))
end

--- The end of a quoted string that begins at `at`, and its value.
local function quoted(source, at)
  local quote, i = source:sub(at, at), at + 1
  while i <= #source do
    local c = source:sub(i, i)
    if c == "\\" then
      i = i + 2
    elseif c == quote then
      return i, unescape(source:sub(at + 1, i - 1))
    else
      i = i + 1
    end
  end
  return #source, ""
end

--- The end of a long bracket at `at`, and its contents; nil when there is none.
local function long_bracket(source, at)
  local level = source:match("^%[(=*)%[", at)
  if not level then return nil end
  local first, last = source:find("]" .. level .. "]", at, true)
  if not first then return #source, "" end
  return last, source:sub(at + #level + 2, first - 1)
end

local function comment_end(source, at)
  local last = long_bracket(source, at + 2)
  return last or (source:find("\n", at, true) or #source + 1) - 1
end

--- Kind, end and text of the token at `at`, and whether a newline in front of the text is skipped;
--- no kind for a comment.
local function scan(source, at)
  local rest = source:match("^[%a_][%w_]*", at)
  if rest then return KEYWORDS[rest] and "keyword" or "name", at + #rest - 1, rest end
  if source:find("^%-%-", at) then return nil, comment_end(source, at) end
  local c = source:sub(at, at)
  if c == "'" or c == '"' then
    local last, value = quoted(source, at)
    return "string", last, value
  end
  local last, value = long_bracket(source, at)
  if last then
    local text = value:gsub("^\r?\n", "")
    return "string", last, text, #text < #value
  end
  rest = source:match("^%.?%d[%w%.]*", at)
  if rest then return "number", at + #rest - 1, rest end
  -- "==" must not look like the "=" of a field.
  rest = source:match("^[=~<>]=", at) or source:match("^%.%.+", at) or c
  return "symbol", at + #rest - 1, rest
end

--- All tokens of a source; the last one has the kind "end".
---@param source string
---@return perilune.token[]
function lexer.tokens(source)
  local tokens, line, at = {}, 1, 1
  while true do
    local start = source:find("%S", at)
    local _, newlines = source:sub(at, (start or #source + 1) - 1):gsub("\n", "")
    line = line + newlines
    if not start then break end
    local kind, last, text, is_skipped = scan(source, start)
    if kind then
      local first = is_skipped and line + 1 or line
      tokens[#tokens + 1] = { kind = kind, text = text, line = line, first = first }
    end
    _, newlines = source:sub(start, last):gsub("\n", "")
    line, at = line + newlines, last + 1
  end
  tokens[#tokens + 1] = { kind = "end", text = "", line = line, first = line }
  return tokens
end

return lexer
