-- SPDX-License-Identifier: MIT

--- The Lua half as the C half sees it: one function per stage, called through the one gate. A
--- webhook is a number here, its index in the generation.

local core = require "perilune.core"
local ctx = require "perilune.ctx"
local describe = require "perilune.describe"
local errors = require "perilune.errors"
local loader = require "perilune.loader"
local map = require "perilune.map"
local recipe = require "perilune.recipe"
local render = require "perilune.render"
local route = require "perilune.route"
local source = require "perilune.source"

local perilune = {}

local NONE = {}

local fails_as_auth = core.fails_as "auth"

perilune.load = loader.load

--- Which webhooks want an event. Never yields.
---@param generation perilune.generation
---@param event any
---@return integer[] indices
---@return boolean[] undecided   its `when` or `order_by` raised an error: render asks again
---@return string|nil reason     why there are none
---@return string[] keys         of order, "" for none
function perilune.route(generation, event)
  return route.run(generation.index, event, core.now())
end

--- What C needs to do without some of the stages below; asked for once, before the first of them.
---@param generation perilune.generation
---@param index integer
---@return perilune.recipe
function perilune.recipe(generation, index)
  return recipe.of(generation.entries[index])
end

--- The frame of an attempt, for a stage that is the first to run a script: C has rendered, or
--- nothing has.
---@param generation perilune.generation
---@param index integer
---@param event any
---@param ticket number     with which it is read
---@param attempt integer   counts from 1
---@param now number        seconds: when it began
---@param deadline number   seconds
---@return perilune.ctx_frame
function perilune.frame(generation, index, event, ticket, attempt, now, deadline)
  return ctx.frame(generation.entries[index], event, ticket, attempt, now, deadline)
end

---@param generation perilune.generation
---@param index integer
---@param event any
---@param ticket number
---@param attempt integer
---@param now number
---@param deadline number
---@param request any
---@param undecided boolean         `when` and `order_by` could not be asked when the event was routed
---@return perilune.ctx_frame|nil   for the stages behind; nil: an undecided `when` said no
function perilune.render(generation, index, event, ticket, attempt, now, deadline, request, undecided)
  local entry = generation.entries[index]
  local frame = ctx.frame(entry, event, ticket, attempt, now, deadline)
  return render.run(entry, frame, request, undecided) and frame or nil
end

---@param generation perilune.generation
---@param index integer
---@param request any
---@param frame perilune.ctx_frame
function perilune.authenticate(generation, index, request, frame)
  local entry = generation.entries[index]
  for _, hook in ipairs(entry.before_send) do
    hook.run(ctx.of_plugin(frame, hook.config), request)
  end
  fails_as_auth()
  for _, step in ipairs(entry.authenticator and entry.authenticator.steps or NONE) do
    step.apply(ctx.of_plugin(frame, step.config), request)
  end
end

--- A request was answered 401. Does an authenticator know better by now?
---@param generation perilune.generation
---@param index integer
---@param response any
---@param frame perilune.ctx_frame
---@return boolean again
function perilune.unauthorized(generation, index, response, frame)
  local again = false
  fails_as_auth()
  for _, step in ipairs(generation.entries[index].authenticator.steps) do
    local run = step.handler.on_unauthorized
    if run and run(ctx.of_plugin(frame, step.config), response) then again = true end
  end
  return again
end

--- An attempt has failed: the hooks are told, each whatever became of the others.
---@param generation perilune.generation
---@param index integer
---@param failure { class: string, message: string, stage: string, status: integer|nil,
---  attempt: integer, will_retry: boolean }
---@param frame perilune.ctx_frame
function perilune.failed(generation, index, failure, frame)
  ctx.answer(frame, nil, nil) -- hooks see what the request was rendered from
  for _, hook in ipairs(generation.entries[index].on_failed) do
    local ok, raised = pcall(hook.run, ctx.of_plugin(frame, hook.config), failure)
    if not ok then core.log("error", "on_failed: " .. errors.text(raised)) end
  end
end

---@param generation perilune.generation
---@param index integer
---@param response any
---@param frame perilune.ctx_frame
---@return boolean ok
---@return string|nil variables   JSON
---@return string|nil message
---@return boolean|nil again
function perilune.map(generation, index, response, frame)
  return map.run(generation.entries[index], response, frame)
end

perilune.receive = source.run
perilune.describe = describe.run

return perilune
