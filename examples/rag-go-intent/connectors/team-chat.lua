-- SPDX-License-Identifier: MIT
-- An endpoint without a token, for two intents.
return {
  name = "Team chat",
  base_url = "http://127.0.0.1:" .. env("SINK_PORT", "9090"),
  headers = { ["User-Agent"] = "rag-go-intent-webhook/1.0" },
  timeout = 10,
  webhooks = {
    { on = "intent", intent = "talk_to_human", url = "/chat/handover", body = "{{ data.slots }}" },
    { on = "intent", intent = "report_problem", url = "/chat/problems", body = "{{ data.slots }}" },
  },
}
