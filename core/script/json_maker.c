/* SPDX-License-Identifier: MIT
 *
 * Of a shape that comes again and again tables are made by a function,
 *
 *     local mark, shape = ...
 *     return function(a1, a2) return mark({ ["id"] = a1, ["type"] = a2 }, shape) end
 *
 * where `mark` is setmetatable: LuaJIT copies such a table as a whole, places of its keys included,
 * and each value only has to be put there; by calls of C each key has to be looked up, and a place
 * for it found. And they are read by one,
 *
 *     local count = ...
 *     return function(t) if count(t) == 2 then return t["id"], t["type"] end end
 *
 * which spares going from key to key: lua_next looks for each again to find what follows it. */
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

static void put_maker(pl_buf *source, const pl_shape *shape)
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

static void put_reader(pl_buf *source, const pl_shape *shape)
{
    PL_BUF_PUT(source, "local count = ... return function(t) if count(t) == ");
    pl_buf_printf(source, "%u then return ", shape->depth);
    for (uint32_t i = 0; i < shape->depth; i++) {
        PL_BUF_PUT(source, "t[\"");
        put_quoted(source, shape->path[i]);
        pl_buf_printf(source, "\"]%s", i + 1 < shape->depth ? "," : " end end");
    }
}

/* Pushes the chunk that a source is. */
static bool push_chunk(lua_State *L, const pl_shape *shape,
                       void (*put)(pl_buf *source, const pl_shape *shape))
{
    pl_buf source;
    pl_buf_init(&source);
    put(&source, shape);
    int status = luaL_loadbuffer(L, source.ptr, source.len, "=perilune/json");
    pl_buf_fini(&source);
    if (status != 0) lua_pop(L, 1);
    return status == 0;
}

/* Pushes what counts the keys of a table: table.nkeys, which not every LuaJIT brings. */
static void push_count(lua_State *L)
{
    static const char loop[] = "local next = next return function(t) local count = 0 "
                               "for _ in next, t do count = count + 1 end return count end";
    lua_getfield(L, LUA_REGISTRYINDEX, "_PRELOAD");
    lua_getfield(L, -1, "table.nkeys");
    lua_remove(L, -2);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        if (luaL_loadbuffer(L, loop, sizeof loop - 1, "=perilune/json") != 0) lua_error(L);
    }
    lua_call(L, 0, 1);
}

/* Calls the chunk, which is in front of the arguments on the stack, and keeps the function that it
 * gives in a cell. That is not compiled: it would pay for loops, and this is called by C. */
static void keep_function(lua_State *L, int args, int cells, int cell)
{
    lua_call(L, args, 1);
    luaJIT_setmode(L, -1, LUAJIT_MODE_FUNC | LUAJIT_MODE_OFF);
    lua_rawseti(L, cells, cell);
}

/* What is short of memory raises, and the shape goes without. */
bool pl_shape_make_maker(lua_State *L, int cells, pl_shape *shape)
{
    if (shape->depth == 0 || !push_chunk(L, shape, put_maker)) return false;
    lua_getglobal(L, "setmetatable");
    lua_rawgeti(L, cells, shape->cell + PL_CELL_META);
    keep_function(L, 2, cells, shape->cell + PL_CELL_MAKER);
    return shape->has_maker = true;
}

bool pl_shape_make_reader(lua_State *L, int cells, pl_shape *shape)
{
    bool is_fit = shape->depth > 0 && shape->depth <= PL_FORM_MAX_KEYS;
    if (!is_fit || !push_chunk(L, shape, put_reader)) return false;
    push_count(L);
    keep_function(L, 1, cells, shape->cell + PL_CELL_READER);
    return shape->has_reader = true;
}
