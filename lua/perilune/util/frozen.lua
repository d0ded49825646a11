-- SPDX-License-Identifier: MIT

--- Tables that scripts read and cannot change: an empty table in front of the members, which no
--- script can get at. What is not there is an error that names the nearest member, not nil.

local nearest = require "perilune.util.nearest"
local tables = require "perilune.util.tables"

local frozen = {}

---@alias perilune.vocabulary table<string, true|perilune.vocabulary>

local members_of = setmetatable({}, { __mode = "k" }) -- of each frozen table

--- What a member that is not there raises; `name` is what the script calls the table.
---@param name string
---@param key any
---@param members string[]   those that there are
---@return string
function frozen.missing(name, key, members)
  return ("there is no %s.%s%s"):format(name, tostring(key),
    nearest.hint(tostring(key), members, name .. " has"))
end

--- A __newindex that refuses.
---@param name string
---@return function
function frozen.refuse(name)
  return function() error(("'%s' cannot be changed"):format(name), 2) end
end

--- A frozen table of these members.
---@param name string      as scripts call it
---@param members table<string, any>
---@return table
function frozen.new(name, members)
  local below = setmetatable(members, { __index = function(_, key)
    error(frozen.missing(name, key, tables.names(members)), 2)
  end })
  local table = setmetatable({}, {
    __index = below, __newindex = frozen.refuse(name), __metatable = false,
  })
  members_of[table] = members
  return table
end

--- The members of a frozen table, for those who list what there is; nil for any other.
---@param v any
---@return table<string, any>|nil
function frozen.members(v) return members_of[v] end

--- What a value offers to scripts: true, or the same for each member of a table.
---@param v any
---@return true|perilune.vocabulary
function frozen.vocabulary(v)
  local members = members_of[v] or v
  if type(members) ~= "table" then return true end
  local vocabulary = {}
  for name, member in pairs(members) do vocabulary[name] = frozen.vocabulary(member) end
  return vocabulary
end

return frozen
