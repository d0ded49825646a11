-- SPDX-License-Identifier: MIT
-- An intent fires; its webhook gets the slots that were extracted.
return {
  name = "rag-go intents",
  listen = "127.0.0.1:8080",
  events = { intent = { key = "intent" } },
  egress = { allow = { "127.0.0.1" } }, -- the endpoints of this example run on this machine
}
