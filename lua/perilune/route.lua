-- SPDX-License-Identifier: MIT

--- Which webhooks want an event. An index, so that an event asks only those it may concern:
---
---     type --> all                                 triggers without a key
---          `-> keyed: name of the key --> value    keyed triggers, e.g. data.field == "due"
---
--- each of which is a bucket: the webhooks that apply always, and those whose connector has an
--- `applies_to`, by the value of its first field. What is found this way is asked for the rest:
--- other fields of applies_to, then `when`. Types of which nothing is asked C routes by itself
--- (route.plain, core/flow/router.h).

local context = require "perilune.context"
local core = require "perilune.core"
local ctx = require "perilune.ctx"
local document = require "perilune.document"
local tables = require "perilune.util.tables"
local template_value = require "perilune.template.value"

local route = {}

--- A scalar as a key: 5 and "5" are not the same, 5 and an exact 5 are.
local function key_of(v)
  if type(v) == "string" then return "s" .. v end
  if type(v) == "boolean" then return tostring(v) end
  if type(v) == "number" or core.json.is_exact(v) then
    local number = tonumber(tostring(v))
    local is_exact = math.abs(number) < 2 ^ 53
    return "n" .. (is_exact and ("%.17g"):format(number) or tostring(v))
  end
  return nil
end

local function new_bucket()
  return { always = {}, fields = {}, names = {} }
end

local function bucket_add(bucket, entry)
  local first = entry.applies_to and entry.applies_to[1]
  if not first then
    table.insert(bucket.always, entry)
    return
  end
  if not bucket.fields[first.name] then
    bucket.fields[first.name] = {}
    table.insert(bucket.names, first.name)
  end
  local by_value = bucket.fields[first.name]
  for value in pairs(first.values) do
    by_value[value] = by_value[value] or {}
    table.insert(by_value[value], entry)
  end
end

--- applies_to as a list of { name, values = set of keys }, sorted by name; nil without one.
---@param applies_to table<string, any[]>|nil
---@return table[]|nil
function route.conditions(applies_to)
  if not applies_to then return nil end
  local list = {}
  for i, name in ipairs(tables.names(applies_to)) do
    local values = {}
    for _, value in ipairs(applies_to[name]) do values[key_of(value)] = true end
    list[i] = { name = name, values = values }
  end
  return list[1] and list
end

---@param entries perilune.entry[]
---@return table index
function route.index(entries)
  local index = {}
  for _, entry in ipairs(entries) do
    if entry.on then
      local node = index[entry.on] or { all = new_bucket(), by_key = {} }
      index[entry.on] = node
      local bucket = node.all
      if entry.key_name then
        node.key_name = entry.key_name
        local key = key_of(entry.key)
        bucket = node.by_key[key] or new_bucket()
        node.by_key[key] = bucket
      end
      bucket_add(bucket, entry)
    end
  end
  return index
end

--- Does an entry ask the event for more than its type?
local function is_particular(entry)
  return entry.key_name ~= nil or entry.applies_to ~= nil or entry.when ~= nil
    or entry.order_key ~= nil
end

--- The triggers whose webhooks want each event of that type, and their indices: C routes these, so
--- that no Lua runs for them.
---@param entries perilune.entry[]    in the order of their indices
---@return table<string, integer[]>
function route.plain(entries)
  local by_type, particular = {}, {}
  for _, entry in ipairs(entries) do
    if entry.on then
      by_type[entry.on] = by_type[entry.on] or {}
      table.insert(by_type[entry.on], entry.index)
      particular[entry.on] = particular[entry.on] or is_particular(entry)
    end
  end
  for on, is in pairs(particular) do
    if is then by_type[on] = nil end
  end
  return by_type
end

--- The webhooks of a bucket whose first condition holds, appended to `found`. Were there others?
local function collect(bucket, event, found)
  for _, entry in ipairs(bucket.always) do found[#found + 1] = entry end
  local before = #found
  for _, name in ipairs(bucket.names) do
    local key = key_of(event:get("data." .. name))
    for _, entry in ipairs(bucket.fields[name][key] or {}) do found[#found + 1] = entry end
  end
  return #bucket.names > 0 and #found == before
end

local function other_conditions_hold(entry, event)
  for i = 2, #(entry.applies_to or {}) do
    local condition = entry.applies_to[i]
    if not condition.values[key_of(event:get("data." .. condition.name))] then return false end
  end
  return true
end

--- What `when` or `order_by` of an entry gives, and before that if it could say: what it says when
--- the time of this run is over does not count. Then it is asked again with a budget of its own. A
--- function gets an event of its own: it may write.
local function ask(entry, run, is_script, event, shared, now)
  local frame = ctx.frame(entry, event, nil, 1, now, now)
  if not is_script then frame.base = context.new(entry, shared, frame) end
  local ok, answer = pcall(ctx.evaluate, run, frame)
  return ok and not core.is_over(), answer
end

--- Does `when` want it? Nil when it cannot say.
local function asks_when(entry, event, shared, now)
  local is_sure, answer = ask(entry, entry.when, entry.when_is_script, event, shared, now)
  if not is_sure then return nil end
  return template_value.truthy(answer)
end

--- Whose turn it waits for: "" for none, nil when `order_by` cannot say.
local function order_key(entry, event, shared, now)
  if not entry.order_key then return "" end
  local is_sure, key = ask(entry, entry.order_key, entry.order_is_script, event, shared, now)
  return is_sure and key or nil
end

local function candidates(node, event, causes)
  local found = {}
  if collect(node.all, event, found) then causes.applies_to = true end
  if node.key_name then
    local bucket = node.by_key[key_of(event:get("data." .. node.key_name))]
    if not bucket then
      causes.key = true
    elseif collect(bucket, event, found) then
      causes.applies_to = true
    end
  end
  return found
end

local function is_earlier(a, b) return a.index < b.index end

local function reason(event_type, causes)
  local names = tables.names(causes)
  return ("webhooks for '%s' exist, but none applies (%s)"):format(event_type,
    table.concat(names, ", "))
end

--- Routes an event.
---@param index table
---@param event any    the event userdata
---@param now number
---@return integer[] indices      of webhooks, ascending
---@return boolean[] undecided    for each: its `when` or `order_by` raised an error
---@return string|nil reason      why there are none
---@return string[] keys          for each: its key of order, or ""
function route.run(index, event, now)
  local node = index[event.type]
  if not node then
    return {}, {}, ("no webhook is triggered by '%s'"):format(tostring(event.type)), {}
  end
  local causes, wanted, undecided, keys, shared = {}, {}, {}, {}, document.new(event)
  local found = candidates(node, event, causes)
  if #found > 1 then table.sort(found, is_earlier) end
  for _, entry in ipairs(found) do
    local answer = other_conditions_hold(entry, event)
    if not answer then
      causes.applies_to = true
    elseif entry.when then
      answer = asks_when(entry, event, shared, now)
      if answer == false then causes.when = true end
    end
    if answer ~= false then
      local key = order_key(entry, event, shared, now)
      wanted[#wanted + 1] = entry.index
      undecided[#undecided + 1] = answer == nil or key == nil
      keys[#keys + 1] = key or ""
    end
  end
  return wanted, undecided, #wanted == 0 and reason(event.type, causes) or nil, keys
end

return route
