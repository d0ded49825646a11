-- SPDX-License-Identifier: MIT
--- Certificates for specs, made by the openssl command line: an authority, and what it or nobody signed.

local certificates = {}

local CONFIG = [[
[ca]
default_ca = authority
[authority]
database = index.txt
new_certs_dir = .
serial = serial
default_md = sha256
policy = policy
unique_subject = no
[policy]
commonName = supplied
]]

local function run(folder, command)
  local status = os.execute(("cd '%s' && (%s) >openssl.log 2>&1"):format(folder, command))
  assert(status == 0, command)
end

--- A pair NAME.pem, NAME.key of the folder's authority.
---@param folder string
---@param name string
---@param subject string
---@param extensions string  as a file of openssl has them
---@param validity string
local function issue(folder, name, subject, extensions, validity)
  run(folder, ("printf '%s\\n' >%s.ext; openssl req -newkey rsa:2048 -nodes -keyout %s.key -out %s.csr -subj '/CN=%s' "
    .. "&& openssl ca -batch -config ca.conf -cert ca.pem -keyfile ca.key -in %s.csr -out %s.pem -notext "
    .. "-extfile %s.ext %s"):format(extensions, name, name, name, subject, name, name, name, validity))
end

--- A client's pair, named by its subject; `more`: a further line of extensions.
function certificates.client(folder, name, more)
  issue(folder, name, name, "extendedKeyUsage=clientAuth\\n" .. (more or ""), "-days 30")
end

--- The pair's key once more as NAME, encrypted.
function certificates.encrypt(folder, key, name, passphrase)
  run(folder, ("openssl pkcs8 -topk8 -in %s -out %s -passout 'pass:%s'"):format(key, name, passphrase))
end

--- Makes in `folder`: ca.pem, the authority; and pairs NAME.pem, NAME.key: `good` for 127.0.0.1 and localhost, `other`
--- for another host, `expired` for the right one but long ago, `future` for long from now, `self` signed by itself,
--- `stranger` by another authority, strange-ca.pem.
---@param folder string
---@return string folder
function certificates.make(folder)
  local config = assert(io.open(folder .. "/ca.conf", "w"))
  config:write(CONFIG)
  config:close()
  run(folder, "touch index.txt; echo 01 >serial; openssl req -x509 -newkey rsa:2048 -nodes -days 30 "
    .. "-keyout ca.key -out ca.pem -subj '/CN=Spec authority'")
  local here = "IP:127.0.0.1,DNS:localhost"
  for name, pair in pairs({
    good = { here, "-days 30" },
    other = { "DNS:other.example", "-days 30" },
    expired = { here, "-startdate 20200101000000Z -enddate 20200201000000Z" },
    future = { here, "-startdate 20900101000000Z -enddate 20910101000000Z" },
  }) do
    issue(folder, name, "spec", "subjectAltName=" .. pair[1], pair[2])
  end
  run(folder, "openssl req -x509 -newkey rsa:2048 -nodes -days 30 -keyout self.key -out self.pem "
    .. "-subj '/CN=127.0.0.1' -addext 'subjectAltName=" .. here .. "'")
  run(folder, "openssl req -x509 -newkey rsa:2048 -nodes -days 30 -keyout strange-ca.key -out strange-ca.pem "
    .. "-subj '/CN=Strange authority' && openssl req -newkey rsa:2048 -nodes -keyout stranger.key -out stranger.csr "
    .. "-subj '/CN=spec' && printf 'subjectAltName=" .. here .. "\\n' >stranger.ext && openssl x509 -req -days 30 "
    .. "-in stranger.csr -CA strange-ca.pem -CAkey strange-ca.key -CAcreateserial -extfile stranger.ext -out stranger.pem")
  return folder
end

return certificates
