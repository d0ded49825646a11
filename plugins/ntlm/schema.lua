-- SPDX-License-Identifier: MIT
return {
  api = 1,
  summary = "User name and password of a Windows domain",
  fields = {
    username = {
      one_of = { { type = "string" }, { type = "secret" } }, required = true,
      description = "`user` or `DOMAIN\\user`, ASCII", example = [==[[[CORP\perilune]]]==],
    },
    password = {
      type = "string", required = true, secret = true,
      description = "the password, ASCII", example = 'secret "ERP_PASSWORD"',
    },
  },
}
