-- SPDX-License-Identifier: MIT

--- The texts that a template writes, and the containers that it makes.

local buffer = require "string.buffer"
local core = require "perilune.core"
local value = require "perilune.template.value"

-- Of one environment, for those who come next: buffers, and how large they may be.
local MAX_KEPT, MAX_KEPT_BYTES = 16, 65536

local fail, check_size = value.fail, value.check_size

local writing = {}

-- -- texts

--- A text that an operator made.
function writing.sized(text)
  if #text > 4096 then check_size(#text) end
  return text
end

--- An empty buffer to write into. Environments keep those that are done with: a rendering makes no
--- garbage but its text.
function writing.take(rt)
  local buffers = rt.env.buffers
  local count = #buffers
  if count == 0 then return buffer.new() end
  local out = buffers[count]
  buffers[count] = nil
  return out
end

--- The text of a buffer, which is not used any more.
function writing.taken(rt, out)
  local size = #out
  if size > rt.max_output then check_size(size) end
  local text = out:get()
  local buffers = rt.env.buffers
  if size <= MAX_KEPT_BYTES and #buffers < MAX_KEPT then buffers[#buffers + 1] = out end
  return text
end

function writing.overflow(bytes) check_size(bytes) end

--- Notes which place of the template wrote the bytes up to here.
function writing.mark(marks, size, place)
  marks[#marks + 1] = { ends = size, place = place }
end

local function escaped(v) return value.escape(v).text end

writing.escaped = escaped

function writing.escaped_in(rt, v)
  if rt.autoescape then return escaped(v) end
  return value.text(v)
end

--- What a block of text becomes where it is assigned or handed to a filter.
function writing.settled(rt, v)
  if not rt.autoescape then return v end
  return value.is_markup(v) and v or value.markup(value.text(v))
end

--- The text of what must be one already: Jinja writes it as it is.
function writing.plain(v)
  return value.plain_text(v)
    or fail(("sequence item 0: expected str instance, %s found"):format(value.type_name(v)))
end

--- a ~ b ~ c of many.
function writing.concat_list(parts, count)
  local texts, bytes = {}, 0
  for i = 1, count do
    texts[i] = value.text(parts[i])
    bytes = bytes + #texts[i]
  end
  check_size(bytes)
  return table.concat(texts)
end

function writing.concat_in(rt, parts, count)
  if rt.autoescape then return value.concat_markup(unpack(parts, 1, count)) end
  return writing.concat_list(parts, count)
end

-- -- containers

--- A dict of keys and values in turn.
function writing.dict(flat, count)
  local dict, keys = core.json.dict()
  for i = 1, count, 2 do
    local place = value.key(flat[i])
    if dict[place] == nil then keys[#keys + 1] = flat[i] end
    dict[place] = flat[i + 1]
  end
  return dict
end

--- The items of what is assigned to `count` targets.
function writing.unpacked(v, count)
  if not value.is_iterable(v) then
    fail(("cannot unpack non-iterable %s object"):format(value.type_name(v)))
  end
  local items, length = value.sequence(v)
  if length > count then fail(("too many values to unpack (expected %d)"):format(count)) end
  if length < count then
    fail(("not enough values to unpack (expected %d, got %d)"):format(count, length))
  end
  return items
end

return writing
