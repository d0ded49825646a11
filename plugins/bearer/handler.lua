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

  verify = function(ctx, inbound)
    local given = (inbound:header "Authorization" or ""):match "^[Bb][Ee][Aa][Rr][Ee][Rr] +(%S+)$"
    if not given then error("bearer: there is no token", 0) end
    local is_whole = hash.equal("Bearer " .. given, ctx.config.token)
    if not (hash.equal(given, ctx.config.token) or is_whole) then error("bearer: the token is wrong", 0) end
    return true
  end,
}
