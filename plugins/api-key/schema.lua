-- SPDX-License-Identifier: MIT
return {
  key = { type = "string", required = true, secret = true },
  ["in"] = { type = "string", values = { "header", "query", "cookie" }, default = "header" },
  name = { type = "string", default = "X-API-Key" },
  prefix = { type = "string", default = "" },
}
