-- SPDX-License-Identifier: MIT
-- The work of the bench: a body with values of the event, a signature over it, and variables out of the answer.
return {
  base_url = "http://127.0.0.1:" .. env("SINK_PORT"),
  authenticator = { type = "standard-webhooks", key = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=" },
  webhooks = {
    {
      id = "order",
      on = "order.confirmed",
      url = "/orders/{{ data.order.id }}",
      body = [[{"event": "order.confirmed", "number": "{{ data.order.number }}", "customer": {"name": "{{ data.customer.name }}", ]]
        .. [["email": "{{ data.customer.email }}", "vip": {{ data.customer.vip }}}, "ship_to": {"street": ]]
        .. [["{{ data.customer.address.street }}", "city": "{{ data.customer.address.postcode }} {{ data.customer.address.city }}", ]]
        .. [["country": "{{ data.customer.address.country }}"}, "total": "{{ data.order.total }} {{ data.order.currency }}", "lines": []]
        .. [[{% for line in data.order.lines %}{"sku": "{{ line.sku }}", "title": "{{ line.title }}", "quantity": {{ line.quantity }}, ]]
        .. [["price": {{ line.price }}}{% if not loop.last %}, {% endif %}{% endfor %}], "channel": "{{ data.channel }}", ]]
        .. [["note": "{{ data.order.note }}"}]],
      response = { variables = { reference = "response.id", eta = "response.eta" } },
    },
  },
}
