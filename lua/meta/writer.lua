-- SPDX-License-Identifier: MIT

--- From the vocabulary and the schemas to what is generated of them.

local connector = require "perilune.connector"
local settings = require "perilune.settings"
local signature = require "meta.signature"
local tables = require "perilune.util.tables"
local tokens = require "perilune.tokens"
local vocabulary = require "meta.vocabulary"

local writer = {}

local HEAD = "-- SPDX-License-Identifier: MIT\n\n--- Written by lua/meta/generate.lua.\n"

local function words(text)
  local list = {}
  for word in text:gmatch("%S+") do list[#list + 1] = word end
  return list
end

--- Calls `each` with every signature of a part.
local function signatures(part, each)
  for _, row in ipairs(part) do
    for _, text in ipairs(row) do each(signature.parse(text), row) end
  end
end

--- The globals: name -> true, or the names of its members.
---@return perilune.vocabulary
function writer.globals()
  local globals = {}
  for _, part in ipairs(vocabulary.parts) do
    for _, row in ipairs(part.class and {} or part) do
      for _, name in ipairs(words(row.standard or "")) do globals[name] = true end
    end
    if not part.class then
      signatures(part, function(parsed)
        local library, member = parsed.name:match("^([%w_]+)%.([%w_]+)$")
        if library then
          globals[library] = globals[library] or {}
          globals[library][member] = true
        else
          globals[parsed.name] = true
        end
      end)
    end
  end
  for library, members in pairs(vocabulary.libraries) do
    globals[library] = {}
    for _, member in ipairs(words(members)) do globals[library][member] = true end
  end
  return globals
end

--- Names of the members of a class.
---@param class string
---@return string[]
function writer.members(class)
  local names = {}
  for _, part in ipairs(vocabulary.parts) do
    if part.class == class then
      signatures(part, function(parsed) names[parsed.name] = true end)
    end
  end
  return tables.names(names)
end

-- -- luacheck

local function quoted(names, indent)
  local lines, line = {}, indent
  for _, name in ipairs(names) do
    local item = ('"%s", '):format(name)
    if #line + #item > 98 then
      lines[#lines + 1] = line:match("^(.-)%s*$")
      line = indent
    end
    line = line .. item
  end
  lines[#lines + 1] = line:match("^(.-)%s*$")
  return table.concat(lines, "\n")
end

--- What luacheck knows as the globals of scripts.
---@return string
function writer.luacheck()
  local globals = writer.globals()
  local plain, lines = {}, {}
  for _, name in ipairs(tables.names(globals)) do
    local members = globals[name]
    if members == true then plain[#plain + 1] = name end
    if members ~= true then
      lines[#lines + 1] = ("  %s = { fields = {\n%s\n  } },"):format(name,
        quoted(tables.names(members), "    "))
    end
  end
  return ("%sreturn {\n%s\n%s\n}\n"):format(HEAD, quoted(plain, "  "), table.concat(lines, "\n"))
end

-- -- documentation

local function row_text(part, row)
  local shown = {}
  for i, text in ipairs(row) do
    shown[i] = ("`%s%s`"):format(part.shown_as or "", signature.shown(signature.parse(text)))
  end
  for _, name in ipairs(words(row.standard or "")) do shown[#shown + 1] = ("`%s`"):format(name) end
  return ("| %s | %s |"):format(row.shown or table.concat(shown, ", "), row.says)
end

--- The table of a part, by its name.
---@param name string
---@return string
function writer.part(name)
  for _, part in ipairs(vocabulary.parts) do
    if part.name == name then
      local lines = { "| | |", "|---|---|" }
      for _, row in ipairs(part) do lines[#lines + 1] = row_text(part, row) end
      return table.concat(lines, "\n")
    end
  end
  error("SCRIPTS.md has a table that is not described: " .. name)
end

--- A value as it is shown: of a list each of its own.
local function shown(v)
  if type(v) ~= "table" then return ("`%s`"):format(tostring(v)) end
  local values = {}
  for i, item in ipairs(v) do values[i] = shown(item) end
  return table.concat(values, ", ")
end

--- What a table of fields says of one: what it takes, what it is, its default.
local function field_says(spec)
  local parts = {}
  if spec.required then parts[#parts + 1] = "required" end
  if spec.values then parts[#parts + 1] = shown(spec.values) end
  if spec.min and spec.max then
    parts[#parts + 1] = ("%s to %s"):format(spec.min, spec.max)
  elseif spec.min or spec.max then
    parts[#parts + 1] = spec.min and ("from %s"):format(spec.min) or ("up to %s"):format(spec.max)
  end
  parts[#parts + 1] = spec.description
  if spec.default ~= nil and spec.default ~= "" then
    parts[#parts + 1] = "default " .. shown(spec.default)
  end
  return table.concat(parts, "; ")
end

--- Rows of fields, the required ones first, each with those of the records in it behind it: `list[].name`.
local function add_fields(lines, fields, prefix)
  for _, is_required in ipairs { true, false } do
    for _, name in ipairs(tables.names(fields)) do
      local spec = fields[name]
      if (spec.required or false) == is_required then
        lines[#lines + 1] = ("| `%s%s` | %s |"):format(prefix, name, field_says(spec))
        local is_list = spec.type == "list"
        local inner = is_list and spec.of.fields or spec.fields
        if inner then add_fields(lines, inner, prefix .. name .. (is_list and "[]." or ".")) end
      end
    end
  end
  return lines
end

--- The table of a plugin's fields.
---@param fields table<string, perilune.spec>
---@return string
function writer.fields(fields)
  return table.concat(add_fields({ "| field | |", "|---|---|" }, fields, ""), "\n")
end

--- The table of plugins, by what they are for.
---@param summaries table<string, string>
---@return string
function writer.summaries(summaries)
  local lines = { "| plugin | |", "|---|---|" }
  for _, name in ipairs(tables.names(summaries)) do
    lines[#lines + 1] = ("| [`%s`](%s/README.md) | %s |"):format(name, name, summaries[name])
  end
  return table.concat(lines, "\n")
end

--- A page with what stands between its marks, "<!-- generated: NAME -->" and "<!-- end -->", made
--- anew.
---@param page string
---@param make fun(name: string): string
---@return string
function writer.fill(page, make)
  return (page:gsub("(<!%-%- generated: ([^\n]-) %-%->\n).-(<!%-%- end %-%->)",
    function(opening, name, closing) return ("%s\n%s\n\n%s"):format(opening, make(name), closing) end))
end

-- -- definitions

local TYPES = {
  string = "string", number = "number", integer = "integer", boolean = "boolean", table = "table",
  any = "any", secret = "perilune.secret",
  ["function"] = "(fun(ctx: perilune.ctx, value: any): any)",
  template = "string|number|(fun(ctx: perilune.ctx, values: table): any)",
}

local type_of

local function record_type(spec)
  local parts = {}
  if spec.first then parts[1] = ("[1]: %s"):format(type_of(spec.first)) end
  for _, name in ipairs(tables.names(spec.fields)) do
    local field = spec.fields[name]
    parts[#parts + 1] = ("%s%s: %s"):format(name, field.required and "" or "?", type_of(field))
  end
  if spec.items then parts[#parts + 1] = ("[integer]: %s"):format(type_of(spec.items)) end
  return ("{ %s }"):format(table.concat(parts, ", "))
end

local function union(list, each)
  local types, seen = {}, {}
  for _, item in ipairs(list) do
    local kind = each(item)
    if not seen[kind] then types[#types + 1] = kind end
    seen[kind] = true
  end
  return table.concat(types, "|")
end

--- A specification of schema.lua as a type.
function type_of(spec)
  if spec.one_of then return union(spec.one_of, type_of) end
  if spec.class then return spec.class end
  if spec.values then return union(spec.values, function(v) return ("%q"):format(tostring(v)) end) end
  if spec.type == "literal" then return tostring(spec.value) end
  if spec.type == "list" then
    local item = type_of(spec.of)
    return (item:find("%W") and "(%s)[]" or "%s[]"):format(item)
  end
  if spec.type == "map" then return ("table<string, %s>"):format(type_of(spec.of)) end
  if spec.type == "record" then return record_type(spec) end
  return TYPES[spec.type] .. (spec.secret and "|perilune.secret" or "")
end

local function class_of_fields(name, fields, lines)
  lines[#lines + 1] = "---@class " .. name
  for _, field in ipairs(tables.names(fields)) do
    local spec = fields[field]
    lines[#lines + 1] = ("---@field %s%s %s%s"):format(
      field:find("^[%a_][%w_]*$") and field or ("[%q]"):format(field), spec.required and "" or "?",
      type_of(spec), spec.description and "   " .. spec.description or "")
  end
  lines[#lines + 1] = ""
end

local function define(parsed, row, lines)
  lines[#lines + 1] = "--- " .. row.says
  local names = {}
  for i, one in ipairs(parsed.parameters or {}) do
    names[i] = one.name
    lines[#lines + 1] = ("---@param %s%s %s"):format(one.name, one.optional and "?" or "", one.type)
  end
  if not parsed.parameters then
    lines[#lines + 1] = "---@type " .. parsed.results[1]
    lines[#lines + 1] = parsed.name .. " = nil"
  else
    for _, kind in ipairs(parsed.results) do lines[#lines + 1] = "---@return " .. kind end
    lines[#lines + 1] = ("function %s(%s) end"):format(parsed.name, table.concat(names, ", "))
  end
  lines[#lines + 1] = ""
end

local function define_globals(part, lines, opened)
  signatures(part, function(parsed, row)
    local library = parsed.name:match("^([%w_]+)%.")
    if library and not opened[library] then
      opened[library] = true
      lines[#lines + 1] = library .. " = {}\n"
    end
    define(parsed, row, lines)
  end)
end

local function define_class(part, lines)
  lines[#lines + 1] = "---@class " .. part.class
  signatures(part, function(parsed, row)
    lines[#lines + 1] = ("---@field %s %s   %s"):format(parsed.name,
      signature.type(parsed, not part.is_library and part.class or nil), row.says)
  end)
  lines[#lines + 1] = ""
end

--- Definitions for editors (LuaCATS).
---@param plugins table<string, table<string, perilune.spec>>   fields of schemas by name
---@param presets table<string, boolean>   those that `use` names, and no `type`
---@return string
function writer.definitions(plugins, presets)
  local lines, opened = { "---@meta perilune", "" }, {}
  for _, line in ipairs(vocabulary.types) do lines[#lines + 1] = line end
  lines[#lines + 1] = ""
  for _, part in ipairs(vocabulary.parts) do
    if part.class then define_class(part, lines) else define_globals(part, lines, opened) end
  end
  local fields = connector.specification().fields
  local webhook = fields.webhooks.of.fields
  class_of_fields("perilune.webhook", webhook, lines)
  local own = {}
  for name, spec in pairs(fields) do own[name] = spec end
  own.webhooks = { class = "perilune.webhook[]", required = true }
  class_of_fields("perilune.connector", own, lines)
  local gateway = settings.specification().fields
  gateway.tokens.items = { class = "perilune.token" } -- which are taken out of it before it is checked
  class_of_fields("perilune.gateway_file", gateway, lines)
  class_of_fields("perilune.token", tokens.SPEC.fields, lines)
  for _, name in ipairs(tables.names(plugins)) do
    local config = {}
    if not presets[name] then config.type = { class = ("%q"):format(name), required = true } end
    for field, spec in pairs(plugins[name]) do config[field] = spec end
    class_of_fields("perilune.plugin." .. name:gsub("[^%w_.]", "_"), config, lines)
  end
  lines[#lines] = nil
  return ("%s\n%s\n"):format(HEAD, table.concat(lines, "\n"))
end

return writer
