-- SPDX-License-Identifier: MIT

--- A key in a header, in the query or in a cookie.

return {
  credentials = function(config)
    return { { [config["in"]] = config.name, value = { config.prefix, config.key } } }
  end,
}
