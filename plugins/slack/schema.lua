-- SPDX-License-Identifier: MIT
return {
  api = 1,
  summary = "Messages to Slack, by a bot's token or by an incoming webhook",
  fields = {
    token = {
      type = "string", secret = true,
      description = "a bot token (`xoxb-...`) with the scope `chat:write`; else give `webhook_url`",
      example = 'secret "SLACK_TOKEN"',
    },
    webhook_url = {
      type = "string", secret = true,
      description = "the URL of an incoming webhook, which leads to one channel; else give `token`",
      example = 'secret "SLACK_WEBHOOK"',
    },
    channel = {
      type = "template",
      description = "where messages go that name no channel of their own; with a token only",
      example = '"C0123456789"',
    },
    messages = {
      type = "list", required = true, filled = true,
      description = "what is sent, and when; one webhook each",
      of = { type = "record", fields = {
        on = { type = "string", description = "the trigger", example = '"order.shipped"' },
        id = { type = "string", description = "of the webhook; default: the trigger" },
        when = { one_of = { { type = "string" }, { type = "function" } },
          description = "an expression: only if it is true", example = '"data.total > 100"' },
        text = { type = "template",
          description = "the text; with `blocks` what notifications show",
          example = '"Order {{ data.order.id }} is on its way"' },
        blocks = { type = "table", description = "Block Kit: a list, its texts are templates" },
        channel = { type = "template", description = "channel or user; with a token only" },
        thread_ts = { type = "template",
          description = "the `ts` of the message that this one answers; with a token only" },
        webhook = { type = "table",
          description = "further keys of the webhook, such as `retry` or the key of its trigger" },
      } },
    },
  },
}
