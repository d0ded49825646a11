/* SPDX-License-Identifier: MIT
 *
 * core.crypto: hashes, HMAC and signatures for scripts, which know it as `hash`. Keys and data are
 * texts or secret handles; what comes out is plain bytes. Errors have the place of the script in
 * front and nothing of a key in them.
 *
 * Keys of two halves are read once a state, and what HMAC makes of a key alone is made once: both stay
 * in what the registry holds. */
#include "script/bind.h"

#include "base/secret.h"
#include "crypto/key_form.h"
#include "crypto/sign.h"

#include <lauxlib.h>
#include <limits.h>

#define KEYS "perilune.keys" /* pl_keys, in the registry */

pl_keys *pl_bind_keys_of(lua_State *L)
{
    lua_getfield(L, LUA_REGISTRYINDEX, KEYS);
    pl_keys *k = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return k;
}

/* -- arguments -- */

static pl_slice check_bytes(lua_State *L, int index)
{
    pl_slice value;
    if (pl_bind_secret_at(L, index, &value)) return value;
    if (lua_type(L, index) != LUA_TSTRING) luaL_typerror(L, index, "string or secret");
    return pl_check_slice(L, index);
}

static pl_slice check_key(lua_State *L, int index)
{
    pl_slice key = check_bytes(L, index);
    if (key.len == 0) luaL_error(L, "the key is empty");
    if (key.len > INT_MAX) luaL_error(L, "the key is too long");
    return key;
}

/* What is behind a key in the arguments. The handle of the key itself is not asked again: it may have
 * got a new value by now, and then drops the one that it gave. */
static pl_slice check_data(lua_State *L, int index, int key_index, pl_slice key)
{
    return lua_rawequal(L, index, key_index) ? key : check_bytes(L, index);
}

/* Raises what is in the buffer, with the place of the caller. */
static int raise(lua_State *L, const pl_buf *message)
{
    luaL_where(L, 1);
    pl_push_buf(L, message);
    lua_concat(L, 2);
    return lua_error(L);
}

/* -- hashes -- */

static int push_hash(lua_State *L, bool is_known, pl_slice algorithm, const pl_hash *hash)
{
    if (!is_known)
        return luaL_error(L, "there is no hash '%s'; there are " PL_HASH_NAMES, algorithm.ptr);
    lua_pushlstring(L, hash->bytes, hash->len);
    return 1;
}

/* of(algorithm, data) -> bytes */
static int crypto_of(lua_State *L)
{
    pl_hash hash;
    pl_slice algorithm = pl_check_slice(L, 1), data = check_bytes(L, 2);
    return push_hash(L, pl_hash_of(algorithm, data, &hash), algorithm, &hash);
}

/* sha256(data) and the like: the algorithm is the upvalue. */
static int crypto_named(lua_State *L)
{
    pl_hash hash;
    pl_slice data = check_bytes(L, 1), algorithm = pl_check_slice(L, lua_upvalueindex(1));
    return push_hash(L, pl_hash_of(algorithm, data, &hash), algorithm, &hash);
}

/* hmac(algorithm, key, data) -> bytes */
static int crypto_hmac(lua_State *L)
{
    pl_hash mac;
    pl_slice algorithm = pl_check_slice(L, 1);
    pl_macs_key key = {.text = check_key(L, 2)};
    pl_slice data = check_data(L, 3, 2, key.text);
    return push_hash(L, pl_macs_hmac(&pl_bind_keys_of(L)->macs, algorithm, &key, &data, 1, &mac),
                     algorithm, &mac);
}

/* equal(a, b): in a time that depends on the length of b only */
static int crypto_equal(lua_State *L)
{
    pl_slice a = check_bytes(L, 1);
    lua_pushboolean(L, pl_secret_eq(a, check_data(L, 2, 1, a)));
    return 1;
}

/* -- signatures -- */

static const pl_algorithm *check_algorithm(lua_State *L, int index)
{
    const pl_algorithm *a = pl_algorithm_of(pl_check_slice(L, index));
    if (a == NULL)
        luaL_error(L, "there is no algorithm '%s' for signatures; there are " PL_SIGN_NAMES,
                   lua_tostring(L, index));
    return a;
}

static bool is_text(lua_State *L, int index, const char *text)
{
    return lua_type(L, index) == LUA_TSTRING && strcmp(lua_tostring(L, index), text) == 0;
}

/* Of { form = "jose" or "der" }, or nothing. */
static enum pl_signature_form check_form(lua_State *L, int index, const pl_algorithm *a)
{
    static const char expected[] = "expected { form = \"jose\" } or { form = \"der\" }";
    if (lua_isnoneornil(L, index)) return PL_SIGNATURE_JOSE;
    luaL_checktype(L, index, LUA_TTABLE);
    luaL_argcheck(L, pl_algorithm_is_ecdsa(a), index, "options are for ES256, ES384 and ES512");
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1))
        luaL_argcheck(L, is_text(L, -2, "form"), index, expected);
    lua_getfield(L, index, "form");
    bool is_der = is_text(L, -1, "der");
    luaL_argcheck(L, is_der || is_text(L, -1, "jose"), index, expected);
    lua_pop(L, 1);
    return is_der ? PL_SIGNATURE_DER : PL_SIGNATURE_JOSE;
}

static const pl_key *read_key(lua_State *L, pl_slice bytes, enum pl_key_use use)
{
    pl_buf *wrong = pl_scratch(L);
    const pl_key *key = pl_keyring_read(&pl_bind_keys_of(L)->ring, bytes, use, wrong);
    if (key == NULL) raise(L, wrong);
    return key;
}

/* sign(algorithm, key, data, options?) -> signature */
static int crypto_sign(lua_State *L)
{
    const pl_algorithm *a = check_algorithm(L, 1);
    pl_slice bytes = check_key(L, 2), data = check_data(L, 3, 2, bytes);
    enum pl_signature_form form = check_form(L, 4, a);
    const pl_key *key = pl_algorithm_is_shared(a) ? NULL : read_key(L, bytes, PL_KEY_SIGNS);
    pl_buf *out = pl_scratch(L);
    bool done = key ? pl_sign(out, a, key, data, form) : pl_sign_shared(out, a, bytes, data);
    return done ? pl_push_buf(L, out) : raise(L, out);
}

/* verify(algorithm, key, data, signature, options?) -> true or false */
static int crypto_verify(lua_State *L)
{
    const pl_algorithm *a = check_algorithm(L, 1);
    pl_slice bytes = check_key(L, 2), data = check_data(L, 3, 2, bytes);
    pl_slice signature = pl_check_slice(L, 4);
    enum pl_signature_form form = check_form(L, 5, a);
    const pl_key *key = pl_algorithm_is_shared(a) ? NULL : read_key(L, bytes, PL_KEY_VERIFIES);
    pl_buf *wrong = pl_scratch(L);
    bool genuine;
    bool done = key ? pl_verify(&genuine, a, key, data, signature, form, wrong)
                    : pl_verify_shared(&genuine, a, bytes, data, signature, wrong);
    if (!done) return raise(L, wrong);
    lua_pushboolean(L, genuine);
    return 1;
}

/* -- keys as they are handed out -- */

static const pl_key_form *check_key_form(lua_State *L, int index)
{
    pl_slice name = pl_check_slice(L, index);
    const pl_key_form *form = pl_key_form_of(name);
    if (form == NULL)
        luaL_error(L, "there is no form '%s' of a key; there are " PL_KEY_FORM_NAMES, name.ptr);
    return form;
}

/* key(text or secret, form, passphrase?) -> secret */
static int crypto_key(lua_State *L)
{
    pl_slice text = check_key(L, 1), passphrase = PL_NO_SLICE;
    const pl_key_form *form = check_key_form(L, 2);
    if (!lua_isnoneornil(L, 3)) passphrase = check_data(L, 3, 1, text);
    luaL_argcheck(L, passphrase.len == 0 || pl_key_form_has_passphrase(form), 3,
                  "a passphrase is for the form \"pem\"");
    pl_buf *out = pl_scratch(L);
    if (!pl_key_form_put(out, form, text, passphrase)) return raise(L, out);
    lua_pushcfunction(L, pl_bind_secret_of_text);
    pl_push_buf(L, out);
    lua_call(L, 1, 1);
    return 1;
}

/* -- opening -- */

static int keys_gc(lua_State *L)
{
    pl_keys *k = lua_touserdata(L, 1);
    pl_keyring_fini(&k->ring);
    pl_macs_fini(&k->macs);
    return 0;
}

static void make_keys(lua_State *L)
{
    pl_keys *k = lua_newuserdata(L, sizeof *k);
    pl_keyring_init(&k->ring);
    pl_macs_init(&k->macs, pl_secret_register, pl_secret_retire);
    lua_newtable(L);
    lua_pushcfunction(L, keys_gc);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    lua_setfield(L, LUA_REGISTRYINDEX, KEYS);
}

static const luaL_Reg crypto_functions[] = {
    {"of", crypto_of},     {"hmac", crypto_hmac},     {"equal", crypto_equal},
    {"sign", crypto_sign}, {"verify", crypto_verify}, {"key", crypto_key},
    {NULL, NULL},
};

int pl_open_crypto(lua_State *L)
{
    static const char *const named[] = {"md5", "sha1", "sha256", "sha384", "sha512"};
    make_keys(L);
    pl_push_functions(L, crypto_functions);
    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        lua_pushstring(L, named[i]);
        lua_pushcclosure(L, crypto_named, 1);
        lua_setfield(L, -2, named[i]);
    }
    return 1;
}
