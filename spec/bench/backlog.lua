-- SPDX-License-Identifier: MIT
--- Deliveries that stay pending: events for a receiver that is down.

local support = require("spec.support")
local trial = require("spec.bench.trial")

local BATCH = 500

local backlog = {}

--- Posts `count` of them (a multiple of 500, or less than that).
function backlog.post(gateway, count)
  local batch = math.min(count, BATCH)
  local body = "[" .. support.read(trial.body("order.dead")):rep(batch, ",") .. "]"
  for _ = 1, count / batch do
    local answer = gateway:post("/v1/events", body)
    assert(answer.status == 202, answer.body)
  end
end

return backlog
