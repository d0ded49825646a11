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

bool pl_bind_push_kept(lua_State *L, int ref)
{
    if (ref) lua_rawgeti(L, LUA_REGISTRYINDEX, ref);
    return ref != 0;
}

void pl_bind_keep(lua_State *L, int *ref)
{
    lua_pushvalue(L, -1);
    *ref = luaL_ref(L, LUA_REGISTRYINDEX);
}

static void push_known_meta(lua_State *L, const pl_known_type *type, const luaL_Reg *methods,
                            lua_CFunction index)
{
    int *ref = &pl_vm_of(L)->types[type->type];
    if (pl_bind_push_kept(L, *ref)) return;
    pl_bind_type(L, type->name, methods, index);
    pl_bind_keep(L, ref);
}

void *pl_bind_known_new(lua_State *L, const pl_known_type *type, size_t size,
                        const luaL_Reg *methods, lua_CFunction index)
{
    pl_known *known = lua_newuserdata(L, size);
    known->type = type;
    push_known_meta(L, type, methods, index);
    lua_setmetatable(L, -2);
    return known;
}

/* A light userdata, which may point anywhere, has no length. */
void *pl_bind_known_at(lua_State *L, int index, const pl_known_type *type)
{
    pl_known *known = lua_touserdata(L, index);
    if (known == NULL || lua_objlen(L, index) < sizeof *known) return NULL;
    return known->type == type ? known : NULL;
}

void *pl_bind_known_check(lua_State *L, int index, const pl_known_type *type)
{
    void *known = pl_bind_known_at(L, index, type);
    if (known == NULL) luaL_typerror(L, index, type->name);
    return known;
}
