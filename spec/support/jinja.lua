-- SPDX-License-Identifier: MIT

--- Templates rendered by the gateway's binary and by python3-jinja2, and the cases of
--- spec/cases/jinja (its README says what they look like).

local cjson = require "cjson"
local process = require "spec.support.process"
local support = require "spec.support"

local PYTHON = "/usr/bin/python3"
local SECONDS = 300
-- Of what differs, at most so many are shown.
local MAX_SHOWN = 100

local jinja = {}

---@class jinja.case
---@field name string             file:line: heading
---@field template string
---@field context string          JSON
---@field templates table<string, string>
---@field output? string          what ours gives, where it is not what Jinja gives
---@field refused? boolean         ours fails where Jinja does not

--- The blocks of Markdown text: a list of {heading=, info=, text=, line=}.
local function blocks(text)
  local heading, fence, lines, number, start
  local found = {}
  number = 0
  for line in (text .. "\n"):gmatch("(.-)\n") do
    number = number + 1
    if fence and line == "```" then
      found[#found + 1] = { heading = heading, info = fence, line = start,
        text = table.concat(lines, "\n") }
      fence = nil
    elseif fence then
      lines[#lines + 1] = line
    elseif line:find("^```") then
      fence, lines, start = line:sub(4), {}, number + 1
    else
      heading = line:match("^## (.+)$") or heading
    end
  end
  assert(not fence, "a block is not closed")
  return found
end

local function add_lines(cases, block, shared)
  local number = block.line
  for line in (block.text .. "\n"):gmatch("(.-)\n") do
    cases[#cases + 1] = setmetatable({ template = line,
      name = ("%s:%d: %s"):format(shared.file, number, block.heading) }, { __index = shared })
    number = number + 1
  end
end

--- Cases of the blocks that stand under one heading.
local function add_section(cases, section, file)
  local shared = { file = file, context = "{}", templates = {} }
  for _, block in ipairs(section) do
    local name = block.info:match("^jinja (%S+)$")
    if name then shared.templates[name] = block.text end
    if block.info == "json" then shared.context = block.text:gsub("\n%s*", " ") end
    if block.info == "output" then shared.output = block.text end
    if block.info == "refused" then shared.refused = true end
  end
  for _, block in ipairs(section) do
    if block.info == "lines" then
      add_lines(cases, block, shared)
    elseif block.info == "jinja" then
      cases[#cases + 1] = setmetatable({ template = block.text,
        name = ("%s:%d: %s"):format(file, block.line, block.heading) }, { __index = shared })
    end
  end
end

--- All cases of a file.
---@param path string
---@return jinja.case[]
function jinja.cases(path)
  local file = assert(io.open(path, "rb"))
  local cases, section, heading = {}, {}, nil
  for _, block in ipairs(blocks(file:read("*a"))) do
    if block.heading ~= heading then
      add_section(cases, section, path)
      section, heading = {}, block.heading
    end
    section[#section + 1] = block
  end
  file:close()
  add_section(cases, section, path)
  return cases
end

--- The paths of the Markdown files with cases.
function jinja.files()
  local list = io.popen("ls spec/cases/jinja/*.md")
  local paths = {}
  for path in list:lines() do
    if not path:find("README") then paths[#paths + 1] = path end
  end
  list:close()
  return paths
end

local function line_of(case)
  local templates = {}
  for name, text in pairs(case.templates or {}) do
    templates[#templates + 1] = cjson.encode(name) .. ": " .. cjson.encode(text)
  end
  return ('{"template": %s, "context": %s, "templates": {%s}}'):format(
    cjson.encode(case.template), case.context, table.concat(templates, ", "))
end

--- The answers of a program that reads a line a case and writes a line an answer.
local function ask(command, lines)
  local path = process.folder() .. "/lines"
  local file = assert(io.open(path, "wb"))
  file:write(table.concat(lines, "\n"), "\n")
  file:close()
  local program = process.start({ "sh", "-c", command .. " < " .. path })
  local code = program:wait(SECONDS)
  local answers = {}
  for line in program:output():gmatch("[^\n]+") do answers[#answers + 1] = cjson.decode(line) end
  assert(code == 0 and #answers == #lines, ("%s: exit code %d, %d answers to %d lines\n%s"):format(
    command, code, #answers, #lines, program:errors()))
  return answers
end

local function shown(answer)
  return answer.ok and answer.output or "error: " .. answer.error
end

local function is_same(a, b)
  return a.ok == b.ok and (not a.ok or a.output == b.output)
end

--- What is wrong with our answer, or nil. Where Jinja raises, any error is right.
local function fault(case, ours, theirs)
  local expected = theirs
  if case.refused then expected = { ok = false, error = "any" } end
  if case.output then expected = { ok = true, output = case.output } end
  if expected ~= theirs and is_same(theirs, expected) then
    return "Jinja gives this too: it is no difference"
  end
  if is_same(ours, expected) then return nil end
  return ("--- ours\n%s\n--- %s\n%s"):format(shown(ours),
    expected == theirs and "jinja2" or "expected", shown(expected))
end

--- Renders lines with both and fails with what differs.
local function compare(cases, lines)
  local theirs = ask(PYTHON .. " -W ignore spec/support/jinja_oracle.py", lines)
  local ours = ask(support.binary .. " render --batch", lines)
  local faults = {}
  for i, case in ipairs(cases) do
    local text = fault(case, ours[i], theirs[i])
    if text then
      faults[#faults + 1] = ("%s\n%s\n%s"):format(case.name, case.template, text)
    end
  end
  if #faults > 0 then
    error(("%d of %d cases differ\n\n%s"):format(#faults, #cases,
      table.concat(faults, "\n\n", 1, math.min(#faults, MAX_SHOWN))), 3)
  end
end

--- What python3-jinja2 makes of cases: { ok =, output = or error = } each.
---@param cases jinja.case[]
---@return table[]
function jinja.answers(cases)
  local lines = {}
  for i, case in ipairs(cases) do lines[i] = line_of(case) end
  return ask(PYTHON .. " -W ignore spec/support/jinja_oracle.py", lines)
end

--- Compares cases of a file.
---@param cases jinja.case[]
function jinja.compare(cases)
  local lines = {}
  for i, case in ipairs(cases) do lines[i] = line_of(case) end
  compare(cases, lines)
end

--- Compares random templates.
---@param seed string
---@param count string
function jinja.compare_random(seed, count)
  local generator = io.popen(("%s spec/support/jinja_random.py %s %s"):format(PYTHON, seed, count))
  local cases, lines = {}, {}
  for line in generator:lines() do
    lines[#lines + 1] = line
    cases[#cases + 1] = { name = ("seed %s, template %d"):format(seed, #lines),
      template = cjson.decode(line).template }
  end
  generator:close()
  assert(#lines == tonumber(count), "the generator failed")
  compare(cases, lines)
end

return jinja
