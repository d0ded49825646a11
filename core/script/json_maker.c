/* SPDX-License-Identifier: MIT
 *
 * Of a shape that comes again and again tables are made by a function,
 *
 *     local mark, shape = ...
 *     return function(a1, a2) return mark({ ["id"] = a1, ["type"] = a2 }, shape) end
 *
 * where `mark` is setmetatable: LuaJIT copies such a table as a whole, places of its keys included,
 * and each value only has to be put there; by calls of C each key has to be looked up, and a place
 * for it found. */
#include "script/codec.h"

#include <lauxlib.h>
#include <luajit.h>

/* A key of any bytes as a text of Lua. */
static void put_quoted(pl_buf *source, const pl_shape *s)
{
    for (size_t i = 0; i < s->key_len; i++) {
        unsigned char c = (unsigned char)s->key[i];
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        pl_buf_printf(source, is_plain ? "%c" : "\\%03d", c);
    }
}

static void put_source(pl_buf *source, const pl_shape *shape)
{
    PL_BUF_PUT(source, "local mark, shape = ... return function(");
    for (uint32_t i = 1; i <= shape->depth; i++)
        pl_buf_printf(source, i > 1 ? ",a%u" : "a%u", i);
    PL_BUF_PUT(source, ") return mark({");
    for (uint32_t i = 1; i <= shape->depth; i++) {
        PL_BUF_PUT(source, "[\"");
        put_quoted(source, shape->path[i - 1]);
        pl_buf_printf(source, "\"]=a%u,", i);
    }
    PL_BUF_PUT(source, "}, shape) end");
}

/* It is not compiled: that pays for loops, and this is called by C. What is short of memory raises, and
 * the shape goes without. */
bool pl_shape_make_maker(lua_State *L, int cells, pl_shape *shape)
{
    pl_buf source;
    if (shape->depth == 0) return false;
    pl_buf_init(&source);
    put_source(&source, shape);
    int top = lua_gettop(L);
    int status = luaL_loadbuffer(L, source.ptr, source.len, "=perilune/json");
    pl_buf_fini(&source);
    if (status == 0) {
        lua_getglobal(L, "setmetatable");
        lua_rawgeti(L, cells, shape->cell + 1);
        lua_call(L, 2, 1);
        luaJIT_setmode(L, top + 1, LUAJIT_MODE_FUNC | LUAJIT_MODE_OFF);
        lua_rawseti(L, cells, shape->cell + 2);
        shape->has_maker = true;
    }
    lua_settop(L, top);
    return shape->has_maker;
}
