-- SPDX-License-Identifier: MIT
--- What can be put under load: a peer (spec/bench/peers), the path and the document that are posted to it (an event of a type; a
--- call's has none), and whether a 2xx only says that the event is safe (`is_durable`), so that the work goes on behind it.

local perilune = require("spec.bench.peers.perilune")

local sink = { about = "the load straight on the sink" }
function sink.is_here() return true end

return {
  sink = { peer = sink, path = "/orders/918273645", type = "order.confirmed" },
  nginx = { peer = require("spec.bench.peers.nginx"), path = "/orders/918273645", type = "order.confirmed" },
  ["nginx+lua"] = { peer = require("spec.bench.peers.nginx_lua"), path = "/events", type = "order.confirmed" },
  node = { peer = require("spec.bench.peers.node"), path = "/events", type = "order.confirmed" },
  libcurl = { peer = require("spec.bench.peers.libcurl"), type = "order.confirmed" },
  calls = { peer = perilune, path = "/v1/calls/target/order",
    about = "Perilune: calls, whose callers wait for the variables" },
  ["calls, Lua"] = { peer = perilune, path = "/v1/calls/functions/order",
    about = "Perilune: calls, by functions of an integrator instead of templates" },
  ["calls, computed"] = { peer = perilune, path = "/v1/calls/functions/computed",
    about = "Perilune: the same, and the variables are not only read but computed" },
  events = { peer = perilune, path = "/v1/events", type = "order.confirmed", is_durable = true,
    about = "Perilune: events, on disk before the 202; until all are delivered and recorded" },
  ["events to 10"] = { peer = perilune, path = "/v1/events", type = "order.00000", is_durable = true,
    about = "Perilune: events for ten of the webhooks, far from each other" },
  ["events to all"] = { peer = perilune, path = "/v1/events", type = "order.00000", is_durable = true,
    about = "Perilune: events for all webhooks in turn" },
  ["events, Lua"] = { peer = perilune, path = "/v1/events", type = "order.functions", is_durable = true,
    about = "Perilune: events, by functions of an integrator instead of templates" },
}
