-- SPDX-License-Identifier: MIT

--- The methods that values have in a template: Python's. To add one, add it to the table of its
--- type in methods/.

local dict = require "perilune.template.methods.dict"
local list = require "perilune.template.methods.list"
local number = require "perilune.template.methods.number"
local string = require "perilune.template.methods.string"
local value = require "perilune.template.value"

local BY_KIND = {
  string = string.string, markup = string.markup,
  list = list.list, tuple = list.tuple, range = list.range, dict = dict,
  int = number.int, bool = number.int, float = number.float,
}

local methods = {}

--- The method `name` of a value; nil when it has none. It takes the value as its subject.
---@param v any
---@param name string
---@return perilune.callable|nil
function methods.find(v, name)
  local of_kind = BY_KIND[value.kind(v)]
  return of_kind and of_kind[name]
end

return methods
