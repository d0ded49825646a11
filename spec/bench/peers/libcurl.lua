-- SPDX-License-Identifier: MIT
--- libcurl alone: peers/libcurl.c is load and peer in one, so that its processor time is that of a client's part only.

local peer = { about = "libcurl alone: sends to the sink, nothing comes in" }

function peer.is_here()
  return true
end

--- The command of one run.
function peer.command(machine, sink_port, connections, seconds, body_file)
  return { machine.program("bench_libcurl"), sink_port, connections, seconds, body_file }
end

return peer
