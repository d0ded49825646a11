-- SPDX-License-Identifier: MIT
return {
  api = 1,
  summary = "Adaptive Cards to a channel or chat of Microsoft Teams",
  fields = {
    webhook_url = {
      type = "string", required = true, secret = true,
      description = "the URL of a workflow that posts what a webhook sends, or of an incoming webhook",
      example = 'secret "TEAMS_WEBHOOK"',
    },
    messages = {
      type = "list", required = true, filled = true,
      description = "what is sent, and when; one webhook each",
      of = { type = "record", fields = {
        on = { type = "string", description = "the trigger", example = '"order.shipped"' },
        id = { type = "string", description = "of the webhook; default: the trigger" },
        when = { one_of = { { type = "string" }, { type = "function" } },
          description = "an expression: only if it is true" },
        title = { type = "template", description = "a line in bold above the text" },
        text = { type = "template", description = "the text, with the Markdown of cards",
          example = '"Order {{ data.order.id }} is on its way"' },
        facts = {
          type = "list", description = "names and values below the text",
          of = { type = "record", fields = {
            title = { type = "template", required = true },
            value = { type = "template", required = true },
          } },
        },
        link = {
          type = "record", description = "a button that opens a page",
          fields = {
            title = { type = "template", required = true },
            url = { type = "template", required = true },
          },
        },
        card = { type = "table",
          description = "an Adaptive Card of your own instead of all that; its texts are templates" },
        webhook = { type = "table",
          description = "further keys of the webhook, such as `retry` or the key of its trigger" },
      } },
    },
  },
}
