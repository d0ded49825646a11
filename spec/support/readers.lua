-- SPDX-License-Identifier: MIT

--- Requests as a receiver reads them: Python's json, xml, urllib and email on the other side.

local core = require "perilune.core"
local python = require "spec.support.python"

local readers = {}

--- What Python reads in texts, in their order.
---@param cases { kind: string, text: string, media?: string }[]   see readers.py
---@return any[]
function readers.read(cases)
  local lines = {}
  for i, case in ipairs(cases) do
    lines[i] = core.json.encode({ case.kind, case.text, case.media or "" })
  end
  return python.ask("spec/support/readers.py", lines)
end

--- What Python reads in one text.
---@param kind string
---@param text string
---@param media? string
---@return any
function readers.one(kind, text, media)
  return readers.read({ { kind = kind, text = text, media = media } })[1]
end

return readers
