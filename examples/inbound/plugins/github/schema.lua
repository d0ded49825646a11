-- SPDX-License-Identifier: MIT
return {
  api = 1,
  summary = "Events out of webhooks in the style of GitHub",
  fields = {
    branches = {
      type = "list", of = { type = "string" },
      description = "pushes to these are events; default: to all",
      example = '{ "main" }',
    },
  },
}
