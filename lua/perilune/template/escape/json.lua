-- SPDX-License-Identifier: MIT

--- Values in a JSON template (RFC 8259), and comments, which JSON itself does not have:
---
---     value --"--> string --"--> value,  string --\\--> escape --any character--> string
---     value --//--> line comment --end of line--> value
---     value --/*--> block comment --*/--> value

local core = require "perilune.core"
local lookup = require "perilune.template.runtime.lookup"
local number_text = require("perilune.template.value.number").text
local span = require "perilune.util.span"
local value = require "perilune.template.value"

local find, sub = string.find, string.sub
local escape, check = core.json.escape, core.json.check

-- What stands in a string as it is: printable ASCII without the quote and the backslash.
local is_plain = span.predicate('^%z\1-\31"\\\127-\255')

local writers = {}

--- Inside quotes. JSON there can only be the inside of a string: (text|tojson)[1:-1].
function writers.json_string(v)
  if type(v) == "string" then return is_plain(v) and v or escape(v) end
  if not value.is_done(v, "json") then return escape(value.text(v)) end
  if v.language == "json" and check('"' .. v.text .. '"') then
    value.fail("JSON (of tojson) may not stand inside quotes: take away the quotes, or tojson")
  end
  return v.text
end

--- A backslash would take the first character of the value, and with it what keeps that inside.
function writers.json_escape()
  value.fail("a value may not stand behind a backslash; a backslash in a string is written \\\\")
end

--- Where a value stands: strings get their quotes, undefined is null, tables are written whole.
function writers.json_value(v)
  if type(v) == "string" and is_plain(v) then return '"' .. v .. '"' end
  if type(v) == "number" and v - v == 0 then return number_text(v) end -- else an infinity, or nan
  if value.is_undefined(v) then return "null" end
  if value.is_done(v, "json") then
    if v.language == "json" and check(v.text) then
      value.fail("a part of what tojson gave is no JSON by itself; mark it with safe if it shall be")
    end
    return v.text
  end
  if value.is_markup(v) then v = v.text end
  local text, message = value.to_json(v)
  return text or value.fail(message)
end

--- What a chain of names leads to, where a value stands: read as JSON where the context can say it.
function writers.json_of_chain(ctx, chain, follow)
  return lookup.read_json(ctx, chain) or writers.json_value((follow(ctx)))
end

--- In a comment.
function writers.nothing() return "" end

-- What follows a state: the pattern of what may end it, and a function of the place of that which
-- gives the next state, the last byte that is written, and the first that is read next.
local STEPS = {
  value = { "[\"/]", function(text, at)
    local two = sub(text, at, at + 1)
    if sub(two, 1, 1) == '"' then return "string", at, at + 1 end
    if two == "//" then return "line comment", at - 1, at + 2 end
    if two == "/*" then return "block comment", at - 1, at + 2 end
    return "value", at, at + 1
  end },
  string = { "[\"\\]", function(text, at)
    if sub(text, at, at) == '"' then return "value", at, at + 1 end
    return "escape", at, at + 1
  end },
  escape = { ".", function(_, at) return "string", at, at + 1 end },
  ["line comment"] = { "\n", function(_, at) return "value", at - 1, at end },
  ["block comment"] = { "%*/", function(_, at) return "value", at - 1, at + 2 end },
}

local WRITERS = { value = "json_value", string = "json_string", escape = "json_escape" }

local PLACES = {
  value = "outside of strings", string = "inside a string", escape = "behind a backslash",
}

local mode = { initial = "value", states = { "value", "string" } }

function mode.feed(state, text)
  local parts, at = {}, 1
  while at <= #text do
    local step = STEPS[state]
    local found = find(text, step[1], at)
    local written, after, following = #text, #text + 1, state
    if found then following, written, after = step[2](text, found) end
    if WRITERS[state] then parts[#parts + 1] = sub(text, at, written) end
    state, at = following, after
  end
  return state, table.concat(parts)
end

function mode.after_value(state) return state end

function mode.writer(state) return WRITERS[state] or "nothing" end

function mode.describe(state) return PLACES[state] or "inside a comment" end

return { modes = { json = mode }, writers = writers }
