-- SPDX-License-Identifier: MIT
std = "luajit"
max_line_length = 120
exclude_files = { "build*/" }

-- What integrators' files and plugins may use, by name: lua/perilune/sandbox.lua. Anything else fails.
local script_api = {
  "assert", "error", "ipairs", "next", "pairs", "pcall", "rawequal", "rawget", "require", "select",
  "setmetatable", "tonumber", "tostring", "type", "unpack", "xpcall",
  "conceal", "env", "file", "now", "secret", "sleep", "use", "uuid", "uuid4",
  base64 = { fields = { "decode", "encode", "url_decode", "url_encode" } },
  bit = { fields = { "arshift", "band", "bnot", "bor", "bswap", "bxor", "lshift", "rol", "ror",
    "rshift", "tobit", "tohex" } },
  hash = { fields = { "equal", "hmac", "key", "md5", "of", "sha1", "sha256", "sha384", "sha512",
    "sign", "verify" } },
  hex = { fields = { "decode", "encode" } },
  json = { fields = { "array", "decode", "encode", "get", "is_array", "is_object", "keys", "null",
    "object", "ordered" } },
  log = { fields = { "debug", "error", "info", "warn" } },
  math = { fields = { "abs", "acos", "asin", "atan", "atan2", "ceil", "cos", "cosh", "deg", "exp",
    "floor", "fmod", "frexp", "huge", "ldexp", "log", "log10", "max", "min", "modf", "pi", "pow",
    "rad", "random", "sin", "sinh", "sqrt", "tan", "tanh" } },
  os = { fields = { "clock", "date", "time" } },
  random = { fields = { "bytes", "hex" } },
  string = { fields = { "byte", "char", "find", "format", "gmatch", "gsub", "len", "lower", "match",
    "rep", "reverse", "sub", "upper" } },
  template = { fields = { "compile" } },
  table = { fields = { "concat", "insert", "maxn", "remove", "sort" } },
  time = { fields = { "format", "http", "parse" } },
  url = { fields = { "decode", "decode_form", "encode", "encode_form", "is_absolute", "join", "parse",
    "parse_query", "query" } },
  xml = { fields = { "decode", "encode" } },
}

stds.perilune = { read_globals = script_api }
files["plugins"] = { std = "perilune" }
files["examples"] = { std = "perilune" }
-- Specs hold whole expected texts in one line.
for _, folder in ipairs { "spec", "examples/*/spec" } do
  files[folder] = { std = "luajit+busted", max_line_length = false }
end
files["lua/meta/perilune.lua"] = { only = {} } -- definitions for editors, which no code runs
files["spec/bench/gateway"] = { std = "perilune" }
files["spec/bench/peers/nginx_lua"] = { std = "ngx_lua" }
