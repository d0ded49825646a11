-- SPDX-License-Identifier: MIT
-- A second external system, with absolute URLs only: it needs no base URL.
local planner = "http://127.0.0.1:" .. env("PLANNER_PORT", "9091")

return {
  name = "Delivery planner",
  authenticator = "planner",
  webhooks = {
    { on = "confirmation", url = planner .. "/confirmed" },
    { on = "field_update", field = "delivery_date", url = planner .. "/rescheduled" },
  },
}
