-- SPDX-License-Identifier: MIT

--- Salesforce: rows of sObjects. A record that is made answers 201, one that is changed 200 with its
--- id, or 204 without. Errors are a list: [{ errorCode, message, fields }].

local function reason_of(errors)
  local texts = {}
  for i, problem in ipairs(errors) do
    if type(problem) ~= "table" then break end
    texts[i] = ("%s: %s"):format(tostring(problem.errorCode), tostring(problem.message))
  end
  return table.concat(texts, "; ")
end

local function is_kept(ctx, response)
  local status, answer = response.status, ctx.values.response
  if status == 300 then return false, "several records have this external id" end
  if type(answer) ~= "table" then return status >= 200 and status < 300 end
  if status >= 200 and status < 300 and answer.success ~= false then return true end
  local errors = type(answer.errors) == "table" and answer.errors or answer
  return false, reason_of(errors)
end

local function upsert(config, item)
  local key = item.external_id
  return {
    method = "PATCH",
    url = ("/services/data/v%s/sobjects/%s/%s/%s"):format(config.api_version, item.object, key.field,
      key.value),
  }
end

local function create(config, item)
  return {
    method = "POST",
    url = ("/services/data/v%s/sobjects/%s"):format(config.api_version, item.object),
  }
end

local LISTS = { { "upserts", upsert }, { "creates", create } }

local function authenticator_of(config)
  if config.client_id == nil and config.client_secret == nil then return nil end
  if config.client_id == nil or config.client_secret == nil then
    error("'client_id' and 'client_secret' go together", 0)
  end
  return {
    type = "oauth2", token_url = config.instance:gsub("/+$", "") .. "/services/oauth2/token",
    client_id = config.client_id, client_secret = config.client_secret,
  }
end

return {
  connector = function(config)
    local webhooks = {}
    for _, entry in ipairs(LISTS) do
      local list, make = entry[1], entry[2]
      for i, item in ipairs(config[list] or {}) do
        local webhook = make(config, item)
        webhook.from, webhook.success, webhook.body = { list, i }, is_kept, item.fields
        webhook.id, webhook.on, webhook.when = item.id, item.on, item.when
        webhook.response = { variables = { id = { "response.id", default = "" },
          created = { "response.created", default = false } } }
        for key, v in pairs(item.webhook or {}) do webhook[key] = v end
        webhooks[#webhooks + 1] = webhook
      end
    end
    return {
      base_url = config.instance, webhooks = webhooks, authenticator = authenticator_of(config),
    }
  end,
}
