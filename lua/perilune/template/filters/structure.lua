-- SPDX-License-Identifier: MIT

--- Filters of any value: what replaces it, what it has, and its JSON.

local arguments = require "perilune.template.filters.arguments"
local attributes = require "perilune.template.filters.attributes"
local json = require "perilune.template.filters.json"
local methods = require "perilune.template.methods"
local signature = require "perilune.template.signature"
local value = require "perilune.template.value"

local is_undefined, truthy = value.is_undefined, value.truthy
local define = signature.define

local structure = {}

--- default(x) replaces what is undefined, default(x, true) also what is false.
structure.default = define({ "default_value", "boolean" }, function(v, other, for_false)
  if is_undefined(v) or for_false and truthy(for_false) and not truthy(v) then
    if other == nil then return "" end
    return other
  end
  return v
end)

structure.d = structure.default

--- Never a key of a dict: `v.name` finds these.
structure.attr = define({ "name" }, function(v, name)
  arguments.need("attr", "name", name)
  name = value.plain_text(name)
  if not name then value.fail("attribute name must be string") end
  if value.kind(v) == "dict" and not methods.find(v, name) then return nil end
  return value.attribute(v, name)
end)

structure.items = define({}, function(v)
  if is_undefined(v) then return value.list({}) end
  if value.kind(v) ~= "dict" then value.fail("Can only get item pairs from a mapping.") end
  return value.list((attributes.pairs(v)))
end)

--- What one level of JSON is indented by; nil for no lines at all.
local function indentation(indent)
  if not arguments.given(indent) then return nil end
  local text = value.plain_text(indent)
  if text then return text end
  local count = math.max(arguments.whole(indent), 0)
  value.check_size(count)
  return (" "):rep(count)
end

structure.tojson = define({ "indent" }, function(v, indent)
  return value.markup(json.dumps(v, indentation(indent)), "json")
end)

return structure
