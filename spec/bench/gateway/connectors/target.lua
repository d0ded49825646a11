-- SPDX-License-Identifier: MIT
-- The work of the bench: a body with values of the event, credentials, and variables out of the answer.
return {
  base_url = "http://127.0.0.1:" .. env("SINK_PORT"),
  authenticator = { type = "bearer", token = "bench-token" },
  webhooks = {
    {
      id = "order",
      on = "order.confirmed",
      url = "/orders/{{ data.order.id }}",
      body = {
        order = "{{ data.order.id }}",
        customer = "{{ data.customer.name }} <{{ data.customer.email }}>",
        lines = "{{ data.order.lines }}",
        total = "{{ data.order.total }}",
      },
      response = { variables = { ok = "response.ok" } },
    },
  },
}
