-- SPDX-License-Identifier: MIT

--- Zendesk Support: tickets, and comments on them, which are changes of the ticket. A ticket that is
--- made carries the delivery's id as Idempotency-Key, so that another attempt makes no second one.

local function reason_of(answer)
  local problem = type(answer.error) == "table" and answer.error or answer
  local text = tostring(problem.title or problem.error or problem.message)
  local more = problem.description or problem.message
  if more and tostring(more) ~= text then text = ("%s: %s"):format(text, tostring(more)) end
  local details = type(answer.details) == "table" and answer.details or {}
  for _, field in ipairs(json.keys(details)) do
    local said = json.get(details, "/" .. field .. "/0/description")
    if said then text = ("%s; %s: %s"):format(text, field, tostring(said)) end
  end
  return text
end

local function is_taken(ctx, response)
  if response.status >= 200 and response.status < 300 then return true end
  local answer = ctx.values.response
  return false, type(answer) == "table" and reason_of(answer) or nil
end

--- webhook-id is the same in all attempts at one delivery.
local ONCE = {
  before_send = function(_, request)
    request:set_header("Idempotency-Key", request:header("webhook-id"))
  end,
}

local function ticket_of(item)
  local ticket = {
    subject = item.subject, comment = { body = item.comment, public = item.public },
    requester = item.requester, priority = item.priority, status = item.status, tags = item.tags,
    external_id = item.external_id,
  }
  for key, v in pairs(item.fields or {}) do ticket[key] = v end
  return { method = "POST", url = "/api/v2/tickets.json", body = { ticket = ticket }, hooks = { ONCE } }
end

local function comment_of(item)
  return {
    method = "PUT", url = ("/api/v2/tickets/%s.json"):format(item.ticket_id),
    body = { ticket = {
      comment = { body = item.comment, public = item.public }, status = item.status,
    } },
  }
end

local LISTS = { { "tickets", ticket_of }, { "comments", comment_of } }

local function authenticator_of(config)
  local has_token = config.api_token ~= nil or config.email ~= nil
  if has_token == (config.oauth_token ~= nil) then
    error("give either 'email' and 'api_token' or 'oauth_token'", 0)
  elseif config.oauth_token then
    return { type = "bearer", token = config.oauth_token }
  elseif config.email == nil or config.api_token == nil then
    error("'email' and 'api_token' go together", 0)
  end
  return { type = "basic", username = config.email .. "/token", password = config.api_token }
end

return {
  connector = function(config)
    local webhooks = {}
    for _, entry in ipairs(LISTS) do
      local list, make = entry[1], entry[2]
      for i, item in ipairs(config[list] or {}) do
        local webhook = make(item)
        webhook.from, webhook.success = { list, i }, is_taken
        webhook.id, webhook.on, webhook.when = item.id, item.on, item.when
        webhook.response = { variables = {
          id = "response.ticket.id", status = { "response.ticket.status", default = "" },
        } }
        for key, v in pairs(item.webhook or {}) do webhook[key] = v end
        webhooks[#webhooks + 1] = webhook
      end
    end
    return {
      base_url = ("https://%s.zendesk.com"):format(config.subdomain), webhooks = webhooks,
      authenticator = authenticator_of(config),
    }
  end,
}
