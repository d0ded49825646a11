-- SPDX-License-Identifier: MIT

--- Small helpers for tables that integrators wrote.

local tables = {}

--- Keys of a table as sorted texts; keys that are not strings are left out.
---@param t table
---@return string[]
function tables.names(t)
  local names = {}
  for key in pairs(t) do
    if type(key) == "string" then names[#names + 1] = key end
  end
  table.sort(names)
  return names
end

--- Names of a table and of those that it stands on, metatable's __index by metatable's __index: what
--- plugins add stands on what is built in.
---@param t table
---@return string[]
function tables.layered_names(t)
  local names = {}
  while t do
    for name in pairs(t) do names[#names + 1] = name end
    local below = getmetatable(t)
    t = below and below.__index
  end
  table.sort(names)
  return names
end

--- Is it a list, 1 to n without holes? The empty table is one.
---@param t table
---@return boolean
function tables.is_list(t)
  local count = 0
  for key in pairs(t) do
    if type(key) ~= "number" then return false end
    count = count + 1
  end
  return count == #t
end

--- The path with one more step.
---@param path any[]
---@param step any
---@return any[]
function tables.extend(path, step)
  local longer = {}
  for i, key in ipairs(path) do longer[i] = key end
  longer[#longer + 1] = step
  return longer
end

--- A path as people write it: webhooks[2].headers["X-Id"].
---@param path any[]
---@return string
function tables.path_text(path)
  local text = {}
  for i, key in ipairs(path) do
    if type(key) == "string" and key:find("^[%a_][%w_]*$") then
      text[i] = (i > 1 and "." or "") .. key
    elseif type(key) == "string" then
      text[i] = ('["%s"]'):format(key)
    else
      text[i] = ("[%s]"):format(tostring(key))
    end
  end
  return table.concat(text)
end

return tables
