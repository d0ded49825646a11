-- SPDX-License-Identifier: MIT
return {
  certificate = { one_of = { { type = "string" }, { type = "secret" } }, required = true,
    description = "with the certificates between it and its authority behind it" },
  key = { type = "string", secret = true,
    description = "may stand beside the certificate instead" },
  passphrase = { type = "string", secret = true, description = "of an encrypted key" },
  ca = { one_of = { { type = "string" }, { type = "secret" } },
    description = "the authorities that the receiver's certificate is checked with, instead of the gateway's" },
}
