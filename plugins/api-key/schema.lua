-- SPDX-License-Identifier: MIT
return {
  api = 1,
  summary = "A key in a header, in the query or in a cookie",
  fields = {
    key = {
      type = "string", required = true, secret = true,
      description = "the key", example = 'secret "ERP_KEY"',
    },
    ["in"] = {
      type = "string", values = { "header", "query", "cookie" }, default = "header",
      description = "where it goes; in a query it is part of the URL, which others log",
    },
    name = {
      type = "string", default = "X-API-Key",
      description = "of the header, parameter or cookie",
    },
    prefix = {
      type = "string", default = "",
      description = "stands before the key", example = '"Token "',
    },
  },
}
