-- SPDX-License-Identifier: MIT
--- nginx with Lua in it (lua-nginx-module, one worker), doing the work of a call: peers/nginx_lua/app.lua. It keeps nothing.

local nginx = require("spec.bench.peers.nginx")
local support = require("spec.support")

local MODULES = "/usr/lib/nginx/modules/"

local peer = { about = "nginx + Lua: the work of a call, keeps nothing" }

function peer.is_here()
  local module = io.open(MODULES .. "ngx_http_lua_module.so")
  return module ~= nil and module:close() and nginx.is_here()
end

function peer.start(machine, sink_port)
  local port = support.closed_port()
  return nginx.start_with(machine, port, ([[
lua_socket_log_errors off; lua_package_path "%s/spec/bench/peers/nginx_lua/?.lua;;";
  init_by_lua_block { app = require("app").new(%d) }
  server {
    listen 127.0.0.1:%d backlog=4096;
    location / { content_by_lua_block { app() } }
  }]]):format(machine.root, sink_port, port),
    ("load_module %sndk_http_module.so;\nload_module %sngx_http_lua_module.so;\n"):format(MODULES, MODULES))
end

return peer
