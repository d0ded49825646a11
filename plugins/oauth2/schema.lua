-- SPDX-License-Identifier: MIT
local TEXT = { one_of = { { type = "string", filled = true }, { type = "secret" } } }
local TEXTS = { one_of = {
  { type = "string", filled = true }, { type = "list", of = { type = "string" }, filled = true },
} }

return {
  api = 1,
  summary = "An access token of a token endpoint, kept and renewed (RFC 6749)",
  fields = {
    token_url = {
      type = "string", required = true, filled = true,
      description = "the token endpoint", example = '"https://login.acme.example/oauth/token"',
    },
    grant = {
      type = "string", values = { "client_credentials", "refresh_token" },
      default = "client_credentials", description = "what the token is asked for with",
    },
    client_id = {
      one_of = TEXT.one_of, required = true, description = "who asks", example = '"perilune"',
    },
    client_secret = {
      type = "string", secret = true, filled = true,
      description = "for `client_secret_basic` and `client_secret_post`",
      example = 'secret "ERP_CLIENT_SECRET"',
    },
    client_auth = {
      type = "string",
      values = { "client_secret_basic", "client_secret_post", "private_key_jwt", "none" },
      default = "client_secret_basic", description = "how the client shows that it is the client",
    },
    private_key = {
      type = "string", secret = true, filled = true,
      description = "PEM, for `private_key_jwt`", example = 'secret "ERP_PRIVATE_KEY"',
    },
    passphrase = { type = "string", secret = true, filled = true, description = "of an encrypted key" },
    algorithm = {
      type = "string", default = "RS256",
      values = { "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512",
        "EdDSA" },
      description = "of the signature, for `private_key_jwt`",
    },
    key_id = { type = "string", filled = true, description = "`kid` of the assertion" },
    assertion_audience = {
      type = "string", filled = true, description = "`aud` of the assertion, instead of `token_url`",
    },
    refresh_token = {
      type = "string", secret = true, filled = true,
      description = "for the grant `refresh_token`", example = 'secret "ERP_REFRESH_TOKEN"',
    },
    scope = {
      one_of = TEXTS.one_of, description = "what the token is to allow: a text, or a list of scopes",
    },
    audience = { one_of = TEXTS.one_of, description = "whom the token is for, one or several" },
    resource = {
      one_of = TEXTS.one_of, description = "the same as URLs, one or several (RFC 8707)",
    },
    parameters = {
      type = "map", of = TEXT, description = "further parameters of the request, by name",
    },
    header = {
      type = "string", filled = true, default = "Authorization",
      description = "that the token is sent in",
    },
    prefix = {
      type = "string", default = "Bearer ", description = "in front of the token, its blank included",
    },
    early = {
      type = "number", min = 0, max = 31622400, default = 60,
      description = "seconds before its end at which a token is renewed, half its life at most",
    },
    default_ttl = {
      type = "number", min = 0, max = 31622400, default = 300,
      description = "seconds that a token holds whose answer does not say it",
    },
    timeout = {
      type = "number", min = 0.001, max = 3600, default = 10,
      description = "seconds that the token endpoint may take",
    },
  },
}
