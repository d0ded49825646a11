-- SPDX-License-Identifier: MIT

--- HTTP Basic (RFC 7617): "Authorization: Basic " and base64 of "username:password".

return {
  credentials = function(config) return { { basic = { config.username, config.password } } } end,

  verify = function(ctx, inbound)
    local text = (inbound:header "Authorization" or ""):match "^[Bb][Aa][Ss][Ii][Cc] +(%S+)$"
    local user, password = (text and base64.decode(text) or ""):match "^([^:]*):(.*)$"
    if not user then error("basic: there are no user name and password", 0) end
    -- Both are compared in any case: how long it takes says nothing about the user's name.
    local is_user = hash.equal(user, ctx.config.username)
    local is_password = hash.equal(password, ctx.config.password)
    if not (is_user and is_password) then error("basic: the user name or the password is wrong", 0) end
    return { user = user }
  end,
}
