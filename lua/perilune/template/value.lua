-- SPDX-License-Identifier: MIT

--- Values of templates and what can be done with them, as in Python: one module for all who compute
--- with values. What is where, in value/:
---
---     kinds        what there is: undefined, None, Markup...; keys of dicts; limits
---     printing     str(), repr(), `~`
---     lookup       v.name, v[key], v[a:b]
---     sequences    iteration, length, truth
---     comparison   ==, <, in
---     operators    + - * / // % **
---     export       out of the template
---
--- Numbers are in value/number.lua.

local PARTS = { "kinds", "printing", "lookup", "sequences", "comparison", "operators", "export" }

local value = {}

for _, part in ipairs(PARTS) do
  for name, of_part in pairs(require("perilune.template.value." .. part)) do value[name] = of_part end
end

return value
