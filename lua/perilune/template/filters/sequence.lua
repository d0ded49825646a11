-- SPDX-License-Identifier: MIT

--- Filters of what can be walked through. Where Python gives a generator these give a list.

local arguments = require "perilune.template.filters.arguments"
local attributes = require "perilune.template.filters.attributes"
local signature = require "perilune.template.signature"
local value = require "perilune.template.value"

local is_markup, sequence, text_of = value.is_markup, value.sequence, value.text
local given, whole = arguments.given, arguments.whole
local define = signature.define

-- What an empty list takes, about.
local BYTES_PER_LIST = 64

local filters = {}

filters.first = define({}, function(v)
  return (sequence(v))[1]
end)

filters.last = define({}, function(v)
  local items, count = sequence(v)
  return items[count]
end)

filters.length = define({}, function(v) return value.length(v) end)
filters.count = filters.length

local function copy(v)
  local items, count = sequence(v)
  local result = {}
  for i = 1, count do result[i] = items[i] end
  return result, count
end

filters.list = define({}, function(v)
  return value.list((copy(v)))
end)

filters.reverse = define({}, function(v)
  if not value.is_iterable(v) then value.fail("argument must be iterable") end
  local items, count = sequence(v)
  local result = {}
  for i = 1, count do result[i] = items[count - i + 1] end
  local text = value.plain_text(v)
  if not text then return value.list(result) end
  text = table.concat(result)
  return is_markup(v) and value.markup_like(v, text) or text
end)

--- The items, or what the attribute says of each.
local function chosen(v, attribute)
  local items, count = sequence(v)
  if not given(attribute) then return items, count end
  local get, result = attributes.getter(attribute), {}
  for i = 1, count do
    local got = get(items[i])
    result[i] = got == nil and value.UNDEFINED or got
  end
  return result, count
end

local function joined(items, count, separator)
  local parts, size = {}, #separator * count
  for i = 1, count do
    local v = items[i]
    local part = type(v) == "string" and v or text_of(v)
    parts[i], size = part, size + #part
  end
  value.check_size(size)
  return table.concat(parts, separator)
end

--- With autoescape one Markup among the items makes Markup of all.
local function joined_escaped(items, count, separator)
  local has_markup = is_markup(separator)
  for i = 1, count do has_markup = has_markup or is_markup(items[i]) end
  if not has_markup then return joined(items, count, text_of(separator)) end
  local parts = {}
  for i = 1, count do parts[i] = value.escape(items[i]).text end
  return value.markup(joined(parts, count, value.escape(separator).text))
end

filters.join = arguments.with_runtime({ "d", "attribute" }, function(v, bound, rt)
  local separator = bound[1]
  local items, count = chosen(v, bound[2])
  if separator == nil then separator = "" end
  if rt and rt.autoescape then return joined_escaped(items, count, separator) end
  return joined(items, count, text_of(separator))
end)

filters.sum = define({ "attribute", "start" }, function(v, attribute, start)
  local items, count = chosen(v, attribute)
  if start == nil then start = 0 end
  if value.plain_text(start) then
    value.fail("sum() can't sum strings [use ''.join(seq) instead]")
  end
  for i = 1, count do start = value.add(start, items[i]) end
  return start
end)

--- Appends what is missing to `count` items. Checked first: the number may be any.
local function fill(row, count, filler)
  value.check_size(count)
  for i = #row + 1, count do row[i] = filler end
end

filters.batch = define({ "linecount", "fill_with" }, function(v, per_row, filler)
  arguments.need("batch", "linecount", per_row)
  local items, count = sequence(v)
  local rows, row = {}, {}
  for i = 1, count do
    if value.equal(#row, per_row) then
      rows[#rows + 1] = value.list(row)
      row = {}
    end
    row[#row + 1] = items[i]
  end
  if #row == 0 then return value.list(rows) end
  if given(filler) and value.compare(#row, per_row, "<") then
    fill(row, whole(per_row), filler)
  end
  rows[#rows + 1] = value.list(row)
  return value.list(rows)
end)

filters.slice = define({ "slices", "fill_with" }, function(v, slices, filler)
  local items, count = sequence(v)
  arguments.need("slice", "slices", slices)
  slices = whole(slices)
  if slices == 0 then value.fail("integer division or modulo by zero") end
  value.check_size(math.max(slices, 0) * BYTES_PER_LIST)
  local size, longer = math.floor(count / slices), count % slices
  local columns, at = {}, 0
  for i = 1, slices do
    local column, length = {}, i <= longer and size + 1 or size
    for j = 1, length do column[j] = items[at + j] end
    if given(filler) and i > longer then column[length + 1] = filler end
    at = at + length
    columns[i] = value.list(column)
  end
  return value.list(columns)
end)

return filters
