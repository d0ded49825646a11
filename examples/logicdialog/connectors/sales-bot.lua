-- SPDX-License-Identifier: MIT
-- One bot: one URL for all its function blocks and forms. The receiver tells them apart by handler-name.
local url = "https://localhost:" .. env("RECEIVER_PORT", "9443") .. "/bots/sales"
local body = json.ordered {
  { "handler-name", "{{ data['handler-name'] }}" },
  { "conversation", "{{ data.conversation }}" },
  { "values", "{{ data.values }}" },
}
local response = { mapper = "information" }

return {
  name = "Sales bot",
  authenticator = "origin",
  applies_to = { bot = { "sales" } },
  timeout = 5,
  webhooks = {
    { on = "function", url = url, body = body, response = response },
    { on = "form", url = url, body = body, response = response },
  },
}
