-- SPDX-License-Identifier: MIT

--- Templates that only place values, as operations that C carries out without Lua (core/script/outline.h
--- has the picture). An outline is a list of
---
---     { op = "put", text = }                  bytes as they are
---     { op = "separate", text = }             the same, unless nothing was written yet
---     { op = "write", place =, as = }         the value of a place, as a writer of escape.lua writes it
---     { op = "each", place =, skip = }        a round for each element; skips when there is none
---     { op = "next" }                         back to the round's first operation, or on
---     { op = "skip", skip = }                 so many operations further down
---     { op = "test", test =, place =, when =, skip = }    skips when the outcome is `when`
---
--- and a place is the list of steps that lead to a value, names and numbers from 0:
---
---     { "data", "order", "lines", 0, may_miss = true }    of the document; undefined if the last misses
---     { "sku", loop = 1 }                                 of the item of the outermost loop
---     { loop = 2, counter = "index" }                     loop.index of the one in it
---     { "data", "lines", is_length = true }               how many there are
---     { "data", "name", casing = "upper" }                the text of it in another case
---
--- Skips are relative, so outlines can be put behind one another. What an outline cannot say makes it
--- give up, and there is none: this need not know everything, but what it knows must be exactly
--- what the code of code/ does. The parts:
---
---     outline/outliner     operations, skips, writers of the place in the text
---     outline/places       which place, or constant, a chain of names is
---     outline/conditions   `if`, as tests and skips
---     outline/values       what stands between {{ and }}
---     outline/statements   text, output, `if`, `for`

local outliner = require "perilune.template.outline.outliner"
local statements = require "perilune.template.outline.statements"
local values = require "perilune.template.outline.values"

local outline = {}

---@class perilune.outline_options
---@field env perilune.template_environment
---@field mode string       of escape.lua
---@field state? string     in which it begins
---@field inside? string    a writer that all of what a plain text writes goes through
---@field is_strict? boolean  nothing that is written may be undefined
---@field resolve perilune.outline_resolve

--- Where a chain of names "data.order.id" leads: to a path of the document, with true behind it when
--- there is no other place in which a name alone could be found; or nil and a constant, a string, number or
--- boolean; or nothing, when only the template can say.
---@alias perilune.outline_resolve fun(chain: string): string|nil, any

--- The operations of a template; nil when it does more than place values.
---@param root perilune.template_node
---@param options perilune.outline_options
---@return table[]|nil
function outline.template(root, options)
  return outliner.run(options, function(o) statements.template(o, root.body) end)
end

--- The operations that write the value of an expression as JSON; nil when it is more than a value.
---@param root perilune.template_node
---@param options perilune.outline_options
---@return table[]|nil
function outline.expression(root, options)
  return outliner.run(options, function(o) values.write_as(o, root, "json_value") end)
end

--- The operations that write `name` and the value of an expression, with `separator` in front, as a
--- form or a query has its fields: nothing where the value is undefined or null. Nil when it is more
--- than a place.
---@param root perilune.template_node
---@param options perilune.outline_options   `inside`: the writer of the value
---@param separator string
---@param name string
---@return table[]|nil
function outline.field(root, options, separator, name)
  return outliner.run(options, function(o)
    values.write_given(o, root, function()
      o:add { op = "separate", text = separator }
      o:put(name)
    end)
  end)
end

--- The operation that separates what comes from what is there.
---@param text string
---@return table[]
function outline.separator(text) return { { op = "separate", text = text } } end

--- Texts and outlines, one behind the other.
---@param parts (string|table[])[]
---@return table[]
function outline.joined(parts)
  local ops = {}
  for _, part in ipairs(parts) do
    local is_text = type(part) == "string"
    for _, op in ipairs(is_text and { { op = "put", text = part } } or part) do ops[#ops + 1] = op end
  end
  return ops
end

return outline
