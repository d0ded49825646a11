-- SPDX-License-Identifier: MIT

--- Cases of core_oracle.py, which says what Python makes of them, run against perilune.core.

local core = require "perilune.core"

local oracle = {}

local COMMAND = "/usr/bin/python3 -W ignore spec/support/core_oracle.py "
local SHOWN = 3 -- of the cases that fail

--- The cases of a section: { function, arguments, result } each.
function oracle.cases(section)
  local pipe, cases = assert(io.popen(COMMAND .. section)), {}
  for line in pipe:lines() do
    cases[#cases + 1] = assert(core.json.decode(line, { numbers = "double" }))
  end
  pipe:close()
  assert(#cases > 0, "the oracle says nothing")
  return cases
end

--- A value as text that tells all apart: 1 and "1", nil and null alike, 0 and -0.
local function shown(v)
  if v == nil or v == core.json.null then return "nothing" end
  if type(v) == "number" then return ("%.17g"):format(v) end
  if type(v) == "userdata" then return ("%.17g"):format(tonumber(tostring(v))) end
  return core.json.encode(v)
end

local function plain(arguments)
  local list = {}
  for i, v in ipairs(arguments) do
    list[i] = type(v) == "userdata" and tonumber(tostring(v)) or v
  end
  return list
end

local function function_named(name)
  local f = core
  for part in name:gmatch("[^.]+") do f = f[part] end
  return f
end

local function got_of(case, decorate)
  local f = function_named(case[1])
  local ok, result = pcall(f, unpack(plain(case[2])))
  if not ok then return "raised", result end
  return shown(decorate and decorate(case[1], result) or result)
end

--- Runs all cases of a section; what differs, as a text that is empty when nothing does.
---@param section string
---@param decorate? fun(name: string, result: any): any? what to compare in place of a result
function oracle.differences(section, decorate)
  local texts, count = {}, 0
  for _, case in ipairs(oracle.cases(section)) do
    local wanted = case[3]
    local raises = type(wanted) == "table" and wanted.raises
    local got, reason = got_of(case, decorate)
    if got ~= (raises and "raised" or shown(wanted)) then
      count = count + 1
      texts[#texts + 1] = count <= SHOWN and ("%s%s is %s, not %s"):format(case[1],
        core.json.encode(case[2]), reason or got, raises and "an exception" or shown(wanted)) or nil
    end
  end
  return table.concat(texts, "\n") .. (count > SHOWN and "\n... " .. count or "")
end

return oracle
