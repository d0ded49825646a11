-- SPDX-License-Identifier: MIT

-- What every entry of a list has.
local ON = { type = "string", description = "the trigger", example = '"lead.captured"' }
local ID = { type = "string", description = "of the webhook; default: the trigger" }
local WHEN = {
  one_of = { { type = "string" }, { type = "function" } },
  description = "an expression: only if it is true",
}
local WEBHOOK = {
  type = "table",
  description = "further keys of the webhook, such as `retry` or the key of its trigger",
}

local PROPERTIES = "HubSpot's internal names, and templates"

local RECORD = {
  on = ON, id = ID, when = WHEN, webhook = WEBHOOK,
  properties = {
    type = "table", required = true, description = PROPERTIES,
    example = '{ dealname = "{{ data.title }}", dealstage = "appointmentscheduled" }',
  },
  unique = {
    type = "record", description = "what is there with this value is changed",
    fields = {
      property = { type = "string", required = true, filled = true,
        description = "whose values are unique" },
      value = { type = "template", required = true, description = "the value" },
    },
  },
  contact_id = { type = "template",
    description = "HubSpot's id of the contact that it belongs to" },
}

return {
  api = 1,
  summary = "Contacts, deals and tickets in HubSpot",
  fields = {
    token = {
      type = "string", required = true, secret = true,
      description = "the access token of a private app", example = 'secret "HUBSPOT_TOKEN"',
    },
    contacts = {
      type = "list",
      description = "contacts that are made, or changed when there is one with the address",
      of = { type = "record", fields = {
        on = ON, id = ID, when = WHEN, webhook = WEBHOOK,
        email = { type = "template", required = true, description = "the address",
          example = '"{{ data.email }}"' },
        properties = { type = "table", description = PROPERTIES,
          example = '{ firstname = "{{ data.name }}" }' },
      } },
    },
    deals = {
      type = "list", description = "deals that are made",
      of = { type = "record", fields = RECORD },
    },
    tickets = {
      type = "list", description = "tickets that are made, with the same keys",
      of = { type = "record", fields = RECORD },
    },
  },
}
