-- SPDX-License-Identifier: MIT
-- What the receiver wants the conversation to know: every member of "information" becomes a variable.
return function(_, context)
  local answer = context.response
  local information = type(answer) == "table" and answer.information
  if type(information) ~= "table" then error("the answer has no object 'information'") end
  return information
end
