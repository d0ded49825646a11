-- SPDX-License-Identifier: MIT
return {
  token = { type = "string", required = true, secret = true,
    description = 'the raw token. "Bearer " is put in front unless it is there already' },
}
