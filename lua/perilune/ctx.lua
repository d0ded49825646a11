-- SPDX-License-Identifier: MIT

--- What a script is given in front of its value: `function(ctx, value)`. One for each attempt, and one
--- for each plugin that takes part in it, since each has a config of its own. Frozen: what a
--- script sets, it sets in its own locals.
---
--- What an attempt's ctx is made of is its frame, which is the metatable of the ctx, too: no script
--- gets at it there, and each attempt has one table less. Its first two places are C's, for what else
--- scripts hold of the attempt (core/script/script_stages.c).
---
---     of all scripts       log, http, trace, uuid
---     of the plugin        config
---     of the connector     cache, connector
---     of a source          cache, connector, verified, now, deadline
---     of the attempt       event, data, values, webhook, attempt, now, deadline

local cache = require "perilune.cache"
local context = require "perilune.context"
local core = require "perilune.core"
local frozen = require "perilune.util.frozen"
local http = require "perilune.http"
local log = require "perilune.log"
local tables = require "perilune.util.tables"

local funcinfo = require("jit.util").funcinfo

local ctx = {}

--- What makes a ctx, and the names that templates see (context.lua).
---@class perilune.ctx_frame: perilune.context_frame
---@field deadline number
---@field verified? table       of a source
---@field ctx perilune.ctx
---@field __index table         the members of the ctx

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
  values = context.of,
  event = function(frame) return context.of(frame).event end,
  data = context.data,
  cache = function(frame)
    return cache.new(frame.entry.cache or frame.entry.connector_view.id)
  end,
  connector = function(frame) return copied(frame.entry.connector_view) end,
  webhook = function(frame) return copied(frame.entry.webhook_view) end,
  config = function(_, config) return config and core.copy(config) or {} end,
  attempt = function(frame) return frame.attempt end,
  verified = function(frame) return frame.verified end,
  now = function(frame) return frame.now end,
  deadline = function(frame) return core.deadline() or frame.deadline end,
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

-- Nil, for fields that come later: a constructor makes room for what it is given by a variable.
local LATER = nil

-- Where a ctx's members keep what they are made of: under keys that no script has.
local FRAME, CONFIG = {}, {}

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

--- Members, with room for as many as most scripts ask for.
local function members_of(frame, config)
  local members = { values = LATER, data = LATER, cache = LATER }
  members[FRAME] = frame
  if config then members[CONFIG] = config end
  return setmetatable(members, MEMBERS)
end

--- That of a plugin, which has a config of its own.
---@param frame perilune.ctx_frame
---@param config table
---@return perilune.ctx
function ctx.of_plugin(frame, config)
  return setmetatable({}, {
    __index = members_of(frame, config), __newindex = refuse, __metatable = false,
  })
end

--- The frame of an attempt, or of a reception, which has no event and no number.
---@param entry perilune.entry
---@param event any            the event userdata; nil: there is none
---@param ticket number|nil    with which it is read, of an exchange
---@param attempt integer|nil
---@param now number
---@param deadline number
---@return perilune.ctx_frame
function ctx.frame(entry, event, ticket, attempt, now, deadline)
  local frame = {
    LATER, LATER,
    __newindex = refuse, __metatable = false, __index = LATER, ctx = LATER,
    entry = entry, event = event, ticket = ticket, attempt = attempt, now = now, deadline = deadline,
    verified = LATER, data = LATER, base = LATER, response = LATER, body = LATER, answered = LATER,
  }
  frame.__index = members_of(frame)
  frame.ctx = setmetatable({}, frame)
  return frame
end

--- There is an answer: what the ctx's `values` are from now on.
---@param frame perilune.ctx_frame
---@param response any                  the response userdata; nil: there is none any more
---@param body perilune.document|nil    its body, if it is one that can be read
function ctx.answer(frame, response, body)
  frame.response, frame.body, frame.answered = response, body, nil
  frame.__index.values = nil
end

local makes_values = setmetatable({}, { __mode = "k" }) -- what `scripted` gave

--- An integrator's function of (ctx, values) as the function of (values, frame) that templates are.
--- The values that it is called with are not looked at: it has the frame's, and only where the
--- integrator's wants them.
---@param run fun(ctx: perilune.ctx, values: table): any
---@param finish? fun(result: any): any, any   what becomes of what it gives
---@return fun(values: table|nil, frame: perilune.ctx_frame): any
function ctx.scripted(run, finish)
  local info = funcinfo(run)
  local wants_values = info.isvararg or (info.params or 2) > 1 -- of a C function nobody knows
  local function scripted(_, frame)
    if wants_values then return run(frame.ctx, context.of(frame)) end
    return run(frame.ctx)
  end
  local function finished(_, frame) return finish(scripted(nil, frame)) end
  local made = finish and finished or scripted
  makes_values[made] = true
  return made
end

--- What a compiled value, a function of (values, frame) or a constant, gives for a frame.
---@param v any
---@param frame perilune.ctx_frame
---@return any
function ctx.evaluate(v, frame)
  if type(v) ~= "function" then return v end
  if makes_values[v] then return v(nil, frame) end
  return v(context.of(frame), frame)
end

return ctx
