-- SPDX-License-Identifier: MIT

--- Written by lua/meta/generate.lua.
return {
  "assert", "conceal", "env", "error", "file", "ipairs", "next", "now", "pairs", "pcall",
  "rawequal", "rawget", "require", "secret", "select", "setmetatable", "sleep", "tonumber",
  "tostring", "type", "unpack", "use", "uuid", "uuid4", "xpcall",
  base64 = { fields = {
    "decode", "encode", "url_decode", "url_encode",
  } },
  bit = { fields = {
    "arshift", "band", "bnot", "bor", "bswap", "bxor", "lshift", "rol", "ror", "rshift", "tobit",
    "tohex",
  } },
  hash = { fields = {
    "equal", "hmac", "key", "md5", "of", "sha1", "sha256", "sha384", "sha512", "sign", "verify",
  } },
  hex = { fields = {
    "decode", "encode",
  } },
  json = { fields = {
    "array", "decode", "encode", "get", "is_array", "is_object", "keys", "null", "object",
    "ordered",
  } },
  log = { fields = {
    "debug", "error", "info", "warn",
  } },
  math = { fields = {
    "abs", "acos", "asin", "atan", "atan2", "ceil", "cos", "cosh", "deg", "exp", "floor", "fmod",
    "frexp", "huge", "ldexp", "log", "log10", "max", "min", "modf", "pi", "pow", "rad", "random",
    "sin", "sinh", "sqrt", "tan", "tanh",
  } },
  os = { fields = {
    "clock", "date", "time",
  } },
  random = { fields = {
    "bytes", "hex",
  } },
  string = { fields = {
    "byte", "char", "find", "format", "gmatch", "gsub", "len", "lower", "match", "rep",
    "reverse", "sub", "upper",
  } },
  table = { fields = {
    "concat", "insert", "maxn", "remove", "sort",
  } },
  template = { fields = {
    "compile",
  } },
  time = { fields = {
    "format", "http", "parse",
  } },
  url = { fields = {
    "decode", "decode_form", "encode", "encode_form", "is_absolute", "join", "parse",
    "parse_query", "query",
  } },
  xml = { fields = {
    "decode", "encode",
  } },
}
