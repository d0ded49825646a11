-- SPDX-License-Identifier: MIT

--- What scripts know as `time`: points in time, which are seconds since 1970 in UTC, as texts and back.

local core = require "perilune.core"

local time = {}

local RFC_3339, RFC_3339_ZONED = "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S%:z"
local HTTP_DATE = "%a, %d %b %Y %H:%M:%S GMT" -- RFC 9110 section 5.6.7

local CENTURY, HALF_CENTURY = 100, 50

local DAYS = { Mon = true, Tue = true, Wed = true, Thu = true, Fri = true, Sat = true, Sun = true }

local MONTHS = { Jan = 1, Feb = 2, Mar = 3, Apr = 4, May = 5, Jun = 6, Jul = 7, Aug = 8, Sep = 9,
  Oct = 10, Nov = 11, Dec = 12 }

--- The year of two digits that is at most fifty years ahead (RFC 9110 section 5.6.7).
local function whole_year(two_digits)
  local this_year = tonumber(core.time.format(core.now(), "%Y"))
  local year = this_year - this_year % CENTURY + tonumber(two_digits)
  return year > this_year + HALF_CENTURY and year - CENTURY or year
end

-- The three forms that HTTP has had.
local FORMS = {
  function(text) -- Sun, 06 Nov 1994 08:49:37 GMT
    local name, day, month, year, clock =
      text:match("^(%a%a%a), (%d%d) (%a%a%a) (%d%d%d%d) (%d%d:%d%d:%d%d) GMT$")
    return name, day, month, year, clock
  end,
  function(text) -- Sunday, 06-Nov-94 08:49:37 GMT
    local name, day, month, year, clock =
      text:match("^(%a%a%a)%a*day, (%d%d)%-(%a%a%a)%-(%d%d) (%d%d:%d%d:%d%d) GMT$")
    return name, day, month, year and whole_year(year), clock
  end,
  function(text) -- Sun Nov  6 08:49:37 1994
    local name, month, day, clock, year =
      text:match("^(%a%a%a) (%a%a%a) ([ %d]%d) (%d%d:%d%d:%d%d) (%d%d%d%d)$")
    return name, day, month, year, clock
  end,
}

--- The seconds of an HTTP date, or nil.
local function of_http_date(text)
  for _, read in ipairs(FORMS) do
    local name, day, month, year, clock = read(text)
    if name and DAYS[name] and MONTHS[month] then
      return (core.time.parse(("%04d-%02d-%02dT%sZ"):format(tonumber(year), MONTHS[month],
        tonumber(day), clock)))
    end
  end
  return nil
end

--- The text of a time. Without a format it is RFC 3339; formats are those of strftime. Nil and a
--- message for a zone or a directive that there is not.
---@param seconds number
---@param format? string
---@param zone? string   of the IANA database, or "+02:00"; UTC
---@return string|nil
---@return string|nil message
function time.format(seconds, format, zone)
  return core.time.format(seconds, format or zone and RFC_3339_ZONED or RFC_3339, zone)
end

--- The text that fields such as Date and Last-Modified have; nil and a message outside of the years 1
--- to 9999.
---@param seconds number
---@return string|nil
---@return string|nil message
function time.http(seconds) return core.time.format(seconds, HTTP_DATE) end

--- The seconds of an ISO 8601 text (RFC 3339), or of an HTTP date. Nil and a message for others.
---@param text string
---@return number|nil
---@return string|nil message
function time.parse(text)
  local seconds = type(text) == "string" and of_http_date(text)
  if seconds then return seconds end
  return core.time.parse(text)
end

return time
