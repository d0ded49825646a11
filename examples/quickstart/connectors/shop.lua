-- SPDX-License-Identifier: MIT
-- One outside system: the shop's order service. Each webhook pairs a trigger with the request it causes.
return {
  name = "Order service",
  base_url = "http://127.0.0.1:" .. env("SINK_PORT", "9090"),
  authenticator = { type = "bearer", token = "quickstart-token" },
  webhooks = {
    -- Nothing but a URL: POST, and the body is the event as it came.
    { on = "order.confirmed", url = "/hooks/confirmed" },

    -- A request of its own: method, URL, headers and body with values of the event.
    {
      on = "order.shipped",
      method = "PATCH",
      url = "/orders/{{ data.order.id }}",
      headers = { ["X-Carrier"] = "{{ data.carrier }}" },
      body = { status = "shipped", lines = "{{ data.order.lines }}", total = "{{ data.order.total }}" },
    },

    -- No trigger: it is called, and its caller waits for the variables.
    {
      id = "order-status",
      url = "/orders/{{ data.order_id }}/status",
      method = "GET",
      response = {
        variables = { status = "response.order.status", eta = "response.order.eta" },
      },
    },
  },
}
