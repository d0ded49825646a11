-- SPDX-License-Identifier: MIT

--- The language of templates, case by case, beside python3-jinja2.

local jinja = require "spec.support.jinja"
local process = require "spec.support.process"

describe("render --batch", function()
  teardown(process.clean)

  for _, path in ipairs(jinja.files()) do
    it("gives what Jinja gives: " .. path, function()
      jinja.compare(jinja.cases(path))
    end)
  end
end)
