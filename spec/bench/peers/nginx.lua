-- SPDX-License-Identifier: MIT
--- nginx as a reverse proxy: one worker, connections to the sink kept. It passes on what comes, and does nothing else.

local support = require("spec.support")

local nginx = { about = "nginx proxy_pass, one worker" }

local CONF = [[
%sdaemon off; worker_processes 1; pid %s/nginx.pid; error_log stderr error;
events { worker_connections 16384; }
http {
  access_log off; keepalive_requests 1000000000; keepalive_timeout 300s; client_body_buffer_size 64k;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  %s
}
]]

--- Starts an nginx, whose http block holds `http`; `before` comes at the top of its configuration.
function nginx.start_with(machine, port, http, before)
  local folder = support.folder()
  support.write(folder, { ["nginx.conf"] = CONF:format(before or "", folder, http) })
  return machine.start_server({ "nginx", "-e", "stderr", "-p", folder, "-c", folder .. "/nginx.conf" }, port)
end

function nginx.is_here()
  return os.execute("command -v nginx >/dev/null") == 0
end

function nginx.start(machine, sink_port)
  local port = support.closed_port()
  return nginx.start_with(machine, port, ([[
upstream sink { server 127.0.0.1:%d; keepalive 4096; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:%d backlog=4096;
    location / { proxy_pass http://sink; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }]]):format(sink_port, port))
end

return nginx
