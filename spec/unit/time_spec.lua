-- SPDX-License-Identifier: MIT

--- HTTP dates are compared with those of Python's email.utils; formats and zones are core.time's, which
--- core_text_spec.lua compares.

local core = require "perilune.core"
local python = require "support.python"
local time = require "perilune.time"

local MOMENTS = { 0, 784111777, 951782399, 951782400, 1709164800, 1700000000, 4102444800 }

local function asked(question, values)
  local lines = {}
  for i, v in ipairs(values) do lines[i] = core.json.encode { question, v } end
  return python.ask("spec/support/url_and_time.py", lines)
end

describe("time", function()
  it("writes and reads HTTP dates as Python does", function()
    local written = {}
    for i, seconds in ipairs(MOMENTS) do written[i] = time.http(seconds) end
    assert.same(asked("http", MOMENTS), written)
    for i, text in ipairs(written) do assert.equal(MOMENTS[i], time.parse(text)) end
  end)

  it("reads the forms that HTTP has had (RFC 9110 section 5.6.7)", function()
    for _, text in ipairs { "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
      "Sun Nov  6 08:49:37 1994" } do
      assert.equal(784111777, time.parse(text), text)
    end
    for _, text in ipairs { "Tuesday, 08-Nov-94 00:00:00 GMT", "Tue Nov 18 00:00:00 1997" } do
      assert.is_number(time.parse(text), text)
    end
  end)

  it("takes two digits for the year that is at most fifty years ahead", function()
    local this_year = tonumber(os.date("!%Y"))
    for _, year in ipairs { this_year - 49, this_year, this_year + 50 } do
      local text = ("Monday, 01-Jan-%02d 00:00:00 GMT"):format(year % 100)
      assert.equal(tostring(year), time.format(time.parse(text), "%Y"))
    end
  end)

  it("writes RFC 3339 where no format is given", function()
    assert.equal("1994-11-06T08:49:37Z", time.format(784111777))
    assert.equal("1994-11-06T03:49:37-05:00", time.format(784111777, nil, "America/New_York"))
    assert.equal(784111777, time.parse(time.format(784111777, nil, "America/New_York")))
  end)

  it("gives nil and a message for what is no time", function()
    for _, text in ipairs { "", "yesterday", "Sun, 06 Nov 1994 08:49:37", "Sun, 31 Feb 1994 08:49:37 GMT",
      "Abc, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT" } do
      local seconds, message = time.parse(text)
      assert.is_nil(seconds, text)
      assert.matches("is not a time such as", message)
    end
    assert.same({ nil, "the time is outside of the years 1 to 9999" }, { time.http(1e300) })
  end)
end)
