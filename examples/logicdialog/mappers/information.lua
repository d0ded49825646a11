-- SPDX-License-Identifier: MIT
-- What the receiver wants the conversation to know: every member of "information" becomes a variable.
return function(ctx)
  local answer = ctx.values.response
  local information = type(answer) == "table" and answer.information
  if type(information) ~= "table" then error("the answer has no object 'information'") end
  return information
end
