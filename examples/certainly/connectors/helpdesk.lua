-- SPDX-License-Identifier: MIT
-- Basic authentication, and a body with all that a conversation knows. By a call the bot waits for the ticket's number;
-- by the event "handover" it does not.
return {
  name = "Helpdesk",
  authenticator = { type = "basic", username = "certainly", password = secret "HELPDESK_PASSWORD" },
  base_url = "http://127.0.0.1:" .. env("SINK_PORT", "9090"),
  context = { nothing = json.object {} },
  webhooks = {
    {
      id = "open-ticket",
      on = "handover",
      url = "/tickets",
      body = json.ordered {
        { "lastName", "{{ fb.lastName if fb is defined else nothing }}" }, -- only available in the FB channel
        { "replyData", "{{ certainly.replyData|default(nothing) }}" }, -- validated response in a Collector Module
        { "sessionId", "{{ certainly.sessionId }}" }, -- unique ID for the conversation
        { "attachedMedia", "{{ certainly.attachedMedia }}" },
        { "direction", "{{ certainly.direction }}" }, -- "in": from the end user to the bot
        { "reply", "{{ certainly.reply }}" }, -- raw user response
        { "extractedData", "{{ certainly.extractedData|default(nothing) }}" }, -- previously validated responses
        { "botId", "{{ certainly.botId }}" },
        { "botDeploymentId", "{{ certainly.botDeploymentId }}" },
        { "firstName", "{{ fb.firstName if fb is defined else nothing }}" }, -- only available in the FB channel
        { "customVariables", "{{ certainly.customVariables|default(nothing) }}" },
        { "moduleId", "{{ certainly.moduleId }}" }, -- ID of the current module
        { "to", "{{ certainly.to }}" }, -- channel ID
        { "from", "{{ certainly.from }}" }, -- bot user external ID
        { "botTrainedModelId", "{{ certainly.botTrainedModelId }}" }, -- UUID for the AI model key
      },
      response = { variables = { ticket = "response.ticket.id" } },
    },
  },
}
