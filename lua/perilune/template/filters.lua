-- SPDX-License-Identifier: MIT

--- The filters that every template has, by name: those of Jinja2 3.1 and those of perilune. A new one
--- is a field of one of these tables, made by `signature`.

local GROUPS = {
  require "perilune.template.filters.text",
  require "perilune.template.filters.number",
  require "perilune.template.filters.sequence",
  require "perilune.template.filters.order",
  require "perilune.template.filters.select",
  require "perilune.template.filters.markup",
  require "perilune.template.filters.structure",
  require "perilune.template.filters.integration",
}

---@type table<string, perilune.callable>
local filters = {}

for _, group in ipairs(GROUPS) do
  for name, filter in pairs(group) do filters[name] = filter end
end

return filters
