-- SPDX-License-Identifier: MIT
-- The webhook "Conversation log", assigned to two assistants.

--- "2024-04-06T00:26:08+02:00" as "2024-04-05 22:26:08": the event's time, in UTC.
local function created_at(context)
  local date = "^(%d+)-(%d+)-(%d+).(%d+):(%d+):(%d+)[.%d]*(.*)$"
  local year, month, day, hour, minute, second, zone = context.event.time:match(date)
  local sign, hours, minutes = zone:match("^([+-])(%d+):(%d+)$")
  local offset = sign and tonumber(sign .. (hours * 60 + minutes)) or 0
  -- The number of the day in the Gregorian calendar, years counted from March.
  local january = math.floor((14 - month) / 12)
  local y, m = year - january, month + 12 * january - 3
  local days = 365 * y + math.floor(y / 4) - math.floor(y / 100) + math.floor(y / 400)
    + math.floor((153 * m + 2) / 5) + day - 719469
  return os.date("!%Y-%m-%d %H:%M:%S", ((days * 24 + hour) * 60 + minute - offset) * 60 + second)
end

--- The body of each webhook request, in Flowforge's order.
local function envelope(event)
  return json.ordered {
    { "id", "{{ event.id }}" },
    { "data", "{{ data }}" },
    { "event", event },
    { "object", "event" },
    { "created_at", created_at },
  }
end

local url = "http://127.0.0.1:" .. env("SINK_PORT", "9090") .. "/conversations"

return {
  name = "Conversation log",
  applies_to = {
    assistant_id = { "018eb657-5027-7a36-ad61-77e2bd4ec683", "018eb657-5027-7a36-836b-77e2cd1ec683" },
  },
  webhooks = {
    { on = "captured_intent.created", url = url, body = envelope("capturedintent.created") },
    { on = "conversation.closed", url = url, body = envelope("conversation.closed") },
  },
}
