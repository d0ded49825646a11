-- SPDX-License-Identifier: MIT

--- Slack: chat.postMessage with a bot's token, or an incoming webhook.
---
--- The Web API answers 200 also when it refuses, with { "ok": false, "error": "channel_not_found" };
--- a webhook answers with a status and one word of text.

local ONLY_WITH_TOKEN = { "channel", "thread_ts" }

local function webhook_of(at, message, made)
  made.from, made.id, made.on, made.when = { "messages", at }, message.id, message.on, message.when
  for key, value in pairs(message.webhook or {}) do made[key] = value end
  return made
end

local function body_of(message, channel)
  return {
    channel = channel, text = message.text, blocks = message.blocks,
    thread_ts = message.thread_ts,
  }
end

local function is_posted(ctx, response)
  local answer = ctx.values.response
  if type(answer) ~= "table" then return false, "the answer is no JSON" end
  if answer.ok == true then return response.status == 200 end
  local needed = answer.needed and (" (needed: %s)"):format(tostring(answer.needed)) or ""
  return false, tostring(answer.error) .. needed
end

local function is_taken(_, response)
  if response.status == 200 then return true end
  return false, response.body:sub(1, 200)
end

local function by_token(config)
  local webhooks = {}
  for i, message in ipairs(config.messages) do
    local channel = message.channel or config.channel
    if channel == nil then
      error(("message %d has no channel, and the connector has none for all"):format(i), 0)
    end
    webhooks[i] = webhook_of(i, message, {
      url = "/chat.postMessage", body = body_of(message, channel), success = is_posted,
      content_type = "application/json; charset=utf-8",
      response = { variables = { ts = "response.ts", channel = "response.channel" } },
    })
  end
  return {
    base_url = "https://slack.com/api", webhooks = webhooks,
    authenticator = { type = "bearer", token = config.token },
  }
end

local function by_webhook(config)
  local webhooks = {}
  for i, message in ipairs(config.messages) do
    for _, key in ipairs(ONLY_WITH_TOKEN) do
      if message[key] ~= nil then
        error(("message %d has '%s', which an incoming webhook does not take"):format(i, key), 0)
      end
    end
    webhooks[i] = webhook_of(i, message, {
      url = config.webhook_url, body = body_of(message), success = is_taken,
      response = { type = "text" },
    })
  end
  return { authenticator = { type = "none" }, webhooks = webhooks }
end

-- What Slack reads as markup in a text: <!channel>, <https://...|label>, &amp;.
local ENTITIES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;" }

return {
  connector = function(config)
    if (config.token == nil) == (config.webhook_url == nil) then
      error("give either 'token' or 'webhook_url'", 0)
    end
    for i, message in ipairs(config.messages) do
      if message.text == nil and message.blocks == nil then
        error(("message %d has neither 'text' nor 'blocks'"):format(i), 0)
      end
    end
    return config.token and by_token(config) or by_webhook(config)
  end,

  filters = {
    escape = function(text) return (tostring(text):gsub("[&<>]", ENTITIES)) end,
  },
}
