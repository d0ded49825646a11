-- SPDX-License-Identifier: MIT
--- Perilune, one worker, on the folder gateway/.

local support = require("spec.support")

local peer = { about = "Perilune, one worker" }

function peer.is_here()
  return true
end

--- Starts a gateway; `options` may have a `folder`, `arguments`, `env` and a `store`.
function peer.start(_, sink_port, options)
  options = options or {}
  local env = { PERILUNE_VAR_SINK_PORT = tostring(sink_port) }
  for name, value in pairs(options.env or {}) do env[name] = value end
  local arguments = { "--workers", "1", "--log-level", "info" }
  for _, argument in ipairs(options.arguments or {}) do arguments[#arguments + 1] = argument end
  local gateway = support.gateway({
    folder = options.folder or "spec/bench/gateway",
    store = options.store,
    arguments = arguments,
    env = env,
  })
  return { process = gateway.process, port = tonumber(gateway.url:match("%d+$")), gateway = gateway }
end

return peer
