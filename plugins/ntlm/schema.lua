-- SPDX-License-Identifier: MIT
return {
  username = { one_of = { { type = "string" }, { type = "secret" } }, required = true,
    description = [[`user` or `DOMAIN\user`, ASCII]] },
  password = { type = "string", required = true, secret = true, description = "ASCII" },
}
