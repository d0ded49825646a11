-- SPDX-License-Identifier: MIT

--- No authentication, said explicitly.

return { apply = function() end }
