-- SPDX-License-Identifier: MIT

--- Compares operations on values with Python's own (python.py), all cases in one process.
---
---     python.compare(OPERATIONS, python.pairs({ "+", "<" }, { "1", '"a"', '{"float": "2.5"}' }))
---
--- Operands are JSON, with {"int": digits}, {"float": text}, {"markup": text}, {"tuple": [...]},
--- {"dict": [[key, value], ...]}, {"range": [start, stop, step]}, {"view": ["keys", dict]} and
--- {"undefined": name} for what JSON lacks.

local core = require "perilune.core"
local methods = require "perilune.template.methods"
local number = require "perilune.template.value.number"
local oracle = require "spec.support.python"
local value = require "perilune.template.value"

local SCRIPT = "spec/unit/template/python.py"

local python = {}

local decode

local Range = value.class { kind = "range" }

local DECODERS = {
  int = number.integer,
  markup = value.markup,
  float = number.parse_float,
  tuple = function(items) return value.tuple(decode(items)) end,
  undefined = function() return value.UNDEFINED end,
  range = function(ends)
    return setmetatable({ start = ends[1], stop = ends[2], step = ends[3] }, Range)
  end,
  view = function(view)
    local dict = decode(view[2])
    return methods.find(dict, view[1]).run(dict, { n = 0 })
  end,
  dict = function(pairs_of_it)
    local dict, keys = core.json.dict()
    for _, pair in ipairs(pairs_of_it) do
      local key = decode(pair[1])
      if dict[value.key(key)] == nil then keys[#keys + 1] = key end
      dict[value.key(key)] = decode(pair[2])
    end
    return dict
  end,
}

--- A value of the template engine.
---@param v any   what the operand's JSON decodes to
---@return any
function decode(v)
  if type(v) ~= "table" then return v end
  if core.json.is_object(v) then
    local kind = next(v)
    return DECODERS[kind](v[kind])
  end
  for i = 1, #v do v[i] = decode(v[i]) end
  return v
end

python.decode = decode

--- A case for each operation and each pair of operands.
---@param operations string[]
---@param left string[]
---@param right? string[]   default: `left`
---@return string[]
function python.pairs(operations, left, right)
  local cases = {}
  for _, operation in ipairs(operations) do
    for _, a in ipairs(left) do
      for _, b in ipairs(right or left) do
        cases[#cases + 1] = ('["%s", %s, %s]'):format(operation, a, b)
      end
    end
  end
  return cases
end

--- A case for each operation and each operand.
---@return string[]
function python.each(operations, operands)
  local cases = {}
  for _, operation in ipairs(operations) do
    for _, v in ipairs(operands) do cases[#cases + 1] = ('["%s", %s]'):format(operation, v) end
  end
  return cases
end

local function attempt(operations, case)
  local operands = assert(core.json.decode(case))
  local name, count = operands[1], #operands
  for i = 2, count do operands[i] = decode(operands[i]) end
  local ok, result = pcall(operations[name], unpack(operands, 2, count))
  if ok then return value.repr(result) end
  return nil, result
end

-- Where our words are others than Python's: undefined values, which have lost their name, sizes
-- and complex numbers.
local OTHER_WORDS = { UndefinedError = true, MemoryError = true, OverflowError = true }

local function difference(case, answer, result, message, any_words)
  if answer.error then
    local is_same = any_words or OTHER_WORDS[answer.error] or message == answer.message
    if not result and is_same then return nil end
  elseif result == answer.result then
    return nil
  end
  return ("%s\n  ours:   %s\n  Python: %s"):format(case, result or message,
    answer.result or answer.message)
end

--- Fails with the first differences between our operations and Python's.
---@param operations table<string, function>
---@param cases string[]   JSON lists: operation, operands
---@param options? { any_words: boolean }   any_words: errors may have other texts
function python.compare(operations, cases, options)
  local differences, count = {}, 0
  for i, answer in ipairs(oracle.ask(SCRIPT, cases)) do
    local result, message = attempt(operations, cases[i])
    local found = difference(cases[i], answer, result, message, options and options.any_words)
    if found then
      count = count + 1
      differences[math.min(count, 30)] = found
    end
  end
  if count > 0 then
    error(("%d of %d differ from Python\n%s"):format(count, #cases,
      table.concat(differences, "\n")), 2)
  end
end

return python
