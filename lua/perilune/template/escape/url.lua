-- SPDX-License-Identifier: MIT

--- Values in a URL (RFC 3986). They are percent-encoded, so that none can end the segment or the
--- parameter it stands in; in the host only letters, digits, "-" and "." pass.
---
---     scheme --"://"--> host --[/?#]--> path (query and fragment too)
---     scheme --[/?#]--> path
---
--- As long as nothing tells a scheme from a path, the state is the text so far.

local core = require "perilune.core"
local value = require "perilune.template.value"

local writers = {}

function writers.url(v)
  if value.is_done(v, "query") then return v.text end
  return core.url.encode(value.text(v))
end

local function encoded(char) return core.url.encode(char) end

--- What `|urlencode` gave: it is not encoded twice. That filter lets slashes pass, a place does not.
function writers.url_encoded(v)
  if value.is_done(v, "query") then return v.text end
  local text = value.text(v):gsub("%%(%x?%x?)", function(digits)
    return #digits == 2 and "%" .. digits or "%25" .. digits
  end)
  return (text:gsub("[^%w%%_.~-]", encoded))
end

function writers.url_host(v)
  local text = value.text(v)
  if not value.is_done(v, "any") and text:find("[^%w.-]") then
    core.fail("url", ("%q may not stand in the host: only letters, digits, '-' and '.' may")
      :format(text))
  end
  return text
end

-- No text so far looks like these.
local PATH, HOST = "/path", "//host"

local function after(state, text)
  if state == PATH then return PATH end
  if state ~= HOST then
    local prefix, rest = (state .. text):match("^([^/?#]*)(.*)$")
    if rest == "" or rest == "/" and prefix:find(":$") then return prefix .. rest end
    if not (prefix:find(":$") and rest:find("^//")) then return PATH end
    text = rest:sub(3)
  end
  return text:find("[/?#]") and PATH or HOST
end

local function mode_from(initial)
  return {
    initial = initial, states = { PATH, HOST },
    feed = function(state, text) return after(state, text), text end,
    -- A value stands for something: "{{ scheme }}://" must not look like "://".
    after_value = function(state) return after(state, "v") end,
    writer = function(state, filter)
      if state == HOST then return "url_host" end
      return filter == "urlencode" and "url_encoded" or "url"
    end,
    describe = function(state)
      return state == HOST and "in the host" or state == PATH and "behind the host"
        or "in front of the host"
    end,
  }
end

--- `path`: what is appended to a base URL.
return { modes = { url = mode_from(""), path = mode_from(PATH) }, writers = writers }
