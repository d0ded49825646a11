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

pl_slice pl_opt_slice(lua_State *L, int index, const char *fallback)
{
    return lua_isnoneornil(L, index) ? pl_slice_of(fallback) : pl_check_slice(L, index);
}

void pl_push_slice(lua_State *L, pl_slice s)
{
    lua_pushlstring(L, s.len ? s.ptr : "", s.len);
}

void pl_push_lower(lua_State *L, pl_slice name)
{
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    for (size_t i = 0; i < name.len; i++)
        luaL_addchar(&b, (char)pl_lower(name.ptr[i]));
    luaL_pushresult(&b);
}

pl_buf *pl_scratch(lua_State *L)
{
    pl_buf *scratch = &pl_vm_of(L)->scratch;
    pl_buf_clear(scratch);
    return scratch;
}

int pl_push_buf(lua_State *L, const pl_buf *b)
{
    pl_push_slice(L, pl_buf_slice(b));
    return 1;
}

int pl_push_wrong(lua_State *L, const char *message)
{
    lua_pushnil(L);
    lua_pushstring(L, message);
    return 2;
}

int pl_push_functions(lua_State *L, const luaL_Reg *all)
{
    lua_newtable(L);
    luaL_register(L, NULL, all);
    return 1;
}

int pl_bind_converted(lua_State *L, void (*put)(pl_buf *out, pl_slice text))
{
    pl_slice text = pl_check_slice(L, 1);
    pl_buf *out = pl_scratch(L);
    put(out, text);
    return pl_push_buf(L, out);
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

void pl_bind_known_type(lua_State *L, enum pl_type type, const char *name, const luaL_Reg *methods,
                        lua_CFunction index)
{
    pl_known_type *known = &pl_vm_of(L)->types[type];
    if (known->meta) {
        lua_rawgeti(L, LUA_REGISTRYINDEX, known->ref);
        return;
    }
    pl_bind_type(L, name, methods, index);
    lua_pushvalue(L, -1);
    known->ref = luaL_ref(L, LUA_REGISTRYINDEX);
    known->meta = lua_topointer(L, -1);
}

void *pl_bind_known_at(lua_State *L, int index, enum pl_type type)
{
    void *userdata = lua_touserdata(L, index);
    if (userdata == NULL || !lua_getmetatable(L, index)) return NULL;
    bool is_of_type = lua_topointer(L, -1) == pl_vm_of(L)->types[type].meta;
    lua_pop(L, 1);
    return is_of_type ? userdata : NULL;
}

void *pl_bind_known_check(lua_State *L, int index, enum pl_type type, const char *name)
{
    void *userdata = pl_bind_known_at(L, index, type);
    return userdata ? userdata : luaL_checkudata(L, index, name);
}
