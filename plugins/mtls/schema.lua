-- SPDX-License-Identifier: MIT
return {
  api = 1,
  summary = "A client certificate, shown while the TLS connection is made",
  fields = {
    certificate = {
      one_of = { { type = "string" }, { type = "secret" } }, required = true,
      description = "PEM, with the certificates between it and its authority behind it",
      example = 'secret "ERP_CERTIFICATE"',
    },
    key = {
      type = "string", secret = true,
      description = "PEM; may stand beside the certificate instead", example = 'secret "ERP_KEY"',
    },
    passphrase = {
      type = "string", secret = true,
      description = "of an encrypted key", example = 'secret "ERP_KEY_PASSPHRASE"',
    },
    ca = {
      one_of = { { type = "string" }, { type = "secret" } },
      description = "PEM: the authorities that the receiver's certificate is checked with, "
        .. "instead of the gateway's",
    },
  },
}
