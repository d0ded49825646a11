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
local document = require "perilune.document"

local context = {}

--- What the names of an attempt, or of a reception, are made of.
---@class perilune.context_frame
---@field entry perilune.entry
---@field event any                     the event userdata; nil: there is none
---@field ticket number|nil             with which it is read, of an exchange
---@field attempt integer|nil           counts from 1
---@field now number                    seconds: when it began
---@field data table|nil                event.data, once a script has asked
---@field base table|nil                the context of rendering, once somebody has asked
---@field response any                  the response userdata, while it is mapped
---@field body perilune.document|nil    its body, if it is one that can be read
---@field answered table|nil            the context of mapping, once somebody has asked

local function member(v, name)
  if type(v) == "table" then return v[name] end
  return nil
end

-- How our own names are made. What an entry's attempts share is copied, so that what a script
-- changes ends with its attempt.
local MADE = {
  event = function(_, _, event) return event:value() end,
  data = function(self, _, event)
    local data = not rawget(self, "event") and event:read("data")
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
local ENTRY, DOCUMENT, FRAME, RESPONSE = 1, 2, 3, 4

--- A script has set a name: what it has set is not in the document.
local function on_written(self, name, value)
  getmetatable(self).__read = nil
  rawset(self, name, value)
end

local function read_from(from, path, as_json)
  if as_json then return from:json(path) end
  return (from:read(path))
end

--- A member of event.data.
local function member_of_data(self, event, name)
  if type(name) == "string" and not name:find(".", 1, true) then
    local value, is_certain = event:read("data." .. name)
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

-- Nil, for fields that come later: a constructor makes room for what it is given by a variable.
local LATER = nil

--- The context of rendering.
---@param entry perilune.entry
---@param event perilune.document
---@param info { attempt: integer, now: number }
---@return table
function context.new(entry, event, info)
  return setmetatable({ attempt = info.attempt, now = info.now, event = LATER, data = LATER },
    { entry, event, __index = index, __newindex = on_written, __read = read })
end

--- That of a frame. A table that was read before it was there is a part of its document.
local function base_of(frame)
  local base = frame.base
  if not base then
    local parts = frame.data and { data = frame.data }
    base = context.new(frame.entry, document.new(frame.event, parts, frame.ticket), frame)
    frame.base = base
  end
  return base
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
  local base = base_of(meta[FRAME])
  local value = rawget(base, name)
  if value == nil and not MADE[name] then value = member(self.response, name) end
  if value == nil then return base[name] end
  return value
end

local function read_answered(meta, chain, as_json)
  local path = kept(meta[ENTRY].body_paths, context.body_path, meta[ENTRY], chain)
  if path and meta[DOCUMENT] then return read_from(meta[DOCUMENT], path, as_json) end
  if path ~= false then return nil end
  local below = getmetatable(base_of(meta[FRAME]))
  return below.__read and below:__read(chain, as_json)
end

--- The context of mapping: the answer on top of what the request was rendered from.
local function answered_of(frame)
  local response, answered = frame.response, frame.answered
  if not answered then
    answered = setmetatable({ status = response.status, response = LATER },
      { frame.entry, frame.body, frame, response, __index = index_answered, __newindex = on_written,
        __read = read_answered })
    frame.answered = answered
  end
  return answered
end

--- The names that an attempt's templates and functions see: of rendering, or of mapping while there
--- is an answer. The same table however often it is asked for.
---@param frame perilune.context_frame
---@return table
function context.of(frame)
  return frame.response and answered_of(frame) or frame.base or base_of(frame)
end

--- What stands in the `data` of those. Where nobody has asked for anything else of the event, it is
--- read without them.
---@param frame perilune.context_frame
---@return any
function context.data(frame)
  if frame.base or frame.answered or not frame.event then return context.of(frame).data end
  local data = frame.data or frame.event:read("data", frame.ticket)
  if type(data) ~= "table" then return context.of(frame).data end
  frame.data = data
  return data
end

return context
