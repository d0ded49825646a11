-- SPDX-License-Identifier: MIT
--- The work of a call as one would write it for nginx: decode, route, make a body, sign it, send it over a kept connection, and
--- give the caller what it wants of the answer.

local cjson = require("cjson")
local ffi = require("ffi")

ffi.cdef([[
typedef struct evp_md_st EVP_MD;
const EVP_MD *EVP_sha256(void);
unsigned char *HMAC(const EVP_MD *, const void *key, int key_length, const unsigned char *, size_t, unsigned char *, unsigned *);
]])
local crypto = ffi.load("libcrypto.so.3")

local KEY = "01234567890123456789012345678901"
local TIMEOUT_MS, IDLE_MS, KEPT = 10000, 300000, 4096

local digest = ffi.new("unsigned char[32]")
local count = 0

local function hmac(text)
  crypto.HMAC(crypto.EVP_sha256(), KEY, #KEY, text, #text, digest, nil)
  return ngx.encode_base64(ffi.string(digest, 32))
end

local routes = {}

routes["order.confirmed"] = {
  url = function(data) return "/orders/" .. data.order.id end,
  body = function(data)
    local order, customer = data.order, data.customer
    local address = customer.address
    local lines = {}
    for i, line in ipairs(order.lines) do
      lines[i] = { sku = line.sku, title = line.title, quantity = line.quantity, price = line.price }
    end
    return cjson.encode({
      event = "order.confirmed",
      number = order.number,
      customer = { name = customer.name, email = customer.email, vip = customer.vip },
      ship_to = { street = address.street, city = address.postcode .. " " .. address.city, country = address.country },
      total = order.total .. " " .. order.currency,
      lines = lines,
      channel = data.channel,
      note = order.note,
    })
  end,
  variables = function(answer) return { reference = answer.id, eta = answer.eta } end,
}

--- The status and the body of an answer with Content-Length.
local function receive(socket)
  local line = assert(socket:receive("*l"))
  local status, length = tonumber(line:sub(10, 12)), 0
  while line ~= "" do
    line = assert(socket:receive("*l"))
    length = tonumber(line:match("^[Cc]ontent%-[Ll]ength: *(%d+)")) or length
  end
  return status, length > 0 and assert(socket:receive(length)) or ""
end

local function post(port, path, body)
  local socket = ngx.socket.tcp()
  socket:settimeout(TIMEOUT_MS)
  assert(socket:connect("127.0.0.1", port))
  count = count + 1
  local id, time = "msg_" .. count, ngx.time()
  assert(socket:send({ "POST ", path, " HTTP/1.1\r\nHost: 127.0.0.1:", port, "\r\nContent-Type: application/json\r\nwebhook-id: ", id,
    "\r\nwebhook-timestamp: ", time, "\r\nwebhook-signature: v1,", hmac(id .. "." .. time .. "." .. body),
    "\r\nContent-Length: ", #body, "\r\n\r\n", body }))
  local status, answer = receive(socket)
  socket:setkeepalive(IDLE_MS, KEPT)
  return status, answer
end

local app = {}

function app.new(sink_port)
  return function()
    ngx.req.read_body()
    local event = cjson.decode(ngx.req.get_body_data())
    local route = routes[event.type]
    if not route then return ngx.exit(404) end
    local status, answer = post(sink_port, route.url(event.data), route.body(event.data))
    local text = cjson.encode({ ok = status == 200, status = status, variables = route.variables(cjson.decode(answer)) })
    ngx.header.content_type = "application/json"
    ngx.header.content_length = #text
    ngx.print(text)
  end
end

return app
