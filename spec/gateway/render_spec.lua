-- SPDX-License-Identifier: MIT

--- `perilune render`. What templates print is checked elsewhere, beside Python's Jinja2; here it is how they get in and out.

local support = require("spec.support")
local fcntl = require("posix.fcntl")
local stat = require("posix.sys.stat")
local unistd = require("posix.unistd")
local json = support.json

local MEGABYTE = 2 ^ 20

--- Runs it with a text as standard input: exit code, output, errors.
local function render(input, ...)
  local folder = support.write(support.folder(), { input = input })
  return support.run({ support.binary, "render", ... }, nil, folder .. "/input")
end

--- The answers to lines, decoded, and their texts.
local function batch(lines, ...)
  local code, output, errors = render(table.concat(lines, "\n"), "--batch", ...)
  assert.equal(0, code)
  assert.equal("", errors)
  local answers, texts = {}, {}
  for line in output:gmatch("([^\n]*)\n") do
    texts[#texts + 1], answers[#answers + 1] = line, json.decode(line)
  end
  assert.equal(#lines, #answers)
  return answers, texts
end

local function line_of(template, context)
  return json.encode({ template = template, context = context })
end

--- A file of the spec's with a text.
local function file(text)
  return support.write(support.folder(), { file = text }) .. "/file"
end

describe("perilune render", function()
  teardown(function() support.finish() end)

  describe("of one template", function()
    it("prints the text as it is", function()
      local code, output, errors = render("", "--template", file("Dear {{ name }},\n\n"), "--context", file('{"name":"Ada"}'))
      assert.equal(0, code)
      assert.equal("Dear Ada,\n", output) -- Jinja2 takes one line end off
      assert.equal("", errors)
    end)

    it("takes either from standard input, and {} for a context", function()
      assert.same({ 0, "1", "" }, { render("{{ 1 }}", "--template", "-") })
      assert.same({ 0, "x", "" }, { render('{"a":"x"}', "--template", file("{{ a }}"), "--context", "-") })
    end)

    it("prints numbers as Python reads them; for a webhook every digit is kept", function()
      local context = file('{"a":1.50,"b":1e3,"c":12345678901234567890,"a":2.50}')
      assert.equal("2.5 1000.0 12345678901234567890",
        select(2, render("{{ a }} {{ b }} {{ c }}", "--template", "-", "--context", context)))
      context = file('{"a":1.50,"b":1e3}')
      assert.equal('{"a":1.50,"b":1e3}',
        select(2, render('{"a":{{ a }},"b":{{ b }}}', "--template", "-", "--context", context, "--mode", "json")))
    end)

    it("escapes by position in the modes of webhooks", function()
      local context = file('{"s":"a\\"b/c & <d>"}')
      local function as(mode, template)
        return select(2, render(template, "--template", "-", "--context", context, "--mode", mode))
      end
      assert.equal('{"x":"a\\"b/c & <d>","y":"-a\\"b/c & <d>-"}', as("json", '{"x":{{ s }},"y":"-{{ s }}-"}'))
      assert.equal("http://h/a%22b%2Fc%20%26%20%3Cd%3E", as("url", "http://h/{{ s }}"))
      assert.equal('a"b/c & <d>', as("text", "{{ s }}"))
      assert.equal("<a>a\"b/c &amp; &lt;d&gt;</a>", as("xml", "<a>{{ s }}</a>"))
    end)

    it("finds the templates of a folder, and of folders in it", function()
      local folder = support.write(support.folder(), {
        ["base.j2"] = "<{% block b %}base{% endblock %}>", ["parts/line.j2"] = "{{ n }}!",
      })
      local code, output = render("{% extends 'base.j2' %}{% block b %}{% include 'parts/line.j2' %}{% endblock %}",
        "--template", "-", "--context", file('{"n":1}'), "--templates", folder)
      assert.equal(0, code)
      assert.equal("<1!>", output)
    end)

    it("that fails ends with 1, and shows where on standard error", function()
      local path = file("a\n  {{ a.b.c }}\n")
      local code, output, errors = render("", "--template", path, "--context", file('{"a":{}}'))
      assert.equal(1, code)
      assert.equal("", output)
      assert.equal(path .. ":2:", errors:sub(1, #path + 3))
      assert.matches("\n    [^\n]*{{ a.b.c }}[^\n]*\n +%^\n$", errors)
      code, output, errors = render("", "--template", file("{% if %}"))
      assert.equal(1, code)
      assert.equal("", output)
      assert.matches("file:1:", errors, 1, true)
    end)

    it("with a context that is none ends with 2, and says where", function()
      for text, message in pairs({
        ['{"a":\n1,}'] = ":2:3: ", ["[]"] = ": expected an object", [""] = ":1:1: ",
      }) do
        local path = file(text)
        local code, output, errors = render("", "--template", file("x"), "--context", path)
        assert.equal(2, code)
        assert.equal("", output)
        assert.equal(path .. message, errors:sub(1, #path + #message))
      end
    end)

    it("that is not there ends with 2", function()
      assert.equal(2, (render("", "--template", "/nowhere/at/all")))
      assert.equal(2, (render("", "--template", file("x"), "--context", "/nowhere/at/all")))
      assert.equal(2, (render("", "--template", file("x"), "--templates", "/nowhere/at/all")))
    end)

    it("asked for in a way that makes no sense ends with 2", function()
      for _, arguments in ipairs({
        {}, { "--batch", "--template", "x" }, { "--batch", "--context", "x" }, { "--batch", "--mode", "json" },
        { "--template", "-", "--context", "-" }, { "--template", "-", "--mode", "yaml" }, { "--context", "x" }, { "x" },
      }) do
        local code, output, errors = render("", unpack(arguments))
        assert.equal(2, code)
        assert.equal("", output)
        assert.matches("Usage: perilune render", errors, 1, true)
      end
    end)
  end)

  describe("--batch", function()
    it("answers each line with a line, and echoes its id", function()
      local _, texts = batch({
        '{"template":"{{ a }}-{{ b }}","context":{"a":1,"b":"é"}}',
        '{"id":7,"template":"x"}',
        '{"id":{"a":[1.0]},"template":"{{ a.b.c }}","context":{"a":{}}}',
      })
      assert.equal('{"ok":true,"output":"1-é"}', texts[1])
      assert.equal('{"ok":true,"output":"x","id":7}', texts[2])
      assert.matches('^{"ok":false,"error":".+","line":1,"column":%d+,"id":{"a":%[1.0%]}}$', texts[3])
    end)

    it("takes templates and mode from the line", function()
      local answers = batch({
        '{"template":"{% include \'a\' %}{% include \'b\' %}","templates":{"a":"1","b":"{{ x }}"},"context":{"x":2}}',
        '{"template":"{% include \'a\' %}"}',
        '{"template":"{\\"a\\":{{ x }}}","mode":"json","context":{"x":1.50}}',
        '{"template":"{{ x }}","mode":"text","context":{"x":1.50}}',
      })
      assert.equal("12", answers[1].output)
      assert.is_false(answers[2].ok)
      assert.matches("a", answers[2].error, 1, true)
      assert.equal('{"a":1.50}', answers[3].output)
      assert.equal("1.5", answers[4].output)
    end)

    it("has the folder's templates beside those of a line, which hide them", function()
      local folder = support.write(support.folder(), { ["a.j2"] = "folder a ", ["b.j2"] = "folder b " })
      local answers = batch({
        '{"template":"{% include \'a.j2\' %}{% include \'b.j2\' %}","templates":{"b.j2":"line b"}}',
        '{"template":"{% include \'b.j2\' %}"}',
      }, "--templates", folder)
      assert.equal("folder a line b", answers[1].output)
      assert.equal("folder b ", answers[2].output)
    end)

    it("goes on after a bad line", function()
      local bad = {
        "", "not json", "{", '{"template":"a"', "[]", '"text"', "null", "1", "{}", '{"template":1}', '{"template":null}',
        '{"template":"a","context":[]}', '{"template":"a","context":"x"}', '{"template":"a","mode":"yaml"}',
        '{"template":"a","templates":["x"]}', '{"template":"a","templates":{"x":1}}', '{"template":"\255"}',
        '{"template":"a\0b"}', "\0", ("["):rep(100000), '{"template":"{{"}', '{"template":"{% for %}"}',
        '{"template":"{{ x|nofilter }}"}', '{"template":"{{ 1/0 }}"}',
      }
      local lines = {}
      for i, line in ipairs(bad) do
        lines[i * 2 - 1], lines[i * 2] = line, ('{"template":"%d"}'):format(i)
      end
      local answers = batch(lines)
      for i in ipairs(bad) do
        local answer = answers[i * 2 - 1]
        assert.is_false(answer.ok, bad[i])
        assert.is_truthy(#answer.error > 0)
        assert.equal(tostring(i), answers[i * 2].output)
      end
    end)

    it("carries any character, NUL too", function()
      local answers = batch({ [[{"template":"\u0000{{ a }}\u001f\ud83d\ude00","context":{"a":"\u0000\n\u2028"}}]] })
      assert.equal("\0\0\n\226\128\168\31\240\159\152\128", answers[1].output)
    end)

    it("ends loops, recursion and output that have no end, and goes on", function()
      local answers = batch({
        line_of("{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}"),
        line_of("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"),
        line_of("{% for i in range(100000) %}{{ 'x' * 10000 }}{% endfor %}"),
        line_of("{{ 'x' * 1000000000 }}"),
        line_of("{% set ns = namespace(s='x') %}{% for i in range(100) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}"),
        line_of(("("):rep(50000) .. "1" .. (")"):rep(50000)),
        line_of("{{ " .. ("["):rep(20000) .. ("]"):rep(20000) .. " }}"),
        line_of(("{% if 1 %}"):rep(20000) .. ("{% endif %}"):rep(20000)),
        line_of("{{ range(1000000000)|list|length }}"),
        line_of("{{ 9 ** (9 ** 9) }}"),
        line_of("ok"),
      })
      for i = 1, #answers - 1 do
        -- The parentheses are text there, which is no mistake.
        assert.equal(i == 6, answers[i].ok, i .. ": " .. tostring(answers[i].error))
      end
      assert.equal("ok", answers[#answers].output)
    end)

    it("has the limits of the settings", function()
      local loop, text = line_of("{% for i in range(11) %}{% endfor %}"), line_of("{{ 'x' * 1025 }}")
      local macro = line_of("{% macro m(n) %}{% if n %}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(4) }}")
      local answers = batch({ loop, text, macro })
      for i = 1, 3 do assert.is_true(answers[i].ok, answers[i].error) end
      answers = batch({ loop, text, macro },
        "--limits-template-loops", "10", "--limits-template-output", "1k", "--limits-template-depth", "3")
      for i = 1, 3 do assert.is_false(answers[i].ok) end
    end)

    it("refuses a line of more than 50 MB, and takes one of less", function()
      local answers, texts = batch({
        '{"template":"' .. ("x"):rep(50 * MEGABYTE) .. '"}', '{"template":"ok"}', '{"template":"a{#' .. ("x"):rep(40 * MEGABYTE) .. '#}b"}',
        '{"template":"' .. ("x"):rep(51 * MEGABYTE),
      })
      assert.equal('{"ok":false,"error":"the line is longer than 50 MB"}', texts[1])
      assert.equal("ok", answers[2].output)
      assert.equal("ab", answers[3].output)
      assert.equal(texts[1], texts[4])
    end)

    it("stops a template whose values together are too large, and goes on", function()
      local answers = batch {
        '{"template":"{% set l = [] %}{% for i in range(200) %}{% do l.append(\'x\' * 9000000 ~ i) %}{% endfor %}"}',
        '{"template":"{{ 1 + 1 }}"}',
      }
      assert.matches("template:1:%d+: the values of the template take more than 536870912 bytes", answers[1].error)
      assert.equal("2", answers[2].output)
    end)

    it("answers a line when it came, not at the end", function()
      local folder = support.folder()
      stat.mkfifo(folder .. "/input")
      local p = support.start({ support.binary, "render", "--batch" }, nil, folder .. "/input")
      local fd = assert(fcntl.open(folder .. "/input", fcntl.O_WRONLY))
      local expected = ""
      for i = 1, 3 do
        unistd.write(fd, ('{"template":"%d"}\n{"templ'):format(i):sub(i > 1 and 8 or 1))
        expected = expected .. ('{"ok":true,"output":"%d"}\n'):format(i)
        support.eventually("answer " .. i, function() return p:output() == expected end)
      end
      unistd.close(fd)
      assert.equal(0, p:wait()) -- the last line, which is cut short, has its answer, too
      assert.equal(expected, p:output():sub(1, #expected))
      assert.matches('^{"ok":false', p:output():sub(#expected + 1))
    end)

    it("ends quietly when nobody reads on", function()
      local lines = file(('{"template":"x"}\n'):rep(100000))
      local code, output, errors = support.run({ "sh", "-c",
        ('"%s" render --batch < "%s" | head -n 1; echo done'):format(support.binary, lines) })
      assert.equal(0, code)
      assert.equal('{"ok":true,"output":"x"}\ndone\n', output)
      assert.equal("", errors)
    end)

    it("needs no more memory for more lines, whatever is in them", function()
      local folder = support.folder()
      stat.mkfifo(folder .. "/input")
      local p = support.start({ support.binary, "render", "--batch" }, nil, folder .. "/input")
      local fd = assert(fcntl.open(folder .. "/input", fcntl.O_WRONLY))
      local function lines(from, to)
        for i = from, to do
          unistd.write(fd, ('{"template":"%d {{ a%d }}","context":{"a%d":"%d","b":{"%d":%d}},"templates":{"t%d":"x"}}\n')
            :format(i, i, i, i, i, i, i))
        end
        local wanted = ('{"ok":true,"output":"%d %d"}\n'):format(to, to)
        support.eventually("the answers", function() return p:output():sub(-#wanted) == wanted end, 120)
        return p:resident_bytes()
      end
      local before = lines(1, 4000)
      local after = lines(4001, 12000)
      unistd.close(fd)
      assert.equal(0, p:wait())
      assert.is_true(after - before < 24 * MEGABYTE, ("%d, then %d bytes"):format(before, after))
    end)
  end)

  it("does what the pipe in its help says", function()
    local _, help = render("", "--help")
    local command = help:match("\n  (echo [^\n]+)\n"):gsub("perilune render", '"$BIN" render')
    local code, output = support.run({ "sh", "-c", command }, { BIN = support.binary })
    assert.equal(0, code)
    assert.equal('{"ok":true,"output":"Dear Ada"}\n', output)
  end)
end)
