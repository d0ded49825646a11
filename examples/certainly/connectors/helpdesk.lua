-- SPDX-License-Identifier: MIT
-- Basic authentication, and a body with all that a conversation knows. By a call the bot waits for the ticket's number;
-- by the event "handover" it does not.
return {
  name = "Helpdesk",
  authenticator = { type = "basic", username = "certainly", password = secret "HELPDESK_PASSWORD" },
  base_url = "http://127.0.0.1:" .. env("SINK_PORT", "9090"),
  webhooks = {
    {
      id = "open-ticket",
      on = "handover",
      url = "/tickets",
      body = file "conversation.json.j2", -- the sample body of the Webhook Builder's document, as printed there
      response = { variables = { ticket = "response.ticket.id" } },
    },
  },
}
