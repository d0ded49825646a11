-- SPDX-License-Identifier: MIT
return {
  certificate = { one_of = { { type = "string" }, { type = "secret" } }, required = true },
  key = { type = "string", secret = true },
  passphrase = { type = "string", secret = true },
  ca = { one_of = { { type = "string" }, { type = "secret" } } },
}
