-- SPDX-License-Identifier: MIT
return {
  token = { type = "string", required = true, secret = true },
}
