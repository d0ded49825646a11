-- SPDX-License-Identifier: MIT

local core = require "perilune.core"
local support = require "unit.support"

local URL = "https://login.example/token"

-- What goes over the wire, and what all workers share, is in spec/gateway/oauth2_spec.lua.
describe("the authenticator oauth2", function()
  --- The plugin with these fields, and a ctx whose token endpoint answers what `world.answer` is. The world
  --- records what it is asked: requests, fetched (options by key), kept (values by key), deleted.
  local function plugin(options)
    local generation = support.connector(([[return {
      authenticator = { type = "oauth2", token_url = %q, client_id = "me", %s },
      webhooks = { { on = "t", url = "http://a.example" } } }]]):format(URL, options or 'client_secret = "s3cret-text"'))
    local step = generation.entries[1].authenticator.steps[1]
    local world = { requests = {}, fetched = {}, kept = {}, ttl = {}, deleted = {}, answer = {
      status = 200, body = '{"access_token":"t0ken-text","token_type":"Bearer","expires_in":3600}' } }
    local function post(request)
      world.requests[#world.requests + 1] = request
      local answer = { ok = world.answer.status == 200, status = world.answer.status }
      function answer.json() return core.json.decode(world.answer.body) end
      return answer
    end
    local cache = {
      get = function(key) return world.kept[key] end,
      set = function(key, v, ttl) world.kept[key], world.ttl[key] = v, ttl end,
      delete = function(key, v) world.deleted[#world.deleted + 1] = { key, v } end,
      fetch = function(key, fetch_options, fill)
        world.key, world.fetched[key] = key, fetch_options
        if not world.kept[key] then world.kept[key], world.ttl[key] = fill() end
        return world.kept[key]
      end,
    }
    local ctx = { config = step.config, values = {}, http = { post = post }, cache = cache }
    function world.apply()
      local request = support.request()
      step.handler.apply(ctx, request)
      return request.sent.headers
    end
    function world.on_unauthorized() return step.handler.on_unauthorized(ctx, support.response(401, "")) end
    return world
  end

  it("puts the token on the request, as a secret", function()
    local world = plugin()
    assert.equal("Bearer <secret>", world.apply().authorization)
    assert.is_true(core.is_secret(world.kept[world.key].token))
    assert.same({ [world.key] = { early = 60 } }, world.fetched)
    assert.equal(3600, world.ttl[world.key])
  end)

  it("keeps a token for as long as the answer says", function()
    for expires, ttl in pairs { ["120"] = 120, ['"120"'] = 120, ["1.5"] = 1.5, ["0"] = 0, ["null"] = 7, ["-1"] = 7,
      ['"soon"'] = 7, ["1e300"] = 31622400, ["1e999"] = 7, ["{}"] = 7 } do
      local world = plugin 'client_secret = "s3cret-text", default_ttl = 7'
      world.answer.body = ('{"access_token":"t0ken-text","token_type":"Bearer","expires_in":%s}'):format(expires)
      world.apply()
      assert.equal(ttl, world.ttl[world.key], expires)
    end
  end)

  it("keeps tokens apart that are of different configs, and says nothing of them in the key", function()
    local keys, seen = {}, 0
    for _, options in ipairs {
      'client_secret = "s3cret-text"', 'client_secret = "s3cret-text", scope = "a"',
      'client_secret = "s3cret-text", scope = { "a", "b" }', 'client_secret = "s3cret-text", audience = "a"',
      'client_secret = "s3cret-text", resource = "a"', 'client_secret = "s3cret-text", parameters = { a = "b" }',
      'client_secret = "s3cret-text", parameters = { a = "c" }',
      'client_secret = "s3cret-text", grant = "refresh_token", refresh_token = "one-r3fresh"',
      'client_secret = "s3cret-text", grant = "refresh_token", refresh_token = "two-r3fresh"',
    } do
      local world = plugin(options)
      world.apply()
      assert.is_nil(keys[world.key], options)
      assert.matches("^oauth2 %x+$", world.key)
      keys[world.key], seen = true, seen + 1
    end
    assert.equal(9, seen)
    local again = plugin()
    again.apply()
    assert.is_true(keys[again.key])
  end)

  it("forgets the token that was refused, and no other", function()
    local world = plugin()
    assert.is_false(world.on_unauthorized())
    assert.same({}, world.deleted)
    world.apply()
    local first = world.kept[world.key]
    world.kept[world.key] = { token = "of another exchange" }
    assert.is_true(world.on_unauthorized())
    assert.same({ { world.key, first } }, world.deleted)
  end)

  it("keeps a refresh token that an answer brings, and forgets one that is refused", function()
    local world = plugin 'client_secret = "s3cret-text", grant = "refresh_token", refresh_token = "r3fresh-text"'
    world.answer.body = '{"access_token":"t0ken-text","token_type":"Bearer","refresh_token":"n3xt-refresh"}'
    world.apply()
    local held = world.kept[world.key .. " refresh"]
    assert.is_true(core.is_secret(held))
    world.kept[world.key] = nil
    world.answer = { status = 400, body = '{"error":"invalid_grant"}' }
    support.raised(world.apply)
    assert.same({ { world.key .. " refresh", held } }, world.deleted)
  end)

  it("says what the endpoint has answered", function()
    for body, text in pairs {
      ['{"error":"invalid_scope","error_description":"no such scope"}'] = "answered 400 (invalid_scope: no such scope)",
      ['{"error":"invalid_scope"}'] = "answered 400 (invalid_scope)",
      ['{"error":"a","error_description":"' .. ("x"):rep(1001) .. '"}'] = "answered 400 (a)",
      ['{"error":{"a":1}}'] = "answered 400", ["[]"] = "answered 400", ["<html>"] = "answered 400",
      [""] = "answered 400",
    } do
      local world = plugin()
      world.answer = { status = 400, body = body }
      local message, class = support.raised(world.apply)
      assert.equal(("oauth2: the token endpoint %s %s"):format(URL, text), message)
      assert.equal("auth", class)
      assert.is_nil(world.kept[world.key])
    end
  end)

  it("takes no answer that brings no token", function()
    for body, text in pairs {
      ["[]"] = "without a JSON object", ["null"] = "without a JSON object", ["{"] = "without a JSON object",
      ["{}"] = "with no access_token", ['{"access_token":7}'] = "with no access_token",
      ['{"access_token":""}'] = "with no access_token", ['{"access_token":null}'] = "with no access_token",
      ['{"access_token":"t0ken-text","token_type":"mac"}'] = "with a token of the type 'mac', not Bearer",
      ['{"access_token":"t0ken-text","token_type":7}'] = "with a token of another type than Bearer",
      ['{"error":"slow_down","error_description":"later"}'] = "with no access_token (slow_down: later)",
      ['{"access_token":"' .. ("x"):rep(16385) .. '"}'] = "with an access_token of more than 16384 bytes",
    } do
      local world = plugin()
      world.answer.body = body
      local message, class = support.raised(world.apply)
      assert.equal(("oauth2: the token endpoint %s answered 200 %s"):format(URL, text), message)
      assert.equal("auth", class)
    end
  end)

  it("takes a token whose type is not said, or in another case", function()
    for _, kind in ipairs { '"bearer"', '"BEARER"', "null" } do
      local world = plugin()
      world.answer.body = ('{"access_token":"t0ken-text","token_type":%s}'):format(kind)
      assert.equal("Bearer <secret>", world.apply().authorization)
    end
  end)

  it("is refused by the folder where something is missing", function()
    for options, text in pairs {
      ['grant = "refresh_token", client_secret = "s3cret-text"'] = "the grant refresh_token wants a refresh_token",
      ['client_auth = "client_secret_post"'] = 'client_auth = "client_secret_post" wants a client_secret',
      [""] = 'client_auth = "client_secret_basic" wants a client_secret',
      ['client_auth = "private_key_jwt"'] = 'client_auth = "private_key_jwt" wants a private_key',
      ['client_secret = "s3cret-text", parameters = { scope = "a" }'] =
        "'scope' cannot be one of the parameters: the plugin sets it",
      ['client_auth = "private_key_jwt", private_key = "none"'] =
        "the assertion cannot be signed: expected a PEM text: PRIVATE KEY, RSA PRIVATE KEY, EC PRIVATE KEY, PUBLIC KEY, "
          .. "CERTIFICATE; or 32 or 64 bytes of Ed25519",
    } do
      assert.same({ "authenticators/a.lua:1: oauth2: " .. text }, support.faults { ["authenticators/a.lua"] =
        ('return { type = "oauth2", token_url = %q, client_id = "me", %s }'):format(URL, options) })
    end
  end)

  it("wants a token endpoint and a client", function()
    assert.same({
      "authenticators/a.lua:1: 'client_id' is missing",
      "authenticators/a.lua:1: 'token_url' is missing",
    }, support.faults { ["authenticators/a.lua"] = 'return { type = "oauth2" }' })
  end)
end)
