/* SPDX-License-Identifier: MIT
 *
 * core.crypto: hashes, HMAC and signatures for scripts, which know it as `hash`. Keys and data are
 * texts or secret handles; what comes out is plain bytes. Errors have the place of the script in
 * front and nothing of a key in them.
 *
 * Keys of two halves are read once a state, and what HMAC makes of a key alone is made once: both stay
 * in what the registry holds. */
#include "script/bind.h"

#include "base/base64.h"
#include "base/secret.h"
#include "crypto/keyring.h"
#include "crypto/macs.h"
#include "crypto/sign.h"

#include <lauxlib.h>
#include <limits.h>

#define KEYS "perilune.keys" /* in the registry: */

typedef struct keys {
    pl_keyring ring;
    pl_macs macs;
} keys;

static keys *keys_of(lua_State *L)
{
    lua_getfield(L, LUA_REGISTRYINDEX, KEYS);
    keys *k = lua_touserdata(L, -1);
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
    pl_slice algorithm = pl_check_slice(L, 1), key = check_key(L, 2);
    pl_slice data = check_data(L, 3, 2, key);
    return push_hash(L, pl_macs_hmac(&keys_of(L)->macs, algorithm, key, data, &mac), algorithm,
                     &mac);
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
    const pl_key *key = pl_keyring_read(&keys_of(L)->ring, bytes, use, wrong);
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

/* What a key is written in. `make` puts the key that is used in place of the bytes that were
 * decoded, or why it cannot. */
struct form {
    const char *name, *prefix;
    int64_t (*decode)(pl_buf *out, pl_slice text);
    bool (*make)(pl_buf *out, pl_slice bytes, pl_slice passphrase);
};

/* Takes the key, which may be NULL: then the reason is in `out` already. */
static bool put_key(pl_buf *out, pl_key *key, bool (*put)(pl_buf *out, const pl_key *key))
{
    bool done = key && put(out, key);
    if (key && !done) PL_BUF_PUT(out, "the key cannot be written as PEM");
    pl_key_free(key);
    return done;
}

static bool put_pair(pl_buf *out, const pl_key *key)
{
    pl_key_put_pair(out, key);
    return true;
}

static bool has_length(pl_buf *out, pl_slice bytes, size_t len, size_t other)
{
    if (bytes.len == len || bytes.len == other) return true;
    pl_buf_printf(out, "the key has %zu bytes; expected %zu", bytes.len, len);
    if (other != len) pl_buf_printf(out, " or %zu", other);
    return false;
}

/* Seed and public key, whether it was that or a seed. */
static bool make_pair(pl_buf *out, pl_slice bytes, pl_slice passphrase)
{
    (void)passphrase;
    if (!has_length(out, bytes, PL_KEY_ED25519_SEED_BYTES, PL_KEY_ED25519_PAIR_BYTES)) return false;
    return put_key(out, pl_key_read(bytes, PL_KEY_SIGNS, out), put_pair);
}

/* PEM, so that it is not taken for a seed. */
static bool make_public(pl_buf *out, pl_slice bytes, pl_slice passphrase)
{
    (void)passphrase;
    if (!has_length(out, bytes, PL_KEY_ED25519_SEED_BYTES, PL_KEY_ED25519_SEED_BYTES)) return false;
    return put_key(out, pl_key_read(bytes, PL_KEY_VERIFIES, out), pl_key_put_pem);
}

static bool make_pem(pl_buf *out, pl_slice bytes, pl_slice passphrase)
{
    return put_key(out, pl_key_read_pem(bytes, passphrase, out), pl_key_put_pem);
}

static const struct form forms[] = {
    {"raw", NULL, NULL, NULL},
    {"base64", NULL, pl_base64_decode, NULL},
    {"hex", NULL, pl_hex_decode, NULL},
    {"whsec", "whsec_", pl_base64_decode, NULL}, /* the last three are of Standard Webhooks */
    {"whsk", "whsk_", pl_base64_decode, make_pair},
    {"whpk", "whpk_", pl_base64_decode, make_public},
    {"pem", NULL, NULL, make_pem},
};
#define FORM_NAMES "raw, base64, hex, whsec, whsk, whpk, pem"

static const struct form *check_key_form(lua_State *L, int index)
{
    pl_slice name = pl_check_slice(L, index);
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (pl_slice_eq(name, pl_slice_of(forms[i].name))) return &forms[i];
    luaL_error(L, "there is no form '%s' of a key; there are " FORM_NAMES, name.ptr);
    return NULL;
}

/* Drops the prefix. Another form's would be decoded along with the key: "_" is base64, too. */
static bool drop_prefix(pl_slice *text, const struct form *form, pl_buf *wrong)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        const struct form *f = &forms[i];
        if (!f->prefix || !pl_slice_starts(*text, pl_slice_of(f->prefix))) continue;
        if (f != form) {
            pl_buf_printf(wrong, "the key begins with %s; its form is \"%s\"", f->prefix, f->name);
            return false;
        }
        *text = pl_slice_from(*text, strlen(f->prefix));
        break;
    }
    return true;
}

/* Appends the bytes that the text stands for; or, with false, what is wrong. */
static bool put_decoded(pl_buf *out, const struct form *form, pl_slice text)
{
    if (form->decode == NULL) {
        pl_buf_put_slice(out, text);
        return true;
    }
    if (!drop_prefix(&text, form, out)) return false;
    bool done = form->decode(out, text) < 0;
    if (done && out->len > 0) return true;
    pl_buf_printf(out, "the key is %s",
                  done                            ? "empty"
                  : form->decode == pl_hex_decode ? "not hexadecimal"
                                                  : "not base64");
    return false;
}

/* Appends the bytes of the key; or, with false, what is wrong. */
static bool put_bytes_of_key(pl_buf *out, const struct form *form, pl_slice text,
                             pl_slice passphrase)
{
    pl_buf decoded = {0};
    if (form->make == NULL) return put_decoded(out, form, text);
    bool done =
        put_decoded(&decoded, form, text) && form->make(out, pl_buf_slice(&decoded), passphrase);
    if (!done && out->len == 0) pl_buf_put_slice(out, pl_buf_slice(&decoded));
    pl_buf_fini(&decoded);
    return done;
}

/* key(text or secret, form, passphrase?) -> secret */
static int crypto_key(lua_State *L)
{
    pl_slice text = check_key(L, 1), passphrase = PL_NO_SLICE;
    const struct form *form = check_key_form(L, 2);
    if (!lua_isnoneornil(L, 3)) passphrase = check_data(L, 3, 1, text);
    luaL_argcheck(L, passphrase.len == 0 || form->make == make_pem, 3,
                  "a passphrase is for the form \"pem\"");
    pl_buf *out = pl_scratch(L);
    if (!put_bytes_of_key(out, form, text, passphrase)) return raise(L, out);
    lua_pushcfunction(L, pl_bind_secret_of_text);
    pl_push_buf(L, out);
    lua_call(L, 1, 1);
    return 1;
}

/* -- opening -- */

static int keys_gc(lua_State *L)
{
    keys *k = lua_touserdata(L, 1);
    pl_keyring_fini(&k->ring);
    pl_macs_fini(&k->macs);
    return 0;
}

static void make_keys(lua_State *L)
{
    keys *k = lua_newuserdata(L, sizeof *k);
    pl_keyring_init(&k->ring);
    pl_macs_init(&k->macs);
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
