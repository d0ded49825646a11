-- SPDX-License-Identifier: MIT

--- HTTP Basic (RFC 7617): "Authorization: Basic " and base64 of "username:password".

return {
  apply = function(ctx, request)
    request:set_basic(ctx.config.username, ctx.config.password)
  end,
}
