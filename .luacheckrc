-- SPDX-License-Identifier: MIT
std = "luajit"
max_line_length = 120
exclude_files = { "build*/" }

-- What integrators' files and plugins may use, by name. Anything else fails.
stds.perilune = { read_globals = dofile "lua/meta/luacheck_std.lua" }
files["plugins"] = { std = "perilune" }
files["examples"] = { std = "perilune" }
-- Specs hold whole expected texts in one line.
for _, folder in ipairs { "spec", "examples/*/spec" } do
  files[folder] = { std = "luajit+busted", max_line_length = false }
end
files["lua/meta/perilune.lua"] = { only = {} } -- definitions for editors, which no code runs
files["spec/bench/gateway"] = { std = "perilune" }
