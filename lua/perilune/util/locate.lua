-- SPDX-License-Identifier: MIT

--- Where in a file does the table that it returns say something? LuaJIT does not tell, so the
--- source is read once more: the constructor behind the last `return` of the chunk (or behind the
--- local that is returned, or behind `use "name"`) becomes a tree of lines,
---
---     return {              { line=1, value=1, fields = {
---       webhooks = {          webhooks = { line=2, value=2, fields = {
---         {                     [1] = { line=3, value=3, fields = {
---           url =                 url = { line=4, value=5 },
---             "/a",
---
--- A path that is not there (built by a function, say) gets the line of its nearest ancestor.

local lexer = require "perilune.util.lexer"

local locate = {}

---@class perilune.place
---@field line integer          of the key, or of the value when it has no key
---@field value integer         where the value begins to say something
---@field fields table<any, perilune.place>|nil

local OPENS = { ["("] = true, ["["] = true, ["{"] = true }
local CLOSES = { [")"] = true, ["]"] = true, ["}"] = true }
-- `while` and `for` are closed by the `end` of their `do`; `until` closes `repeat`.
local OPENING_WORDS = { ["function"] = true, ["if"] = true, ["do"] = true, ["repeat"] = true }
local CLOSING_WORDS = { ["end"] = true, ["until"] = true }

local function is_symbol(token, text)
  return token.kind == "symbol" and token.text == text
end

--- How a token changes the depth of nesting: 1, -1 or 0.
local function nesting(token)
  if token.kind == "symbol" then
    return OPENS[token.text] and 1 or CLOSES[token.text] and -1 or 0
  elseif token.kind == "keyword" then
    return OPENING_WORDS[token.text] and 1 or CLOSING_WORDS[token.text] and -1 or 0
  end
  return 0
end

--- Index of the token that ends the value at `at`: a separator or the constructor's brace.
local function value_end(tokens, at)
  local depth = 0
  while tokens[at].kind ~= "end" do
    local token = tokens[at]
    if depth == 0 and (is_symbol(token, ",") or is_symbol(token, ";") or is_symbol(token, "}")) then
      return at
    end
    depth = depth + nesting(token)
    at = at + 1
  end
  return at
end

--- The key written at `at`, or nil for a positional value; then the index of the value.
local function field_key(tokens, at)
  local token = tokens[at]
  if token.kind == "name" and is_symbol(tokens[at + 1], "=") then return token.text, at + 2 end
  if is_symbol(token, "[") and tokens[at + 3] and is_symbol(tokens[at + 2], "]")
    and is_symbol(tokens[at + 3], "=") then
    local key = tokens[at + 1]
    return key.kind == "number" and tonumber(key.text) or key.text, at + 4
  end
  return nil, at
end

--- The place of the constructor whose "{" is at `at`, and the index behind its "}".
local function constructor(tokens, at)
  local place = { line = tokens[at].line, value = tokens[at].line, fields = {} }
  local position = 0
  at = at + 1
  while tokens[at].kind ~= "end" and not is_symbol(tokens[at], "}") do
    local key, value_at = field_key(tokens, at)
    if key == nil then
      position = position + 1
      key = position
    end
    local field = { line = tokens[at].line, value = tokens[value_at].first }
    local last = value_end(tokens, value_at)
    if is_symbol(tokens[value_at], "{") then
      field.fields = constructor(tokens, value_at).fields
    end
    place.fields[key] = field
    -- A stray bracket would stop here for ever; compiled source has none, but never hang.
    at = math.max(last, at + 1)
    if is_symbol(tokens[at], ",") or is_symbol(tokens[at], ";") then at = at + 1 end
  end
  return place
end

--- Index of the last `return` outside every block, and where locals get their constructors.
local function outline(tokens)
  local depth, last_return, locals = 0, nil, {}
  for i, token in ipairs(tokens) do
    if depth == 0 and token.kind == "keyword" and token.text == "return" then last_return = i end
    if depth == 0 and token.kind == "keyword" and token.text == "local"
      and tokens[i + 3] and is_symbol(tokens[i + 2], "=") and is_symbol(tokens[i + 3], "{") then
      locals[tokens[i + 1].text] = i + 3
    end
    depth = depth + nesting(token)
  end
  return last_return, locals
end

--- Reads the places of the table that a chunk of Lua returns.
---@param source string
---@return perilune.place
function locate.read(source)
  local tokens = lexer.tokens(source)
  local at, locals = outline(tokens)
  if not at then return { line = 1, value = 1 } end
  if tokens[at + 1].text == "use" and tokens[at + 2].kind == "string" then at = at + 2 end
  local value = tokens[at + 1]
  if is_symbol(value, "{") then return constructor(tokens, at + 1) end
  if value.kind == "name" and locals[value.text] then
    return constructor(tokens, locals[value.text])
  end
  return { line = tokens[at].line, value = tokens[at].line }
end

--- The nearest place to a path of keys, e.g. {"webhooks", 2, "url"}.
---@param place perilune.place
---@param path any[]
---@return perilune.place
function locate.find(place, path)
  for _, key in ipairs(path) do
    local inner = place.fields and place.fields[key]
    if not inner then return place end
    place = inner
  end
  return place
end

return locate
