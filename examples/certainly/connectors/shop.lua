-- SPDX-License-Identifier: MIT
-- A shop with one sub-domain per tenant and bearer authentication. One webhook for each request method.
local port = env("SINK_PORT", "9090")

return {
  name = "Shop",
  authenticator = { type = "bearer", token = secret "SHOP_TOKEN" },
  base_url = "http://{{ tenant }}.api.localhost:" .. port,
  context = { tenant = "acme" },
  headers = { Accept = "application/json", ["X-Channel"] = "{{ certainly.to }}" },
  webhooks = {
    {
      id = "get-order",
      method = "GET",
      url = "/orders/{{ certainly.customVariables.order_id }}?expand=lines", -- a param in the URL,
      params = { locale = "{{ locale|default('en') }}", coupon = "{{ coupon }}" }, -- and in the field
      response = {
        type = "json",
        variables = {
          order_status = "response.order.status",
          first_item = "response.order.lines[0].name",
          order_total = "response.order.total",
          delivery = "response.order.delivery", -- not in the answer: null
        },
      },
    },
    {
      id = "create-order",
      method = "POST",
      url = "/orders",
      body = { sku = "{{ sku }}", quantity = "{{ quantity }}" },
    },
    { id = "replace-address", method = "PUT", url = "/address", body = { street = "{{ street }}" } },
    { id = "add-note", method = "PATCH", url = "/orders/{{ order_id }}", body = { note = "{{ certainly.reply }}" } },
    { id = "cancel-order", method = "DELETE", url = "/orders/{{ order_id }}" },
    { id = "order-exists", method = "HEAD", url = "/orders/{{ order_id }}" },
    { id = "order-methods", method = "OPTIONS", url = "/orders/{{ order_id }}" },
    {
      id = "check-stock",
      method = "GET",
      url = "/stock/{{ sku }}",
      context = { tenant = "acme-stock" }, -- of this webhook
      timeout = 2,
    },
    {
      id = "track-parcel",
      method = "GET",
      url = "http://{{ data.carrier }}.parcels.localhost:" .. port .. "/{{ data.parcel }}", -- of the conversation
    },
  },
}
