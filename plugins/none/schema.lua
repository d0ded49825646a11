-- SPDX-License-Identifier: MIT
return {
  api = 1,
  summary = "No authentication, said explicitly",
  fields = {},
}
