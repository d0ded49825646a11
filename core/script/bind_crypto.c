/* SPDX-License-Identifier: MIT
 *
 * core.hash, core.hmac and core.uuid_of; core.base64 and core.hex, bytes as text. */
#include "script/bind.h"

#include "base/base64.h"
#include "crypto/hash.h"

#include <lauxlib.h>
#include <limits.h>

/* -- hashes; what they raise has no position of Lua in front, since templates show it -- */

static int push_hash(lua_State *L, bool is_known, const pl_hash *hash)
{
    if (!is_known) {
        lua_pushfstring(L, "there is no hash '%s'; there are " PL_HASH_NAMES, lua_tostring(L, 1));
        return lua_error(L);
    }
    lua_pushlstring(L, hash->bytes, hash->len);
    return 1;
}

int pl_bind_hash(lua_State *L)
{
    pl_hash hash;
    pl_slice algorithm = pl_check_slice(L, 1), data = pl_check_slice(L, 2);
    return push_hash(L, pl_hash_of(algorithm, data, &hash), &hash);
}

int pl_bind_hmac(lua_State *L)
{
    pl_hash hash;
    pl_slice key, algorithm = pl_check_slice(L, 1);
    if (!pl_bind_secret_at(L, 2, &key)) key = pl_check_slice(L, 2);
    luaL_argcheck(L, key.len <= INT_MAX, 2, "the key is too long");
    return push_hash(L, pl_hash_hmac(algorithm, key, pl_check_slice(L, 3), &hash), &hash);
}

/* The namespaces of RFC 9562 section 6.6 have names. */
static bool find_space(pl_slice text, pl_uuid *space)
{
    static const char *const known[][2] = {
        {"dns", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"},
        {"url", "6ba7b811-9dad-11d1-80b4-00c04fd430c8"},
        {"oid", "6ba7b812-9dad-11d1-80b4-00c04fd430c8"},
        {"x500", "6ba7b814-9dad-11d1-80b4-00c04fd430c8"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (pl_slice_eq(text, pl_slice_of(known[i][0]))) text = pl_slice_of(known[i][1]);
    return pl_uuid_parse(text, space);
}

int pl_bind_uuid_of(lua_State *L)
{
    pl_uuid space;
    char text[PL_UUID_TEXT + 1];
    if (!find_space(pl_check_slice(L, 1), &space)) {
        lua_pushfstring(L, "the namespace '%s' is neither a UUID nor dns, url, oid or x500",
                        lua_tostring(L, 1));
        return lua_error(L);
    }
    pl_uuid_format(pl_hash_uuid(space, pl_check_slice(L, 2)), text);
    lua_pushstring(L, text);
    return 1;
}

/* -- bytes as text -- */

static int push_decoded(lua_State *L, int64_t (*decode)(pl_buf *out, pl_slice text),
                        const char *name)
{
    pl_slice text = pl_check_slice(L, 1);
    pl_buf *out = pl_scratch(L);
    int64_t wrong = decode(out, text);
    if (wrong < 0) return pl_push_buf(L, out);
    lua_pushnil(L);
    if ((size_t)wrong == text.len)
        lua_pushfstring(L, "the %s ends too early", name);
    else
        lua_pushfstring(L, "byte %d is not %s", (int)wrong + 1, name);
    return 2;
}

static int base64_encode(lua_State *L)
{
    return pl_bind_converted(L, pl_base64_encode);
}

static int base64_url_encode(lua_State *L)
{
    return pl_bind_converted(L, pl_base64url_encode);
}

/* decode(text) -> bytes, or nil and what is wrong; both alphabets */
static int base64_decode(lua_State *L)
{
    return push_decoded(L, pl_base64_decode, "base64");
}

/* As tokens have it: nothing but the alphabet of URLs (RFC 7515 section 2). */
static int64_t decode_base64url(pl_buf *out, pl_slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (strchr("+/= \t\r\n\v\f", text.ptr[i])) return (int64_t)i;
    return pl_base64_decode(out, text);
}

static int base64_url_decode(lua_State *L)
{
    return push_decoded(L, decode_base64url, "base64url");
}

static int hex_encode(lua_State *L)
{
    return pl_bind_converted(L, pl_hex_encode);
}

static int hex_decode(lua_State *L)
{
    return push_decoded(L, pl_hex_decode, "hexadecimal");
}

static const luaL_Reg base64_functions[] = {
    {"encode", base64_encode},
    {"decode", base64_decode},
    {"url_encode", base64_url_encode},
    {"url_decode", base64_url_decode},
    {NULL, NULL},
};

static const luaL_Reg hex_functions[] = {
    {"encode", hex_encode},
    {"decode", hex_decode},
    {NULL, NULL},
};

int pl_open_base64(lua_State *L)
{
    return pl_push_functions(L, base64_functions);
}

int pl_open_hex(lua_State *L)
{
    return pl_push_functions(L, hex_functions);
}
