-- SPDX-License-Identifier: MIT

--- NTLM over HTTP (MS-NTHT): three messages, by which a connection becomes the user's.

return {
  apply = function(ctx, request)
    request:set_ntlm(ctx.config.username, ctx.config.password)
  end,
}
