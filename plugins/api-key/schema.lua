-- SPDX-License-Identifier: MIT
return {
  key = { type = "string", required = true, secret = true },
  ["in"] = { type = "string", values = { "header", "query", "cookie" }, default = "header" },
  name = { type = "string", default = "X-API-Key",
    description = "of the header, parameter or cookie" },
  prefix = { type = "string", default = "",
    description = "stands before the key, as in `\"Token \"`" },
}
