-- SPDX-License-Identifier: MIT
-- A sender in the style of Stripe, at POST /v1/sources/payments. It signs "time.body" and says both in one header; a
-- signature is good for five minutes. While a key is being changed there are two.
local TYPES = {
  ["payment_intent.succeeded"] = "payment.succeeded",
  ["payment_intent.payment_failed"] = "payment.failed",
}

return {
  name = "Payments",
  ingress = {
    verify = {
      type = "hmac",
      key = { secret "PAYMENTS_WEBHOOK", secret "PAYMENTS_WEBHOOK_OLD" },
      header = "Stripe-Signature",
      format = "t={timestamp},v1={signature}",
      content = "{timestamp}.{body}",
    },
    source = function(ctx, inbound)
      local given = assert(json.decode(inbound:body()))
      local kind = TYPES[given.type]
      if not kind then -- of all that it can send, we asked for two
        ctx.log.debug("an event that nobody wants", { type = given.type })
        return nil
      end
      -- Its own id: what it sends again is known to be the same.
      return { type = kind, id = given.id, time = given.created, subject = given.data.object.id,
        data = given.data.object }
    end,
  },
}
