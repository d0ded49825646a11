-- SPDX-License-Identifier: MIT
--- A gateway folder with so many webhooks, each with a trigger of its own, order.00000 and up; 100 a connector.

local support = require("spec.support")

local PER_CONNECTOR = 100

local CONNECTOR = [[
return {
  base_url = "http://127.0.0.1:" .. env("SINK_PORT"),
  authenticator = { type = "standard-webhooks", key = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=" },
  webhooks = {
%s  },
}
]]

local WEBHOOK = [[
    { on = "order.%05d", url = "/orders/{{ data.order.id }}",
      body = { number = "{{ data.order.number }}", customer = "{{ data.customer.name }} <{{ data.customer.email }}>",
        lines = "{{ data.order.lines }}", note = "{{ data.order.note }}" },
      response = { variables = { reference = "response.id" } } },
]]

local folders = {}

--- The options of a gateway (peers/perilune.lua) on such a folder.
return function(count)
  if not folders[count] then
    local files = { ["gateway.lua"] = support.read("spec/bench/gateway/gateway.lua") }
    for first = 0, count - 1, PER_CONNECTOR do
      local webhooks = {}
      for i = first, math.min(first + PER_CONNECTOR, count) - 1 do webhooks[#webhooks + 1] = WEBHOOK:format(i) end
      files[("connectors/c%05d.lua"):format(first)] = CONNECTOR:format(table.concat(webhooks))
    end
    folders[count] = { name = count .. " webhooks", folder = support.write(support.folder(), files) }
  end
  return folders[count]
end
