-- SPDX-License-Identifier: MIT
-- The ERP hears of everything. Relative URLs go behind the base URL, the absolute one is used as it is.
return {
  name = "Acme ERP",
  authenticator = "acme-erp",
  base_url = "http://127.0.0.1:" .. env("ERP_PORT", "9090") .. "/go-autonomous",
  webhooks = {
    { on = "classification", url = "/hooks/classification" },
    { on = "extraction", url = "/hooks/extraction" },
    { on = "account_resolution", url = "/hooks/account-resolution" },
    { on = "transformation", url = "http://127.0.0.1:" .. env("ERP_PORT", "9090") .. "/archive/transformation" },
    { on = "confirmation", url = "/hooks/confirmation" },
    { on = "field_update", field = "delivery_date", url = "/hooks/delivery-date" },
    { on = "field_update", field = "purchase_order_number", url = "/hooks/purchase-order-number" },
  },
}
