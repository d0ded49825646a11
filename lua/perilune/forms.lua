-- SPDX-License-Identifier: MIT

--- Forms as tables: application/x-www-form-urlencoded, read as the WHATWG URL standard reads it
--- (section 5.1): what is no escape stays as it is.

local core = require "perilune.core"

local forms = {}

local function unescaped(text)
  local spaced = text:gsub("%+", " ")
  return (spaced:gsub("%%(%x%x)", function(digits) return string.char(tonumber(digits, 16)) end))
end

--- The members of a form in their order: texts, and lists of texts where a name is there more than
--- once.
---@param text string
---@param convert? fun(text: string): string   from the form's character set to UTF-8
---@return table
function forms.decode(text, convert)
  local members, by_name = {}, {}
  for pair in text:gmatch("[^&]+") do
    local name, v = pair:match("^([^=]*)=?(.*)$")
    name, v = unescaped(name), unescaped(v)
    if convert then name, v = convert(name), convert(v) end
    local member = by_name[name]
    if not member then
      member = { name, v }
      by_name[name], members[#members + 1] = member, member
    elseif type(member[2]) == "table" then
      member[2][#member[2] + 1] = v
    else
      member[2] = core.json.array { member[2], v }
    end
  end
  return core.json.ordered(members)
end

return forms
