-- SPDX-License-Identifier: MIT

--- The context: the names that templates and functions of integrators see. It is layered, not
--- copied, and an event is decoded only when somebody asks for something in it:
---
---     own names    event, data, context, connector, webhook, attempt, now
---                  and for mappers response, status, headers, raw
---     the answer   members of the parsed body (mappers only)
---     constants    members of the connector's and webhook's `context`
---     the event    members of event.data
---
--- A layer hides the names of those below it: what an integrator wrote, the host name of a tenant say, is
--- not for an event to change.

local context = {}

local function member(v, name)
  if type(v) == "table" then return v[name] end
  return nil
end

--- The context of rendering.
---@param entry perilune.entry
---@param event any            the event userdata
---@param info { attempt: integer, now: number }
---@return table
function context.new(entry, event, info)
  local own = {
    context = entry.context, connector = entry.connector_view, webhook = entry.webhook_view,
    attempt = info.attempt, now = info.now,
  }
  return setmetatable(own, { __index = function(self, name)
    if name == "event" then
      local value = event:value()
      rawset(self, "event", value)
      return value
    elseif name == "data" then
      local data = member(self.event, "data")
      rawset(self, "data", data)
      return data
    end
    local value = entry.context[name]
    if value == nil then return member(self.data, name) end
    return value
  end })
end

--- The context of mapping: the answer on top of what the request was rendered from.
---@param base table   of context.new
---@param answer { response: any, status: integer, headers: table, raw: string }
---@return table
function context.answered(base, answer)
  local body = answer.response
  return setmetatable(answer, { __index = function(_, name)
    if name == "response" then return nil end -- not JSON: no layer below may pose as it
    -- A name that the base has of its own stays what it is.
    local value = rawget(base, name)
    if value == nil and name ~= "event" and name ~= "data" then value = member(body, name) end
    if value == nil then return base[name] end
    return value
  end })
end

return context
