-- SPDX-License-Identifier: MIT

--- Is the run's time, or its memory, used up? Asked by what may turn often in compiled code, where
--- nothing else can stop it: one call of C that LuaJIT compiles.

local core = require "perilune.core"
local ffi = require "ffi"

local budget = {}

local has_news = ffi.cast("bool (*)(const void *)", core.budget.has_news)
local vm = ffi.cast("const void *", core.budget.vm)

--- Raises when it is.
function budget.poll()
  if has_news(vm) then core.poll() end
end

return budget
