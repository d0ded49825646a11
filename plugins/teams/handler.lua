-- SPDX-License-Identifier: MIT

--- Microsoft Teams: an Adaptive Card to a workflow's webhook. A workflow answers 202; an incoming
--- webhook answers 200, also when Teams has refused, and then says so in its text.

local PARTS = { "title", "text", "facts", "link" }

local function text_block(text, more)
  local block = { type = "TextBlock", text = text, wrap = true }
  for key, value in pairs(more or {}) do block[key] = value end
  return block
end

local function card_of(message)
  local elements = {}
  if message.title ~= nil then
    elements[1] = text_block(message.title, { size = "Medium", weight = "Bolder" })
  end
  if message.text ~= nil then elements[#elements + 1] = text_block(message.text) end
  if message.facts then
    elements[#elements + 1] = { type = "FactSet", facts = message.facts }
  end
  local link = message.link
  return {
    ["$schema"] = "http://adaptivecards.io/schemas/adaptive-card.json",
    type = "AdaptiveCard", version = "1.4", body = elements,
    actions = link and { { type = "Action.OpenUrl", title = link.title, url = link.url } } or nil,
  }
end

local function check(at, message)
  local has_part = false
  for _, part in ipairs(PARTS) do has_part = has_part or message[part] ~= nil end
  if message.card and has_part then
    error(("message %d has a 'card', so there is no place for its other parts"):format(at), 0)
  elseif not message.card and message.title == nil and message.text == nil then
    error(("message %d has neither 'text', 'title' nor 'card'"):format(at), 0)
  end
end

local function is_posted(_, response)
  local refused = response.body:find("delivery failed", 1, true)
  if response.status >= 200 and response.status < 300 and not refused then return true end
  return false, response.body:sub(1, 300)
end

return {
  connector = function(config)
    local webhooks = {}
    for i, message in ipairs(config.messages) do
      check(i, message)
      webhooks[i] = {
        from = { "messages", i }, id = message.id, on = message.on, when = message.when,
        url = config.webhook_url,
        body = { type = "message", attachments = { {
          contentType = "application/vnd.microsoft.card.adaptive",
          content = message.card or card_of(message),
        } } },
        success = is_posted, response = { type = "text" },
      }
      for key, value in pairs(message.webhook or {}) do webhooks[i][key] = value end
    end
    return { authenticator = { type = "none" }, webhooks = webhooks }
  end,
}
