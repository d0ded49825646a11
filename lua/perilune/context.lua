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

local core = require "perilune.core"

local context = {}

local function member(v, name)
  if type(v) == "table" then return v[name] end
  return nil
end

-- How our own names are made. What an entry's attempts share is copied, so that what a script
-- changes ends with its attempt.
local MADE = {
  event = function(_, _, event) return event:value() end,
  data = function(self) return member(self.event, "data") end,
  context = function(_, entry) return core.copy(entry.context) end,
  connector = function(_, entry) return core.copy(entry.connector_view) end,
  webhook = function(_, entry) return core.copy(entry.webhook_view) end,
}

--- The context of rendering.
---@param entry perilune.entry
---@param event any            what has the event as :value(), for this context alone
---@param info { attempt: integer, now: number }
---@return table
function context.new(entry, event, info)
  local own = { attempt = info.attempt, now = info.now }
  return setmetatable(own, { __index = function(self, name)
    local make = MADE[name]
    if make then
      local made = make(self, entry, event)
      rawset(self, name, made)
      return made
    end
    local value = entry.context[name]
    if value == nil then return member(self.data, name) end
    if type(value) == "table" then return self.context[name] end
    return value
  end })
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
  headers = function(response) return setmetatable(response:headers(), FIELDS) end,
  raw = function(response) return response.body end,
}

--- The context of mapping: the answer on top of what the request was rendered from.
---@param base table      of context.new
---@param response any    the response userdata
---@param body any        the answer's parsed body
---@return table
function context.answered(base, response, body)
  local own = { response = body, status = response.status }
  return setmetatable(own, { __index = function(self, name)
    if name == "response" then return nil end -- not JSON: no layer below may pose as it
    local make = ANSWERED[name]
    if make then
      local made = make(response)
      rawset(self, name, made)
      return made
    end
    -- A name that the base has of its own stays what it is.
    local value = rawget(base, name)
    if value == nil and not MADE[name] then value = member(body, name) end
    if value == nil then return base[name] end
    return value
  end })
end

return context
