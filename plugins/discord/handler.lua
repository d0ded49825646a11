-- SPDX-License-Identifier: MIT

--- Discord: Execute Webhook. With wait=true the answer is the message, and a message that could not
--- be saved is an error.

local function body_of(config, message)
  return {
    content = message.content, embeds = message.embeds,
    username = message.username or config.username,
    avatar_url = message.avatar_url or config.avatar_url,
    allowed_mentions = { parse = json.array(config.mentions or {}) },
  }
end

--- "Invalid Form Body (50035): content: Must be 2000 or fewer in length."
local function reason_of(answer)
  local text = tostring(answer.message)
  if answer.code then text = ("%s (%s)"):format(text, tostring(answer.code)) end
  for _, field in ipairs(type(answer.errors) == "table" and json.keys(answer.errors) or {}) do
    local first = json.get(answer.errors, "/" .. field .. "/_errors/0/message")
    if first then text = ("%s: %s: %s"):format(text, field, tostring(first)) end
  end
  return text
end

local function is_posted(ctx, response)
  if response.status >= 200 and response.status < 300 then return true end
  local answer = ctx.values.response
  return false, type(answer) == "table" and reason_of(answer) or nil
end

return {
  connector = function(config)
    local webhooks = {}
    for i, message in ipairs(config.messages) do
      if message.content == nil and message.embeds == nil then
        error(("message %d has neither 'content' nor 'embeds'"):format(i), 0)
      end
      webhooks[i] = {
        from = { "messages", i }, id = message.id, on = message.on, when = message.when,
        url = config.webhook_url, params = { wait = "true", thread_id = message.thread_id },
        body = body_of(config, message), success = is_posted,
        response = { variables = { id = "response.id", channel_id = "response.channel_id" } },
      }
      for key, value in pairs(message.webhook or {}) do webhooks[i][key] = value end
    end
    return { authenticator = { type = "none" }, webhooks = webhooks }
  end,
}
