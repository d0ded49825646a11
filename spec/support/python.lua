-- SPDX-License-Identifier: MIT

--- Python as an oracle: a script that reads a line of JSON for each case and writes one for each.

local core = require "perilune.core"

local python = {}

-- Debian's, whose python3-jinja2 and markupsafe are the reference.
local COMMAND = "PYTHONIOENCODING=utf-8 /usr/bin/python3 -W ignore '%s' < '%s'"

--- What a script writes to lines, in one process: as many for each.
---@param script string   its path
---@param lines string[]
---@param each? integer   1 unless said otherwise
---@return string[]
function python.lines(script, lines, each)
  local path = os.tmpname()
  local file = assert(io.open(path, "wb"))
  file:write(table.concat(lines, "\n"), "\n")
  file:close()
  local pipe, answers = assert(io.popen(COMMAND:format(script, path))), {}
  for line in pipe:lines() do answers[#answers + 1] = line end
  pipe:close()
  os.remove(path)
  assert(#answers == #lines * (each or 1), script .. " did not answer every case")
  return answers
end

--- The answers to all cases, in one process.
---@param script string   its path
---@param lines string[]  a case each, as JSON
---@return any[]
function python.ask(script, lines)
  local answers = python.lines(script, lines)
  for i, line in ipairs(answers) do answers[i] = assert(core.json.decode(line)) end
  return answers
end

return python
