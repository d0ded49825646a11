-- SPDX-License-Identifier: MIT
return {
  api = 1,
  summary = "Signature Version 4 of Amazon Web Services (AWS4-HMAC-SHA256)",
  fields = {
    access_key = {
      one_of = { { type = "string", filled = true }, { type = "secret" } }, required = true,
      description = "the access key id", example = '"AKIDEXAMPLE"',
    },
    secret_key = {
      type = "string", required = true, secret = true,
      description = "the secret access key", example = 'secret "AWS_SECRET_ACCESS_KEY"',
    },
    session_token = {
      type = "string", secret = true, description = "of temporary credentials",
    },
    region = {
      type = "string", required = true, filled = true,
      description = "where the service is", example = '"eu-central-1"',
    },
    service = {
      type = "string", required = true, filled = true,
      description = "as in the credential scope: `execute-api`, `lambda`, `s3`, `sqs`", example = '"execute-api"',
    },
    unsigned_payload = {
      type = "boolean", default = false,
      description = "leaves the body out of the signature, where the service allows it (S3 over https)",
    },
    payload_header = {
      type = "boolean",
      description = "sends the hash of the body as `x-amz-content-sha256`; default: for S3, and without a signed body",
    },
    double_encode = {
      type = "boolean",
      description = "encodes the path once more for the signature and tidies it up; default: for all but S3",
    },
  },
}
