-- SPDX-License-Identifier: MIT
--- The libraries of receivers that npm has (spec/support/npm), as the other side: they judge what the gateway signs,
--- and sign what it judges. They are installed into the build folder, once for each package-lock.json.

local support = require("spec.support")

local npm = {}

local SOURCE = "spec/support/npm"

local function text_of(path)
  local file = io.open(path, "rb")
  local text = file and file:read("*a")
  if file then file:close() end
  return text
end

--- The folder with node_modules.
local function installed()
  local folder = (os.getenv("PERILUNE_BUILD") or "build") .. "/npm"
  local lock = support.read(SOURCE .. "/package-lock.json")
  support.write(folder, { ["webhooks.js"] = support.read(SOURCE .. "/webhooks.js") })
  if text_of(folder .. "/installed.json") == lock then return folder end
  support.write(folder, { ["package.json"] = support.read(SOURCE .. "/package.json"), ["package-lock.json"] = lock })
  local code, output, errors = support.run({ "npm", "ci", "--prefix", folder, "--no-audit", "--no-fund", "--ignore-scripts" })
  assert(code == 0, "npm could not install the libraries of receivers:\n" .. output .. errors)
  support.write(folder, { ["installed.json"] = lock }) -- the last step: what is half done is done again
  return folder
end

--- What the libraries of Standard Webhooks answer to cases (spec/support/npm/webhooks.js), one for each: whether a webhook
--- is genuine, or the signature of one.
---@param cases table[]
---@return { genuine?: boolean, message?: string, signature?: string }[]
function npm.webhooks(cases)
  local lines, answers = {}, {}
  for i, case in ipairs(cases) do lines[i] = support.json.encode(case) end
  local input = support.write(support.folder(), { cases = table.concat(lines, "\n") .. "\n" }) .. "/cases"
  local code, output, errors = support.run({ "node", installed() .. "/webhooks.js" }, nil, input)
  assert(code == 0, errors)
  for line in output:gmatch("[^\n]+") do answers[#answers + 1] = support.json.decode(line) end
  assert(#answers == #cases, "the libraries did not answer every case")
  return answers
end

return npm
