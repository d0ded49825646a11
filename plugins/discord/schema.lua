-- SPDX-License-Identifier: MIT
return {
  api = 1,
  summary = "Messages to a channel of Discord, by a webhook",
  fields = {
    webhook_url = {
      type = "string", required = true, secret = true,
      description = "the webhook's URL, as the channel's settings give it",
      example = 'secret "DISCORD_WEBHOOK"',
    },
    username = { type = "template", description = "who the messages are from, instead of the webhook's name" },
    avatar_url = { type = "template", description = "the picture beside them" },
    mentions = {
      type = "list", of = { type = "string", values = { "everyone", "roles", "users" } },
      description = "whom a message may call; default: nobody, whatever its text says",
    },
    messages = {
      type = "list", required = true, filled = true,
      description = "what is sent, and when; one webhook each",
      of = { type = "record", fields = {
        on = { type = "string", description = "the trigger", example = '"order.shipped"' },
        id = { type = "string", description = "of the webhook; default: the trigger" },
        when = { one_of = { { type = "string" }, { type = "function" } },
          description = "an expression: only if it is true" },
        content = { type = "template", description = "the text, up to 2000 characters",
          example = '"Order {{ data.order.id }} is on its way"' },
        embeds = { type = "table", description = "a list of up to 10 embeds, their texts are templates" },
        username = { type = "template", description = "instead of the connector's" },
        avatar_url = { type = "template", description = "instead of the connector's" },
        thread_id = { type = "template", description = "the thread of the channel; empty: none" },
        webhook = { type = "table",
          description = "further keys of the webhook, such as `retry` or the key of its trigger" },
      } },
    },
  },
}
