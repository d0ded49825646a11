-- SPDX-License-Identifier: MIT
-- A team's chat is told of both.
local function message(text)
  return { text = text }
end

return {
  name = "Team chat",
  base_url = "http://127.0.0.1:" .. env("SINK_PORT", "9090"),
  webhooks = {
    { on = "code.pushed", url = "/chat",
      body = message "{{ pusher }} pushed {{ commits|length }} to {{ branch }}: {{ title }}" },
    { on = "issue.opened", url = "/chat", body = message "#{{ number }} {{ title }} (opened by {{ by }})" },
    { on = "payment.succeeded", url = "/chat",
      body = message "{{ '%.2f'|format(amount / 100) }} {{ currency|upper }} were paid: {{ event.subject }}" },
  },
}
