-- SPDX-License-Identifier: MIT

--- A JSON document of which only what is asked for becomes values, an event's or an answer's:
---
---     local document = Document.new(event)          -- or what core.json.open gives
---     document:read("data.order.id")                -- 4711; nothing else was decoded
---     document:read("data.order.lines")             -- a table
---     document:value().data.order.lines             -- all of it: that table is in it
---
--- Whoever is given a table may write in it, and whoever comes later sees that. So a table that was
--- read is kept, and is put into the whole when that is made.

local document = {}

---@class perilune.document
---@field index perilune.index
---@field ticket any             what its methods want as their last argument
---@field parts table|nil        tables that were read, by path
---@field whole any              the value of all of it, once somebody has asked
local Document = {}
Document.__index = Document

-- Nil, for fields that come later: a constructor makes room for what it is given by a variable.
local LATER = nil

--- What a text and its places are in: an event, or what core.json.open gives.
---@class perilune.index
---@field value fun(self: any, ticket: any): any
---@field read fun(self: any, path: string, ticket: any): any
---@field json fun(self: any, path: string, ticket: any): string|nil

---@param index perilune.index
---@param parts? table<string, any>   tables of it that were read already, by path
---@param ticket? any                 for the index
---@return perilune.document
function document.new(index, parts, ticket)
  return setmetatable({ index = index, parts = parts, whole = LATER, ticket = ticket }, Document)
end

--- What never was JSON: all of it is there.
---@param value any
---@return perilune.document
function document.of(value)
  return setmetatable({ index = LATER, parts = LATER, whole = value }, Document)
end

--- Does one of two paths lead through the other?
local function is_within(inner, outer)
  return #inner > #outer and inner:byte(#outer + 1) == 46 and inner:sub(1, #outer) == outer
end

local function overlaps(parts, path)
  for part in pairs(parts) do
    if is_within(path, part) or is_within(part, path) then return true end
  end
  return false
end

--- Can the document still answer for a path? Not where somebody may have written.
local function is_intact(self, path)
  return self.whole == nil and (self.parts == nil or not overlaps(self.parts, path))
end

local function keep_part(self, path, part)
  if self.parts then
    self.parts[path] = part
  else
    self.parts = { [path] = part }
  end
end

--- The value at a path of names; nil where there is none, and where only `value` can say.
---@param path string   with dots
---@return any
---@return boolean|nil is_certain   nil means that there is none
function Document:read(path)
  local known = self.parts and self.parts[path]
  if known ~= nil and self.whole == nil then return known, true end
  if not is_intact(self, path) then return nil end
  local v = self.index:read(path, self.ticket)
  if type(v) == "table" then keep_part(self, path, v) end
  return v, true
end

--- The same as JSON text.
---@param path string
---@return string|nil
function Document:json(path)
  if self.parts and self.parts[path] or not is_intact(self, path) then return nil end
  return self.index:json(path, self.ticket)
end

--- Puts a table in its place.
local function graft(whole, path, part)
  local at, name = whole, nil
  for step in path:gmatch("[^.]+") do
    if name then at = at[name] end
    name = step
  end
  at[name] = part
end

--- All of it.
---@return any
function Document:value()
  if self.whole == nil then
    local whole = self.index:value(self.ticket)
    for path, part in pairs(self.parts or {}) do graft(whole, path, part) end
    self.whole = whole
  end
  return self.whole
end

return document
