-- SPDX-License-Identifier: MIT

--- The coder and variables: where the value of a slot is, seen from the function being written. A slot
--- is a local; in a table when other functions use it, too, or when the template is split.

local emitter = require "perilune.template.code.emitter"

local quote = emitter.quote

local variables = {}

function variables:has_frame(unit) return self.is_split or unit.has_frame end

--- The table of captured variables of a unit, seen from the current one. A unit's table leads by
--- `up` to that of the nearest unit around it that has one.
function variables:frame(owner)
  if owner == self.unit then return "V" end
  local code, unit = "up", self.unit.parent
  while unit ~= owner do
    if self:has_frame(unit) then code = code .. ".up" end
    unit = unit.parent
  end
  return code
end

--- What an inner unit gets as its `up`.
function variables:inner_up()
  return self:has_frame(self.unit) and "V" or "up"
end

--- A name of the context. Names of functions are known without being there.
function variables:context_name(name)
  if self.env.functions[name] ~= nil then return ("resolve(rt, ctx, %s)"):format(quote(name)), 1 end
  return ("ctx[%s]"):format(quote(name)), 0
end

--- Does a slot have a place of its own?
function variables.is_variable(slot) return slot.is_stored or slot.load ~= "resolve" end

local is_variable = variables.is_variable

--- Code of a slot, to read or (if it is stored) to assign.
function variables:slot(slot)
  if not is_variable(slot) then return self:context_name(slot.name) end
  if self.is_split or slot.is_captured then
    return ("%s.l%d"):format(self:frame(slot.unit), slot.number), 0
  end
  return "l" .. slot.number, 0
end

local function first_value(self, slot)
  if slot.load == "alias" then return (self:slot(slot.outer)) end
  if slot.load == "resolve" then return (self:context_name(slot.name)) end
  return nil
end

--- Where the innermost loop stands, in code, if its `loop` needs no object; else nil.
---@return { index: string, count: string, items: string }|nil
function variables:simple_loop(slot)
  return not slot.needs_object and not self.is_split and self.loop_codes[slot] or nil
end

--- Begins a scope: its variables have their first values.
function variables:enter(scope)
  local slots = {}
  for _, slot in pairs(scope.slots) do
    if is_variable(slot) and slot.number then slots[#slots + 1] = slot end
  end
  table.sort(slots, function(a, b) return a.number < b.number end)
  for _, slot in ipairs(slots) do
    local name, value = self:slot(slot), first_value(self, slot)
    if name:find("^l") then
      self.e:line(value and "local %s = %s" or "local %s", name, value)
    else
      self.e:line("%s = %s", name, value or "nil")
    end
  end
end

--- Runs `write` in a scope.
function variables:within(scope, write)
  local outer = self.scope
  self.scope = scope
  write()
  self.scope = outer
end

--- Assigns code to the slot of a name. Where other templates may see it, undefined is something, too:
--- it hides what the context has under the name.
function variables:assign(slot, code)
  local name = self:slot(slot)
  self.e:line(self.shares and "%s = given(%s)" or "%s = %s", name, code)
  if self.shares and self.scope.is_root then self.e:line("ctx[%s] = %s", quote(slot.name), name) end
end

return variables
