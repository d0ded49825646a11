-- SPDX-License-Identifier: MIT

--- Text, output and tags in their order, and what a tag holds up to the one that ends it.

local expressions = require "perilune.template.syntax.expressions"
local nearest = require "perilune.util.nearest"
local stream = require "perilune.template.syntax.stream"
local tables = require "perilune.util.tables"

local node = stream.node

local bodies = {}

---@class perilune.template_parser
---@field s perilune.template_stream
---@field tags table<string, function>
---@field open { token: perilune.template_token, ends: string[] }[]   tags that wait for their ends

-- The tags that end others or stand in their middle.
local PARTS = {
  "elif", "else", "endautoescape", "endblock", "endcall", "endfilter", "endfor", "endif",
  "endmacro", "endraw", "endset", "endwith",
}

---@param s perilune.template_stream
---@param tags table<string, function>   how to read what stands behind a tag's name
---@return perilune.template_parser
function bodies.parser(s, tags)
  return { s = s, tags = tags, open = {} }
end

local function quoted_list(words)
  local quoted = {}
  for i, word in ipairs(words) do quoted[i] = ("'%s'"):format(word) end
  return table.concat(quoted, " or ")
end

local function is_one_of(word, words)
  for _, candidate in ipairs(words) do
    if candidate == word then return true end
  end
  return false
end

--- ", did you mean 'x'?", or the tags that there are.
local function tag_hint(p, name)
  local part = nearest.find(name, PARTS)
  return nearest.hint(name, part and { part } or tables.names(p.tags), "known are")
end

local function fail_unknown(p, token)
  local name, open = token.value, p.open[#p.open]
  if not is_one_of(name, PARTS) then
    p.s:fail(("unknown tag '%s'%s"):format(name, tag_hint(p, name)), token)
  elseif open then
    p.s:fail(("unexpected '%s': the '%s' of line %d is open, expected %s"):format(name,
      open.token.value, open.token.line, quoted_list(open.ends)), token)
  end
  return p.s:fail(("unexpected '%s': no tag is open that it belongs to"):format(name), token)
end

--- The tag behind a "{%".
local function statement(p)
  local token = p.s:expect_name("the name of a tag")
  local parse = p.tags[token.value] or fail_unknown(p, token)
  local made = parse(p, token)
  p.s:expect("%}")
  return made
end

--- Does the tag behind the current "{%" end the innermost open one?
local function is_end(p)
  local open, token = p.open[#p.open], p.s:look()
  return open ~= nil and token.kind == "name" and is_one_of(token.value, open.ends)
end

--- Text, output and statements up to the end of the innermost open tag or of the template. Text and
--- output that follow each other are one node.
---@param p perilune.template_parser
---@return perilune.template_node[]
function bodies.statements(p)
  local s, nodes, output = p.s, {}, nil
  local function put(item, token)
    if not output then
      output = node("Output", token, { nodes = {} })
      nodes[#nodes + 1] = output
    end
    output.nodes[#output.nodes + 1] = item
  end
  while not s:is("eof") do
    if s:is("data") then
      local token = s:next()
      put(node("TemplateData", token, { data = token.value }), token)
    elseif s:is("{{") then
      local token = s:next()
      put(expressions.tuple(s), token)
      s:expect("}}")
    else
      if is_end(p) then break end
      s:expect("{%")
      output = nil
      nodes[#nodes + 1] = statement(p)
    end
  end
  return nodes
end

--- What the tag of `token` holds, up to one of the tags named: nodes, and the token of that tag's
--- name, which is behind us then.
---@param p perilune.template_parser
---@param token perilune.template_token
---@param ... string   names of tags
---@return perilune.template_node[]
---@return perilune.template_token
function bodies.body(p, token, ...)
  local s, ends = p.s, { ... }
  -- For friends of Python.
  s:accept(":")
  s:expect("%}")
  s:enter()
  p.open[#p.open + 1] = { token = token, ends = ends }
  local nodes = bodies.statements(p)
  if s:is("eof") then
    s:fail(("the '%s' of line %d is not closed: expected %s"):format(token.value, token.line,
      quoted_list(ends)))
  end
  p.open[#p.open] = nil
  s:leave()
  s:expect("{%")
  return nodes, s:next()
end

return bodies
