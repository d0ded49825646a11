-- SPDX-License-Identifier: MIT
-- One bot: one URL for all its function blocks and forms.
local url = "https://localhost:" .. env("RECEIVER_PORT", "9443") .. "/bots/support"
local body = file "collected.json.j2"
local response = { mapper = "information" }

return {
  name = "Support bot",
  authenticator = "origin",
  applies_to = { bot = { "support" } },
  timeout = 5,
  webhooks = {
    { on = "function", url = url, body = body, response = response },
    { on = "form", url = url, body = body, response = response },
  },
}
