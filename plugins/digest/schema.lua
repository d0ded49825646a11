-- SPDX-License-Identifier: MIT
return {
  api = 1,
  summary = "User name and password without the password on the wire (RFC 7616)",
  fields = {
    username = {
      one_of = { { type = "string" }, { type = "secret" } }, required = true,
      description = "the user's name, without a colon", example = '"perilune"',
    },
    password = {
      type = "string", required = true, secret = true,
      description = "the password", example = 'secret "ERP_PASSWORD"',
    },
  },
}
