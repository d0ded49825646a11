-- SPDX-License-Identifier: MIT

--- Methods of str and of Markup. Markup's are those of str; what they give is Markup again, and
--- text that comes in is escaped, as in markupsafe.

local arguments = require "perilune.template.methods.arguments"
local core = require "perilune.core"
local format = require "perilune.template.format"
local html = require "perilune.template.html"
local search = require "perilune.template.methods.search"
local shape = require "perilune.template.methods.shape"
local signature = require "perilune.template.signature"
local split = require "perilune.template.methods.split"
local value = require "perilune.template.value"

local function joined(text, items, text_of_item)
  if not value.is_iterable(items) then value.fail("can only join an iterable") end
  local sequence, count = value.sequence(items)
  local parts, size = {}, 0
  for i = 1, count do
    parts[i] = text_of_item(sequence[i], i)
    size = size + #parts[i] + #text
    value.check_size(size)
  end
  return table.concat(parts, text)
end

local function string_item(v, i)
  if type(v) == "string" then return v end
  return arguments.text(v, ("sequence item %d: expected str instance, %%s found"):format(i - 1))
end

local function join(text, items)
  return joined(text, items, string_item)
end

local function escaped(v)
  return value.escape(v).text
end

--- name -> { least number of arguments, most, function of the text } or { names, function }
local METHODS = {
  casefold = { 0, 0, shape.casefold },
  count = { 1, 3, search.count },
  endswith = { 1, 3, search.endswith },
  find = { 1, 3, search.find },
  index = { 1, 3, search.index },
  removeprefix = { 1, 1, search.removeprefix },
  removesuffix = { 1, 1, search.removesuffix },
  rfind = { 1, 3, search.rfind },
  rindex = { 1, 3, search.rindex },
  startswith = { 1, 3, search.startswith },
}
for name, run in pairs(shape) do
  if name:find("^is") then METHODS[name] = { 0, 0, run } end
end

-- Of Markup they give Markup, and their text arguments are escaped.
local ESCAPING = {
  capitalize = { 0, 0, shape.capitalize },
  center = { 1, 2, shape.center },
  expandtabs = { { "tabsize" }, shape.expandtabs },
  ljust = { 1, 2, shape.ljust },
  lower = { 0, 0, shape.lower },
  lstrip = { 0, 1, split.lstrip },
  replace = { 2, 3, search.replace },
  rjust = { 1, 2, shape.rjust },
  rstrip = { 0, 1, split.rstrip },
  strip = { 0, 1, split.strip },
  swapcase = { 0, 0, shape.swapcase },
  title = { 0, 0, shape.title },
  upper = { 0, 0, shape.upper },
  zfill = { 1, 1, shape.zfill },
}

-- These give several texts.
local SPLITTING = {
  rsplit = { { "sep", "maxsplit" }, split.rsplit, core.json.array },
  split = { { "sep", "maxsplit" }, split.split, core.json.array },
  splitlines = { { "keepends" }, split.splitlines, core.json.array },
}
local PARTING = {
  partition = { 1, 1, split.partition, core.json.tuple },
  rpartition = { 1, 1, split.rpartition, core.json.tuple },
}

--- The callable of a row, its function replaced by what `wrap` makes of it.
local function callable(name, row, wrap)
  if type(row[1]) == "table" then
    return signature.define(row[1], wrap(row[2], row[3]))
  end
  return arguments.positional("str", name, row[1], row[2], wrap(row[3], row[4]))
end

local function escape_text(v)
  if type(v) == "string" then return value.escape_html(v) end
  return v
end

local function marked(parts)
  for i, part in ipairs(parts) do parts[i] = value.markup(part) end
  return parts
end

-- What a method's function becomes: of str and of Markup.
local WRAPS = {
  plain = function(run) return run end,
  plain_list = function(run, list)
    return function(text, a, b) return list(run(text, a, b)) end
  end,
  of_markup = function(run)
    return function(v, a, b, c) return run(v.text, a, b, c) end
  end,
  escaping = function(run)
    return function(v, a, b, c)
      return value.markup(run(v.text, escape_text(a), escape_text(b), c))
    end
  end,
  splitting = function(run, list)
    return function(v, a, b) return list(marked(run(v.text, a, b))) end
  end,
  parting = function(run, list)
    return function(v, a) return list(marked(run(v.text, escape_text(a)))) end
  end,
}

--- Adds the callables of some rows.
local function add(methods, rows, wrap)
  for name, row in pairs(rows) do methods[name] = callable(name, row, wrap) end
end

local function run_format(v, args, kwargs)
  return format.format(v, args, kwargs)
end

local function format_map(v, mapping)
  return (format.format(value.is_markup(v) and v.text or v, nil, mapping))
end

local function common()
  return {
    format = signature.variadic(run_format),
    format_map = arguments.positional("str", "format_map", 1, 1, format_map),
  }
end

local function of_string()
  local methods = common()
  add(methods, METHODS, WRAPS.plain)
  add(methods, ESCAPING, WRAPS.plain)
  add(methods, SPLITTING, WRAPS.plain_list)
  add(methods, PARTING, WRAPS.plain_list)
  methods.join = arguments.positional("str", "join", 1, 1, join)
  return methods
end

local function of_markup()
  local methods = common()
  add(methods, METHODS, WRAPS.of_markup)
  add(methods, ESCAPING, WRAPS.escaping)
  add(methods, SPLITTING, WRAPS.splitting)
  add(methods, PARTING, WRAPS.parting)
  methods.join = arguments.positional("Markup", "join", 1, 1, function(v, items)
    return value.markup(joined(v.text, items, escaped))
  end)
  methods.escape = arguments.positional("Markup", "escape", 1, 1, function(_, v)
    return value.escape(v)
  end)
  -- They undo it: what they give is a str.
  methods.striptags = arguments.positional("Markup", "striptags", 0, 0, function(v)
    return html.strip_tags(v.text)
  end)
  methods.unescape = arguments.positional("Markup", "unescape", 0, 0, function(v)
    return html.unescape(v.text)
  end)
  return methods
end

return { string = of_string(), markup = of_markup() }
