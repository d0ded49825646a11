-- SPDX-License-Identifier: MIT

--- The examples of lua/perilune/template/REFERENCE.md:
---
---     a `json` block       the context of what follows it, to the end of its section; the first one: of all
---     a `jinja` block      behind it an `output` or `error` block; without one each line is a template, "-->"
---                          and its output
---     `jinja mode=url`     escaped by position
---     `jinja perilune`     not in Jinja2, or something else there
---     `jinja plugin`       with the plugin of the `lua` block in front of it
---     `jinja file=NAME`    a template for include, import and extends

local reference = {}

---@class reference.example
---@field name string                        where it stands
---@field kind "plain"|"perilune"|"plugin"
---@field mode string
---@field template string
---@field context string                     JSON
---@field templates table<string, string>
---@field lua? string                        of a plugin
---@field output? string                     or
---@field error? string

--- The fenced blocks and headings of a Markdown text, in order: {info=, text=, line=} or {heading=}.
local function parts_of(text)
  local parts, fence, number = {}, nil, 0
  for line in (text .. "\n"):gmatch("(.-)\n") do
    number = number + 1
    if fence and line == "```" then
      fence.text, fence = table.concat(fence, "\n"), nil
    elseif fence then
      fence[#fence + 1] = line
    elseif line:find("^```") then
      fence = { info = line:sub(4), line = number + 1 }
      parts[#parts + 1] = fence
    elseif line:find("^## ") then
      parts[#parts + 1] = { heading = line:sub(4) }
    end
  end
  assert(not fence, "a block is not closed")
  return parts
end

--- What the examples of a block have in common, from what stands above it.
local function shared_by(block, state)
  local word = block.info:match("^jinja (%l+)$")
  return {
    kind = word or "plain", mode = block.info:match(" mode=(%l+)$") or "text", lua = state.lua,
    context = (state.context or state.all):gsub("\n%s*", " "), templates = state.templates,
  }
end

local function add(examples, shared, fields)
  for name, v in pairs(shared) do fields[name] = v end
  examples[#examples + 1] = fields
end

local function add_lines(examples, block, shared)
  local number = block.line
  for line in (block.text .. "\n"):gmatch("(.-)\n") do
    local template, output = line:match("^(.-) *%-%-> ?(.*)$")
    assert(template, ("line %d has no '-->'"):format(number))
    add(examples, shared, { name = "line " .. number, template = template, output = output })
    number = number + 1
  end
end

local function add_block(examples, block, result, shared)
  if result and (result.info == "output" or result.info == "error") then
    add(examples, shared, { name = "line " .. block.line, template = block.text, [result.info] = result.text })
  else
    add_lines(examples, block, shared)
  end
end

--- All examples of a text, in order.
---@param text string
---@return reference.example[]
function reference.examples(text)
  local examples, state, parts = {}, { templates = {} }, parts_of(text)
  for i, part in ipairs(parts) do
    local file = part.info and part.info:match("^jinja file=(%S+)$")
    if part.heading then
      state.context, state.templates = nil, {}
    elseif file then
      state.templates[file] = part.text
    elseif part.info == "json" then
      state.all, state.context = state.all or part.text, part.text
    elseif part.info == "lua" then
      state.lua = part.text
    elseif part.info:find("^jinja") then
      add_block(examples, part, parts[i + 1], shared_by(part, state))
    end
  end
  return examples
end

--- The signatures in the first column of the table with a heading: a list of {name=, params=}, `params` the
--- names of the parameters, with their stars.
---@param text string
---@param heading string   of the first column
function reference.signatures(text, heading)
  local signatures = {}
  for rows in text:gmatch("\n| " .. heading .. " | |\n|[-|]+\n(.-)\n\n") do
    for cell in ("\n" .. rows):gmatch("\n| (`[^|]-`) |") do
      for span in cell:gmatch("`([^`]+)`") do
        local name, list = span:match("^([^(]+)%(?(.-)%)?$")
        local params = {}
        for param in list:gsub('%b""', ""):gmatch("([%w_*]+)[^,]*") do params[#params + 1] = param end
        signatures[#signatures + 1] = { name = name, params = params }
      end
    end
  end
  return signatures
end

return reference
