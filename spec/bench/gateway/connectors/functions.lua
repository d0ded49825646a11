-- SPDX-License-Identifier: MIT
-- The same work as target.lua's, by functions of the integrator: each runs in the sandbox, interpreted, under its budgets.
return {
  base_url = "http://127.0.0.1:" .. env("SINK_PORT"),
  authenticator = {
    apply = function(_, request) request:set_header("Authorization", "Bearer ", "bench-token") end,
  },
  webhooks = {
    {
      id = "order",
      url = function(ctx) return "/orders/" .. ctx.data.order.id end,
      body = function(ctx)
        local order, customer = ctx.data.order, ctx.data.customer
        return {
          order = order.id,
          customer = ("%s <%s>"):format(customer.name, customer.email),
          lines = order.lines,
          total = order.total,
        }
      end,
      response = { variables = { ok = function(ctx) return ctx.values.response.ok end } },
    },
  },
}
