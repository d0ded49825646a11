-- SPDX-License-Identifier: MIT
return {
  username = { one_of = { { type = "string" }, { type = "secret" } }, required = true,
    description = "without a colon" },
  password = { type = "string", required = true, secret = true },
}
