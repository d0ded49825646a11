-- SPDX-License-Identifier: MIT
-- An endpoint with a token: given raw, in PERILUNE_SECRET_CRM_TOKEN; the prefix "Bearer " is added.
return {
  name = "CRM",
  base_url = "http://127.0.0.1:" .. env("SINK_PORT", "9090"),
  authenticator = { type = "bearer", token = secret "CRM_TOKEN" },
  headers = { ["User-Agent"] = "rag-go-intent-webhook/1.0" },
  timeout = 10,
  webhooks = {
    { on = "intent", intent = "book_appointment", url = "/webhook", body = "{{ data.slots }}" },
  },
}
