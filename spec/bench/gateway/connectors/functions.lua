-- SPDX-License-Identifier: MIT
-- The same work as target.lua's, by functions of the integrator: each runs in the sandbox, interpreted, under its budgets, but
-- for the variables of the first webhook, which only read, so that C does it. Those of the other make something of what they read.

local function path(ctx) return "/orders/" .. ctx.data.order.id end

local function document(ctx)
  local order, customer = ctx.data.order, ctx.data.customer
  local address = customer.address
  local lines = {}
  for i, line in ipairs(order.lines) do
    lines[i] = { sku = line.sku, title = line.title, quantity = line.quantity, price = line.price }
  end
  return {
    event = "order.confirmed",
    number = order.number,
    customer = { name = customer.name, email = customer.email, vip = customer.vip },
    ship_to = { street = address.street, city = address.postcode .. " " .. address.city, country = address.country },
    total = ("%s %s"):format(order.total, order.currency),
    lines = lines,
    channel = ctx.data.channel,
    note = order.note,
  }
end

return {
  base_url = "http://127.0.0.1:" .. env("SINK_PORT"),
  authenticator = { type = "standard-webhooks", key = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=" },
  webhooks = {
    {
      id = "order",
      on = "order.functions",
      url = path,
      body = document,
      response = {
        variables = {
          reference = function(ctx) return ctx.values.response.id end,
          eta = function(ctx) return ctx.values.response.eta end,
        },
      },
    },
    {
      id = "computed",
      on = "order.computed",
      url = path,
      body = document,
      response = {
        variables = {
          reference = function(ctx) return ctx.values.response.id or "none" end,
          eta = function(ctx) return ctx.values.response.eta or "unknown" end,
        },
      },
    },
  },
}
