-- SPDX-License-Identifier: MIT
return {
  api = 1,
  summary = "A bearer token (RFC 6750)",
  fields = {
    token = {
      type = "string", required = true, secret = true,
      description = "the token, with or without \"Bearer \" in front", example = 'secret "ERP_TOKEN"',
    },
  },
}
