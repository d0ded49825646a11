-- SPDX-License-Identifier: MIT

local core = require "perilune.core"
local oracle = require "support.core_oracle"

local integer, base64, hex = core.integer, core.base64, core.hex

local HASHES = { hash = true, hmac = true }

describe("core.integer", function()
  it("computes as Python does", function()
    assert.equal("", oracle.differences("integers"))
  end)

  it("says why there is no result", function()
    assert.same({ nil, "integer division or modulo by zero" }, { integer.floordiv("1", "0") })
    assert.same({ nil, "integer modulo by zero" }, { integer.mod("1", "0") })
    assert.same({ nil, "a negative exponent gives no integer" }, { integer.pow("2", "-1") })
    assert.same({ nil, "an integer is an optional \"-\" and digits" }, { integer.add("1.0", "1") })
    assert.same({ nil, "an integer is an optional \"-\" and digits" }, { integer.compare("", "1") })
    assert.same({ nil, "the base must be 2 to 36, or 0" }, { integer.parse("1", 37) })
    assert.same({ nil, "the base must be 2 to 36" }, { integer.format("1", 1) })
  end)

  it("has 20000 digits at most, and refuses a power before it computes it", function()
    local message = "the integer has more than 20000 digits"
    assert.equal(20000, #integer.pow("10", "19999"))
    assert.same({ nil, message }, { integer.pow("10", "20000") })
    assert.same({ nil, message }, { integer.pow("3", ("9"):rep(1000)) })
    assert.same({ nil, message }, { integer.mul(("9"):rep(15000), ("9"):rep(15000)) })
    assert.same({ nil, message }, { integer.add(("9"):rep(20001), "1") })
    assert.equal("-1", integer.pow("-1", ("9"):rep(1000)))
  end)

  it("has every digit of a whole number", function()
    assert.equal("9007199254740993024", integer.of_double(9007199254740993024))
    assert.equal("100000000000000008821361405306422640701865984", integer.of_double(1e44))
    assert.equal("0", integer.of_double(-0))
    assert.has_error(function() integer.of_double(0.5) end)
    assert.has_error(function() integer.of_double(1 / 0) end)
  end)
end)

describe("hashes", function()
  it("and their relatives are those of Python", function()
    assert.equal("", oracle.differences("hashes", function(name, result)
      return HASHES[name] and hex.encode(result) or nil
    end))
  end)

  it("name those that exist", function()
    assert.has_error(function() core.hash("sha9", "") end, "there is no hash 'sha9'; there are md5, "
      .. "sha1, sha224, sha256, sha384, sha512, sha3_224, sha3_256, sha3_384, sha3_512")
    assert.has_error(function() core.uuid_of("here", "") end,
      "the namespace 'here' is neither a UUID nor dns, url, oid or x500")
  end)

  -- RFC 4231, test case 2.
  it("take a secret as a key", function()
    local secret = core.secret_of("Jefe")
    assert.equal("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
      hex.encode(core.hmac("sha256", secret, "what do ya want for nothing?")))
  end)
end)

describe("base64 and hexadecimal", function()
  it("go both ways", function()
    local bytes = {}
    for i = 0, 255 do bytes[i + 1] = string.char(i) end
    bytes = table.concat(bytes)
    for length = 0, 256 do
      local part = bytes:sub(1, length)
      assert.equal(part, base64.decode(base64.encode(part)))
      assert.equal(part, base64.url_decode(base64.url_encode(part)))
      assert.equal(part, hex.decode(hex.encode(part):upper()))
    end
  end)

  it("of URLs have their own two characters and no padding", function()
    assert.equal("__4", base64.url_encode("\255\254"))
    assert.equal("//4=", base64.encode("\255\254"))
    assert.same({ nil, "byte 2 is not base64url" }, { base64.url_decode("_/4") })
    assert.same({ nil, "byte 4 is not base64url" }, { base64.url_decode("__4=") })
    assert.same({ nil, "byte 3 is not base64url" }, { base64.url_decode("__ 4") })
    assert.same({ nil, "byte 3 is not base64url" }, { base64.url_decode("__\0004") })
    assert.same({ nil, "the base64url ends too early" }, { base64.url_decode("_") })
  end)

  it("name the byte that does not belong", function()
    assert.same({ nil, "byte 3 is not base64" }, { base64.decode("Zm*v") })
    assert.same({ nil, "the base64 ends too early" }, { base64.decode("Zm9vY") })
    assert.same({ nil, "byte 4 is not hexadecimal" }, { hex.decode("00fg") })
    assert.same({ nil, "the hexadecimal ends too early" }, { hex.decode("00f") })
  end)
end)
