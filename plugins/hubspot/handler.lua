-- SPDX-License-Identifier: MIT

--- HubSpot: objects of the CRM (version 3 of its API). A contact is found by its address, others by a
--- property that is unique: that is a batch of one. A batch answers 207 when its one input is refused.

-- Types of associations that HubSpot defines, to a contact.
local TO_CONTACT = { deals = 3, tickets = 16 }

local function reason_of(answer)
  local first = type(answer.errors) == "table" and answer.errors[1] or answer
  if type(first) ~= "table" then first = answer end
  local text = tostring(first.message or answer.message)
  if answer.category then text = ("%s: %s"):format(tostring(answer.category), text) end
  return text
end

local function is_made(ctx, response)
  local answer = ctx.values.response
  if response.status == 200 or response.status == 201 then return true end
  return false, type(answer) == "table" and reason_of(answer) or nil
end

local function upsert(kind, property, value, properties)
  return {
    url = ("/crm/v3/objects/%s/batch/upsert"):format(kind),
    body = { inputs = { { idProperty = property, id = value, properties = properties } } },
    response = { variables = {
      id = "response.results[0].id", is_new = { "response.results[0].new", default = false },
    } },
  }
end

local function create(kind, item)
  local associations
  if item.contact_id ~= nil then
    associations = { { to = { id = item.contact_id }, types = { {
      associationCategory = "HUBSPOT_DEFINED", associationTypeId = TO_CONTACT[kind],
    } } } }
  end
  return {
    url = "/crm/v3/objects/" .. kind,
    body = { properties = item.properties, associations = associations },
    response = { variables = { id = "response.id" } },
  }
end

local function contact(_, item)
  local properties = { email = item.email }
  for name, v in pairs(item.properties or {}) do properties[name] = v end
  return upsert("contacts", "email", item.email, properties)
end

local function record(kind, item)
  if not item.unique then return create(kind, item) end
  if item.contact_id ~= nil then
    error(("%s with 'unique' take no 'contact_id': HubSpot associates only what it makes")
      :format(kind), 0)
  end
  local properties = { [item.unique.property] = item.unique.value }
  for name, v in pairs(item.properties) do properties[name] = v end
  return upsert(kind, item.unique.property, item.unique.value, properties)
end

local KINDS = { { "contacts", contact }, { "deals", record }, { "tickets", record } }

return {
  connector = function(config)
    local webhooks = {}
    for _, kind in ipairs(KINDS) do
      local list, make = kind[1], kind[2]
      for i, item in ipairs(config[list] or {}) do
        local webhook = make(list, item)
        webhook.from, webhook.success = { list, i }, is_made
        webhook.id, webhook.on, webhook.when = item.id, item.on, item.when
        for key, v in pairs(item.webhook or {}) do webhook[key] = v end
        webhooks[#webhooks + 1] = webhook
      end
    end
    return {
      base_url = "https://api.hubapi.com", webhooks = webhooks,
      authenticator = { type = "bearer", token = config.token },
    }
  end,
}
