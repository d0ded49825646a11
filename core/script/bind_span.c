/* SPDX-License-Identifier: MIT
 *
 * Whether a text needs no change. A classic binding ends a trace of LuaJIT's, at every value
 * that a template writes; so our own Lua calls this one by FFI (lua/perilune/util/span.lua), which
 * is compiled to a plain call. Scripts reach neither. */
#include "script/bind.h"

#include <lauxlib.h>
#include <string.h>

typedef bool span_function(const char *text, size_t len, const uint8_t *set);

/* Are all bytes in the set, a table of 256? */
static bool is_within(const char *text, size_t len, const uint8_t *set)
{
    const uint8_t *p = (const uint8_t *)text, *end = p + len;
    while (end - p >= 4 && (set[p[0]] & set[p[1]] & set[p[2]] & set[p[3]]))
        p += 4;
    while (p < end && set[*p])
        p++;
    return p == end;
}

/* core.span: the address of the function above. */
int pl_open_span(lua_State *L)
{
    span_function *function = is_within;
    void *address;
    memcpy(&address, &function, sizeof address); /* no cast of ISO C leads from one to the other */
    lua_pushlightuserdata(L, address);
    return 1;
}
