-- SPDX-License-Identifier: MIT

--- Which variable a name is: random templates, the same in every run, beside Jinja's. Each is
--- compiled in both of the ways that there are.

local compiler = require "perilune.template.compiler"
local core = require "perilune.core"
local parser = require "perilune.template.parser"
local python = require "spec.support.python"
local runtime = require "perilune.template.runtime"
local template = require "perilune.template"

local SEED, COUNT = 1, 400

local function generated()
  local pipe = assert(io.popen(("/usr/bin/python3 spec/support/jinja_scopes.py %d %d"):format(SEED,
    COUNT)))
  local lines = {}
  for line in pipe:lines() do lines[#lines + 1] = line end
  pipe:close()
  assert(#lines == COUNT, "the generator failed")
  return lines
end

local function render(case, is_split)
  local env = template.environment({ templates = case.templates })
  local options = { mode = "text", is_lenient = false, is_split = is_split }
  local code = env:make(case.template, parser.template, compiler.template, options)
  return (code.root(runtime.context(code, case.context), runtime.take(env)))
end

local function shown(answer)
  return answer.ok and answer.output or "an error"
end

describe("names", function()
  local lines, answers = generated(), nil

  setup(function() answers = python.ask("spec/support/jinja_oracle.py", lines) end)

  local function compare(is_split)
    local printed = 0
    for i, line in ipairs(lines) do
      local case = core.json.decode(line)
      local ok, output = pcall(render, case, is_split)
      local ours = { ok = ok, output = ok and output or nil }
      assert.equal(shown(answers[i]), shown(ours), case.template)
      if ok then printed = printed + 1 end
    end
    assert.is_true(printed > COUNT / 2)
  end

  it("are the variables that they are in Jinja", function() compare(false) end)

  it("are so, too, when they live in tables", function() compare(true) end)
end)
