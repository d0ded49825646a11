-- SPDX-License-Identifier: MIT
-- A conversation reaches a function block or a form; what was collected is posted to the webhook of the bot.
return {
  name = "LogicDialog",
  listen = "127.0.0.1:8080",

  require_https = true, -- "This will need to be provided via an https interface."
  require_authenticator = true, -- the receiver can tell that a request is ours

  events = { "function", "form" },

  egress = {
    allow = { "127.0.0.1" }, -- the receiver of this example runs on this machine
    ca_file = env("CA_FILE", "/tmp/logicdialog/ca.pem"), -- and its certificate is not of a public authority
  },
}
