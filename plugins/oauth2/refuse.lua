-- SPDX-License-Identifier: MIT

--- Ends the attempt: nothing is sent without a token.
return function(text) error({ class = "auth", message = "oauth2: " .. text }, 0) end
