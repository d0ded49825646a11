/* SPDX-License-Identifier: MIT
 *
 * perilune.core as a module for a plain LuaJIT (perilune/core.so),
 * for specs of our Lua without the gateway around them. Nothing sleeps there;
 * files of the tree come from the folder in PERILUNE_LUA_PATH. */
#include "script/bind.h"

#include <lauxlib.h>
#include <stdlib.h>

int luaopen_perilune_core(lua_State *L);

static int vm_gc(lua_State *L)
{
    pl_vm_fini(lua_touserdata(L, 1));
    return 0;
}

int luaopen_perilune_core(lua_State *L)
{
    pl_vm *vm = lua_newuserdata(L, sizeof *vm);
    pl_vm_init(vm, L, getenv("PERILUNE_LUA_PATH"), 0);
    lua_newtable(L);
    lua_pushcfunction(L, vm_gc);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    luaL_ref(L, LUA_REGISTRYINDEX);
    return pl_open_core(L);
}
