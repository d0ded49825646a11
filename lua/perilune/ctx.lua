-- SPDX-License-Identifier: MIT

--- What a script is given in front of its value: `function(ctx, value)`. One for each attempt, and one
--- for each plugin that takes part in it, since each has a config of its own. Frozen: what a
--- script sets, it sets in its own locals.
---
---     of all scripts       log, http, trace, uuid
---     of the plugin        config
---     of the connector     cache, connector
---     of a source          cache, connector, verified, now, deadline
---     of the attempt       event, data, values, webhook, attempt, now, deadline

local cache = require "perilune.cache"
local core = require "perilune.core"
local frozen = require "perilune.util.frozen"
local http = require "perilune.http"
local log = require "perilune.log"
local tables = require "perilune.util.tables"

local new_table = require "table.new"

local ctx = {}

--- What makes a ctx.
---@class perilune.ctx_frame
---@field values table          the names that templates see
---@field entry perilune.entry
---@field info { attempt: integer, now: number, deadline: number }
---@field verified? table       of a source
---@field ctx? perilune.ctx      once a script has asked

--- A line in the trace of the attempt; `value` is anything that JSON can say.
---@param message string
---@param value? any
local function trace(message, value)
  local text, fault
  if value ~= nil then
    text, fault = core.json.encode(value)
    if not text then error("ctx.trace: " .. fault, 2) end
  end
  core.trace(message, text)
end

-- The members that are the same for all.
local SHARED = { log = log, http = http, trace = trace, uuid = core.uuid }

local function copied(v) return v ~= nil and core.copy(v) or nil end

-- The others, made when a script asks for them: what attempts share is copied, so that what a script
-- does to it ends with the attempt.
local MADE = {
  values = function(frame) return frame.values end,
  event = function(frame) return frame.values.event end,
  data = function(frame) return frame.values.data end,
  cache = function(frame)
    return cache.new(frame.entry.cache or frame.entry.connector_view.id)
  end,
  connector = function(frame) return copied(frame.entry.connector_view) end,
  webhook = function(frame) return copied(frame.entry.webhook_view) end,
  config = function(_, config) return config and core.copy(config) or {} end,
  attempt = function(frame) return frame.info.attempt end,
  verified = function(frame) return frame.verified end,
  now = function(frame) return frame.info.now end,
  deadline = function(frame) return core.deadline() or frame.info.deadline end,
}

--- Every name that a ctx has, sorted.
---@return string[]
function ctx.names()
  local all = {}
  for name in pairs(SHARED) do all[name] = true end
  for name in pairs(MADE) do all[name] = true end
  return tables.names(all)
end

--- The same with the members of those that have some; without config, which is the plugin's.
---@return perilune.vocabulary
function ctx.vocabulary()
  local vocabulary = frozen.vocabulary(SHARED)
  for name in pairs(MADE) do vocabulary[name] = true end
  vocabulary.cache = frozen.vocabulary(cache.new("")) -- of any connector
  return vocabulary
end

local MEMBERS_USED = 4 -- as many as most scripts ask for, with these two:
local FRAME, CONFIG = {}, {} -- where a ctx's members keep what they are made of

-- Members that change while an attempt goes on (request:set_timeout), and are made each time.
local LIVE = { deadline = true }

local MEMBERS = { __index = function(members, name)
  local member = SHARED[name]
  if member ~= nil then return member end
  local make = MADE[name]
  if not make then error(frozen.missing("ctx", name, ctx.names()), 2) end
  member = make(members[FRAME], rawget(members, CONFIG))
  if not LIVE[name] then members[name] = member end
  return member
end }

local refuse = frozen.refuse("ctx")

local function new(frame, config)
  local members = new_table(0, MEMBERS_USED)
  members[FRAME], members[CONFIG] = frame, config
  setmetatable(members, MEMBERS)
  return setmetatable({}, { __index = members, __newindex = refuse, __metatable = false })
end

--- The ctx of a frame: the same one however often it is asked for.
---@param frame perilune.ctx_frame
---@return perilune.ctx
function ctx.of(frame)
  local given = frame.ctx
  if not given then
    given = new(frame)
    frame.ctx = given
  end
  return given
end

--- That of a plugin, which has a config of its own.
---@param frame perilune.ctx_frame
---@param config table
---@return perilune.ctx
function ctx.of_plugin(frame, config) return new(frame, config) end

--- The frame of an attempt, or of a reception.
---@param values table
---@param entry perilune.entry
---@param info table
---@return perilune.ctx_frame
function ctx.frame(values, entry, info)
  return { values = values, entry = entry, info = info, ctx = nil }
end

--- An integrator's function of (ctx, values) as the function of (values, frame) that templates are.
---@param run fun(ctx: perilune.ctx, values: table): any
---@return fun(values: table, frame: perilune.ctx_frame): any
function ctx.scripted(run)
  return function(values, frame) return run(ctx.of(frame), values) end
end

return ctx
