-- SPDX-License-Identifier: MIT

--- The functions that a template can call by name. A name of the context hides them.

local core = require "perilune.core"
local numeral = require "perilune.template.value.numeral"
local objects = require "perilune.template.objects"
local signature = require "perilune.template.signature"
local value = require "perilune.template.value"

local fail = value.fail

---@type table<string, perilune.callable>
local functions = {}

local function whole(v)
  if type(v) == "boolean" then return v and 1 or 0 end
  local n = numeral.is_int(v) and numeral.to_double(v)
  if n and math.abs(n) <= 2 ^ 53 then return n end
  if n then fail("range() takes no numbers beyond 2^53") end
  return fail(("'%s' object cannot be interpreted as an integer"):format(value.type_name(v)))
end

--- range(stop), range(start, stop), range(start, stop, step).
functions.range = signature.variadic(function(args, kwargs)
  if kwargs then fail("range() takes no keyword arguments") end
  if args.n == 0 then fail("range expected at least 1 argument, got 0") end
  if args.n > 3 then fail(("range expected at most 3 arguments, got %d"):format(args.n)) end
  local numbers = {}
  for i = 1, args.n do numbers[i] = whole(args[i]) end
  if args.n == 1 then return objects.range(0, numbers[1], 1) end
  if numbers[3] == 0 then fail("range() arg 3 must not be zero") end
  return objects.range(numbers[1], numbers[2], numbers[3] or 1)
end)

local function put(dict, keys, key, v)
  local place = value.key(key)
  if dict[place] == nil then keys[#keys + 1] = key end
  dict[place] = v
end

--- The items of a mapping, or pairs, into a dict.
local function put_all(dict, keys, v)
  if value.is_undefined(v) then fail("an undefined value has no items for a dict") end
  if value.kind(v) == "dict" then
    for _, key in ipairs(core.json.keys(v)) do put(dict, keys, key, v[value.key(key)]) end
    return
  end
  local items, count = value.sequence(v)
  for i = 1, count do
    local pair, length = value.sequence(items[i])
    if length ~= 2 then
      fail(("dictionary update sequence element #%d has length %d; 2 is required"):format(i - 1,
        length))
    end
    put(dict, keys, pair[1], pair[2])
  end
end

--- dict(mapping or pairs, name=value...)
local function new_dict(args, kwargs)
  if args.n > 1 then fail(("dict expected at most 1 argument, got %d"):format(args.n)) end
  local dict, keys = core.json.dict()
  if args.n == 1 then put_all(dict, keys, args[1]) end
  if kwargs then put_all(dict, keys, kwargs) end
  return dict
end

functions.dict = signature.variadic(new_dict)

functions.namespace = signature.variadic(function(args, kwargs)
  return objects.namespace(new_dict(args, kwargs))
end)

functions.cycler = signature.variadic(function(args, kwargs)
  if kwargs then fail("cycler() takes no keyword arguments") end
  if args.n == 0 then fail("at least one item has to be provided") end
  return objects.cycler(value.tuple({ unpack(args, 1, args.n) }))
end)

functions.joiner = signature.define({ "sep" }, function(separator)
  return objects.joiner(separator == nil and ", " or separator)
end)

--- The time in seconds since 1970, with a fraction.
functions.now = signature.define({}, function() return core.now() end)

--- A new UUID, version 7: later ones sort behind.
functions.uuid = signature.define({}, function() return core.uuid() end)

return functions
