-- SPDX-License-Identifier: MIT
-- What the receiver validates the origin of a request by: a token that says which bot it is of and, with the
-- SHA-256 of the body, that nobody has changed what was collected.
return {
  type = "jwt",
  algorithm = "HS256",
  key = secret "WEBHOOK_KEY",
  issuer = "logicdialog",
  claims = { sub = "{{ connector.id }}" },
  body_claim = "body_sha256",
}
