-- SPDX-License-Identifier: MIT

--- What a token endpoint answers (RFC 6749 sections 5.1 and 5.2).

local response = {}

local MAX_TOKEN_BYTES = 16384 -- servers take no longer header
local MAX_TEXT = 1000         -- of an error that is shown: cut, it could end within a secret

local function is_text(v) return type(v) == "string" and v ~= "" end

local function is_shown(v) return is_text(v) and #v <= MAX_TEXT end

--- " (invalid_client: no such client)", or nothing.
local function error_of(granted)
  if not is_shown(granted.error) then return "" end
  local description = granted.error_description
  return (" (%s%s)"):format(granted.error, is_shown(description) and ": " .. description or "")
end

--- What is wrong with an answer that is to bring a token, or nil.
local function fault_of(granted)
  local token, kind = granted.access_token, granted.token_type
  if not is_text(token) then return "no access_token" end
  if #token > MAX_TOKEN_BYTES then
    return ("an access_token of more than %d bytes"):format(MAX_TOKEN_BYTES)
  end
  if kind ~= nil and kind ~= json.null and tostring(kind):lower() ~= "bearer" then
    return is_shown(kind) and ("a token of the type '%s', not Bearer"):format(kind)
      or "a token of another type than Bearer"
  end
  return nil
end

--- The seconds that a token holds; nil when the answer does not say it. Some write them as a text.
local function seconds_of(v)
  local seconds = tonumber(tostring(v))
  return seconds and seconds >= 0 and seconds < math.huge and seconds or nil
end

--- What an answer grants: { token, refresh_token, seconds }, the tokens as secrets; or nil, what is
--- wrong with it, and the code of the error.
function response.read(answer)
  local granted = answer:json()
  local is_object = type(granted) == "table" and json.is_object(granted)
  if not answer.ok then
    local text = ("answered %d%s"):format(answer.status, is_object and error_of(granted) or "")
    return nil, text, is_object and granted.error or nil
  elseif not is_object then
    return nil, ("answered %d without a JSON object"):format(answer.status)
  end
  local fault = fault_of(granted)
  if fault then
    return nil, ("answered %d with %s%s"):format(answer.status, fault, error_of(granted)), granted.error
  end
  local rotated = granted.refresh_token
  return {
    token = conceal(granted.access_token), seconds = seconds_of(granted.expires_in),
    refresh_token = is_text(rotated) and #rotated <= MAX_TOKEN_BYTES and conceal(rotated) or nil,
  }
end

return response
