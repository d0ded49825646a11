-- SPDX-License-Identifier: MIT

--- `for` as a numeric loop of Lua:
---
---     {% for x in xs %}        local s1, c1 = sequence(ctx["xs"])
---     {{ loop.index }}         spend(rt, c1)
---     {% endfor %}             for i1 = 1, c1 do
---                              if i1 % 256 == 0 then poll() end
---                              local l2
---                              l2 = s1[i1]
---                              ... shown(i1) ...
---                              end
---
--- Where the body may change the list that it walks along, as a queue, each round asks anew how many
--- items there are:
---
---                              for i1 = 1, 1e15 do
---                              if i1 > live_count(s1, c1) then break end
---                              spend(rt, 1)
---
--- A `loop` object is made only where more is done with `loop` than asking for its simple attributes.
--- A recursive loop is a function of the template, which its `loop` calls: one for the place where
--- it stands, and where escaping depends on the place one that writes plain text, for other places.

local emitter = require "perilune.template.code.emitter"
local statements = require "perilune.template.code.statements"
local operands = require "perilune.template.code.operands"
local tree = require "perilune.template.code.tree"

local loops = {}

local POLL_ROUNDS = 256 -- of a loop, from one question for the time to the next

local JUMPS = { Break = true, Continue = true }

-- Methods of lists that make them longer or shorter, and what may call them out of our sight.
local RESIZES = {
  append = true, clear = true, extend = true, insert = true, pop = true, remove = true,
}
local MAY_CALL = { CallBlock = true, Include = true }

local function may_resize(node)
  if node.kind ~= "Call" then return MAY_CALL[node.kind] end
  return node.node.kind ~= "Getattr" or RESIZES[node.node.attr]
end

--- Writes what an iteration begins with: the variables and the target.
local function begin_round(c, node, k)
  c:enter(c.scope)
  statements.assign(c, node.target, ("s%d[i%d]"):format(k, k), node)
end

--- Code of the condition behind the loop's `if`.
local function test_of(c, node)
  local condition
  c:within(c.names.scopes[node].test, function()
    condition = operands.condition(c, node.test)
  end)
  return condition
end

--- Picks the items that the test lets through, before the loop: its `loop` wants to know them all.
local function write_selection(c, node, k)
  c.e:line("local f%d, m%d = {}, 0", k, k)
  c.e:open("for i%d = 1, c%d do", k, k)
  begin_round(c, node, k)
  c.e:line("if %s then m%d = m%d + 1; f%d[m%d] = s%d[i%d] end", test_of(c, node), k, k, k, k, k, k)
  c.e:close()
  c.e:line("s%d, c%d = f%d, m%d", k, k, k, k)
end

local function write_loop_object(c, slot, k, recursion)
  c.e:line("local o%d = new_loop(s%d, c%d, %s)", k, k, k, recursion)
  return function()
    c.e:line("o%d.index = i%d", k, k)
    c.e:line("%s = o%d", (c:slot(slot)), k)
  end
end

local function write_body(c, node, k)
  c.loop = { number = k, level = c.level, place = c.place }
  c:returning(node, "the body of a 'for'", function() c:body(node.body) end)
end

local function open_rounds(c, node, k, plan)
  if not plan.is_live then return c.e:open("for i%d = 1, c%d do", k, k) end
  c.e:open("for i%d = 1, 1e15 do", k)
  c.e:line("if i%d > live_count(s%d, c%d) then break end", k, k, k)
  c.e:line("%s", c.e:at(node, "spend(rt, 1)"))
end

local function write_rounds(c, node, k, plan)
  open_rounds(c, node, k, plan)
  c.e:line("if i%d %% %d == 0 then %s end", k, POLL_ROUNDS, c.e:at(node, "poll()"))
  local check, flushes = #c.e.lines + 1, c.buffer.flushes
  c.e:line("")
  begin_round(c, node, k)
  if plan.begin then plan.begin() end
  if plan.tests_inside then c.e:open("if %s then", test_of(c, node)) end
  write_body(c, node, k)
  if plan.flag then c.e:line("%s = false", plan.flag) end
  if plan.tests_inside then c.e:close() end
  if plan.has_jumps then c.e:line("::continue%d::", k) end
  c.e:close()
  if c.buffer.flushes > flushes then
    local size = "#out" .. c.buffer.number
    c.e.lines[check] = ("if %s > rt.max_output then overflow(%s) end"):format(size, size)
  end
end

local function write_else(c, node, k, plan)
  if #node.else_ == 0 then return end
  c.e:open("if %s then", plan.flag or ("c%d == 0"):format(k))
  c:within(c.names.scopes[node].else_, function()
    c:enter(c.scope)
    c:returning(node, "the 'else' of a 'for'", function() c:body(node.else_) end)
  end)
  c.e:close()
end

--- Writes a loop over code of an iterable. `recursion`: code of the arguments of new_loop.
local function write_loop(c, node, iterable, recursion)
  c.loops = c.loops + 1
  local k, outer, is_dead = c.loops, c.loop, c.is_dead
  local scopes = c.names.scopes[node]
  local slot = scopes.body.special.loop
  c.e:line("local s%d, c%d = %s", k, k, c.e:at(node.iter, ("sequence(%s)"):format(iterable)))
  local plan = {
    has_jumps = tree.has(node.body, JUMPS), tests_inside = node.test and not slot,
    is_live = tree.any(node.body, may_resize),
  }
  if not plan.is_live then c.e:line("%s", c.e:at(node, ("spend(rt, c%d)"):format(k))) end
  if #node.else_ > 0 and (plan.has_jumps or plan.tests_inside) then
    plan.flag = "e" .. k
    c.e:line("local e%d = true", k)
  end
  c:within(scopes.body, function()
    if node.test and slot then write_selection(c, node, k) end
    if slot then
      local count = plan.is_live and ("live_count(s%d, c%d)"):format(k, k) or "c" .. k
      c.loop_codes[slot] = { index = "i" .. k, count = count, items = "s" .. k }
      if not c:simple_loop(slot) then plan.begin = write_loop_object(c, slot, k, recursion) end
    end
    write_rounds(c, node, k, plan)
  end)
  c.loop, c.is_dead = outer, is_dead
  write_else(c, node, k, plan)
  c.is_dead = is_dead
end

--- The function of a recursive loop for a place, or for plain text. Its number.
local function write_function(c, node, place, plain)
  local scope = c.names.scopes[node].body
  return c:text_function(", iterable, depth", scope.unit, {}, function()
    c.place = place
  end, function()
    local number = c.e:current()
    local recursion = ("depth, P[%d], ctx, up, %s, P[%d]"):format(number,
      place and emitter.quote(place) or "nil", plain or number)
    c.e:open("do")
    write_loop(c, node, "iterable", recursion)
    c.e:close()
  end)
end

local function recursive_loop(c, node)
  local up = c:inner_up()
  local place, plain, number = c.place, nil, nil
  if place then plain = write_function(c, node, nil) end
  c:returning(node, "the body of a 'for'", function()
    number = write_function(c, node, place, plain)
  end)
  c.e:scoped(function()
    local first = #c.e.lines + 1
    local iterable = c:operand(node.iter)
    local call = ("P[%d](ctx, rt, %s, %s, 0)"):format(number, up, iterable)
    c:append(c.e:at(node, call), node, first)
    c:flush()
  end)
end

function loops.For(c, node)
  if node.recursive then return recursive_loop(c, node) end
  c.e:open("do")
  write_loop(c, node, (c:operand(node.iter)), "0")
  c.e:close()
end

function loops.Break(c, node) c:jump(node, "break") end

function loops.Continue(c, node) c:jump(node, "continue") end

return loops
