-- SPDX-License-Identifier: MIT
return {
  username = { one_of = { { type = "string" }, { type = "secret" } }, required = true },
  password = { type = "string", required = true, secret = true },
}
