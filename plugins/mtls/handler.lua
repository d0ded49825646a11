-- SPDX-License-Identifier: MIT

--- A client certificate (RFC 8446 section 4.4.2), and, if there are any, the authorities by which
--- the receiver's own is judged.

return {
  apply = function(ctx, request)
    local config = ctx.config
    request:set_client_certificate(config.certificate, config.key, config.passphrase)
    if config.ca then request:set_ca(config.ca) end
  end,
}
