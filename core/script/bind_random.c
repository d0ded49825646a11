/* SPDX-License-Identifier: MIT
 *
 * core.random: what nobody can guess, for nonces and keys; the kernel's. */
#include "script/bind.h"

#include "base/base64.h"

#include <errno.h>
#include <lauxlib.h>
#include <stdlib.h>
#include <sys/random.h>

#define MAX_BYTES 65536 /* of one call */

static void fill(char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t got = getrandom(bytes, len, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) abort(); /* as when a state is seeded: nothing good can follow */
        bytes += got;
        len -= (size_t)got;
    }
}

/* The scratch with as many random bytes as the argument says. */
static pl_buf *put_random(lua_State *L)
{
    lua_Number n = luaL_checknumber(L, 1);
    luaL_argcheck(L, n >= 0 && n <= MAX_BYTES && n == (lua_Number)(size_t)n, 1,
                  "expected a number of bytes, 0 to 65536");
    pl_buf *out = pl_scratch(L);
    fill(pl_buf_reserve(out, (size_t)n), (size_t)n);
    out->len += (size_t)n;
    return out;
}
_Static_assert(MAX_BYTES == 65536, "the message says so");

static int random_bytes(lua_State *L)
{
    return pl_push_buf(L, put_random(L));
}

static int random_hex(lua_State *L)
{
    pl_buf *out = put_random(L);
    size_t len = out->len;
    pl_buf_reserve(out, 2 * len); /* so that what is read does not move */
    pl_hex_encode(out, pl_buf_slice(out));
    pl_buf_consume(out, len);
    return pl_push_buf(L, out);
}

static int random_uuid(lua_State *L)
{
    uint8_t bytes[16];
    char text[PL_UUID_TEXT + 1];
    fill((char *)bytes, sizeof bytes);
    pl_uuid_format(pl_uuid_random(bytes), text);
    lua_pushstring(L, text);
    return 1;
}

static const luaL_Reg random_functions[] = {
    {"bytes", random_bytes},
    {"hex", random_hex},
    {"uuid", random_uuid},
    {NULL, NULL},
};

int pl_open_random(lua_State *L)
{
    return pl_push_functions(L, random_functions);
}
