-- SPDX-License-Identifier: MIT

--- The coder and bodies: statements one after the other. In a split template those that are many or
--- nested deep go into functions of their own, pieces, which go on with the buffer of the function
--- around. A `break` or `continue` in a piece is what it returns, 1 or 2.

local tree = require "perilune.template.code.tree"

local bodies = {}

-- Bounds of a piece: nodes, parts of one output, and levels of nesting.
local MAX_PIECE, MAX_PARTS, MAX_LEVELS = 200, 40, 6

local function weight(self, node)
  local known = self.weights[node]
  if known then return known end
  local count = 0
  tree.walk(node, function() count = count + 1 end)
  self.weights[node] = count
  return count
end

--- Statements, none of which is an output of very many parts.
local function cut_outputs(nodes)
  local list = {}
  for _, node in ipairs(nodes) do
    if node.kind == "Output" and #node.nodes > MAX_PARTS then
      for first = 1, #node.nodes, MAX_PARTS do
        local last = math.min(first + MAX_PARTS - 1, #node.nodes)
        list[#list + 1] = {
          kind = "Output", line = node.line, column = node.column,
          nodes = { unpack(node.nodes, first, last) },
        }
      end
    else
      list[#list + 1] = node
    end
  end
  return list
end

--- Neighbouring statements that together are small.
local function groups_of(self, nodes)
  local groups, group, size = {}, nil, 0
  for _, node in ipairs(cut_outputs(nodes)) do
    local more = weight(self, node)
    if not group or size + more > MAX_PIECE then
      group, size = {}, 0
      groups[#groups + 1] = group
    end
    group[#group + 1] = node
    size = size + more
  end
  return groups
end

local JUMPS = { Break = true, Continue = true }

--- What follows the call of a piece in which somebody may have left the loop.
local function pass_jumps(self, nodes, signal)
  if not self.loop or not tree.has(nodes, JUMPS) then return end
  if self.loop.level == self.level then
    self.e:line("if %s == 1 then break end", signal)
    self.e:line("if %s == 2 then goto continue%d end", signal, self.loop.number)
  else
    self.e:line("if %s then return %s end", signal, signal)
  end
end

--- Statements as a function of their own, which goes on with the current buffer.
local function piece(self, nodes)
  local buffer = self.buffer
  local k = buffer.number
  buffer.is_shared = true
  local parameters = ("V, out%d"):format(k)
  if self.is_traced then parameters = parameters .. (", marks%d"):format(k) end
  local number = self.e:begin("ctx, rt, up, " .. parameters)
  local levels = self.levels
  self.level, self.levels = self.level + 1, 0
  for _, node in ipairs(nodes) do self:statement(node) end
  self.level, self.levels = self.level - 1, levels
  self.e:finish()
  local signal = "g" .. number
  self.e:line("local %s = P[%d](ctx, rt, up, %s)", signal, number, parameters)
  pass_jumps(self, nodes, signal)
end

--- Jumps out of the innermost loop ("break"), or to its next round ("continue").
function bodies:jump(node, kind)
  if not self.loop then self:fail(node, ("'%s' outside of a loop"):format(kind)) end
  if self.place ~= self.loop.place then
    self:fail_place(node, ("'%s' must stand where the loop begins: it begins %%s, this is %%s")
      :format(kind), self.loop.place, self.place)
  end
  self.is_dead = true
  if self.loop.level == self.level then
    self.e:line(kind == "break" and "do break end" or "do goto continue%d end", self.loop.number)
  else
    self.e:line("do return %d end", kind == "break" and 1 or 2)
  end
end

--- Writes statements, one after the other.
---@param nodes perilune.template_node[]
function bodies:body(nodes)
  if not self.is_split then
    for _, node in ipairs(nodes) do self:statement(node) end
    return
  end
  self.levels = self.levels + 1
  local groups = groups_of(self, nodes)
  for _, group in ipairs(groups) do
    local is_big = #group == 1 and weight(self, group[1]) > MAX_PIECE
    if self.levels > MAX_LEVELS or #groups > 1 and not is_big then
      self.e:open("do")
      piece(self, group)
      self.e:close()
    else
      for _, node in ipairs(group) do self:statement(node) end
    end
  end
  self.levels = self.levels - 1
end

return bodies
