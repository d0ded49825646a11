-- SPDX-License-Identifier: MIT

--- AWS Signature Version 4. The request is written in a canonical form, its hash is signed with a key
--- that is good for one day, region and service, and all that stands in the header Authorization:
---
---     canonical request   method, path, query, headers, their names, hash of the body
---     text to sign        AWS4-HMAC-SHA256, time, scope, hash of the canonical request
---     key                 HMAC of day, region, service and "aws4_request", one after the other
---
--- It signs every header that the request has by then, so in a chain it stands at the end.

local ALGORITHM = "AWS4-HMAC-SHA256"

-- Headers that are not signed: what is between here and there changes them or they belong to the
-- connection.
local UNSIGNED = {
  authorization = true, connection = true, expect = true, ["content-length"] = true,
  ["transfer-encoding"] = true, ["user-agent"] = true, ["x-amzn-trace-id"] = true,
}

local function default(v, otherwise)
  if v == nil then return otherwise end
  return v
end

local function is_s3(config) return config.service == "s3" end

-- -- the canonical request

--- Without empty segments, "." and "..".
local function tidy(path)
  local kept = {}
  for segment in path:gmatch "[^/]+" do
    if segment == ".." then
      table.remove(kept)
    elseif segment ~= "." then
      table.insert(kept, segment)
    end
  end
  local is_folder = path:find "/%.?%.?$" ~= nil and #kept > 0
  return "/" .. table.concat(kept, "/") .. (is_folder and "/" or "")
end

--- A segment of a path as it has to be encoded, however it is.
local function encoded_once(segment)
  local decoded, message = url.decode(segment)
  if not decoded then error("aws-sigv4: the path: " .. message, 0) end
  return url.encode(decoded)
end

local function canonical_path(config, path)
  if default(config.double_encode, not is_s3(config)) then
    return (tidy(path):gsub("[^/]+", url.encode))
  end
  return path == "" and "/" or (path:gsub("[^/]+", encoded_once))
end

--- A "+" is a blank, as receivers read it.
local function canonical_query(query)
  local fields, all = url.parse_query(query)
  if not fields then error("aws-sigv4: the query: " .. all, 0) end
  for i, pair in ipairs(all) do all[i] = { url.encode(pair[1]), url.encode(pair[2]) } end
  table.sort(all, function(a, b)
    if a[1] ~= b[1] then return a[1] < b[1] end
    return a[2] < b[2]
  end)
  for i, pair in ipairs(all) do all[i] = pair[1] .. "=" .. pair[2] end
  return table.concat(all, "&")
end

--- Host as it is sent: without the port that the scheme has anyway.
local function host_of(scheme, authority)
  local host = authority:gsub("^.*@", "")
  return (host:gsub(scheme == "https" and ":443$" or ":80$", ""))
end

--- Name and value of each header that is signed, sorted.
local function signed_headers(request, host)
  local headers = {}
  for name in pairs(request:headers()) do
    if not UNSIGNED[name] and name ~= "host" then
      local value = request:header(name):gsub("%s+", " "):match "^%s*(.-)%s*$"
      table.insert(headers, { name, value })
    end
  end
  table.insert(headers, { "host", request:header "host" or host })
  table.sort(headers, function(a, b) return a[1] < b[1] end)
  return headers
end

--- The canonical request, and the names of the signed headers.
local function canonical_request(config, request, payload)
  local scheme, authority, path, query = request:url():match "^(%a[%w+.-]*)://([^/?#]*)([^?#]*)%??([^#]*)"
  local lines, names = {}, {}
  for i, header in ipairs(signed_headers(request, host_of(scheme:lower(), authority))) do
    lines[i], names[i] = header[1] .. ":" .. header[2] .. "\n", header[1]
  end
  local signed = table.concat(names, ";")
  return table.concat({
    request:method(), canonical_path(config, path), canonical_query(query), table.concat(lines), signed, payload,
  }, "\n"), signed
end

-- -- the signature

local function signature_of(config, scope, text)
  local key = conceal("AWS4", config.secret_key)
  for part in scope:gmatch "[^/]+" do key = hash.hmac("sha256", key, part) end
  return hex.encode(hash.hmac("sha256", key, text))
end

local function set_amazon_headers(config, request, time, payload)
  request:set_header("X-Amz-Date", time)
  if config.session_token then request:set_header("X-Amz-Security-Token", config.session_token) end
  if default(config.payload_header, is_s3(config) or config.unsigned_payload) then
    request:set_header("X-Amz-Content-Sha256", payload)
  end
end

local function apply(ctx, request)
  local config = ctx.config
  local time = os.date("!%Y%m%dT%H%M%SZ", ctx.now)
  local payload = config.unsigned_payload and "UNSIGNED-PAYLOAD"
    or hex.encode(hash.sha256(request:body() or ""))
  set_amazon_headers(config, request, time, payload)
  local canonical, signed = canonical_request(config, request, payload)
  local scope = ("%s/%s/%s/aws4_request"):format(time:sub(1, 8), config.region, config.service)
  local text = table.concat({ ALGORITHM, time, scope, hex.encode(hash.sha256(canonical)) }, "\n")
  request:set_header("Authorization", ALGORITHM, " Credential=", config.access_key, "/", scope,
    ", SignedHeaders=", signed, ", Signature=", signature_of(config, scope, text))
end

return { apply = apply }
