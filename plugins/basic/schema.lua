-- SPDX-License-Identifier: MIT
return {
  api = 1,
  summary = "HTTP Basic (RFC 7617)",
  fields = {
    username = {
      one_of = { { type = "string" }, { type = "secret" } }, required = true,
      description = "the user's name, without a colon", example = '"acme"',
    },
    password = {
      type = "string", required = true, secret = true,
      description = "the password", example = 'secret "ERP_PASSWORD"',
    },
  },
}
