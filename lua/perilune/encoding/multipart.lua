-- SPDX-License-Identifier: MIT

--- Bodies of multipart/form-data (RFC 7578). A field is a text, or a part with a file's name and
--- type; a list repeats its name, null and undefined leave it out:
---
---     { comment = "{{ data.comment }}",
---       invoice = { filename = "1.csv", content_type = "text/csv", content = "{{ data.csv }}" } }

local core = require "perilune.core"
local tree = require "perilune.encoding.tree"
local value = require "perilune.template.value"

local multipart = {}

-- What ends a quoted parameter, as browsers write it (WHATWG HTML, multipart/form-data); and the
-- backslash, with which many readers escape a quote (RFC 2045), so that "x\" would not end.
local QUOTED = { ['"'] = "%22", ["\r"] = "%0D", ["\n"] = "%0A", ["\\"] = "%5C" }

local function quoted(text) return '"' .. text:gsub('["\r\n\\]', QUOTED) .. '"' end

local function text_of(v, what)
  if tree.is_table(v) then
    error(what .. " must be a text, not a table", 0)
  end
  return value.text(v)
end

local function header_value(text, what)
  if core.http.is_field_value(text) then return text end
  error(what .. " may not hold line breaks or control characters", 0)
end

--- One part without its boundary.
local function part_of(name, v)
  local lines = { "Content-Disposition: form-data; name=" .. quoted(name) }
  local content = v
  if tree.is_table(v) then
    if v.content == nil then error(("the part '%s' has no content"):format(name), 0) end
    content = v.content
    if v.filename ~= nil then
      lines[1] = lines[1] .. "; filename=" .. quoted(text_of(v.filename, "a filename"))
    end
    if v.content_type ~= nil then
      local media = text_of(v.content_type, "a content_type")
      lines[2] = "Content-Type: " .. header_value(media, "a content_type")
    end
  end
  local text = text_of(content, ("the content of the part '%s'"):format(name))
  return table.concat(lines, "\r\n") .. "\r\n\r\n" .. text .. "\r\n"
end

local function parts_of(v)
  local parts = {}
  for i, field in ipairs(tree.fields(v)) do parts[i] = part_of(field[1], field[2]) end
  return parts
end

--- A boundary that none of the parts holds.
local function boundary_of(parts)
  local boundary
  repeat
    boundary = "perilune-" .. core.uuid()
    local is_free = true
    for _, part in ipairs(parts) do is_free = is_free and not part:find(boundary, 1, true) end
  until is_free
  return boundary
end

--- A table of parts as text; nil and a message.
---@param v table
---@return string|nil text
---@return string media   with the boundary; or the message
function multipart.write(v)
  local ok, parts = pcall(parts_of, v)
  if not ok then return nil, parts end
  local boundary, pieces = boundary_of(parts), {}
  for i, part in ipairs(parts) do pieces[i] = "--" .. boundary .. "\r\n" .. part end
  pieces[#pieces + 1] = "--" .. boundary .. "--\r\n"
  return table.concat(pieces), "multipart/form-data; boundary=" .. boundary
end

---@param scope perilune.scope
---@param path any[]
---@param v table
---@return fun(values: table, frame: perilune.ctx_frame): string, string
function multipart.compile(scope, path, v)
  local where, evaluate = scope:where(path), tree.compile(scope, path, v)
  return function(values, frame)
    local text, media = multipart.write(evaluate(values, frame))
    if not text then error(where .. ": " .. media, 0) end
    return text, media
  end
end

return multipart
