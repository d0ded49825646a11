-- SPDX-License-Identifier: MIT

--- HTTP Basic (RFC 7617): "Authorization: Basic " and base64 of "username:password".

return {
  apply = function(request, config)
    request:set_basic(config.username, config.password)
  end,
}
