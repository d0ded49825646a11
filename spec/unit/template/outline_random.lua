-- SPDX-License-Identifier: MIT

--- Random templates of what outlines know (and now and then of more), and random documents with what is
--- nasty in strings and numbers. Both have few names, so that they meet.

local random_source = {}

local NAMES = { "a", "b", "c", "list", "items", "get", "x-y" }

local STRINGS = {
  "", "plain", "M\\u00fcller", "M\195\188ller", "\\\"q\\\" \\\\ \\/", "a/b?c=d&e#f", "<b>&'\\\"</b>", "\\ud83d\\ude00",
  "\240\159\152\128", "\127", "\\u007f", "\226\128\168", "\\u2028", "\\n\\r\\t", "\\u0000", "\\u001f\\b\\f", " x ", "example.com",
  "]]>", "--", "0", "True", "1", "*/", "//", "{{ a }}", "\\uFFFE", "\239\191\191", "%41", "a b+c",
}

local NUMBERS = {
  "0", "1", "-1", "7", "42", "1.5", "1.50", "-0", "-0.0", "0.0", "1e5", "1E400", "-1e-400", "0e0", "12345678901234",
  "123456789012345", "12345678901234567890", "0.1", "0.0001", "0.00001", "3.14159265358979", "2.0", "100", "1e-7",
}

local SPACES = { "", "", "", " ", "\n", "\t ", "\r\n" }

local random = math.random

local function pick(list) return list[random(#list)] end

local function chance(percent) return random(100) <= percent end

-- -- documents

local function space() return pick(SPACES) end

local json

local function array(depth)
  local items = {}
  for i = 1, random(0, 3) do items[i] = space() .. json(depth + 1) .. space() end
  return "[" .. (#items == 0 and space() or "") .. table.concat(items, ",") .. "]"
end

local function object(depth)
  local members = {}
  for _, name in ipairs(NAMES) do
    local written = name == "a" and chance(20) and "\\u0061" or name
    if chance(depth == 0 and 85 or 50) then
      members[#members + 1] = ('%s"%s"%s:%s%s%s'):format(space(), written, space(), space(), json(depth + 1), space())
    end
  end
  return "{" .. (#members == 0 and space() or "") .. table.concat(members, ",") .. "}"
end

function json(depth)
  local kind = random(depth > 3 and 6 or 10)
  if kind <= 3 then return '"' .. pick(STRINGS) .. '"' end
  if kind <= 5 then return pick(NUMBERS) end
  if kind == 6 then return pick { "true", "false", "null" } end
  return kind <= 8 and array(depth) or object(depth)
end

--- The text of an object.
function random_source.document() return space() .. object(0) .. space() end

-- -- templates

local COUNTERS = { "index", "index0", "revindex", "revindex0", "length", "first", "last" }
local LITERALS = { "'a'", "'Müller'", "''", "1", "0", "42", "1.5", "true", "none", "'<&>'", "-1" }

local function root(loops)
  if #loops > 0 and chance(60) then return pick(loops) end
  return pick { "a", "b", "c", "list", "items", "missing", "z" }
end

local function chain(loops)
  if #loops > 0 and chance(15) then return "loop." .. pick(COUNTERS) end
  local parts = { root(loops) }
  for i = 1, random(0, 2) do
    parts[i + 1] = chance(75) and "." .. pick { "a", "b", "c", "list", "items", "get", "missing" }
      or pick { "['x-y']", "['a']", "[0]", "[1]", ".0" }
  end
  return table.concat(parts)
end

local condition

local CONDITIONS = {
  function(loops) return chain(loops) end,
  function(loops) return "not " .. condition(loops) end,
  function(loops) return ("(%s %s %s)"):format(condition(loops), pick { "and", "or" }, condition(loops)) end,
  function(loops) return ("%s %s %s"):format(chain(loops), pick { "==", "!=", "<", "<=", ">", ">=" }, pick(LITERALS)) end,
  function(loops) return ("%s %s %s"):format(pick(LITERALS), pick { "==", "!=", "<", ">=" }, chain(loops)) end,
  function(loops) return ("%s|%s"):format(chain(loops), pick { "length == 1", "length > 1", "lower == 'true'", "upper in ['A', '']" }) end,
  function(loops)
    return ("%s %s [%s, %s]"):format(chain(loops), pick { "in", "not in" }, pick(LITERALS), pick(LITERALS))
  end,
  function(loops) return ("%s is %s"):format(chain(loops), pick { "defined", "undefined", "none", "not none" }) end,
  function() return pick(LITERALS) end,
}

function condition(loops) return pick(CONDITIONS)(loops) end

local VALUES = {
  chain, chain, chain, chain,
  function(loops) return ("%s|default(%s)"):format(chain(loops), pick(LITERALS)) end,
  function(loops) return ("%s|default(%s, true)"):format(chain(loops), pick(LITERALS)) end,
  function(loops) return chain(loops) .. "|tojson" end,
  function(loops) return chain(loops) .. pick { "|length", "|count", "|upper", "|lower", "|capitalize", "|upper|tojson" } end,
  function(loops) return ("%s ~ %s"):format(chain(loops), pick(LITERALS)) end,
  function(loops) return ("%s if %s else %s"):format(chain(loops), condition(loops), chain(loops)) end,
  function(loops) return ("%s if %s"):format(chain(loops), condition(loops)) end,
  function(loops) return ("%s %s %s"):format(chain(loops), pick { "or", "and" }, pick(LITERALS)) end,
  condition,
  function() return pick(LITERALS) end,
}

--- The source of an expression.
function random_source.expression() return pick(VALUES)({}) end

local TEXTS = {
  text = { "x", " ", "\n", "ü", "a\"b", "<&>", "{", "\\" },
  json = { "1", " ", ", ", "\n", ": ", "[", "]", " // note\n", "/* c */", '"', '"k": "', '"' },
  xml = { "x", " ", "ü", "<a>", "<a b='", "'>", "</a>", "<!-- c -->", '<a b="', '">' },
  url = { "https://", "/", "?a=", "&b=", "#", "x", ".example" },
  form = { "a=", "&b=", "x" },
  header = { "x", " ", "; " },
}

local body

local function loop(mode, loops, depth)
  local name = pick { "x", "y", "a" }
  local inner = { name, unpack(loops) }
  local test = chance(15) and " if " .. condition(inner) or ""
  local other = chance(30) and "{% else %}" .. body(mode, loops, depth + 1) or ""
  return ("{%% for %s in %s%s %%}%s%s{%%- endfor %%}"):format(name, chain(loops), test, body(mode, inner, depth + 1),
    other)
end

local function branch(mode, loops, depth)
  local parts = { ("{%%- if %s %%}%s"):format(condition(loops), body(mode, loops, depth + 1)) }
  if chance(40) then
    parts[2] = ("{%% elif %s %%}%s"):format(condition(loops), body(mode, loops, depth + 1))
  end
  if chance(50) then parts[#parts + 1] = "{% else %}" .. body(mode, loops, depth + 1) end
  return table.concat(parts) .. "{% endif -%}"
end

--- In JSON a value mostly stands where one can.
local function value(mode, loops)
  local text = ("{{ %s }}"):format(pick(VALUES)(loops))
  return mode == "json" and chance(40) and '"' .. text .. '"' or text
end

function body(mode, loops, depth)
  local parts = {}
  for i = 1, random(1, depth == 0 and 6 or 3) do
    local kind = random(depth > 2 and 7 or 10)
    if kind <= 3 then parts[i] = pick(TEXTS[mode])
    elseif kind <= 7 then parts[i] = value(mode, loops)
    elseif kind == 8 then parts[i] = branch(mode, loops, depth)
    else parts[i] = loop(mode, loops, depth) end
  end
  return table.concat(parts)
end

--- The source of a template for a mode.
function random_source.template(mode)
  local set = ""
  while chance(20) do
    set = ("%s%s{%% set %s = %s %%}"):format(set, chance(30) and body(mode, {}, 2) or "", pick { "a", "z", "b" },
      chance(80) and chain({}) or pick(LITERALS))
  end
  return set .. body(mode, {}, 0)
end

return random_source
