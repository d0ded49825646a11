-- SPDX-License-Identifier: MIT
-- What the receiver wants the conversation to know: every member of "information" becomes a variable.
return function(response)
  local information = type(response) == "table" and response.information
  if type(information) ~= "table" then error("the answer has no object 'information'") end
  return information
end
