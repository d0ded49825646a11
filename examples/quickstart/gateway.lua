-- SPDX-License-Identifier: MIT
-- A shop platform posts its events here. `perilune run --help` lists every setting.
return {
  name = "Quickstart",
  listen = "127.0.0.1:8080",
  egress = { allow = { "127.0.0.1" } }, -- the receiver of this tour runs on this machine
}
