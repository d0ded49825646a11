-- SPDX-License-Identifier: MIT
-- A bot stops at a webhook and waits for its answer (a call), or tells of something and goes on (an event).
return {
  name = "Certainly",
  listen = "127.0.0.1:8080",
  events = { "handover" },
  -- The external services of this example run on this machine.
  egress = { allow = { "127.0.0.1", "::1" } },
}
