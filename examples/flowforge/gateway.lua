-- SPDX-License-Identifier: MIT
-- Chatbot and phone agents post what they captured; webhooks of the customers get it in Flowforge's envelope.
return {
  name = "Flowforge",
  listen = "127.0.0.1:8080",
  events = { "captured_form.created", "captured_intent.created", "conversation.closed" },
  egress = { allow = { "127.0.0.1" } }, -- the endpoints of this example run on this machine
}
