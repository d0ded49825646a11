-- SPDX-License-Identifier: MIT
local ALGORITHMS = { "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
  "ES256", "ES384", "ES512", "EdDSA" }

return {
  api = 1,
  summary = "A signed JSON Web Token (RFC 7519), made anew for each attempt",
  fields = {
    algorithm = {
      type = "string", values = ALGORITHMS, required = true,
      description = "signs, and is the only one that is verified, unless there are `algorithms`",
    },
    algorithms = {
      type = "list", of = { type = "string", values = ALGORITHMS }, filled = true,
      description = "those that are taken when a token is verified; of one kind, with shared keys or with pairs",
    },
    key = {
      one_of = {
        { type = "string", secret = true },
        { type = "list", of = { type = "string", secret = true }, filled = true },
      },
      required = true,
      description = "shared, or PEM: private to sign, that or public or a certificate to verify; of several, "
        .. "the first signs and any verifies",
      example = 'secret "TOKEN_KEY"',
    },
    key_form = {
      type = "string", values = { "raw", "base64", "hex" }, default = "raw",
      description = "what the key is written in; raw: it is the text itself, or PEM",
    },
    passphrase = {
      type = "string", secret = true, description = "of a PEM key that is encrypted",
    },
    kid = { type = "string", description = "which key this is, in the header of the token" },
    typ = { type = "string", default = "JWT", description = "the type, in the header of the token" },
    header_fields = {
      type = "map", of = { type = "any" },
      description = "other fields of the header of the token",
    },
    claims = {
      type = "map", of = { type = "any" },
      description = "claims, in which texts are templates; they go before those that are made here",
      example = '{ sub = "{{ data.customer.id }}", tenant = "acme" }',
    },
    issuer = { type = "string", description = "the claim `iss`; must be this when a token is verified" },
    audience = { type = "string", description = "the claim `aud`; must be or hold this when a token is verified" },
    lifetime = {
      type = "integer", min = 1, max = 31536000, default = 300,
      description = "seconds from `iat` to `exp`",
    },
    not_before = {
      type = "integer", min = 0, max = 86400,
      description = "seconds from `nbf` to `iat`, for clocks that differ; without it there is no `nbf`",
    },
    body_claim = {
      type = "string", filled = true,
      description = "the claim with the SHA-256 of the body, by which a receiver sees that nobody has changed it",
      example = '"body_sha256"',
    },
    body_encoding = {
      type = "string", values = { "hex", "base64url" }, default = "hex",
      description = "what the SHA-256 is written in",
    },
    name = { type = "string", default = "Authorization", filled = true, description = "of the header" },
    prefix = { type = "string", default = "Bearer ", description = "stands before the token" },
    leeway = {
      type = "integer", min = 0, max = 3600, default = 60,
      description = "seconds by which the clock of a sender may be off",
    },
    required = {
      type = "list", of = { type = "string" }, default = { "exp" },
      description = "claims that a token must have to be verified",
    },
  },
}
