/* SPDX-License-Identifier: MIT */
#include "script/codec.h"

#include <lauxlib.h>

static int null_tostring(lua_State *L)
{
    lua_pushliteral(L, "null");
    return 1;
}

static void make_null(pl_codec *c, lua_State *L)
{
    c->null_address = lua_newuserdata(L, 1);
    if (luaL_newmetatable(L, PL_NULL)) {
        lua_pushcfunction(L, null_tostring);
        lua_setfield(L, -2, "__tostring");
        lua_pushboolean(L, 0);
        lua_setfield(L, -2, "__metatable");
    }
    lua_setmetatable(L, -2);
    c->null = luaL_ref(L, LUA_REGISTRYINDEX);
}

void pl_codec_init(pl_codec *c, lua_State *L)
{
    *c = (pl_codec){0};
    pl_shapes_init(c, L);
    pl_numbers_init(c, L);
    make_null(c, L);
    pl_shape_push_meta(L, &pl_array_mark);
    c->array_meta = luaL_ref(L, LUA_REGISTRYINDEX);
    pl_shape_push_meta(L, &pl_tuple_mark);
    c->tuple_meta = luaL_ref(L, LUA_REGISTRYINDEX);
}

void pl_codec_fini(pl_codec *c)
{
    pl_shapes_fini(c);
    pl_buf_fini(&c->text);
    pl_buf_fini(&c->key);
    pl_buf_fini(&c->out);
    pl_buf_fini(&c->keys);
    pl_buf_fini(&c->nodes);
}

void pl_codec_push_null(pl_codec *c, lua_State *L)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, c->null);
}
