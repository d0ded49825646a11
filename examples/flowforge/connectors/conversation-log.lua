-- SPDX-License-Identifier: MIT
-- The webhook "Conversation log", assigned to two assistants.
local url = "http://127.0.0.1:" .. env("SINK_PORT", "9090") .. "/conversations"
local body = file "envelope.json.j2"

return {
  name = "Conversation log",
  applies_to = {
    assistant_id = { "018eb657-5027-7a36-ad61-77e2bd4ec683", "018eb657-5027-7a36-836b-77e2cd1ec683" },
  },
  webhooks = {
    { on = "captured_intent.created", url = url, body = body },
    { on = "conversation.closed", url = url, body = body },
  },
}
