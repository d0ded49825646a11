-- SPDX-License-Identifier: MIT
-- No authentication.
return {
  name = "FAQ",
  authenticator = { type = "none" },
  base_url = "http://127.0.0.1:" .. env("SINK_PORT", "9090"),
  webhooks = {
    {
      id = "search",
      method = "GET",
      url = "/search",
      params = { q = "{{ certainly.reply }}" },
      response = { variables = { answer = "response.results[0].text" } },
    },
  },
}
