-- SPDX-License-Identifier: MIT

--- What lua/perilune/template/REFERENCE.md says is so, and it says all: its examples are rendered by the binary and,
--- where they are plain Jinja2, by python3-jinja2; its tables are compared with what the engine has.

local functions = require "perilune.template.functions"
local filters = require "perilune.template.filters"
local reference = require "spec.support.reference"
local support = require "spec.support"
local tests = require "perilune.template.tests"

local json = support.json

local PATH = "lua/perilune/template/REFERENCE.md"
local PYTHON = "/usr/bin/python3"

local TEXT = support.read(PATH)
local EXAMPLES = reference.examples(TEXT)

local function example_line(example)
  return ('{"template":%s,"context":%s,"templates":%s,"mode":"%s"}'):format(json.encode(example.template),
    example.context, next(example.templates) and json.encode(example.templates) or "{}", example.mode)
end

--- What a program, which answers every line with a line, makes of examples.
local function ask(arguments, examples)
  local lines = {}
  for i, example in ipairs(examples) do lines[i] = example_line(example) end
  local folder = support.write(support.folder(), { lines = table.concat(lines, "\n") .. "\n" })
  local _, output, errors = support.run(arguments, nil, folder .. "/lines")
  local answers = {}
  for line in output:gmatch("[^\n]+") do answers[#answers + 1] = json.decode(line) end
  assert.equal(#examples, #answers, errors)
  return answers
end

local function shown(answer)
  return answer.ok and answer.output or "error: " .. answer.error
end

--- Examples of some kinds.
local function some(kinds)
  local found = {}
  for _, example in ipairs(EXAMPLES) do
    if kinds[example.kind] then found[#found + 1] = example end
  end
  return found
end

--- Fails with the examples for which `is_fault(example, answer)`.
local function check(examples, answers, is_fault)
  local faults = {}
  for i, example in ipairs(examples) do
    if is_fault(example, answers[i]) then
      faults[#faults + 1] = ("%s, %s\n%s\n--- it says\n%s\n--- and it gives\n%s"):format(PATH, example.name,
        example.template, example.output or "error: " .. example.error, shown(answers[i]))
    end
  end
  if #faults > 0 then error(table.concat(faults, "\n\n"), 0) end
end

--- Is a pattern in the template of an example?
local function is_used(pattern)
  for _, example in ipairs(EXAMPLES) do
    if example.template:find(pattern) then return true end
  end
  return false
end

local function names_of(set)
  local names = {}
  for name in pairs(set) do names[#names + 1] = name end
  table.sort(names)
  return names
end

local function plain(text) return (text:gsub("%p", "%%%0")) end

describe(PATH, function()
  teardown(function() support.finish() end)

  describe("its examples", function()
    it("give what it says", function()
      local examples = some({ plain = true, perilune = true })
      assert.is_true(#examples > 150)
      check(examples, ask({ support.binary, "render", "--batch" }, examples), function(example, answer)
        return example.output ~= (answer.ok and answer.output or nil)
          or example.error ~= (not answer.ok and answer.error or nil)
      end)
    end)

    it("give the same in Jinja2, unless they say that they are not of it", function()
      local examples = {}
      for _, example in ipairs(some({ plain = true })) do
        if example.mode == "text" and example.output then examples[#examples + 1] = example end
      end
      assert.is_true(#examples > 100)
      check(examples, ask({ PYTHON, "spec/support/jinja_oracle.py" }, examples), function(example, answer)
        return not answer.ok or answer.output ~= example.output
      end)
    end)

    it("that are not of Jinja2 are not", function()
      local examples = some({ perilune = true })
      check(examples, ask({ PYTHON, "spec/support/jinja_oracle.py" }, examples), function(example, answer)
        return answer.ok and answer.output == example.output
      end)
    end)

    it("of a plugin give what it says", function()
      local example = some({ plugin = true })[1]
      local folder = support.write(support.folder(), {
        ["gateway.lua"] = "return {}", ["plugins/acme/handler.lua"] = example.lua,
        ["plugins/acme/schema.lua"] = "return { api = 1, summary = 'Acme', fields = {} }",
        ["connectors/a.lua"] = ("return { webhooks = { { id = 'a', url = 'http://h/', content_type = 'text/plain',"
          .. " body = %q } } }"):format(example.template),
        ["event.json"] = ('{"data":%s}'):format(example.context),
      })
      local code, output = support.run({ support.binary, "try", "--dry-run", "--event", folder .. "/event.json", folder,
        "a", "a" })
      assert.equal(0, code, output)
      assert.equal(example.output, json.decode(output).request.body)
    end)
  end)

  for heading, callables in pairs({ filter = filters, test = tests, ["function"] = functions }) do
    describe("its " .. heading .. "s", function()
      local signatures = reference.signatures(TEXT, heading)

      it("are those that there are", function()
        local documented = {}
        for _, signature in ipairs(signatures) do documented[signature.name] = true end
        assert.same(names_of(callables), names_of(documented))
      end)

      it("have the parameters that they have", function()
        for _, signature in ipairs(signatures) do
          local params = callables[signature.name].params
          if params then assert.same(params, signature.params, signature.name) end
        end
      end)

      it("have examples", function()
        local patterns = {
          filter = { "|%%s*%s%%f[^%%w_]", "map%%(\"%s\"" },
          test = { "is %s%%f[^%%w_]", "is not %s%%f[^%%w_]", "select%%(\"%s\"" },
          ["function"] = { "%%f[%%w_]%s%%(" },
        }
        for _, signature in ipairs(signatures) do
          local found = false
          for _, pattern in ipairs(patterns[heading]) do
            found = found or is_used(pattern:format(plain(signature.name)))
          end
          assert.is_true(found, signature.name)
        end
      end)
    end)
  end

  describe("its methods", function()
    local strings, lists = require "perilune.template.methods.string", require "perilune.template.methods.list"
    local numbers = require "perilune.template.methods.number"

    local OF_MARKUP = { "escape", "striptags", "unescape" } -- besides those of texts

    --- The names in a row of the list.
    local function documented(kind)
      local row = assert(TEXT:match("\n%- " .. kind .. ": `([^`]+)`"), kind)
      local names = {}
      for name in row:gmatch("[%w_]+") do names[name] = true end
      return names
    end

    local kinds = {
      Texts = strings.string, Lists = lists.list, Tuples = lists.tuple,
      Dicts = require "perilune.template.methods.dict", Integers = numbers.int, Floats = numbers.float,
    }

    it("are those that there are", function()
      for kind, methods in pairs(kinds) do assert.same(names_of(methods), names_of(documented(kind)), kind) end
      local of_markup = documented("Texts")
      for _, name in ipairs(OF_MARKUP) do of_markup[name] = true end
      assert.same(names_of(strings.markup), names_of(of_markup))
    end)

    it("have examples", function()
      for kind in pairs(kinds) do
        for name in pairs(documented(kind)) do assert.is_true(is_used("%." .. name .. "%("), name) end
      end
      for _, name in ipairs(OF_MARKUP) do assert.is_true(is_used("%." .. name .. "%("), name) end
    end)
  end)

  it("has an example of every tag, and of every attribute of loop", function()
    local tags = assert(TEXT:match("unknown tag 'trans'; known are ([%l, ]+)"))
    for tag in tags:gmatch("%l+") do assert.is_true(is_used("{%%[-+]? *" .. tag .. "%f[^%w_]"), tag) end
    for name in TEXT:gmatch("`loop%.([%w_]+)") do assert.is_true(is_used("loop%." .. name .. "%f[^%w_]"), name) end
  end)

  it("has the limits with their defaults", function()
    local _, help = support.run({ support.binary, "run", "--help" })
    local count = 0
    for name, default in TEXT:gmatch("\n| `limits%.(template_[%l_]+)` | (%w+) |") do
      local flag = "\n  %-%-limits%-" .. name:gsub("_", "%%-")
      assert.equal(default, help:match(flag .. " [^[]*%[([^;]+);"), name)
      count = count + 1
    end
    assert.equal(3, count)
  end)

  it("links to what there is", function()
    for path in TEXT:gmatch("%]%(([%w_./-]+)") do
      assert.is_truthy(io.open("lua/perilune/template/" .. path), path)
    end
    for anchor in TEXT:gmatch("%]%(#([%l-]+)%)") do
      local heading = "\n#+ " .. anchor:gsub("%-", "[ ,]*") .. "\n"
      assert.is_truthy(TEXT:lower():find(heading), anchor)
    end
  end)
end)
