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
local OBJECT = { type = "string", required = true, filled = true,
  description = "the API name of the object", example = '"Lead"' }
local FIELDS = {
  type = "table", required = true, description = "names of fields, and templates",
  example = '{ LastName = "{{ data.name }}", Company = "{{ data.company }}" }',
}

return {
  api = 1,
  summary = "Records in Salesforce",
  fields = {
    instance = {
      type = "string", required = true, filled = true,
      description = "the address of the organisation (My Domain)",
      example = '"https://acme.my.salesforce.com"',
    },
    client_id = {
      type = "string", secret = true,
      description = "of a connected app with the client credentials flow; or give an `authenticator`",
      example = 'secret "SALESFORCE_ID"',
    },
    client_secret = { type = "string", secret = true, description = "the same app's",
      example = 'secret "SALESFORCE_SECRET"' },
    api_version = { type = "string", default = "62.0", filled = true,
      description = "of the REST API" },
    upserts = {
      type = "list",
      description = "records that are made, or changed when there is one with the external id",
      of = { type = "record", fields = {
        on = ON, id = ID, when = WHEN, webhook = WEBHOOK, object = OBJECT, fields = FIELDS,
        external_id = {
          type = "record", required = true, description = "which record",
          example = '{ field = "Order_Id__c", value = "{{ data.order.id }}" }',
          fields = {
            field = { type = "string", required = true, filled = true,
              description = "that is an external id" },
            value = { type = "string", required = true, filled = true, description = "the value" },
          },
        },
      } },
    },
    creates = {
      type = "list", description = "records that are made",
      of = { type = "record", fields = {
        on = ON, id = ID, when = WHEN, webhook = WEBHOOK, object = OBJECT, fields = FIELDS,
      } },
    },
  },
}
