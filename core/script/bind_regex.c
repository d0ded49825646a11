/* SPDX-License-Identifier: MIT
 *
 * core.regex. The functions share a cache of compiled patterns, a userdata that they hold. What
 * they raise has no position of Lua in front, since templates show it. */
#include "script/bind.h"

#include "text/regex.h"

#include <lauxlib.h>

#define CACHE "perilune.regex"

static int free_cache(lua_State *L)
{
    pl_regex_cache **cache = lua_touserdata(L, 1);
    if (*cache) pl_regex_cache_free(*cache);
    *cache = NULL;
    return 0;
}

static void push_cache(lua_State *L)
{
    pl_regex_cache **cache = lua_newuserdata(L, sizeof *cache);
    *cache = NULL;
    if (luaL_newmetatable(L, CACHE)) {
        lua_pushcfunction(L, free_cache);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    *cache = pl_regex_cache_new();
}

static pl_regex_cache *cache_of(lua_State *L)
{
    pl_regex_cache **cache = lua_touserdata(L, lua_upvalueindex(1));
    return *cache;
}

static int raise(lua_State *L, const char *wrong)
{
    lua_pushstring(L, wrong);
    return lua_error(L);
}

/* replace(text, pattern, replacement, count?, flags?) -> text */
static int regex_replace(lua_State *L)
{
    pl_regex_request request = {.text = pl_check_slice(L, 1),
                                .pattern = pl_check_slice(L, 2),
                                .flags = pl_opt_slice(L, 5, "")};
    pl_slice replacement = pl_check_slice(L, 3);
    lua_Number count = luaL_optnumber(L, 4, 0);
    pl_buf *out = pl_scratch(L);
    size_t limit = count >= 1 ? (size_t)(count < 0x1p53 ? count : 0x1p53) : 0;
    const char *wrong = pl_regex_replace(cache_of(L), &request, replacement, limit, out);
    return wrong ? raise(L, wrong) : pl_push_buf(L, out);
}

typedef struct collection {
    lua_State *L;
    int count;
} collection;

static void collect(void *ud, pl_slice group)
{
    collection *c = ud;
    if (c->count == 0) lua_newtable(c->L);
    if (group.ptr)
        pl_push_slice(c->L, group);
    else
        lua_pushboolean(c->L, 0);
    lua_rawseti(c->L, -2, ++c->count);
}

/* match(text, pattern, flags?, anchored?) -> { whole, groups... }, false for a group that took no
 * part; or nil */
static int regex_match(lua_State *L)
{
    pl_regex_request request = {.text = pl_check_slice(L, 1),
                                .pattern = pl_check_slice(L, 2),
                                .flags = pl_opt_slice(L, 3, ""),
                                .is_anchored = lua_toboolean(L, 4)};
    collection c = {L, 0};
    const char *wrong = pl_regex_match(cache_of(L), &request, collect, &c);
    if (wrong) return raise(L, wrong);
    if (c.count == 0) lua_pushnil(L);
    return 1;
}

static const luaL_Reg regex_functions[] = {
    {"replace", regex_replace},
    {"match", regex_match},
    {NULL, NULL},
};

int pl_open_regex(lua_State *L)
{
    lua_newtable(L);
    push_cache(L);
    luaL_openlib(L, NULL, regex_functions, 1);
    return 1;
}
