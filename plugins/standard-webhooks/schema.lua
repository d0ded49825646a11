-- SPDX-License-Identifier: MIT
local function keys(description, example)
  return {
    one_of = {
      { type = "string", secret = true },
      { type = "list", of = { type = "string", secret = true }, filled = true },
    },
    description = description, example = example,
  }
end

return {
  api = 1,
  summary = "Signatures of Standard Webhooks: v1 (HMAC-SHA256) and v1a (Ed25519)",
  fields = {
    key = keys("shared, `whsec_...`: signs and verifies v1; of several, all sign and any verifies",
      '{ secret "NEW_KEY", secret "OLD_KEY" }'),
    private_key = keys("of Ed25519, `whsk_...`: signs v1a", 'secret "SIGNING_KEY"'),
    public_key = keys("of Ed25519, `whpk_...`: verifies v1a", '"whpk_..."'),
    headers = {
      type = "string", values = { "webhook", "svix" }, default = "webhook",
      description = "what the names of the headers begin with: `webhook-id` or `svix-id`",
    },
    tolerance = {
      type = "integer", min = 1, max = 86400, default = 300,
      description = "seconds by which a timestamp that is verified may be off, in both directions",
    },
  },
}
