-- SPDX-License-Identifier: MIT

--- Random templates, the same in every run, rendered as python3-jinja2 renders them.
--- PERILUNE_JINJA_SEED and PERILUNE_JINJA_COUNT ask for others and more.

local jinja = require "spec.support.jinja"
local process = require "spec.support.process"

local SEED = os.getenv("PERILUNE_JINJA_SEED") or "1"
local COUNT = os.getenv("PERILUNE_JINJA_COUNT") or "4000"

describe("random templates", function()
  teardown(process.clean)

  it("give what Jinja gives", function()
    jinja.compare_random(SEED, COUNT)
  end)
end)
