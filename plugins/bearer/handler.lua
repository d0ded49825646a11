-- SPDX-License-Identifier: MIT

--- A bearer token (RFC 6750). A token given with its "Bearer " is left as it is.

return {
  credentials = function(config)
    return { { header = "Authorization", value = { prefix = "Bearer ", of = config.token } } }
  end,

  verify = function(ctx, inbound)
    local given = (inbound:header "Authorization" or ""):match "^[Bb][Ee][Aa][Rr][Ee][Rr] +(%S+)$"
    if not given then error("bearer: there is no token", 0) end
    local is_whole = hash.equal("Bearer " .. given, ctx.config.token)
    if not (hash.equal(given, ctx.config.token) or is_whole) then error("bearer: the token is wrong", 0) end
    return true
  end,
}
