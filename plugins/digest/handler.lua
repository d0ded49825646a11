-- SPDX-License-Identifier: MIT

--- HTTP Digest (RFC 7616): the receiver asks with a nonce, and the request that answers it follows.

return {
  apply = function(ctx, request)
    request:set_digest(ctx.config.username, ctx.config.password)
  end,
}
