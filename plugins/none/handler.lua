-- SPDX-License-Identifier: MIT

--- No authentication, said explicitly.

return { credentials = function() return {} end }
