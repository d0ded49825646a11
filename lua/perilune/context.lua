-- SPDX-License-Identifier: MIT

--- The context: the names that templates and functions of integrators see. It is layered, and what
--- stands in it is made only when somebody asks for it:
---
---     own names    event, data, context, connector, webhook, attempt, now
---                  and for mappers response, status, headers, raw
---     the answer   members of the parsed body (mappers only)
---     constants    members of the connector's and webhook's `context`
---     the event    members of event.data
---
--- A layer hides the names of those below it: what an integrator wrote, the host name of a tenant
--- say, is not for an event to change.
---
--- Templates ask for most values by a chain of names. Where one leads into a document (the event, the
--- answer), only what stands there is read of it: that is `__read` of the metatable, a method of it,
--- which says nil where a chain has to be followed name by name.

local core = require "perilune.core"

local context = {}

local function member(v, name)
  if type(v) == "table" then return v[name] end
  return nil
end

-- How our own names are made. What an entry's attempts share is copied, so that what a script
-- changes ends with its attempt.
local MADE = {
  event = function(_, _, document) return document:value() end,
  data = function(self, _, document)
    local data = not rawget(self, "event") and document:read("data")
    return data or member(self.event, "data")
  end,
  context = function(_, entry) return core.copy(entry.context) end,
  connector = function(_, entry) return core.copy(entry.connector_view) end,
  webhook = function(_, entry) return core.copy(entry.webhook_view) end,
}

-- Own names that are there from the beginning.
local GIVEN = { attempt = true, now = true }

local function root_and_rest(chain) return chain:match("^([^.]+)%.?(.*)$") end

--- Where a chain of names leads in the event's document, or false.
---@param entry perilune.entry
---@param chain string
---@return string|false
function context.event_path(entry, chain)
  local root, rest = root_and_rest(chain)
  if root == "event" then return rest ~= "" and rest end
  if root == "data" then return chain end
  if MADE[root] or GIVEN[root] or entry.context[root] ~= nil then return false end
  return "data." .. chain
end

-- The own names that are the same for every event.
local CONSTANT = {
  context = function(entry) return entry.context end,
  connector = function(entry) return entry.connector_view end,
  webhook = function(entry) return entry.webhook_view end,
}

local PLAIN = { string = true, number = true, boolean = true }

--- What a chain of names leads to that is the same for every event: a text, a number or a boolean, or nil.
local function constant(entry, chain)
  local root, rest = root_and_rest(chain)
  local v
  if CONSTANT[root] then v = CONSTANT[root](entry) else v = entry.context[root] end
  for name in rest:gmatch("[^.]+") do v = member(v, name) end
  if PLAIN[type(v)] then return v end
  return nil
end

--- Where the chains of names of an entry's templates lead, for outlines (template/outline.lua).
---@param entry perilune.entry
---@return perilune.outline_resolve
function context.resolver(entry)
  return function(chain)
    local path = context.event_path(entry, chain)
    if path then return path, true end
    return nil, constant(entry, chain)
  end
end

--- Where chains of names lead in the body of an answer, for outlines. Only those that say so: what is
--- not in the body where others lead may be below.
---@param chain string
---@return string|nil path
---@return boolean|nil
function context.resolve_answer(chain)
  local path = chain:match("^response%.(.+)$")
  return path, path and true
end

--- `find(entry, chain)`, kept in `paths`: the chains that templates have are few.
local function kept(paths, find, entry, chain)
  local path = paths[chain]
  if path == nil then
    path = find(entry, chain)
    paths[chain] = path
  end
  return path
end

-- What a context is made of is in its metatable, which scripts do not reach: there, and not in
-- functions of its own, since one is made for each attempt. In its list:
local ENTRY, DOCUMENT, BASE, RESPONSE = 1, 2, 3, 4

--- A script has set a name: what it has set is not in the document.
local function on_written(self, name, value)
  getmetatable(self).__read = nil
  rawset(self, name, value)
end

local function read_from(document, path, as_json)
  if as_json then return document:json(path) end
  return (document:read(path))
end

--- A member of event.data.
local function member_of_data(self, document, name)
  if type(name) == "string" and not name:find(".", 1, true) then
    local value, is_certain = document:read("data." .. name)
    if is_certain then return value end
  end
  return member(self.data, name)
end

local function index(self, name)
  local meta, make = getmetatable(self), MADE[name]
  if make then
    local made = make(self, meta[ENTRY], meta[DOCUMENT])
    rawset(self, name, made)
    return made
  end
  local value = meta[ENTRY].context[name]
  if value == nil then return member_of_data(self, meta[DOCUMENT], name) end
  if type(value) == "table" then return self.context[name] end
  return value
end

local function read(meta, chain, as_json)
  local path = kept(meta[ENTRY].event_paths, context.event_path, meta[ENTRY], chain)
  if path then return read_from(meta[DOCUMENT], path, as_json) end
  return nil
end

--- The context of rendering.
---@param entry perilune.entry
---@param document perilune.document   the event's
---@param info { attempt: integer, now: number }
---@return table
function context.new(entry, document, info)
  return setmetatable({ attempt = info.attempt, now = info.now, event = nil, data = nil },
    { entry, document, __index = index, __newindex = on_written, __read = read })
end

-- The fields of an answer; their names are found in any case. The mark says to templates that it is
-- a dict.
local FIELDS = {
  __index = function(fields, name)
    return type(name) == "string" and rawget(fields, name:lower()) or nil
  end,
  __metatable = "object",
}

-- How an answer's own names are made.
local ANSWERED = {
  response = function(_, body) return body and body:value() end,
  headers = function(response) return setmetatable(response:headers(), FIELDS) end,
  raw = function(response) return response.body end,
}

--- Where a chain of names leads in the answer's body; false: not there, but below; nil: to what else
--- an answer has.
---@param _ perilune.entry
---@param chain string
---@return string|false|nil
function context.body_path(_, chain)
  local root, rest = root_and_rest(chain)
  if root == "response" and rest ~= "" then return rest end
  if ANSWERED[root] or root == "status" then return nil end
  return not (MADE[root] or GIVEN[root]) and chain
end

local function index_answered(self, name)
  local meta, make = getmetatable(self), ANSWERED[name]
  if make then -- a body that is none hides what is below, too
    local made = make(meta[RESPONSE], meta[DOCUMENT])
    rawset(self, name, made)
    return made
  end
  -- A name that the base has of its own stays what it is.
  local base = meta[BASE]
  local value = rawget(base, name)
  if value == nil and not MADE[name] then value = member(self.response, name) end
  if value == nil then return base[name] end
  return value
end

local function read_answered(meta, chain, as_json)
  local path = kept(meta[ENTRY].body_paths, context.body_path, meta[ENTRY], chain)
  if path and meta[DOCUMENT] then return read_from(meta[DOCUMENT], path, as_json) end
  if path ~= false then return nil end
  local below = getmetatable(meta[BASE])
  return below.__read and below:__read(chain, as_json)
end

--- The context of mapping: the answer on top of what the request was rendered from.
---@param entry perilune.entry
---@param base table                      of context.new
---@param response any                    the response userdata
---@param body perilune.document|nil      the answer's, if it is one that can be read
---@return table
function context.answered(entry, base, response, body)
  return setmetatable({ status = response.status, response = nil },
    { entry, body, base, response, __index = index_answered, __newindex = on_written,
      __read = read_answered })
end

return context
