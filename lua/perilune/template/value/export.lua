-- SPDX-License-Identifier: MIT

--- Values on their way out of a template: to JSON, and to scripts.

local budget = require "perilune.util.budget"
local core = require "perilune.core"
local kinds = require "perilune.template.value.kinds"
local numeral = require "perilune.template.value.numeral"
local printing = require "perilune.template.value.printing"

local null, key_of = kinds.null, kinds.key

local MAX_DEPTH = 512 -- of the JSON encoder

local export_at

local function export_items(items, depth)
  local exported, is_changed = {}, false
  for i = 1, #items do
    exported[i] = export_at(items[i], depth)
    is_changed = is_changed or not rawequal(exported[i], items[i])
  end
  return core.json.array(exported), is_changed
end

--- The name of a member, as Python's json.dumps writes keys.
local function member_name(key)
  local text = printing.plain_text(key)
  if text then return text end
  if key == null then return "null" end
  if type(key) == "boolean" then return key and "true" or "false" end
  if numeral.is_number(key) then return numeral.text(key) end
  return kinds.fail(("keys of JSON are texts or numbers, not %s"):format(kinds.type_name(key)))
end

local function export_dict(dict, depth)
  local exported, names = core.json.dict()
  local is_changed = false
  for _, key in ipairs(core.json.keys(dict)) do
    local name, v = member_name(key), dict[key_of(key)]
    if exported[name] == nil then names[#names + 1] = name end
    exported[name] = export_at(v, depth)
    is_changed = is_changed or name ~= key or not rawequal(exported[name], v)
  end
  return exported, is_changed
end

local EXPORT = {
  undefined = function() return null end,
  markup = function(v) return v.text end,
  list = function(v, depth)
    local exported, is_changed = export_items(v, depth)
    return is_changed and exported or v
  end,
  tuple = function(v, depth) return (export_items(v, depth)) end,
  view = function(v, depth) return (export_items(v.items, depth)) end,
  dict = function(v, depth)
    local exported, is_changed = export_dict(v, depth)
    return is_changed and exported or v
  end,
}

local PLAIN = { none = true, int = true, float = true, bool = true, secret = true }

function export_at(v, depth)
  budget.poll() -- a table may be in others many times
  if type(v) == "string" then return v end
  local kind = kinds.kind(v)
  if PLAIN[kind] then return v end
  if depth > MAX_DEPTH then kinds.fail("the value is nested too deeply, or contains itself") end
  local export_kind = EXPORT[kind]
  if export_kind then return export_kind(v, depth + 1) end
  return kinds.fail(("a %s is no value for JSON or a script"):format(kind))
end

local export = {}

--- The value without what only templates know: Markup becomes its text, tuples and views arrays,
--- undefined null. What needs no change is the same table as before.
---@param v any
---@return any
function export.export(v)
  return export_at(v, 0)
end

--- The value as JSON text, undefined as null. Most need no export.
---@param v any
---@return string|nil text
---@return string|nil message
function export.to_json(v)
  if v == nil then return "null" end
  local text, message = core.json.encode(v)
  if text or type(v) ~= "table" then return text, message end
  local ok, plain = pcall(export_at, v, 0)
  if not ok then return nil, plain end
  return core.json.encode(plain)
end

return export
