-- SPDX-License-Identifier: MIT

--- "json.get(document: any, pointer: string, default?: any): any" as a table.

local signature = {}

---@class perilune.parameter
---@field name string
---@field type string
---@field optional boolean

---@class perilune.signature
---@field name string                           with the library's in front
---@field parameters perilune.parameter[]|nil   nil: no function
---@field results string[]                      types; of what is no function, its own

local OPENS, CLOSES = "[({<%[]", "[)}>%]]"

--- A text in parts between the commas that stand in no brackets.
local function split(text)
  local parts, depth, from = {}, 0, 1
  for at = 1, #text do
    local char = text:sub(at, at)
    if char:find(OPENS) then depth = depth + 1 end
    if char:find(CLOSES) then depth = depth - 1 end
    if char == "," and depth == 0 then
      parts[#parts + 1] = text:sub(from, at - 1)
      from = at + 1
    end
  end
  parts[#parts + 1] = text:sub(from)
  local trimmed = {}
  for _, part in ipairs(parts) do trimmed[#trimmed + 1] = part:match("^%s*(%S.-)%s*$") end
  return trimmed
end

local function parameter(text)
  local name, mark, kind = text:match("^([%w_.]+)(%??): (.+)$")
  assert(name, "no parameter: " .. text)
  return { name = name, type = kind, optional = mark == "?" }
end

---@param text string
---@return perilune.signature
function signature.parse(text)
  local name, inside, rest = text:match("^([%w_.]+)(%b())(.*)$")
  if not name then
    local value_name, kind = text:match("^([%w_.]+): (.+)$")
    assert(value_name, "no signature: " .. text)
    return { name = value_name, results = { kind } }
  end
  local parameters = split(inside:sub(2, -2))
  for i, part in ipairs(parameters) do parameters[i] = parameter(part) end
  return { name = name, parameters = parameters, results = split(rest:match("^: (.+)$") or "") }
end

--- As documentation writes it: without types.
---@param parsed perilune.signature
---@return string
function signature.shown(parsed)
  if not parsed.parameters then return parsed.name end
  local names = {}
  for i, one in ipairs(parsed.parameters) do names[i] = one.name end
  return ("%s(%s)"):format(parsed.name, table.concat(names, ", "))
end

--- As the type of a field: fun(self: C, name: string): string?
---@param parsed perilune.signature
---@param class string|nil   of a method
---@return string
function signature.type(parsed, class)
  if not parsed.parameters then return parsed.results[1] end
  local parts = { class and "self: " .. class }
  for _, one in ipairs(parsed.parameters) do
    parts[#parts + 1] = ("%s%s: %s"):format(one.name, one.optional and "?" or "", one.type)
  end
  local results = table.concat(parsed.results, ", ")
  return ("fun(%s)%s"):format(table.concat(parts, ", "), results ~= "" and ": " .. results or "")
end

return signature
