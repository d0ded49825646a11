-- SPDX-License-Identifier: MIT

--- Python's ways to put values into text: `%`, str.format() and format(). Markup stays Markup, and
--- escapes what is put in.

local fields = require "perilune.template.format.fields"
local format_spec = require "perilune.template.format.specification"
local percent = require "perilune.template.format.percent"
local value = require "perilune.template.value"

local format = {}

--- text % args. What is not a tuple is the one argument; a dict serves %(key)s, too.
---@param text string|perilune.markup
---@param args any
---@return string|perilune.markup
function format.percent(text, args)
  if value.is_markup(text) then return value.markup(percent(text.text, args, value.escape_html)) end
  return percent(text, args)
end

--- text.format(*args, **kwargs).
---@param text string|perilune.markup
---@param args? table     values with n; nil for format_map, which has no fields by position
---@param kwargs? table   a dict
---@return string|perilune.markup
function format.format(text, args, kwargs)
  if value.is_markup(text) then return value.markup(fields(text.text, args, kwargs, value.escape_html)) end
  return fields(text, args, kwargs)
end

--- format(v, specification).
---@param v any
---@param specification string
---@return string
function format.format_spec(v, specification)
  return format_spec(v, specification)
end

return format
