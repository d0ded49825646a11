/* SPDX-License-Identifier: MIT */
#include "script/bind.h"

#include <lauxlib.h>

pl_slice pl_check_slice(lua_State *L, int index)
{
    pl_slice s;
    luaL_checktype(L, index, LUA_TSTRING);
    s.ptr = lua_tolstring(L, index, &s.len);
    return s;
}

void pl_push_slice(lua_State *L, pl_slice s)
{
    lua_pushlstring(L, s.len ? s.ptr : "", s.len);
}

void pl_bind_type(lua_State *L, const char *name, const luaL_Reg *methods, lua_CFunction index)
{
    if (!luaL_newmetatable(L, name)) return;
    lua_newtable(L);
    luaL_register(L, NULL, methods);
    if (index) lua_pushcclosure(L, index, 1);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
}
