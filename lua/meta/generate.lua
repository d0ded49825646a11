-- SPDX-License-Identifier: MIT

--- Writes the generated files of the source tree anew:
---
---     PERILUNE_BUILD=build luajit lua/meta/generate.lua

package.path = "lua/?.lua;lua/?/init.lua;" .. package.path
package.cpath = (os.getenv("PERILUNE_BUILD") or "build") .. "/lua/?.so;" .. package.cpath

for path, text in pairs(require("meta.files").all(".")) do
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end
