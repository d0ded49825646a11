-- SPDX-License-Identifier: MIT

--- The name that somebody probably meant: the nearest known one by edit distance, where a swap of
--- two neighbours counts as one edit (optimal string alignment).

local nearest = {}

---@param a string
---@param b string
---@return integer edits
local function distance(a, b)
  local before, row = nil, {}
  for j = 0, #b do row[j] = j end
  for i = 1, #a do
    local next_row = { [0] = i }
    for j = 1, #b do
      local cost = a:byte(i) == b:byte(j) and 0 or 1
      local best = math.min(row[j] + 1, next_row[j - 1] + 1, row[j - 1] + cost)
      local is_swap = i > 1 and j > 1 and a:byte(i) == b:byte(j - 1) and a:byte(i - 1) == b:byte(j)
      if is_swap then best = math.min(best, before[j - 2] + 1) end
      next_row[j] = best
    end
    before, row = row, next_row
  end
  return row[#b]
end

--- The known name nearest to `name`, or nil when none is near enough to be a slip of the keys:
--- a third of the longer name may differ, and at least one letter must be right.
---@param name string
---@param known string[]
---@return string|nil
function nearest.find(name, known)
  local best, best_edits
  for _, candidate in ipairs(known) do
    local edits = distance(name:lower(), candidate:lower())
    local longer = math.max(#name, #candidate)
    local allowed = math.max(1, math.floor(longer / 3))
    if edits <= allowed and edits < longer and (not best or edits < best_edits) then
      best, best_edits = candidate, edits
    end
  end
  return best
end

--- ", did you mean 'x'?", or the list of what there is, or "" when there is nothing.
---@param name string
---@param known string[]
---@param what string   how the list is announced, e.g. "known keys are"
---@return string
function nearest.hint(name, known, what)
  local found = nearest.find(name, known)
  if found then return (", did you mean '%s'?"):format(found) end
  if #known == 0 then return "" end
  return ("; %s %s"):format(what, table.concat(known, ", "))
end

return nearest
