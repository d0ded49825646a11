-- SPDX-License-Identifier: MIT

--- Jinja computes constant expressions when it compiles, in ways of its own. In two cases that shows:
---
--- - A slice of what cannot be sliced is undefined instead of an error, when the constant around it
---   (or the output that it is) could be computed: `{{ 5[1:] }}` prints nothing.
--- - A negative constant is put into Python code as it stands, where the sign is weaker than `**`:
---   `{{ -1 ** x }}` is -(1 ** x).

local tree = require "perilune.template.code.tree"

local folding = {}

-- Filters whose result Jinja never computes ahead.
local AT_RUN_TIME = {
  map = true, select = true, reject = true, selectattr = true, rejectattr = true,
}

--- Is an expression one that Jinja computes when it compiles?
---@param node perilune.template_node
---@return boolean
function folding.is_constant(node)
  local is_so = true
  tree.walk(node, function(part)
    local kind = part.kind
    if kind == "Name" or kind == "Call" or kind == "Filter" and AT_RUN_TIME[part.name] then
      is_so = false
    end
    return is_so
  end)
  return is_so
end

local is_constant = folding.is_constant

local function is_slice(node) return node.kind == "Getitem" and node.arg.kind == "Slice" end

local STATEMENTS = {
  Template = true, Output = true, If = true, For = true, Macro = true, CallBlock = true, With = true,
  FilterBlock = true, Block = true, Include = true, Import = true, FromImport = true,
  Extends = true, ExprStmt = true, Assign = true, AssignBlock = true, Autoescape = true,
  Break = true, Continue = true, TemplateData = true,
}

--- The slices of a template of which Jinja makes undefined what ours would refuse.
---@param root perilune.template_node
---@return table<perilune.template_node, boolean>
function folding.lenient_slices(root)
  local has_any, outputs, found = false, {}, {}
  tree.walk(root, function(node)
    has_any = has_any or is_slice(node) and is_constant(node)
    for _, item in ipairs(node.kind == "Output" and node.nodes or {}) do outputs[item] = true end
  end)
  if not has_any then return found end
  tree.walk(root, function(node)
    if STATEMENTS[node.kind] or not is_constant(node) then return true end
    -- The largest constant: what is in it is computed, itself only as an output.
    tree.walk(node, function(inner)
      if is_slice(inner) and (inner ~= node or outputs[node]) then found[inner] = true end
    end)
    return false
  end)
  return found
end

--- Is it a number with a minus sign?
local function is_negative(node)
  local is_so = false
  while node.kind == "Neg" or node.kind == "Pos" do
    if node.kind == "Neg" then is_so = not is_so end
    node = node.node
  end
  return is_so and node.kind == "Const"
end

--- Is it a power whose sign comes last?
---@param power perilune.template_node
---@return boolean
function folding.negates_power(power)
  return is_negative(power.left) and not is_constant(power.right)
end

return folding
