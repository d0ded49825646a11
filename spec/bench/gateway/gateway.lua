-- SPDX-License-Identifier: MIT
return { name = "Bench", egress = { allow = { "127.0.0.1" } } }
