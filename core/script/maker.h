/* SPDX-License-Identifier: MIT
 *
 * Makes a long text out of many parts, for a function of Lua. It uses a luaL_Buffer: that is memory
 * of the state, and who raises an error leaves it behind with the stack. It keeps values on the
 * stack: what is pushed has to be popped before the next part is put. */
#ifndef PL_SCRIPT_MAKER_H
#define PL_SCRIPT_MAKER_H

#include "base/slice.h"

#include <lauxlib.h>
#include <lua.h>

#define PL_MAKER_MAX_BYTES (64 << 20) /* of a text that one call makes */

typedef struct pl_maker {
    lua_State *L;
    size_t made; /* bytes */
    luaL_Buffer out;
} pl_maker;

/* Raises an error when a text would have more bytes than PL_MAKER_MAX_BYTES. */
void pl_maker_check(lua_State *L, double bytes);

void pl_maker_begin(pl_maker *m, lua_State *L);
void pl_maker_put(pl_maker *m, const char *bytes, size_t len);
/* Pops the text or number on top; false, with the value left there, when it is neither. */
bool pl_maker_put_value(pl_maker *m);
/* Pushes the text. */
void pl_maker_end(pl_maker *m);

#endif
