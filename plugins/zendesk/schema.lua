-- SPDX-License-Identifier: MIT

-- What every entry of a list has.
local ON = { type = "string", description = "the trigger", example = '"conversation.escalated"' }
local ID = { type = "string", description = "of the webhook; default: the trigger" }
local WHEN = {
  one_of = { { type = "string" }, { type = "function" } },
  description = "an expression: only if it is true",
}
local WEBHOOK = {
  type = "table",
  description = "further keys of the webhook, such as `retry` or the key of its trigger",
}
local STATUS = { type = "template",
  description = "`new`, `open`, `pending`, `hold`, `solved`, `closed`" }
local PUBLIC = {
  one_of = { { type = "boolean" }, { type = "string" } },
  description = "whether the customer sees the comment; default: as in Zendesk, yes",
}

return {
  api = 1,
  summary = "Tickets and comments in Zendesk Support",
  fields = {
    subdomain = {
      type = "string", required = true, filled = true,
      description = "of `SUBDOMAIN.zendesk.com`", example = '"acme"',
    },
    email = { type = "string", description = "of the agent whose `api_token` it is",
      example = '"bot@acme.example"' },
    api_token = { type = "string", secret = true, description = "an API token, with `email`",
      example = 'secret "ZENDESK_TOKEN"' },
    oauth_token = { type = "string", secret = true,
      description = "an OAuth access token, instead of `email` and `api_token`" },
    tickets = {
      type = "list", description = "tickets that are made",
      of = { type = "record", fields = {
        on = ON, id = ID, when = WHEN, webhook = WEBHOOK, status = STATUS, public = PUBLIC,
        subject = { type = "template", description = "the subject", example = '"{{ data.topic }}"' },
        comment = { type = "template", required = true,
          description = "the text of the first comment", example = '"{{ data.transcript }}"' },
        requester = {
          type = "record", description = "whose ticket it is; default: the agent's",
          fields = {
            email = { type = "template", required = true, description = "the address" },
            name = { type = "template", description = "for somebody who is new" },
          },
        },
        priority = { type = "template", description = "`urgent`, `high`, `normal`, `low`" },
        tags = { type = "table", description = "a list", example = '{ "bot", "{{ data.topic }}" }' },
        external_id = { type = "template", description = "your own id of it" },
        fields = { type = "table",
          description = "further members of the ticket, such as `custom_fields`" },
      } },
    },
    comments = {
      type = "list", description = "comments on tickets that are there",
      of = { type = "record", fields = {
        on = ON, id = ID, when = WHEN, webhook = WEBHOOK, status = STATUS, public = PUBLIC,
        ticket_id = { type = "string", required = true, filled = true,
          description = "Zendesk's id of the ticket", example = '"{{ data.ticket_id }}"' },
        comment = { type = "template", required = true, description = "its text" },
      } },
    },
  },
}
