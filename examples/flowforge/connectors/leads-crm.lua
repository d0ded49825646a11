-- SPDX-License-Identifier: MIT
-- The webhook "Leads CRM", assigned to two forms.
return {
  name = "Leads CRM",
  applies_to = {
    form_id = { "018eaff3-67cb-7d86-bb5e-65c952c8dc2a", "018eb0aa-1f0e-7c55-9a43-0d1f6a2b7c11" },
  },
  webhooks = {
    {
      on = "captured_form.created",
      url = "http://127.0.0.1:" .. env("SINK_PORT", "9090") .. "/leads",
      body = file "envelope.json.j2",
    },
  },
}
