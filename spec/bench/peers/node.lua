-- SPDX-License-Identifier: MIT
--- Node.js, one process, doing the work of a call: peers/node/app.js. It keeps nothing.

local support = require("spec.support")

local peer = { about = "Node.js http + crypto: the work of a call, keeps nothing" }

function peer.is_here()
  return os.execute("command -v node >/dev/null") == 0
end

function peer.start(machine, sink_port)
  local port = support.closed_port()
  return machine.start_server({ "node", machine.root .. "/spec/bench/peers/node/app.js", port, sink_port }, port)
end

return peer
