-- SPDX-License-Identifier: MIT

--- Filters of texts. A value that is none is printed first, as Python's str() does; Markup gives
--- Markup where Python's method of the same name does.

local arguments = require "perilune.template.filters.arguments"
local core = require "perilune.core"
local signature = require "perilune.template.signature"
local span = require "perilune.util.span"
local value = require "perilune.template.value"
local wrap = require "perilune.template.filters.wrap"

local is_ascii, is_markup = span.is_ascii, value.is_markup
local given, method, soft, whole = arguments.given, arguments.method, arguments.soft,
  arguments.whole
local define = signature.define
-- LuaJIT's own, which is compiled, where it takes one look at each byte (see core.string).
local gmatch, rep = string.gmatch, string.rep

local CHARACTER = "[%z\1-\127\192-\255][\128-\191]*"
local LEEWAY = 5 -- truncate: how much too long a text may be before it is cut

local text = {}

--- A filter that changes letters. `change_ascii`: the same for ASCII, if Lua has it.
local function mapped(change, change_ascii)
  return define({}, function(v)
    if type(v) == "string" then
      if change_ascii and is_ascii(v) then return change_ascii(v) end
      return change(v)
    end
    if is_markup(v) then return value.markup_like(v, change(v.text)) end
    return change(value.text(v))
  end)
end

text.upper = mapped(core.text.upper, string.upper)
text.lower = mapped(core.text.lower, string.lower)
text.capitalize = mapped(core.text.capitalize)

text.string = define({}, soft)

-- Behind one of these a word begins: white space and - ( { [ <
local OPENS_WORD = { ["-"] = true, ["("] = true, ["{"] = true, ["["] = true, ["<"] = true }

local function opens_word(char)
  return OPENS_WORD[char] or core.text.is(char, "space")
end

local function title_word(word)
  local first = word:match("^" .. CHARACTER) or ""
  return core.text.upper(first) .. core.text.lower(word:sub(#first + 1))
end

--- The words of a text that has more kinds of white space than ASCII has.
local function title_any(s)
  local parts, from = {}, 1
  for at, char in gmatch(s, "()(" .. CHARACTER .. ")") do
    if opens_word(char) then
      parts[#parts + 1] = title_word(s:sub(from, at - 1)) .. char
      from = at + #char
    end
  end
  return table.concat(parts) .. title_word(s:sub(from))
end

text.title = define({}, function(v)
  local s = value.text(v)
  if s:find("[\28-\31\128-\255]") then return title_any(s) end
  return (s:gsub("[^-%s({%[<]+", title_word))
end)

text.center = define({ "width" }, function(v, width)
  return method(soft(v), "center", whole(width, 80))
end)

text.trim = define({ "chars" }, function(v, chars)
  v = soft(v)
  if not given(chars) and type(v) == "string" and not v:find("^[^!-~]")
    and not v:find("[^!-~]$") then
    return v
  end
  return method(v, "strip", chars == nil and value.null or chars)
end)

--- With autoescape texts that are not Markup are escaped before they meet Markup.
local function replace_escaped(s, old, new, count)
  s, old, new = soft(s), soft(old), soft(new)
  if is_markup(old) or is_markup(new) and not is_markup(s) then s = value.escape(s) end
  return method(s, "replace", old, new, count)
end

text.replace = arguments.with_runtime({ "old", "new", "count" }, function(s, bound, rt)
  local old, new, count = bound[1], bound[2], bound[3]
  arguments.need("replace", "old", old)
  arguments.need("replace", "new", new)
  count = given(count) and whole(count) or -1
  if rt and rt.autoescape then return replace_escaped(s, old, new, count) end
  return method(value.text(s), "replace", value.text(old), value.text(new), count)
end)

local function cut(s, last, kill_words)
  s = value.slice(s, nil, last, nil)
  if kill_words then return s end
  local before = (is_markup(s) and s.text or s):match("^(.*) ")
  if not before then return s end
  return is_markup(s) and value.markup_like(s, before) or before
end

text.truncate = define({ "length", "killwords", "end", "leeway" },
  function(s, length, kill_words, ending, leeway)
    length, leeway = whole(length, 255), given(leeway) and whole(leeway) or LEEWAY
    if ending == nil then ending = "..." end
    local least = value.length(ending)
    if length < least then
      value.fail(("expected length >= %d, got %d"):format(least, length))
    elseif leeway < 0 then
      value.fail(("expected leeway >= 0, got %d"):format(leeway))
    elseif value.length(s) <= length + leeway then
      return s
    end
    s = arguments.text_only(s, "rsplit")
    return value.add(cut(s, length - least, value.truthy(kill_words)), ending)
  end)

text.wordwrap = define(
  { "width", "break_long_words", "wrapstring", "break_on_hyphens" },
  function(s, width, break_long_words, separator, break_on_hyphens)
    s = arguments.text_only(s, "splitlines")
    if not given(separator) then separator = "\n" end
    local options = {
      width = whole(width, 79),
      breaks_words = break_long_words == nil or value.truthy(break_long_words),
      breaks_hyphens = break_on_hyphens == nil or value.truthy(break_on_hyphens),
    }
    local lines = {}
    for _, line in ipairs(method(s, "splitlines")) do
      local wrapped = wrap.lines(is_markup(line) and line.text or line, options)
      lines[#lines + 1] = method(separator, "join", value.list(wrapped))
    end
    return method(separator, "join", value.list(lines))
  end)

--- Letters, digits and _ in a row, of any script.
local function count_words(s)
  local count, inside = 0, false
  for char in gmatch(s, CHARACTER) do
    local is_part = char == "_" or core.text.is(char, "alnum")
    if is_part and not inside then count = count + 1 end
    inside = is_part
  end
  return count
end

text.wordcount = define({}, function(v)
  local s = value.text(v)
  if s:find("[\128-\255]") then return count_words(s) end
  local _, count = s:gsub("[%w_]+", "")
  return count
end)

local function indentation(width)
  if type(width) == "string" then return width end
  if is_markup(width) then return width.text end
  local count = math.max(whole(width, 4), 0)
  value.check_size(count)
  return rep(" ", count)
end

--- The lines with the indentation where it belongs; the first line is the caller's.
local function indented(lines, indent, fills_blank)
  local parts, size = {}, 0
  for i, line in ipairs(lines) do
    local s = is_markup(line) and line.text or line
    parts[i] = (i > 1 and (fills_blank or s ~= "")) and indent .. s or s
    size = size + #parts[i] + 1
    value.check_size(size)
  end
  return table.concat(parts, "\n")
end

text.indent = define({ "width", "first", "blank" }, function(s, width, first, blank)
  s = arguments.text_only(s, "splitlines")
  local indent = indentation(width)
  -- The newline makes the last line count where it is empty, and the empty text have one.
  local lines = method(value.add(s, "\n"), "splitlines")
  local result = indented(lines, indent, value.truthy(blank))
  if value.truthy(first) then result = indent .. result end
  return is_markup(s) and value.markup_like(s, result) or result
end)

text.format = signature.variadic(function(v, args, kwargs)
  local has_names = kwargs and value.truthy(kwargs)
  if args.n > 0 and has_names then
    value.fail("can't handle positional and keyword arguments at the same time")
  end
  if has_names then return value.mod(soft(v), kwargs) end
  local items = {}
  for i = 1, args.n do items[i] = args[i] == nil and value.UNDEFINED or args[i] end
  return value.mod(soft(v), value.tuple(items))
end)

return text
