-- SPDX-License-Identifier: MIT
--- What receivers answer that is not as the RFCs want it, or is and is rare: the gateway makes of it what curl makes of
--- it. Where it differs on purpose, spec/core/http/answer_test.c has the case.

local support = require("spec.support")

local OK = "HTTP/1.1 200 OK\r\n"
local CHUNKED = OK .. "Transfer-Encoding: chunked\r\n\r\n"
local NO_LENGTH = "what goes on until the connection ends"

local function hello(head) return head .. "Content-Length: 5\r\n\r\nhello" end

local function coded(names, digits)
  local body = digits:gsub("%x%x", function(byte) return string.char(tonumber(byte, 16)) end)
  return OK .. ("Content-Encoding: %s\r\nContent-Length: %d\r\n\r\n"):format(names, #body) .. body
end

--- {"ok":true}, packed by Python: gzip.compress with mtime=0, zlib.compress, zlib.compressobj with wbits=-15, and gzip
--- of gzip.
local GZIP = "1f8b0800000000000203ab56cacf56b22a292a4dad0500905fd4a70b000000"
local ZLIB = "789cab56cacf56b22a292a4dad050016e30411"
local RAW = "ab56cacf56b22a292a4dad0500"
local TWICE = "1f8b080000000000020393efe660000126e6d561a7ce876dd2d2d4f25dcbca3021feca726ea03000203b81db1f000000"

--- Behind those in `closed`, the connection ends.
local CASES = {
  kept = {
    ["a body with a length"] = hello(OK),
    ["no reason phrase"] = hello("HTTP/1.1 200 \r\n"),
    ["nothing behind the status"] = hello("HTTP/1.1 200\r\n"),
    ["two spaces before the status"] = hello("HTTP/1.1  200 OK\r\n"),
    ["a status of its own"] = hello("HTTP/1.1 999 Own\r\n"),
    ["the same length twice"] = hello(OK .. "Content-Length: 5\r\n"),
    ["a list of the same length"] = OK .. "Content-Length: 5, 5\r\n\r\nhello",
    ["no body by its status"] = "HTTP/1.1 204 No Content\r\n\r\n",
    ["no body by its status, with the length of one"] = "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
    ["interim answers"] = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nX-Case: early\r\n\r\n" .. hello(OK),
    ["that the connection is to be closed, which it is not"] = hello(OK .. "Connection: x, Close\r\n"),
    ["HTTP/1.0"] = hello("HTTP/1.0 200 OK\r\n"),
    ["HTTP/1.0 that is kept"] = hello("HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n"),
    ["lines that end in LF"] = "HTTP/1.1 200 OK\nX-Case: a\nContent-Length: 5\n\nhello",
    ["lines that end in CR CR LF"] = "HTTP/1.1 200 OK\r\r\nX-Case: a\r\r\nContent-Length: 5\r\r\n\r\nhello",
    ["a field that is folded"] = hello(OK .. "X-Case: a \r\n\t b\r\n  c\r\n"),
    ["a field without a value"] = hello(OK .. "X-Case:\r\n"),
    ["a field whose name has a space"] = hello(OK .. "X Case: a\r\nX-Case: b\r\n"),

    ["chunks"] = CHUNKED .. "5\r\nhello\r\n7\r\n there\n\r\n0\r\n\r\n",
    ["chunked twice"] = OK .. "Transfer-Encoding: chunked\r\n" .. "Transfer-Encoding: Chunked\r\n\r\n" ..
      "5\r\nhello\r\n0\r\n\r\n",
    ["chunks with extensions"] = CHUNKED .. "5 ; a = \"b;c\"\r\nhello\r\n0;d\r\n\r\n",
    ["chunks with control bytes in extensions"] = CHUNKED .. "5;\1\r\nhello\r\n0\r\n\r\n",
    ["chunks whose sizes have spaces behind them"] = CHUNKED .. "5  \r\nhello\r\n0 \r\n\r\n",
    ["chunks whose sizes have zeros before them"] = CHUNKED .. "0005\r\nhello\r\n0000\r\n\r\n",
    ["chunks with lines that end in LF"] = CHUNKED .. "5\nhello\n0\n\n",
    ["chunks with lines that end in CR CR LF"] = CHUNKED .. "5\r\r\nhello\r\r\n0\r\r\n\r\n",
    ["chunks with trailers"] = CHUNKED .. "5\r\nhello\r\n0\r\nX-Case: late\r\n\r\n",
    ["chunks with trailers that are none"] = CHUNKED .. "5\r\nhello\r\n0\r\nA b: c\r\n d\r\n: \1\r\n\r\n",
    ["chunks with trailers that end in LF"] = CHUNKED .. "5\r\nhello\r\n0\nA: b\nC: d\n\n",

    ["gzip"] = coded("gzip", GZIP),
    ["gzip by its old name"] = coded("X-GZip", GZIP),
    ["zlib's format by the name of gzip"] = coded("gzip", ZLIB),
    ["deflate"] = coded("deflate", ZLIB),
    ["deflate that is raw"] = coded("deflate", RAW),
    ["deflate that is raw, with a checksum"] = coded("deflate", RAW .. "16e30411"),
    ["gzip twice"] = coded("gzip, gzip", TWICE),
    ["gzip in chunks"] = (coded("gzip", GZIP):gsub("Content%-Length: 31\r\n\r\n",
      "Transfer-Encoding: chunked\r\n\r\n1F\r\n")) .. "\r\n0\r\n\r\n",
    ["no coding, by name"] = hello(OK .. "Content-Encoding: identity\r\n"),
    ["gzip of nothing at all"] = OK .. "Content-Encoding: gzip\r\nContent-Length: 0\r\n\r\n",
    ["a coding that nobody knows, of nothing"] = OK .. "Content-Encoding: x\r\nContent-Length: 0\r\n\r\n",
    ["gzip where there is no body"] = "HTTP/1.1 204 No Content\r\nContent-Encoding: gzip\r\n\r\n",
  },
  closed = {
    ["no length"] = OK .. "\r\n" .. NO_LENGTH,
    ["no length, in lines that end in LF"] = "HTTP/1.1 200 OK\n\n" .. NO_LENGTH,
    ["no length, in HTTP/1.0"] = "HTTP/1.0 200 OK\r\n\r\n" .. NO_LENGTH,
    ["no length, of no bytes"] = OK .. "\r\n",
    ["a transfer coding that is none"] = OK .. "Transfer-Encoding: identity\r\nContent-Length: 5\r\n\r\n" .. NO_LENGTH,
    ["less than its length"] = OK .. "Content-Length: 50\r\n\r\nhello",
    ["a chunk that is cut short"] = CHUNKED .. "5\r\nhel",
    ["chunks without an end"] = CHUNKED .. "5\r\nhello\r\n",
    ["chunks without an empty line"] = CHUNKED .. "5\r\nhello\r\n0\r\n",
    ["nothing"] = "",

    ["no HTTP"] = "<html><body>hello</body></html>\r\n\r\n",
    ["an empty line first"] = "\r\n" .. hello(OK),
    ["a status of two digits"] = hello("HTTP/1.1 20 OK\r\n"),
    ["a status of four digits"] = hello("HTTP/1.1 2000 OK\r\n"),
    ["a status that is too small"] = hello("HTTP/1.1 099 OK\r\n"),
    ["no status"] = hello("HTTP/1.1 OK\r\n"),
    ["a version that is none"] = hello("HTTP/1.1x 200 OK\r\n"),
    ["a length that is negative"] = OK .. "Content-Length: -5\r\n\r\nhello",
    ["a length that is none"] = OK .. "Content-Length: five\r\n\r\nhello",
    ["a length that is empty"] = OK .. "Content-Length:\r\n\r\nhello",
    ["a NUL byte"] = hello(OK .. "X-Case: a\0b\r\n"),
    ["a transfer coding that is not known"] = OK .. "Transfer-Encoding: x, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    ["a chunk size that is none"] = CHUNKED .. "none\r\nhello\r\n0\r\n\r\n",
    ["a chunk size with a space before it"] = CHUNKED .. " 5\r\nhello\r\n0\r\n\r\n",
    ["a chunk that is longer than it says"] = CHUNKED .. "5\r\nhello!\r\n0\r\n\r\n",
    ["a coding that nobody knows"] = hello(OK .. "Content-Encoding: x\r\n"),
    ["a coding that it is not in"] = hello(OK .. "Content-Encoding: gzip\r\n"),
    ["a chunk size with 0x"] = CHUNKED .. "0x5\r\nhello\r\n0\r\n\r\n",
    ["bytes behind gzip"] = coded("gzip", GZIP .. "616263"),
    ["bytes behind deflate"] = coded("deflate", ZLIB .. "616263"),
    ["gzip whose checksum is wrong"] = coded("gzip", (GZIP:gsub("a70b", "a80b"))),
  },
}

--- The exit codes of curl for a connection that ended too early. All others mean that the answer cannot be read.
local RESET = { [18] = true, [52] = true }

describe("an answer with", function()
  local peer, port, gateway

  setup(function()
    peer = support.start({ "python3", "spec/support/raw_peer.py" })
    port = support.eventually("the peer listens", function()
      return peer:errors():match("listening on 127%.0%.0%.1:(%d+)")
    end)
    gateway = support.gateway({ files = {
      ["gateway.lua"] = support.gateway_lua,
      ["connectors/any.lua"] = [[
        return { timeout = 10, webhooks = { {
          id = "raw", url = function(ctx) return ctx.data.url end, body = "{}",
          success = function() return true end,
          response = { variables = {
            body = function(_, response) return response.body end,
            field = function(_, response) return response:header("X-Case") or "" end,
          } },
        } } }]],
    }, arguments = { "--workers", "1" } })
  end)

  teardown(function() support.finish() end)

  local function url(who, answer, query)
    local digits = answer:gsub(".", function(c) return ("%02x"):format(c:byte()) end)
    return ("http://127.0.0.1:%s/%s/%s%s"):format(port, who, digits, query)
  end

  --- How many connections somebody had.
  local function connections(who)
    local seen, count = {}, 0
    for number in peer:output():gmatch(who .. " (%d+)\n") do
      if not seen[number] then count = count + 1 end
      seen[number] = true
    end
    return count
  end

  --- The second of two answers, as curl takes it.
  local function by_curl(who, answer, query)
    local wanted = url(who, answer, query)
    local code, output = support.run { "curl", "-q", "-sS", "--http1.1", "--compressed", "-H", "Accept-Encoding: gzip", "-m", "10",
      "-d", "{}", "-w", "\n%{http_code} %header{x-case}\n", wanted, wanted }
    local body, status, field = output:match("\n%d+ [^\n]*\n(.*)\n(%d+) ([^\r\n]*)\r?\n$")
    local outcome = code == 0 and "ok" or RESET[code] and "reset" or "protocol"
    if outcome ~= "ok" then return { outcome = outcome } end
    return { outcome = outcome, status = tonumber(status), body = body, field = field, connections = connections(who) }
  end

  local function by_gateway(who, answer, query)
    local got
    for _ = 1, 2 do
      got = gateway:post("/v1/calls/any/raw", { data = { url = url(who, answer, query) } }).json
    end
    if not got.ok then return { outcome = got.type:match("^urn:perilune:(.*)$") } end
    return { outcome = "ok", status = got.status, body = got.variables.body, field = got.variables.field,
      connections = connections(who) }
  end

  local count = 0
  for kind, answers in pairs(CASES) do
    for name, answer in pairs(answers) do
      it(name .. " is what curl takes it for", function()
        count = count + 1
        local query = kind == "closed" and "?close" or ""
        local theirs = by_curl("curl" .. count, answer, query)
        assert.same(theirs, by_gateway("gateway" .. count, answer, query))
        assert.equal(kind == "closed" or theirs.outcome == "ok", true)
      end)
    end
  end
end)
