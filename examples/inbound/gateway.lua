-- SPDX-License-Identifier: MIT
-- Two foreign senders, whose webhooks become events: one in the style of GitHub, described here with a plugin of its
-- own, and one in the style of Stripe, in connectors/payments.lua. Who is told is in connectors/chat.lua.
return {
  name = "Inbound webhooks",
  listen = "127.0.0.1:8080",
  events = { "code.pushed", "issue.opened", "issue.closed", "payment.succeeded", "payment.failed" },
  egress = { allow = { "127.0.0.1" } }, -- the chat of this example runs on this machine
  tokens = { ingest = secret "INGEST_TOKEN", admin = secret "ADMIN_TOKEN" },
  sources = {
    github = { -- POST /v1/sources/github
      verify = { type = "hmac", key = secret "GITHUB_WEBHOOK", header = "X-Hub-Signature-256",
        format = "sha256={signature}" },
      source = { type = "github", branches = { "main" } },
    },
  },
}
