-- SPDX-License-Identifier: MIT

--- The cases of spec/cases/json, whose README says how they are written.

local json = require("perilune.core").json
local python = require "spec.support.python"

local FILES = { "structure", "numbers", "strings", "names", "shapes" }

local function bytes_of(text)
  return (text:gsub("<([^>]*)>", function(inner)
    local count, repeated = inner:match("^(%d+)x(.*)$")
    if count then return repeated:rep(tonumber(count)) end
    assert(inner:match("^[%x ]*$"), "no bytes: <" .. inner .. ">")
    return (inner:gsub("%x%x ?", function(digits) return string.char(tonumber(digits, 16)) end))
  end))
end

--- Adds the case of a line of a block.
local function read_line(kind, line, case)
  if kind == "reject" then
    local at, document = line:match("^(.-)  (.*)$")
    case.line, case.column, case.pointer = at:match("^(%d+):(%d+)(.*)$")
    case.document = bytes_of(document)
    case.pointer = case.pointer and bytes_of(case.pointer)
  elseif kind == "becomes" or kind == "last" then
    local document, wanted = line:match("^(.*) %-> (.*)$")
    case.document, case.wanted = bytes_of(document), bytes_of(wanted)
  else
    case.document = bytes_of(line)
    case.wanted = kind == "unchanged" and case.document or nil
  end
  return case
end

local function read_cases(name)
  local cases, kind, by_hand, number = {}, nil, false, 0
  for line in io.lines("spec/cases/json/" .. name .. ".md") do
    number = number + 1
    local opening = line:match("^```(.+)$")
    if opening then
      kind, by_hand = opening:match("^%a+"), opening:find("by hand", 1, true) ~= nil
    elseif line == "```" then
      kind = nil
    elseif kind then
      local case = { kind = kind, by_hand = by_hand, place = ("%s.md:%d"):format(name, number) }
      cases[#cases + 1] = read_line(kind, line, case)
    end
  end
  return cases
end

--- Python's answers to documents, in their order.
local function ask_python(documents)
  local lines = {}
  for i, document in ipairs(documents) do
    lines[i] = document:gsub(".", function(c) return ("%02x"):format(c:byte()) end)
  end
  return python.lines("spec/support/json_cases.py", lines)
end

--- How a case is named in the list of tests.
local function title(case)
  local text = case.document:gsub("[^ -~]", function(c) return ("<%02X>"):format(c:byte()) end)
  return case.place .. " " .. (#text > 60 and text:sub(1, 60) .. "..." or text)
end

local function check_reject(case)
  local value, fault = json.decode(case.document)
  assert.is_nil(value)
  assert.is_string(fault.message)
  -- The reader does not look for names that are there twice.
  local read = json.check(case.document)
  if fault.message:find("there twice", 1, true) then assert.is_nil(read) else assert.same(fault, read) end
  if not case.line then return end
  assert.equal(case.line .. ":" .. case.column, fault.line .. ":" .. fault.column)
  assert.equal(case.pointer, fault.pointer)
end

local function check_accept(case)
  local value, fault = json.decode(case.document, { duplicates = case.kind == "last" and "last" or nil })
  assert.is_nil(fault and fault.message)
  assert.is_nil(json.check(case.document))
  local written = assert(json.encode(value))
  if case.wanted then assert.equal(case.wanted, written) end
  return written
end

describe("json", function()
  for _, name in ipairs(FILES) do
    local cases = read_cases(name)

    describe("(" .. name .. ".md)", function()
      for _, case in ipairs(cases) do
        it(title(case), function()
          if case.kind == "reject" then check_reject(case) else check_accept(case) end
        end)
      end

      it("judges as Python does, and writes what Python reads as the same", function()
        local documents, places, writes = {}, {}, {}
        for _, case in ipairs(cases) do
          if not case.by_hand and case.kind ~= "last" then
            documents[#documents + 1], places[#places + 1] = case.document, case.place
            writes[#writes + 1] = case.kind ~= "reject" and check_accept(case) or false
          end
        end
        local read = ask_python(documents)
        for i, written in ipairs(writes) do
          assert.equal(written ~= false, read[i] ~= "-", places[i])
          documents[i] = written or "!"
        end
        assert.same(read, ask_python(documents))
      end)
    end)
  end
end)
