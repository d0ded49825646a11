-- SPDX-License-Identifier: MIT

--- What happened is in a header, X-GitHub-Event, and in the payload's `action`. Payloads are large;
--- what goes on of them is what receivers need.

local function wants(branches, branch)
  for _, name in ipairs(branches or { branch }) do
    if name == branch then return true end
  end
  return false
end

-- By X-GitHub-Event: the type and the data of the event, or nil.
local KINDS = {}

function KINDS.push(ctx, given)
  local branch = given.ref:match "^refs/heads/(.+)$"
  if not branch or not wants(ctx.config.branches, branch) then return nil end
  local head = json.get(given, "/head_commit/message", "")
  return "code.pushed", { repository = given.repository.full_name, branch = branch,
    pusher = given.pusher.name, title = head:match "^[^\n]*", commits = given.commits }
end

function KINDS.issues(_, given)
  if given.action ~= "opened" and given.action ~= "closed" then return nil end
  return "issue." .. given.action, { repository = given.repository.full_name,
    number = given.issue.number, title = given.issue.title, by = given.sender.login }
end

return {
  receive = function(ctx, inbound)
    local kind = KINDS[inbound:header "X-GitHub-Event"]
    if not kind then return nil end -- a ping, and what was not asked for
    -- The body is JSON, or a form with the JSON in it, as the webhook's settings say.
    local given, fault = json.decode(inbound:form "payload" or inbound:body())
    if not given then error("the payload is not JSON: " .. fault.message) end
    local event_type, data = kind(ctx, given)
    if not event_type then return nil end
    return { type = event_type, id = "github-" .. inbound:header "X-GitHub-Delivery", data = data }
  end,
}
