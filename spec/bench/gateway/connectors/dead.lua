-- SPDX-License-Identifier: MIT
-- A receiver that is down, port 1 of this machine: what is for it stays pending, in memory until its next attempt.
return {
  base_url = "http://127.0.0.1:1",
  webhooks = { { on = "order.dead", url = "/", retry = { schedule = { 55, 55, 55, 55, 55, 55, 55, 55, 55, 55 } } } },
}
