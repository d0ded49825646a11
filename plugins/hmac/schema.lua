-- SPDX-License-Identifier: MIT
return {
  api = 1,
  summary = "A signature with a shared key (HMAC) over the request: GitHub, Stripe, Slack, Shopify, Twilio",
  fields = {
    key = {
      one_of = {
        { type = "string", secret = true },
        { type = "list", of = { type = "string", secret = true }, filled = true },
      },
      required = true,
      description = "the key, or several: the first signs, any of them verifies",
      example = '{ secret "NEW_KEY", secret "OLD_KEY" }',
    },
    key_form = {
      type = "string", values = { "raw", "base64", "hex" }, default = "raw",
      description = "what the key is written in; raw: it is the text itself",
    },
    sign_with = {
      type = "string", values = { "first", "all" }, default = "first",
      description = "of several keys; with all, the element of the format with {signature} is there once for each",
    },
    algorithm = {
      type = "string", default = "sha256",
      values = { "md5", "sha1", "sha224", "sha256", "sha384", "sha512",
        "sha3_224", "sha3_256", "sha3_384", "sha3_512" },
      description = "the hash",
    },
    encoding = {
      type = "string", values = { "hex", "base64", "base64url" }, default = "hex",
      description = "what the signature is written in",
    },
    header = {
      type = "string", required = true, filled = true,
      description = "where the signature stands", example = '"X-Hub-Signature-256"',
    },
    format = {
      type = "string", default = "{signature}",
      description = "what stands there: elements, each with a {signature} or a {timestamp}",
      example = '"t={timestamp},v1={signature}"',
    },
    separator = {
      type = "string", default = ",", filled = true,
      description = "between the elements of the format",
    },
    content = {
      type = "string", default = "{body}", filled = true,
      description = "what is signed", example = '"{timestamp}.{body}"',
    },
    timestamp_header = {
      type = "string", filled = true,
      description = "where the timestamp stands, unless the format has it",
      example = '"X-Slack-Request-Timestamp"',
    },
    timestamp_unit = {
      type = "string", values = { "seconds", "milliseconds" }, default = "seconds",
      description = "since 1970",
    },
    headers = {
      type = "map", of = { type = "string" },
      description = "other headers, set by name before the content is put together",
      example = '{ ["X-Nonce"] = "{nonce}" }',
    },
    tolerance = {
      type = "integer", min = 1, max = 86400, default = 300,
      description = "seconds by which a timestamp that is verified may be off, in both directions",
    },
    base_url = {
      type = "string", filled = true,
      description = "what stands before the path in the {url} that a sender has signed; for verifying",
      example = '"https://hooks.example.com"',
    },
  },
}
