-- SPDX-License-Identifier: MIT

--- A bearer token (RFC 6750). A token given with its "Bearer " is left as it is; since a secret
--- cannot be looked into, the header that it makes is.

return {
  apply = function(ctx, request)
    local token = ctx.config.token
    request:set_header("Authorization", token)
    if not request:header("Authorization"):lower():find("^bearer ") then
      request:set_header("Authorization", "Bearer ", token)
    end
  end,
}
