-- SPDX-License-Identifier: MIT

--- Requests as a receiver reads them: Python's json, xml, urllib and email on the other side.

local core = require "perilune.core"

local readers = {}

--- What Python reads in texts, in their order.
---@param cases { kind: string, text: string, media?: string }[]   see readers.py
---@return any[]
function readers.read(cases)
  local path = os.tmpname()
  local file = assert(io.open(path, "wb"))
  for _, case in ipairs(cases) do
    file:write(core.json.encode({ case.kind, case.text, case.media or "" }), "\n")
  end
  file:close()
  local pipe = assert(io.popen("/usr/bin/python3 spec/support/readers.py < " .. path))
  local answers = {}
  for line in pipe:lines() do answers[#answers + 1] = assert(core.json.decode(line)) end
  pipe:close()
  os.remove(path)
  assert(#answers == #cases, "python3 did not answer to all texts")
  return answers
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
