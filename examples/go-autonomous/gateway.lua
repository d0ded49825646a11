-- SPDX-License-Identifier: MIT
-- Go Autonomous posts what happens to a request here; each connector passes it on to one external system.
return {
  name = "Go Autonomous",
  listen = "127.0.0.1:8080",

  -- "You must have at least one Authenticator configured": a connector without one is a mistake.
  require_authenticator = true,

  -- The event triggers. A field update is told apart by the field, so it wants one row per watched field.
  events = {
    "classification",
    "extraction",
    "account_resolution",
    "transformation",
    "confirmation",
    field_update = { key = "field" },
  },

  egress = { allow = { "127.0.0.1" } }, -- the external systems of this example run on this machine
}
