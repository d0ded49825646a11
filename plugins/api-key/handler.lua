-- SPDX-License-Identifier: MIT

--- A key in a header, in the query or in a cookie.

local METHODS = { header = "set_header", query = "add_query", cookie = "add_cookie" }

return {
  apply = function(ctx, request)
    local config = ctx.config
    request[METHODS[config["in"]]](request, config.name, config.prefix, config.key)
  end,
}
